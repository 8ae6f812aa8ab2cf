"""Example sheets beside the studio's forecasts: what the avatars look like after so many images. Trains for a minute.

    python -m bench.examples WORK_FOLDER [--images 640 3008] [--out FOLDER]

The first two counts are what half a minute and two minutes came to where bench.quality was run; one training of the
default recipe, which goes on where it was stopped, draws both. What ten minutes came to was drawn there, with the same
seeds, and is cut out of its figure. The avatars are in the public domain, and what is drawn is of no one.
"""

import argparse
import json
from collections.abc import Sequence
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
LATER = quality.Plan("swift", SET, 10)
GUTTER_PX = 2  # of the figure
QUALITY = 75  # of WebP: three sheets in 130 kB


def early(run: Path, counts: Sequence[int]) -> dict[int, np.ndarray]:
    """Images shown -> pictures, (N, H, W, C) uint8, of the last moment kept by each of these counts."""
    moments = {max(at for at in kept_moments(run) if at <= count) for count in counts}
    return {at: quality.drawn(run, at, PICTURES) for at in sorted(moments)}


def later() -> dict[int, np.ndarray]:
    """The same of LATER, from its figure; none where that is not there."""
    ends = [line["images"] for line in kept(quality.ENDINGS) if line["run"] == LATER.title]
    path = quality.FIGURES / f"quality-{LATER.title}.webp"
    if not ends or not path.exists():
        return {}
    with Image.open(path) as opened:
        sheet = np.asarray(opened.convert("RGB"))[GUTTER_PX:, GUTTER_PX:]
    cell = sheet.shape[1] // COLUMNS
    rows = sheet[: PICTURES // COLUMNS * cell].reshape(-1, cell, COLUMNS, cell, 3).swapaxes(1, 2)
    return {ends[-1]: rows.reshape(PICTURES, cell, cell, 3)[:, :-GUTTER_PX, :-GUTTER_PX]}


def write(found: dict[int, np.ndarray], out: Path) -> list[dict[str, Any]]:
    """Write a sheet of each, and their index; the index."""
    out.mkdir(parents=True, exist_ok=True)
    index: list[dict[str, Any]] = []
    for images, pictures in found.items():
        _, height, width, _ = pictures.shape
        index.append({"file": f"{SET}-{images}.webp", "set": SET, "width": width, "height": height, "images": images})
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
    for line in write(early(run, asked.images) | later(), asked.out):
        print(line)


if __name__ == "__main__":
    main()
