"""How many principal components should the default's draw have: distances before any network, by their number.

    python -m bench.components WORK_FOLDER DATA_FOLDER

DATA_FOLDER holds faces-color, faces-gray and cars. One row a number, one cell a set: the distance of 500 draws to 500
real pictures as a share of the PCA baseline's, in EfficientNet-Lite0's features and those of an independent ResNet.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from bench.quality import COUNT, Judge, known_pictures, share_of_eigen, source
from ganvas.data import PictureSet
from ganvas.metrics import pca_pictures

NUMBERS = (32, 64, 96, 128, 256)
NAMES = ("faces-gray", "faces-color", "cars", "avatars")


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path)
    parser.add_argument("data", type=Path)
    asked = parser.parse_args(arguments)
    sets = [known_pictures(name, source(name, asked.data, asked.work)) for name in NAMES]
    columns = [column(known, Judge(known)) for known in sets]
    print(f"| components | {' | '.join(NAMES)} |\n{'|---' * (1 + len(NAMES))}|")
    for number, cells in zip(NUMBERS, zip(*columns, strict=True), strict=True):
        print(f"| {number} | {' | '.join(cells)} |")


def column(known: PictureSet, judge: Judge, count: int = COUNT) -> list[str]:
    """A cell for each of NUMBERS, from `count` draws."""
    images = torch.from_numpy(np.array(known.images[:]))
    cells = []
    for number in NUMBERS:
        draws = pca_pictures(images, count, torch.Generator().manual_seed(7), components=number)
        line = {"eigen": judge.eigen, **judge.distances(judge.see(draws.numpy()))}
        cells.append(", ".join(f"{share_of_eigen(line, family):.2f}" for family in judge.views))
    return cells


if __name__ == "__main__":
    main()
