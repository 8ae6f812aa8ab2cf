"""Does the generator copy: does it draw training pictures again, more often than real pictures resemble each other.

A picture counts as a copy if it lies far nearer to one training picture than to others, in features or in pixels,
with every training picture also tried mirrored. Held-out real pictures do so by chance where a set has near-duplicates;
where nothing was held out, each training picture is compared with the others, which is the same thing: a picture that
was not used is as likely to resemble the rest as one that was.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from ganvas.metrics.neighbours import NEIGHBOURS, nearest_training, share_interval

COPY_RATIO = 0.4
PIXELS_PX, PICTURES_AT_ONCE = 32, 64  # thousands of large pictures are gigabytes as floats
WORST = 8
MOST_COMPARED = 500
FEWEST_TRAINING = NEIGHBOURS + 2


@dataclass(frozen=True)
class Space:
    """The training pictures as rows of one kind, features or pixels: (M, F) upright and turned left to right."""

    upright: Tensor
    mirrored: Tensor


@dataclass(frozen=True)
class Share:
    """A share of pictures with its 95% confidence interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Copies:
    """How many generated pictures are copies, and how many held-out real ones are by the same rule.

    worst: (generated, training) positions of the closest pairs, closest first; ratios: theirs.
    """

    share: Share
    chance: Share
    worst: tuple[tuple[int, int], ...]
    ratios: tuple[float, ...]

    @property
    def is_copying(self) -> bool:
        """Whether more are copied than chance explains."""
        return self.share.low > self.chance.high


def count_copies(
    fake: Sequence[Tensor], training: Sequence[Space], chance: Share, *, copy_ratio: float = COPY_RATIO
) -> Copies:
    """How many of the generated pictures are copies.

    Args:
        fake: (N, F) rows of the same N pictures in each space of `training`.
        chance: what `chance_of_copies` found.
        copy_ratio: a picture is a copy if its distance to the nearest training picture is less than this share of that
            to the fifth nearest.
    Raises:
        ValueError: there are not more than five training pictures.
    """
    ratios, nearest = _ratios(fake, training)
    worst = ratios.argsort()[:WORST]
    pairs = tuple((int(index), int(nearest[index])) for index in worst)
    return Copies(_share(ratios, copy_ratio), chance, pairs, tuple(ratios[worst].tolist()))


def chance_of_copies(
    training: Sequence[Space], held_out: Sequence[Tensor] | None = None, *, copy_ratio: float = COPY_RATIO
) -> Share:
    """The share of held-out real pictures that the rule calls copies.

    Without any, that of the first MOST_COMPARED training pictures, each against the rest.

    Raises:
        ValueError: there are not more than six training pictures.
    """
    compared = held_out or [space.upright[:MOST_COMPARED] for space in training]
    ratios, _ = _ratios(compared, training, own=held_out is None)
    return _share(ratios, copy_ratio)


def pixel_rows(images: np.ndarray) -> Tensor:
    """(N, H, W, C) uint8 -> (N, D) float32 in [0, 1], at most 32 px a side: what a generator blurs is left out."""
    size = tuple(min(side, PIXELS_PX) for side in images.shape[1:3])
    parts = torch.from_numpy(np.array(images)).permute(0, 3, 1, 2).split(PICTURES_AT_ONCE)  # (B, C, H, W) each
    return torch.cat([F.adaptive_avg_pool2d(part.float() / 255, size).flatten(1) for part in parts])


def pixel_space(images: np.ndarray) -> Space:
    """The space of small pictures of (M, H, W, C) uint8 training pictures."""
    return Space(pixel_rows(images), pixel_rows(images[:, :, ::-1]))


def _ratios(pictures: Sequence[Tensor], training: Sequence[Space], *, own: bool = False) -> tuple[Tensor, Tensor]:
    """(N,) the smallest ratio in any space, and (N,) the position of the training picture that has it."""
    found = [
        nearest_training(rows, space.upright, space.mirrored, own=own)
        for rows, space in zip(pictures, training, strict=True)
    ]
    ratios = torch.stack([one.ratio for one in found])  # (spaces, N)
    smallest, where = ratios.min(0)
    return smallest, torch.stack([one.index for one in found]).gather(0, where[None])[0]


def _share(ratios: Tensor, copy_ratio: float) -> Share:
    count = int((ratios < copy_ratio).sum())
    return Share(count / len(ratios), *share_interval(count, len(ratios)))
