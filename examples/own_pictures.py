"""Pictures that exist only in Python: drawn circles with a label each, a generator of them, and its score card.

python examples/own_pictures.py --time 1m
"""

import argparse

import numpy as np
from PIL import Image, ImageDraw

import ganvas

COLOURS = {"red": (214, 69, 65), "blue": (52, 108, 176), "green": (78, 154, 84)}


class Circles:
    """Pictures of one circle; it has a length and items by number, as a PyTorch Dataset has."""

    def __init__(self, count: int) -> None:
        self.count = count

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> tuple[Image.Image, str]:
        numbers = np.random.default_rng(index)
        name = list(COLOURS)[index % len(COLOURS)]
        picture = Image.new("RGB", (32, 32), (244, 240, 230))
        radius, x, y = numbers.integers(4, 9), *numbers.integers(10, 22, 2)
        ImageDraw.Draw(picture).ellipse((x - radius, y - radius, x + radius, y + radius), fill=COLOURS[name])
        return picture, name


def main() -> None:
    """Train with labels, draw each class, score."""
    parser = argparse.ArgumentParser(description="Pictures that exist only in Python.")
    parser.add_argument("--time", default="1m")
    parser.add_argument("--pictures", type=int, default=600)
    parser.add_argument("--out", default="runs/circles")
    options = parser.parse_args()

    circles = Circles(options.pictures)
    print(ganvas.look(circles, size=32, conditional=True).report.summary())
    run = ganvas.train(circles, size=32, conditional=True, time=options.time, out=options.out)
    print(run)
    generator = ganvas.load(run)
    for name in generator.description.classes:
        generator.draw(seeds=range(16), label=name).grid().save(run.path / f"{name}.png")
    print(ganvas.score(generator, against=circles, count=options.pictures // 3))


if __name__ == "__main__":
    main()
