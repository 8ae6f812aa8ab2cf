"""Do scores respond as they should: each against growing damage, and how often its intervals hold the truth.

    python -m bench.response WORK_FOLDER

Pictures are drawn by this file (a disc and a bar of random colours, sizes and places), 10,000 of them: half are the
reference, the others are damaged. Features are kept in WORK_FOLDER, so that a stopped bench goes on. Results go to
bench/results/response.jsonl, and the tables to standard output.
"""

import argparse
import io
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFilter
from safetensors.torch import load_file, save_file
from torch import Tensor

from ganvas.config import PictureSettings
from ganvas.data import load_pictures
from ganvas.features import extract, load_extractor
from ganvas.files import cache_folder
from ganvas.metrics import frechet_distance, kernel_distance_interval, neighbourhoods, spread

RESULTS = Path("bench/results/response.jsonl")
SIZES = (64, 500, 5000)
REPEATS = 200
MODES = 8


def shape(index: int) -> np.ndarray:
    """(64, 64, 3) uint8; the hue of its ground is one of eight, which are the modes of the set."""
    numbers = np.random.default_rng(index)
    ground = Image.new("HSV", (64, 64), (index % MODES * 256 // MODES, 90, 230)).convert("RGB")
    pen = ImageDraw.Draw(ground)
    x, y, radius = (*numbers.integers(12, 52, 2).tolist(), int(numbers.integers(6, 20)))
    pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=tuple(numbers.integers(0, 256, 3).tolist()))
    left, top, width, height = numbers.integers(0, 40, 2).tolist() + numbers.integers(6, 30, 2).tolist()
    pen.rectangle((left, top, left + width, top + height), fill=tuple(numbers.integers(0, 256, 3).tolist()))
    return np.asarray(ground)


def blur(radius: float) -> Callable[[np.ndarray, int], np.ndarray]:
    return lambda image, index: np.asarray(Image.fromarray(image).filter(ImageFilter.GaussianBlur(radius)))


def noise(levels: float) -> Callable[[np.ndarray, int], np.ndarray]:
    def add(image: np.ndarray, index: int) -> np.ndarray:
        drawn = np.random.default_rng(10**6 + index).normal(0, levels, image.shape)
        return np.clip(image + drawn, 0, 255).astype(np.uint8)

    return add


def jpeg(quality: int) -> Callable[[np.ndarray, int], np.ndarray]:
    def squeeze(image: np.ndarray, index: int) -> np.ndarray:
        file = io.BytesIO()
        Image.fromarray(image).save(file, "JPEG", quality=quality)
        return np.asarray(Image.open(file))

    return squeeze


PIXEL_DAMAGE = {
    "blur": [(f"{radius} px", blur(radius)) for radius in (0.5, 1.0, 2.0)],
    "noise": [(f"{levels} levels", noise(levels)) for levels in (5, 15, 45)],
    "JPEG": [(f"quality {quality}", jpeg(quality)) for quality in (75, 40, 10)],
}


def features_of(work: Path, name: str, draw: Callable[[int], np.ndarray], indices: range) -> Tensor:
    """(N, F), from WORK_FOLDER if they are there."""
    path = work / f"{name}.safetensors"
    if not path.exists():
        extractor = load_extractor("lite", (64, 64), cache_folder() / "downloads")
        rows = [
            extract(extractor, np.stack([draw(i) for i in indices[at : at + 500]]))
            for at in range(0, len(indices), 500)
        ]
        save_file({"features": torch.cat(rows)}, path)
    return load_file(path)["features"]


def damaged(work: Path, most: int) -> dict[str, list[tuple[str, Tensor]]]:
    """Kinds of damage, each in steps that grow: (words, features of `most` pictures)."""
    second = range(most, 2 * most)
    real = features_of(work, "real-2", shape, second)
    found: dict[str, list[tuple[str, Tensor]]] = {}
    for kind, steps in PIXEL_DAMAGE.items():
        found[kind] = [
            (words, features_of(work, f"{kind}-{words}".replace(" ", "-"), lambda i, d=damage: d(shape(i), i), second))
            for words, damage in steps
        ]
    mode = torch.tensor([i % MODES for i in second])
    rows = torch.arange(most)
    found["dropped modes"] = [
        (f"{MODES - kept} of {MODES}", real[rows[mode < kept].repeat(MODES)[:most]]) for kept in (6, 4, 1)
    ]
    found["repeated pictures"] = [
        (f"{share:.0%} different", real[torch.arange(most) % max(round(share * most), 1)]) for share in (0.5, 0.1, 0.01)
    ]
    avatars = load_pictures(PictureSettings()).images
    other = features_of(work, "avatars", lambda i: np.asarray(avatars[i]), range(min(2000, most)))
    mixed = torch.randperm(most, generator=torch.Generator().manual_seed(0))
    found["another set mixed in"] = []
    for share in (0.02, 0.1, 0.5):
        rows = real.clone()
        part = mixed[: round(share * most)]
        rows[part] = other[torch.arange(len(part)) % len(other)]
        found["another set mixed in"].append((f"{share:.0%}", rows))
    return {"none": [("real", real)], **found}


def sample(rows: Tensor, count: int, seed: int) -> Tensor:
    """`count` of (N, F) at random, none twice."""
    return rows[torch.randperm(len(rows), generator=torch.Generator().manual_seed(seed))[:count]]


def responses(
    reference: Tensor, kinds: dict[str, list[tuple[str, Tensor]]], sizes: Sequence[int], repeats: int
) -> Iterator[dict]:
    """A line for every damage and number of pictures: the first table."""
    for kind, steps in kinds.items():
        for words, rows in steps:
            for count in sizes:
                real, fake = sample(reference, count, 1), sample(rows, count, 2)
                distance = kernel_distance_interval(real, fake, torch.Generator().manual_seed(0), resamples=repeats)
                values = {"kd": distance.value, "low": distance.low, "high": distance.high}
                values |= {"fd": frechet_distance(real, fake), **vars(neighbourhoods(real, fake))}
                values |= {"spread": spread(fake) / spread(real)}
                yield {"damage": kind, "step": words, "n": count} | values


def coverages(
    reference: Tensor, kinds: dict[str, list[tuple[str, Tensor]]], sizes: Sequence[int], repeats: int
) -> Iterator[dict]:
    """A line for every damage and number of pictures but the largest: the second table."""
    for kind, steps in kinds.items():
        words, rows = steps[min(1, len(steps) - 1)]
        if kind == "repeated pictures":
            continue
        truth = kernel_distance_interval(reference, rows, torch.Generator().manual_seed(0), resamples=2).value
        for count in sizes[:-1]:
            held = 0
            for seed in range(repeats):
                one = kernel_distance_interval(
                    sample(reference, count, 10 + seed),
                    sample(rows, count, 10**4 + seed),
                    torch.Generator().manual_seed(seed),
                    resamples=repeats,
                )
                held += one.low <= truth <= one.high
            yield {"coverage of": kind, "step": words, "n": count, "share": held / repeats}


def main(arguments: Sequence[str] | None = None) -> None:
    """Both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path, metavar="WORK_FOLDER")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="pictures of a sample; the last is all")
    parser.add_argument("--repeats", type=int, default=REPEATS, help="samples of an interval, and intervals")
    asked = parser.parse_args(arguments)
    work, sizes, repeats = asked.work, asked.sizes, asked.repeats
    work.mkdir(parents=True, exist_ok=True)
    reference = features_of(work, "real-1", shape, range(sizes[-1]))
    kinds = damaged(work, sizes[-1])
    lines = []
    print("| damage | how much | n | KD-lite [95%] | FD-lite | precision | recall | density | coverage | spread |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    for line in responses(reference, kinds, sizes, repeats):
        lines.append(line)
        distance = f"{line['kd']:.2f} [{line['low']:.2f}, {line['high']:.2f}] | {line['fd']:.1f}"
        others = [f"{line[name]:.2f}" for name in ("precision", "recall", "density", "coverage", "spread")]
        cells = [line["damage"], line["step"], str(line["n"]), distance, *others]
        print(f"| {' | '.join(cells)} |", flush=True)
    print(
        f"\n| damage | how much | n | intervals of {repeats} that hold the value at {sizes[-1]:,} |\n|---|---|---|---|"
    )
    for line in coverages(reference, kinds, sizes, repeats):
        lines.append(line)
        print(f"| {line['coverage of']} | {line['step']} | {line['n']} | {line['share']:.1%} |", flush=True)
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    RESULTS.write_text("".join(json.dumps(line) + "\n" for line in lines))


if __name__ == "__main__":
    main()
