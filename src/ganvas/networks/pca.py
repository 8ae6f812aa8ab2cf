"""Principal components of a set of pictures: the mean, and the directions in which they differ most, in order."""

import torch
from torch import Tensor

_EXTRA = 10
_POWER_ITERATIONS = 2


def principal_components(rows: Tensor, wanted: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """The leading components of (N, D) rows whose mean is zero, by a randomized range finder.

    Args:
        wanted: K, at most N and D.
    Returns:
        (K, D) directions of length 1, and (K,) the standard deviations along them, largest first.
    Raises:
        ValueError: there are fewer than two rows, or K is not from 1 to N and D.
    Source: Halko et al. 2011, arXiv:0909.4061.
    """
    if len(rows) < 2 or not 1 <= wanted <= min(rows.shape):
        raise ValueError(f"expected two rows or more and 1 to {min(rows.shape)} components, got {rows.shape}, {wanted}")
    extra = min(wanted + _EXTRA, *rows.shape)
    span = torch.linalg.qr(rows.T @ torch.randn(len(rows), extra, generator=generator)).Q  # (D, K + 10)
    for _ in range(_POWER_ITERATIONS):  # they part what is close together
        span = torch.linalg.qr(rows.T @ (rows @ span)).Q
    _, lengths, inner = torch.linalg.svd(rows @ span, full_matrices=False)  # inner: (K + 10, K + 10)
    return (inner @ span.T)[:wanted], lengths[:wanted] / (len(rows) - 1) ** 0.5
