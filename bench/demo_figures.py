"""The two figures of the README's beginning, from the run that `make demo` leaves.

    python -m bench.demo_figures runs/demo

docs/figures/demo.webp: the last grid of the run beside the pictures it learns from. demo-film.webp: its film.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageSequence

FIGURES = Path("docs/figures")
FILM_PX, GAP_PX = 348, 16


def main(arguments: Sequence[str] | None = None) -> None:
    """Both, as small as the page needs them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    run: Path = parser.parse_args(arguments).run
    FIGURES.mkdir(parents=True, exist_ok=True)
    last = max(path for path in (run / "samples").glob("*.png") if path.stem.isdecimal())
    left, right = (Image.open(path).convert("RGB") for path in (last, run / "samples" / "originals.png"))
    sheet = Image.new("RGB", (left.width + GAP_PX + right.width, left.height), "white")
    sheet.paste(left, (0, 0))
    sheet.paste(right, (left.width + GAP_PX, 0))
    sheet.save(FIGURES / "demo.webp", quality=80, method=6)
    with Image.open(run / "film.gif") as film:
        durations = [frame.info.get("duration", 150) for frame in ImageSequence.Iterator(film)]
        size = FILM_PX, round(film.height * FILM_PX / film.width)
        frames = [frame.convert("RGB").resize(size) for frame in ImageSequence.Iterator(film)]
    options = {"duration": durations, "loop": 0, "quality": 70, "method": 4}
    frames[0].save(FIGURES / "demo-film.webp", save_all=True, append_images=frames[1:], **options)


if __name__ == "__main__":
    main()
