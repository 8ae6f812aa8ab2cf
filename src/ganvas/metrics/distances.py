"""Distances between two samples: how far the generated pictures are from the real ones, as one number.

Pure functions of (N, F) float32 features or (N, H, W, C) uint8 pictures. Real comes first, generated second; 0 means
that no difference was found. Kernel sums are taken in float64.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

FEWEST_FOR_VARIANCE = 2
PATCH_PX, PATCHES_PER_IMAGE, SMALLEST_LEVEL_PX = 7, 64, 16


@dataclass(frozen=True)
class Estimate:
    """A number measured on samples, with the ends of its 95% confidence interval and its standard error."""

    value: float
    low: float
    high: float
    error: float


def kernel(first: Tensor, second: Tensor) -> Tensor:
    """(N, F), (M, F) -> (N, M): the cubic polynomial kernel (x . y / F + 1)^3 of KID."""
    return (first @ second.T / first.shape[1] + 1) ** 3


def kernel_distance(real: Tensor, fake: Tensor) -> float:
    """KID: the squared maximum mean discrepancy under the cubic kernel, unbiased, so that it can be below 0.

    Raises:
        ValueError: fewer than two rows, or rows of different length.
    Source: Binkowski et al. 2018, arXiv:1801.01401; Gretton et al. 2012 (the unbiased form).
    """
    _check(real, fake)
    weights = torch.ones(1, len(real)), torch.ones(1, len(fake))
    return float(_weighted(_sums(real, fake), *weights)[0])


def kernel_distance_interval(
    real: Tensor, fake: Tensor, generator: torch.Generator, *, resamples: int = 500, real_is_fixed: bool = False
) -> Estimate:
    """KID with the percentile interval of a bootstrap over pictures.

    A resample gives each picture a multinomial weight; pairs of one picture with itself are left out, so that repeats
    do not bias it.

    Args:
        real_is_fixed: only the generated pictures are resampled: for comparisons against one and the same real sample.
    Raises:
        ValueError: as `kernel_distance`.
    """
    _check(real, fake)
    sums = _sums(real, fake)
    ones = torch.ones(1, len(real)).expand(resamples, -1)
    weights = ones if real_is_fixed else _multinomial(resamples, len(real), generator)
    drawn = _weighted(sums, weights, _multinomial(resamples, len(fake), generator))  # (R,)
    drawn = drawn[drawn.isfinite()]  # of a handful of pictures, one may be drawn over and over: it makes no pair
    low, high = torch.quantile(drawn, torch.tensor([0.025, 0.975], dtype=drawn.dtype)).tolist()
    value = float(_weighted(sums, torch.ones(1, len(real)), torch.ones(1, len(fake)))[0])
    return Estimate(value, low, high, float(drawn.std()))


def frechet_distance(real: Tensor, fake: Tensor) -> float:
    """FD: |mean - mean'|^2 + tr(C + C' - 2 (C C')^(1/2)) of the features' means and covariances, never below 0.

    The trace of the root is the nuclear norm of the product of factors of the two covariances, which is as well defined
    where they are singular: with fewer pictures than features, or when nothing varies. It is biased upwards by what a
    finite sample varies; the distance between two halves of the real set at the same count says how much.

    Raises:
        ValueError: as `kernel_distance`.
    Source: Heusel et al. 2017, arXiv:1706.08500; Dowson & Landau 1982, doi:10.1016/0047-259X(82)90077-X.
    """
    _check(real, fake)
    means, factors = zip(*(_mean_and_factor(features.double()) for features in (real, fake)), strict=True)
    root_trace = torch.linalg.svdvals(factors[0] @ factors[1].T).sum()
    traces = sum((factor**2).sum() for factor in factors)
    return max(float(((means[0] - means[1]) ** 2).sum() + traces - 2 * root_trace), 0.0)


def sliced_wasserstein(real: Tensor, fake: Tensor, generator: torch.Generator, *, slices: int = 256) -> float:
    """Sliced Wasserstein-1 distance between small patches at every scale, x 1000: an opinion that needs no network.

    Pictures are halved down to 16 px; at each size, patches of 7x7 are taken at random places, standardised by the
    channel means and deviations of the real ones, and compared along random directions. The mean over sizes.

    Args:
        real, fake: (N, H, W, C) and (M, H, W, C) uint8; as many are used as the smaller set has.
    Raises:
        ValueError: the pictures are of different sizes or channels, below 16 px, or fewer than two.
    Source: Karras et al. 2018, arXiv:1710.10196 (with patches of the pictures themselves, not of their Laplacians).
    """
    if real.shape[1:] != fake.shape[1:]:
        raise ValueError(f"expected pictures of one shape, got {tuple(real.shape[1:])} and {tuple(fake.shape[1:])}")
    if min(real.shape[1:3]) < SMALLEST_LEVEL_PX:
        raise ValueError(f"expected pictures of {SMALLEST_LEVEL_PX} px or more, got {tuple(real.shape[1:3])}")
    count = min(len(real), len(fake))
    if count < FEWEST_FOR_VARIANCE:
        raise ValueError(f"expected two pictures or more of each kind, got {count}")
    levels = [kind[:count].permute(0, 3, 1, 2).float() for kind in (real, fake)]  # (N, C, H, W)
    distances = []
    while min(levels[0].shape[2:]) >= SMALLEST_LEVEL_PX:
        patches = _patches(levels[0], generator), _patches(levels[1], generator)  # (N P, C, 7, 7)
        mean = patches[0].mean((0, 2, 3), keepdim=True)
        deviation = patches[0].std((0, 2, 3), keepdim=True).clamp_min(1.0)  # grey levels; a constant set has none
        flat = [((part - mean) / deviation).flatten(1) for part in patches]
        directions = F.normalize(torch.randn(flat[0].shape[1], slices, generator=generator), dim=0)
        # NumPy sorts rows many times as fast as torch sorts columns.
        real_along, fake_along = (np.sort((part @ directions).T.numpy()) for part in flat)
        distances.append(np.abs(real_along - fake_along).mean(dtype=np.float64))
        levels = [F.avg_pool2d(level, 2) for level in levels]
    return 1000 * float(np.mean(distances))


def _patches(images: Tensor, generator: torch.Generator) -> Tensor:
    """(N, C, H, W) -> (N P, C, 7, 7) at random places."""
    count, _, height, width = images.shape
    picture = torch.arange(count).repeat_interleave(PATCHES_PER_IMAGE)[:, None, None]
    top = torch.randint(height - PATCH_PX + 1, (len(picture), 1, 1), generator=generator)
    left = torch.randint(width - PATCH_PX + 1, (len(picture), 1, 1), generator=generator)
    inside = torch.arange(PATCH_PX)
    patches = images.permute(0, 2, 3, 1)[picture, top + inside[:, None], left + inside]  # (N P, 7, 7, C)
    return patches.permute(0, 3, 1, 2)


def _check(real: Tensor, fake: Tensor) -> None:
    if real.ndim != 2 or fake.ndim != 2 or real.shape[1] != fake.shape[1]:
        raise ValueError(f"expected (N, F) and (M, F), got {tuple(real.shape)} and {tuple(fake.shape)}")
    if min(len(real), len(fake)) < FEWEST_FOR_VARIANCE:
        raise ValueError(f"expected two rows or more of each kind, got {len(real)} and {len(fake)}")


def _sums(real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Kernel matrices among the real, among the fake (both without their diagonals) and between the two."""
    return kernel(real, real).fill_diagonal_(0), kernel(fake, fake).fill_diagonal_(0), kernel(real, fake)


def _weighted(sums: tuple[Tensor, Tensor, Tensor], real: Tensor, fake: Tensor) -> Tensor:
    """(R,) squared discrepancies, float64, where row r of `real` (R, N) and `fake` (R, M) weighs the pictures."""
    among_real, among_fake, between = sums

    def pairs(weights: Tensor, among: Tensor) -> Tensor:
        total = ((weights @ among) * weights).double().sum(1)
        return total / (weights.double().sum(1) ** 2 - (weights.double() ** 2).sum(1))

    across = ((real @ between) * fake).double().sum(1) / (real.double().sum(1) * fake.double().sum(1))
    return pairs(real, among_real) + pairs(fake, among_fake) - 2 * across


def _multinomial(resamples: int, count: int, generator: torch.Generator) -> Tensor:
    """(R, count) float32: how often each of `count` pictures is drawn in a resample of as many."""
    drawn = torch.randint(count, (resamples, count), generator=generator)
    return torch.zeros(resamples, count).scatter_add_(1, drawn, torch.ones(resamples, count))


def _mean_and_factor(features: Tensor) -> tuple[Tensor, Tensor]:
    """(N, F) -> mean (F,), and A (min(N, F), F) with A^T A the covariance."""
    mean = features.mean(0)
    centred = (features - mean) / (len(features) - 1) ** 0.5
    return mean, centred if len(features) <= features.shape[1] else torch.linalg.qr(centred, mode="r").R
