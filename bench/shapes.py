"""Sets of flat drawn shapes, which saturate a discriminator: what docs/journal.md tries instance noise on.

    python -m bench.shapes FOLDER

Discs, polygons and boxes of any colour with two white eyes: `icons` (600, transparent), `strip` (400 of 128x48),
`labelled` (600 in a folder for each kind) and `many` (100,000 at 32 px, two minutes); all but the first on cream.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

CREAM = (230, 225, 210, 255)
WHITE = (255, 255, 255, 255)
KINDS = ("round", "pointed", "boxy")


def shape(width: int, height: int, finer: int, rng: np.random.Generator) -> tuple[Image.Image, str]:
    """An RGBA picture, drawn `finer` times as large and reduced, and which of KINDS it shows."""
    image = Image.new("RGBA", (width * finer, height * finer))
    draw = ImageDraw.Draw(image)
    x, y = rng.uniform(0.4, 0.6, 2) * image.size
    radius = rng.uniform(0.25, 0.4) * min(image.size)
    fill, outline = ((*map(int, rng.integers(low, high, 3)), 255) for low, high in ((60, 255), (0, 160)))
    kind = KINDS[rng.integers(3)]
    if kind == "round":
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill, outline, 2 * finer)
    elif kind == "pointed":
        sides, turn = int(rng.integers(3, 7)), int(rng.integers(0, 90))
        draw.regular_polygon((x, y, radius), sides, turn, fill, outline)
    else:
        box = (x - radius, y - 0.7 * radius, x + radius, y + 0.7 * radius)
        draw.rounded_rectangle(box, 0.3 * radius, fill, outline, 2 * finer)
    for left, right in ((-0.4, -0.15), (0.15, 0.4)):
        draw.ellipse((x + left * radius, y - 0.3 * radius, x + right * radius, y - 0.05 * radius), WHITE)
    return image.resize((width, height), Image.Resampling.LANCZOS), kind


def main(arguments: Sequence[str] | None = None) -> None:
    """Draw and save them all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--images", type=int, default=100_000, help="of each set, at most")
    asked = parser.parse_args(arguments)
    folder = asked.folder
    rng = np.random.default_rng(0)
    for name, count, width, height, finer in (
        ("icons", 600, 64, 64, 4),
        ("strip", 400, 128, 48, 4),
        ("labelled", 600, 64, 64, 4),
        ("many", 100_000, 32, 32, 2),
    ):
        for number in range(min(count, asked.images)):
            image, kind = shape(width, height, finer, rng)
            if name != "icons":
                image = Image.alpha_composite(Image.new("RGBA", image.size, CREAM), image).convert("RGB")
            place = folder / name / kind if name == "labelled" else folder / name
            place.mkdir(parents=True, exist_ok=True)
            image.save(place / f"{number:06d}.png", compress_level=1)


if __name__ == "__main__":
    main()
