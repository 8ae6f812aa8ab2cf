"""What every score is held against: pictures made without a network. All are (N, H, W, C) uint8."""

from collections.abc import Sequence

import torch
from torch import Tensor

from ganvas.networks.pca import principal_components

COMPONENTS = 256


def noise_pictures(shape: Sequence[int], count: int, generator: torch.Generator) -> Tensor:
    """Grey levels drawn evenly and independently: the ceiling, which nothing that has learned should reach."""
    return torch.randint(0, 256, (count, *shape), generator=generator, dtype=torch.uint8)


def pca_pictures(images: Tensor, count: int, generator: torch.Generator, *, components: int = COMPONENTS) -> Tensor:
    """Draws from the Gaussian on the principal components of the set: blurred, right on average, learned in a second.

    Args:
        images: (N, H, W, C) uint8, N >= 2.
        components: at most so many; what they leave unexplained is left out.
    Raises:
        ValueError: there are fewer than two pictures.
    Source: Turk & Pentland 1991, doi:10.1162/jocn.1991.3.1.71.
    """
    if len(images) < 2:
        raise ValueError(f"expected two pictures or more, got {len(images)}")
    rows = images.flatten(1).float()  # (N, D)
    mean = rows.mean(0)
    wanted = min(components, len(rows) - 1, rows.shape[1])
    axes, deviations = principal_components(rows.sub_(mean), wanted, generator)  # (K, D), (K,)
    draws = (torch.randn(count, wanted, generator=generator) * deviations) @ axes
    return draws.add_(mean).round_().clamp_(0, 255).to(torch.uint8).unflatten(1, images.shape[1:])
