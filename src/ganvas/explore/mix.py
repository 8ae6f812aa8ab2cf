"""Mixtures of pictures: between two, or the coarse of one with the fine of the other."""

from collections.abc import Sequence

import numpy as np
import torch

from ganvas.explore.points import latent_of
from ganvas.formats.paths import between
from ganvas.formats.point import Point
from ganvas.model import draw_all
from ganvas.model.weights import Model


def mixed(
    model: Model, rows: Sequence[Point], columns: Sequence[Point], *, share: float = 0.5, coarse: int | None = None
) -> np.ndarray:
    """(R + 1, C + 1, H, W, C') uint8: the table of mixtures, the columns' pictures above it, the rows' at its left.

    The corner is blank. A mixture has the class of its row.

    Args:
        share: of the way from the row's latent to the column's, along the great circle.
        coarse: of style mixing instead: so many numbers of the row's latent, and the column's from there on. Where the
            recipe starts at principal components, the first ones are what differs most: pose and light.
    """
    left, above = (np.stack([latent_of(model, point) for point in points]) for points in (rows, columns))
    count = len(left) * len(above)
    first = np.repeat(left, len(above), axis=0)
    second = np.tile(above, (len(left), 1))
    if coarse is None:
        z = between(first, second, np.full((count, 1), share))
    else:
        z = np.concatenate([first[:, :coarse], second[:, coarse:]], axis=1)
    if model.description.z_distribution == "uniform":
        z = z.clip(-1, 1)
    labelled = [point.label_index(model.description.classes) for point in (*rows, *columns)]
    labels = None if labelled[0] is None else np.array(labelled)
    every = np.concatenate([left, above, z])
    given = (
        None if labels is None else torch.from_numpy(np.concatenate([labels, labels[: len(left)].repeat(len(above))]))
    )
    drawn = draw_all(model.generator, torch.from_numpy(every), given)
    table = np.full((len(left) + 1, len(above) + 1, *drawn.shape[1:]), 255, np.uint8)
    table[1:, 0], table[0, 1:] = drawn[: len(left)], drawn[len(left) : len(left) + len(above)]
    table[1:, 1:] = drawn[len(left) + len(above) :].reshape(len(left), len(above), *drawn.shape[1:])
    return table
