"""Example sheets beside the studio's forecasts: what the avatars look like after so many seconds. Trains for minutes.

    python -m bench.examples WORK_FOLDER [--seconds 30 120 600] [--out FOLDER]

One training of the default recipe at 64 px, as long as the longest of the times; a sheet of what it had drawn by each,
at a quality that keeps all of them under 300 kB. The avatars are in the public domain, and what is drawn is of no one.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PIL import Image

import ganvas
from bench.quality import drawn
from ganvas.formats.images import picture_grid
from ganvas.formats.log import read_log
from ganvas.model.weights import kept_moments

OUT = Path("src/ganvas/studio/examples")
SET, PX, PICTURES, COLUMNS = "avatars", 64, 24, 8
TIMES = (30.0, 120.0, 600.0)
MOST_BYTES = 300_000
QUALITIES = (80, 70, 60, 45, 30)  # of WebP; the first at which all sheets together are small enough


def moments_by(run: Path, times: Sequence[float]) -> dict[float, int]:
    """Seconds -> images shown at the last moment kept by then, of those times that have one."""
    clock = {int(line["images"]): line["seconds"] for line in read_log(run / "log.jsonl").numbers} | {0: 0.0}
    kept = [at for at in kept_moments(run) if at in clock]
    found = {seconds: [at for at in kept if clock[at] <= seconds and at] for seconds in times}
    return {seconds: max(moments) for seconds, moments in found.items() if moments}


def sheets(run: Path, times: Sequence[float], out: Path) -> list[dict[str, Any]]:
    """Write a sheet for each time, and their index; the index."""
    moments = moments_by(run, times)
    pictures = {seconds: drawn(run, at, PICTURES) for seconds, at in moments.items()}
    out.mkdir(parents=True, exist_ok=True)
    index = [
        {"file": f"{SET}-{seconds:g}s.webp", "set": SET, "width": images.shape[2], "height": images.shape[1]}
        | {"seconds": seconds, "images": moments[seconds]}
        for seconds, images in pictures.items()
    ]
    grids = [picture_grid(images, columns=COLUMNS, gutter=0).squeeze() for images in pictures.values()]
    for quality in QUALITIES:
        for line, grid in zip(index, grids, strict=True):
            Image.fromarray(grid).convert("RGB").save(out / line["file"], quality=quality, method=6)
        if sum((out / line["file"]).stat().st_size for line in index) <= MOST_BYTES:
            break
    (out / "index.json").write_text(json.dumps(index, indent=1) + "\n", encoding="utf-8")
    return index


def main(arguments: Sequence[str] | None = None) -> None:
    """Train, unless the work folder holds the run already, and draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path)
    parser.add_argument("--seconds", type=float, nargs="+", default=TIMES)
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--size", type=int, default=PX)
    asked = parser.parse_args(arguments)
    run = asked.work / f"{SET}-examples"
    settings = ["recording.report=false"]
    if not run.exists():
        ganvas.train(SET, size=asked.size, time=max(asked.seconds), out=run, settings=settings)
    for line in sheets(run, asked.seconds, asked.out):
        print(line)


if __name__ == "__main__":
    main()
