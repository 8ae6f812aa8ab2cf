"""What a set in shards costs: memory by the number of its pictures, and pictures a second against what training eats.

    python -m bench.data_memory runs/shards --counts 1000,100000,1000000

Made pictures of 32 px, 997 that come again and again, are packed by `ganvas pack`'s own function, once; then a
process of its own for each count opens the shards and is shown pictures, and says the most memory that it ever took.
Rates are of JPEGs of 256 px brought to 64 px, and what training eats is a probe of the default recipe on them. The two
are taken in turns, since other programs take of both.
"""

import argparse
import io
import json
import math
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from ganvas.config import PictureSettings
from ganvas.data import BatchStream, PictureSet, load_pictures
from ganvas.data.listing import Entry, Listing, Source
from ganvas.data.shards.pack import pack_pictures
from ganvas.device import peak_memory_bytes
from ganvas.recipes import recipe
from ganvas.training import new_state
from ganvas.training.plan import probe_speed
from ganvas.workflows.train import network_spec

MADE_PX, PHOTO_PX, TRAINED_PX = 32, 256, 64
BATCH = 32
TURNS = 3
DIFFERENT = 997  # a prime, so that no shard has the same few
SHARD_PICTURES = 10_000


def made(number: int, side_px: int) -> np.ndarray:
    """(side, side, 3) uint8, smooth, and different for every number."""
    corners = np.random.default_rng(number).integers(0, 256, (3, 3, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(corners).resize((side_px, side_px), Image.Resampling.BICUBIC))


def as_png(pixels: np.ndarray) -> bytes:
    encoded = io.BytesIO()
    Image.fromarray(pixels).save(encoded, "PNG")
    return encoded.getvalue()


def photo(number: int) -> bytes:
    """A made picture with grain, as a JPEG."""
    grain = np.random.default_rng(number).normal(0, 8, (PHOTO_PX, PHOTO_PX, 1))
    encoded = io.BytesIO()
    grainy = np.clip(made(number, PHOTO_PX) + grain, 0, 255).astype(np.uint8)
    Image.fromarray(grainy).save(encoded, "JPEG", quality=90)
    return encoded.getvalue()


def packed(folder: Path, count: int, read: Callable[[int], bytes]) -> Path:
    """Shards of so many pictures, unless they are there."""

    @contextmanager
    def opened() -> Iterator[Listing]:
        yield Listing(tuple(Entry(f"{number}.png", 1) for number in range(count)), read)

    if not folder.exists():
        shards = max(count // SHARD_PICTURES, 4)
        source = Source("made", str(count), opened)
        pack_pictures(source, folder, shards=shards, shard_bytes=10**8, progress=None)
    return folder


def peak_mb() -> float:
    """The most memory that this process ever took, in megabytes; not a number where the system does not say."""
    return (peak_memory_bytes() or math.nan) / 1e6


def shown_rate(pictures: PictureSet, shown: int) -> float:
    """Pictures a second that a stream gives, the first window among them."""
    started = time.perf_counter()
    with BatchStream(pictures, BATCH, seed=0) as stream:
        for at in range(0, shown, BATCH):
            stream.batch_at(at)
    return shown / (time.perf_counter() - started)


def measured(folder: Path, cache: Path, side_px: int, shown: int) -> dict[str, float]:
    """What a process takes that opens shards and is shown so many pictures of them."""
    before = peak_mb()
    settings = PictureSettings(source=str(folder), width=side_px, height=side_px, sample=1000)
    pictures = load_pictures(settings, cache=cache)
    rate = shown_rate(pictures, shown)
    return {"pictures": pictures.count, "before_mb": before, "peak_mb": peak_mb(), "per_second": rate}


def eaten(folder: Path, cache: Path, seconds: float) -> float:
    """Images a second of the default recipe's own steps on these shards."""
    config = recipe("swift").config
    values = {"source": str(folder), "width": TRAINED_PX, "height": TRAINED_PX, "sample": 1000}
    pictures = load_pictures(PictureSettings.model_validate(values), cache=cache)
    state = new_state(config, network_spec(config, pictures, 1.0), torch.device("cpu"), pictures)
    with BatchStream(pictures, BATCH, seed=0) as stream:
        stream.batch_at(0)
        return probe_speed(config, state, stream, seconds=seconds)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="for the shards, which are kept")
    parser.add_argument("--counts", default="1000,100000", help="pictures in each set")
    parser.add_argument("--shown", type=int, default=20_000, help="pictures shown of each")
    parser.add_argument("--photos", type=int, default=4000, help="photographs of the rate; 0: none")
    parser.add_argument("--seconds", type=float, default=10.0, help="of the probe of training")
    parser.add_argument("--one", type=Path, help="measure one folder of shards in this process")
    options = parser.parse_args(arguments)
    folder: Path = options.folder
    if options.one is not None:
        print(json.dumps(measured(options.one, folder / "cache", MADE_PX, options.shown)))
        return
    drawn = [as_png(made(number, MADE_PX)) for number in range(DIFFERENT)]
    print("| pictures | before, MB | peak, MB | pictures/s |\n|---|---|---|---|")
    for count in map(int, options.counts.split(",")):
        shards = packed(folder / f"made-{count}", count, lambda number: drawn[number % DIFFERENT])
        command = [sys.executable, __file__, str(folder), "--one", str(shards)]
        told = subprocess.run([*command, "--shown", str(options.shown)], check=True, capture_output=True, text=True)
        found = json.loads(told.stdout)
        print(
            f"| {found['pictures']:,} | {found['before_mb']:.0f} | {found['peak_mb']:.0f} | {found['per_second']:.0f} |"
        )
    if options.photos:
        shards = packed(folder / f"photos-{options.photos}", options.photos, photo)
        values = PictureSettings(source=str(shards), width=TRAINED_PX, height=TRAINED_PX, sample=1000)
        pictures = load_pictures(values, cache=folder / "cache")
        for _ in range(TURNS):
            fed = shown_rate(pictures, options.photos)
            eats = eaten(shards, folder / "cache", options.seconds)
            print(
                f"fed {fed:.0f} pictures/s of {PHOTO_PX} px, training eats {eats:.0f}: {fed / eats:.1f} times as many"
            )


if __name__ == "__main__":
    main()
