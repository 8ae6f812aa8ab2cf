"""Scores of samples that are too large to hold: statistics of parts, which add up to those of the whole."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ganvas.metrics.distances import Estimate

_NORMAL_95 = 1.96  # deviations on either side that hold 95% of a normal distribution


@dataclass(frozen=True)
class Moments:
    """Of (N, F) features: how many, their mean (F,), and the sum of squares about it (F, F), in float64."""

    count: int
    mean: Tensor
    scatter: Tensor

    @staticmethod
    def of(features: Tensor) -> "Moments":
        """Those of one part, N >= 1."""
        rows = features.double()
        mean = rows.mean(0)
        return Moments(len(rows), mean, (rows - mean).T @ (rows - mean))

    def __add__(self, other: "Moments") -> "Moments":
        """Those of both parts together. Source: Chan, Golub & LeVeque 1979, the pairwise update."""
        count, apart = self.count + other.count, other.mean - self.mean
        shift = apart[:, None] * apart[None, :] * (self.count * other.count / count)
        return Moments(count, self.mean + apart * (other.count / count), self.scatter + other.scatter + shift)

    @property
    def covariance(self) -> Tensor:
        """(F, F), unbiased; needs two rows."""
        return self.scatter / (self.count - 1)


def added(one: Moments | None, other: Moments | None) -> Moments | None:
    """Those of both parts, either of which may be missing."""
    if one is None or other is None:
        return other if one is None else one
    return one + other


def frechet_of_moments(real: Moments, fake: Moments) -> float:
    """`frechet_distance` from moments: the same number, for any count.

    Raises:
        ValueError: fewer than two rows.
    """
    if min(real.count, fake.count) < 2:
        raise ValueError(f"expected two rows or more of each kind, got {real.count} and {fake.count}")
    root = _root(real.covariance)
    between = torch.linalg.eigvalsh(root @ fake.covariance @ root).clamp_min(0).sqrt().sum()
    traces = real.covariance.trace() + fake.covariance.trace()
    return max(float(((real.mean - fake.mean) ** 2).sum() + traces - 2 * between), 0.0)


def _root(covariance: Tensor) -> Tensor:
    values, vectors = torch.linalg.eigh(covariance)
    return (vectors * values.clamp_min(0).sqrt()) @ vectors.T


def mean_of_blocks(values: Sequence[float]) -> Estimate:
    """The mean of what independent blocks gave, with its 95% interval.

    So KID is taken of large samples: the mean over blocks of pictures is as unbiased as each of them.

    Raises:
        ValueError: fewer than two blocks.
    Source: Binkowski et al. 2018, arXiv:1801.01401.
    """
    if len(values) < 2:
        raise ValueError(f"expected two blocks or more, got {len(values)}")
    found = torch.tensor(list(values), dtype=torch.float64)
    value, error = float(found.mean()), float(found.std()) / math.sqrt(len(found))
    return Estimate(value, value - _NORMAL_95 * error, value + _NORMAL_95 * error, error)
