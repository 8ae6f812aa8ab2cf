"""What every score is held against: pictures made without a network. All are (N, H, W, C) uint8."""

from collections.abc import Sequence

import torch
from torch import Tensor

COMPONENTS = 256


def noise_pictures(shape: Sequence[int], count: int, generator: torch.Generator) -> Tensor:
    """Grey levels drawn evenly and independently: the ceiling, which nothing that has learned should reach."""
    return torch.randint(0, 256, (count, *shape), generator=generator, dtype=torch.uint8)


def eigen_pictures(images: Tensor, count: int, generator: torch.Generator, *, components: int = COMPONENTS) -> Tensor:
    """Draws from the Gaussian on the principal components of the set: blurred, right on average, learned in a second.

    Args:
        images: (N, H, W, C) uint8, N >= 2.
        components: at most so many; what they leave unexplained is left out.
    Raises:
        ValueError: there are fewer than two pictures.
    Source: Turk & Pentland 1991, doi:10.1162/jocn.1991.3.1.71; Halko et al. 2011, arXiv:0909.4061 (the decomposition).
    """
    if len(images) < 2:
        raise ValueError(f"expected two pictures or more, got {len(images)}")
    rows = images.flatten(1).float()  # (N, D)
    mean = rows.mean(0)
    wanted = min(components, len(rows) - 1, rows.shape[1])
    axes, lengths = _principal(rows - mean, wanted, generator)  # (D, K), (K,)
    deviations = lengths / (len(rows) - 1) ** 0.5
    draws = mean + (torch.randn(count, len(deviations), generator=generator) * deviations) @ axes.T
    return draws.round().clamp(0, 255).to(torch.uint8).unflatten(1, images.shape[1:])


def _principal(centred: Tensor, wanted: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Leading right singular vectors (D, K) and singular values (K,) of (N, D), by a randomized range finder."""
    extra = min(wanted + 10, *centred.shape)
    span = torch.linalg.qr(centred.T @ torch.randn(len(centred), extra, generator=generator)).Q  # (D, K + 10)
    for _ in range(2):  # power iterations part what is close together
        span = torch.linalg.qr(centred.T @ (centred @ span)).Q
    _, lengths, inner = torch.linalg.svd(centred @ span, full_matrices=False)  # inner: (K + 10, K + 10)
    return (span @ inner.T)[:, :wanted], lengths[:wanted]
