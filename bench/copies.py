"""Does the card find copies, and only copies: hit and false-alarm rates on sets that are split in two.

    python -m bench.copies SOURCE [SOURCE ...]

One half of a set is the training set. "Generated" are pictures of the other half (nothing copied: a false alarm), of
the first half under growing damage, and mixtures of both. 20 samples of 100 pictures for every row. Lines go to
bench/results/copies.jsonl, the table to standard output.
"""

import argparse
import io
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageFilter
from torch import Tensor

from bench.lines import keep
from ganvas.config import PictureSettings
from ganvas.data import load_pictures
from ganvas.features import DEFAULT_EXTRACTOR, extract, load_extractor
from ganvas.files import cache_folder
from ganvas.metrics import Space, chance_of_copies, count_copies, pixel_rows, pixel_space, reference_order
from ganvas.metrics.copies import Copies

RESULTS = Path("bench/results/copies.jsonl")
MOST, DAMAGED, COUNT, SAMPLES = 1000, 200, 100, 20


def picture(image: np.ndarray) -> Image.Image:
    return Image.fromarray(image[..., 0] if image.shape[2] == 1 else image)


def levels(image: Image.Image, channels: int) -> np.ndarray:
    return np.asarray(image).reshape(*reversed(image.size), channels)


def blurred(image: np.ndarray) -> np.ndarray:
    return levels(picture(image).filter(ImageFilter.GaussianBlur(1)), image.shape[2])


def noisy(deviation: float) -> Callable[[np.ndarray], np.ndarray]:
    numbers = np.random.default_rng(1)
    return lambda image: np.clip(image + numbers.normal(0, deviation, image.shape), 0, 255).astype(np.uint8)


def squeezed(image: np.ndarray) -> np.ndarray:
    file = io.BytesIO()
    picture(image).save(file, "JPEG", quality=40)
    return levels(Image.open(file), image.shape[2])


DAMAGE: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "copies": lambda image: image,
    "mirrored": lambda image: image[:, ::-1],
    "noise of 10 levels": noisy(10),
    "noise of 30 levels": noisy(30),
    "blurred by 1 px": blurred,
    "JPEG at quality 40": squeezed,
    "20 levels brighter": lambda image: np.clip(image.astype(int) + 20, 0, 255).astype(np.uint8),
    "moved by 2 px": lambda image: np.roll(image, (2, 2), (0, 1)),
    "mean of two": lambda image: image,
}
MIXED = {"half copies": 0.5, "a tenth copies": 0.1, "one in 25 copies": 0.04}


def shuffled(source: str, count: int) -> np.ndarray:
    """At most `count` pictures of a set, in its fixed shuffled order: (N, H, W, C) uint8."""
    images = load_pictures(PictureSettings(source=source)).images
    return np.asarray(images[reference_order(len(images))[:count]])


class Counter:
    """Counts copies of some training pictures."""

    def __init__(self, training: np.ndarray):
        self._extractor = load_extractor(DEFAULT_EXTRACTOR, training.shape[1:3], cache_folder() / "downloads")
        upright, mirrored = (self.rows(images) for images in (training, training[:, :, ::-1]))
        self._spaces = Space(upright[0], mirrored[0]), pixel_space(training)
        self._chance = chance_of_copies(self._spaces)

    def rows(self, images: np.ndarray) -> tuple[Tensor, Tensor]:
        """(N, H, W, C) uint8 -> their rows in features and in pixels."""
        images = np.ascontiguousarray(images)
        return extract(self._extractor, images), pixel_rows(images)

    def copies(self, rows: Sequence[Tensor]) -> Copies:
        """What is found among generated pictures."""
        return count_copies(rows, self._spaces, self._chance)


def counted(source: str, most: int = MOST, samples: int = SAMPLES) -> Iterator[dict]:
    """A line for every kind of pictures.

    Args:
        most: pictures of each half of the set. samples: of every kind, COUNT pictures each where there are as many.
    """
    images = shuffled(source, 2 * most)
    half = len(images) // 2
    training, others = images[:half], images[half:]
    counter = Counter(training)
    numbers = np.random.default_rng(0)
    held_out = counter.rows(others[:500])
    kinds = {"held out": held_out}
    damaged = min(DAMAGED, half // 2)
    chosen = training[:damaged]
    for name, damage in DAMAGE.items():
        changed = np.stack([damage(image) for image in chosen])
        if name == "mean of two":
            changed = ((chosen.astype(int) + training[damaged : 2 * damaged]) // 2).astype(np.uint8)
        kinds[name] = counter.rows(changed)
    for name in [*kinds, *MIXED]:
        said, shares = 0, []
        for _ in range(samples):
            copied = round(MIXED[name] * COUNT) if name in MIXED else COUNT
            pool = kinds["copies"] if name in MIXED else kinds[name]
            picks = numbers.permutation(len(pool[0]))[:copied]
            fillers = numbers.permutation(len(held_out[0]))[: COUNT - copied]
            fake = [torch.cat([part[picks], more[fillers]]) for part, more in zip(pool, held_out, strict=True)]
            found = counter.copies(fake)
            said += found.is_copying
            shares.append(found.share.value)
        yield {"set": Path(source).name, "pictures": name, "said": said / samples, "share": float(np.mean(shares))}


def main(arguments: Sequence[str] | None = None) -> None:
    """The table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sources", nargs="+", metavar="SOURCE")
    print("| set | pictures | said to be copied | share found |\n|---|---|---|---|")
    for source in parser.parse_args(arguments).sources:
        for line in counted(source):
            keep(RESULTS, line)
            print(f"| {line['set']} | {line['pictures']} | {line['said']:.0%} | {line['share']:.1%} |", flush=True)


if __name__ == "__main__":
    main()
