"""What nearest neighbours tell: are the generated pictures plausible, do they cover the set, are they copies of it.

Features are (N, F) float32, distances Euclidean.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

NEIGHBOURS = 5
Z_95 = 1.959964
ROUNDING = 2e-3  # of a row's length: what cdist, in float32, finds between two equal rows


@dataclass(frozen=True)
class Neighbourhoods:
    """Precision and density: how many generated pictures lie among the real; recall and coverage: the reverse.

    precision, recall and coverage are shares in [0, 1]; density has no upper end, and is 1 on average where the two
    distributions are equal.
    """

    precision: float
    recall: float
    density: float
    coverage: float


def neighbourhoods(real: Tensor, fake: Tensor, *, neighbours: int = NEIGHBOURS) -> Neighbourhoods:
    """Precision, recall, density and coverage with balls that reach to the k-th neighbour within a set.

    Raises:
        ValueError: a set has not more than k rows, or rows of different length.
    Source: Kynkaanniemi et al. 2019, arXiv:1904.06991 (precision, recall); Naeem et al. 2020, arXiv:2002.09797.
    """
    if real.ndim != 2 or fake.ndim != 2 or real.shape[1] != fake.shape[1]:
        raise ValueError(f"expected (N, F) and (M, F), got {tuple(real.shape)} and {tuple(fake.shape)}")
    if min(len(real), len(fake)) <= neighbours:
        raise ValueError(f"expected more than {neighbours} rows of each kind, got {len(real)} and {len(fake)}")
    between = torch.cdist(real, fake)  # (N, M)
    real_reach, fake_reach = (_reach(rows, neighbours) for rows in (real, fake))  # (N,), (M,)
    inside = between <= real_reach[:, None]  # (N, M): fake column lies in the real row's ball
    return Neighbourhoods(
        precision=float(inside.any(0).float().mean()),
        recall=float((between <= fake_reach).any(1).float().mean()),
        density=float(inside.float().sum(0).mean() / neighbours),
        coverage=float(inside.any(1).float().mean()),
    )


@dataclass(frozen=True)
class Nearest:
    """For each picture, its nearest training picture and how near it is compared with the others.

    index: (N,) int64 into the training set.
    ratio: (N,) in [0, 1], the distance to the nearest over that to the fifth nearest. Near 0 for a copy, near 1 for a
    picture that belongs to none more than to others.
    """

    index: Tensor
    ratio: Tensor


def nearest_training(pictures: Tensor, training: Tensor, mirrored: Tensor, *, own: bool = False) -> Nearest:
    """The nearest training picture of each picture, mirrored or not.

    Args:
        pictures: (N, F). training, mirrored: (M, F), of the training pictures and of the same turned left to right.
        own: `pictures` are the first N of `training`: none is its own neighbour, so that each is compared as if it had
            been held out.
    Raises:
        ValueError: there are not more than five training pictures.
    """
    if len(training) <= NEIGHBOURS + own:
        raise ValueError(f"expected more than {NEIGHBOURS + own} training pictures, got {len(training)}")
    distances = torch.minimum(torch.cdist(pictures, training), torch.cdist(pictures, mirrored))  # (N, M)
    if own:
        distances.fill_diagonal_(math.inf)
    nearest = distances.topk(NEIGHBOURS, largest=False)  # (N, 5), ascending
    first, last = nearest.values[:, 0], nearest.values[:, -1]
    # Five neighbours at distance 0 are five equal pictures: what lies among them is a copy.
    apart = last > ROUNDING * training.norm(dim=1).mean()
    ratio = torch.where(apart, first / last, torch.zeros_like(last))
    return Nearest(nearest.indices[:, 0], ratio)


def share_interval(count: int, of: int) -> tuple[float, float]:
    """The 95% confidence interval of a share, Wilson's: inside [0, 1] and not empty at 0 or 1.

    Source: Wilson 1927, doi:10.1080/01621459.1927.10502953.
    """
    share, spread = count / of, Z_95**2 / of
    centre = (share + spread / 2) / (1 + spread)
    half = math.sqrt(share * (1 - share) * spread + spread**2 / 4) / (1 + spread)
    return max(centre - half, 0.0), min(centre + half, 1.0)


def _reach(rows: Tensor, neighbours: int) -> Tensor:
    """(N,) distance of each row to its k-th neighbour, itself not counted; not less than rounding makes of 0."""
    reach = torch.cdist(rows, rows).fill_diagonal_(math.inf).kthvalue(neighbours, dim=1).values
    return reach.clamp_min(ROUNDING * float(rows.norm(dim=1).mean()))
