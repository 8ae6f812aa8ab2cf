"""Example sheets beside the studio's forecasts: what sets look like after so many images. Trains for a minute.

    python -m bench.examples WORK_FOLDER [--images 640 3008] [--out FOLDER]

The first two counts are what half a minute and two minutes came to where bench.quality was run; one training of the
default recipe on the avatars, which goes on where it was stopped, draws both. What longer runs came to was drawn there,
with the same seeds, and is cut out of their figures. What is drawn is of no one.
"""

import argparse
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

import ganvas
from bench import quality
from bench.lines import kept
from ganvas.formats.images import picture_grid
from ganvas.model.weights import kept_moments

OUT = Path("src/ganvas/studio/examples")
SET, PX, PICTURES, COLUMNS = "avatars", 64, 24, 8
EARLY = (640, 3008)
LATER = [quality.Plan("swift", *one) for one in ((SET, 10), ("cars", 10), ("faces-color", 10), ("faces-color", 30))]
ROWS, GUTTER_PX = 8, 2  # of a figure
QUALITY = 75  # of WebP: six sheets in 250 kB


Drawn = tuple[str, int, np.ndarray]
"""Set, images shown, pictures: (PICTURES, H, W, C) uint8."""


def early(run: Path, counts: Sequence[int]) -> list[Drawn]:
    """What that run of SET drew at the last moment kept by each of these counts."""
    moments = {max(at for at in kept_moments(run) if at <= count) for count in counts}
    return [(SET, at, quality.drawn(run, at, PICTURES)) for at in sorted(moments)]


def later(plan: quality.Plan) -> list[Drawn]:
    """What a run of bench.quality drew at its end, from its figure; nothing where that is not there."""
    ends = [line["images"] for line in kept(quality.ENDINGS) if line["run"] == plan.title]
    path = quality.FIGURES / f"quality-{plan.title}.webp"
    if not ends or not path.exists():
        return []
    with Image.open(path) as opened:
        sheet = np.asarray(opened.convert("RGB"))[GUTTER_PX:, GUTTER_PX:]
    height, width = sheet.shape[0] // ROWS, sheet.shape[1] // COLUMNS
    cells = sheet.reshape(ROWS, height, COLUMNS, width, 3).swapaxes(1, 2).reshape(-1, height, width, 3)
    return [(plan.name, ends[-1], cells[:PICTURES, :-GUTTER_PX, :-GUTTER_PX])]


def write(found: Iterable[Drawn], out: Path) -> list[dict[str, Any]]:
    """Write a sheet of each, and their index; the index."""
    out.mkdir(parents=True, exist_ok=True)
    index: list[dict[str, Any]] = []
    for name, images, pictures in found:
        _, height, width, _ = pictures.shape
        index.append({"file": f"{name}-{images}.webp", "set": name, "width": width, "height": height, "images": images})
        sheet = picture_grid(pictures, columns=COLUMNS, gutter=0)
        Image.fromarray(sheet.squeeze()).convert("RGB").save(out / index[-1]["file"], quality=QUALITY, method=6)
    (out / "index.json").write_text(json.dumps(index, indent=1) + "\n", encoding="utf-8")
    return index


def main(arguments: Sequence[str] | None = None) -> None:
    """Train, or go on with the run in the work folder, and draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path)
    parser.add_argument("--images", type=int, nargs="+", default=EARLY)
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--size", type=int, default=PX)
    asked = parser.parse_args(arguments)
    run = asked.work / f"{SET}-examples"
    ganvas.train(SET, size=asked.size, images=max(asked.images), out=run, settings=["recording.report=false"])
    for line in write([*early(run, asked.images), *(sheet for plan in LATER for sheet in later(plan))], asked.out):
        print(line)


if __name__ == "__main__":
    main()
