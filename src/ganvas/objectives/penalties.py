"""Penalties on the slope of the discriminator, as numbers that can themselves be differentiated."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor


def gradient_penalty_at(inputs: Sequence[Tensor], scores: Tensor) -> Tensor:
    """The squared length of each score's gradient with respect to what it was made from: R1 at real, R2 at fake ones.

    The loss to add is weight / 2 * mean. A score must depend on its own picture only; batch normalisation in the
    discriminator would mix them.

    Args:
        inputs: pictures, or several maps of them, (B, C, H, W) each, that require grad; what was scored.
        scores: (B,).
    Returns:
        (B,), >= 0, differentiable with respect to the discriminator's weights.
    Raises:
        ValueError: an input does not require grad, or there is not one score per picture.

    Source: Mescheder et al. 2018, arXiv:1801.04406.
    """
    if not all(each.requires_grad for each in inputs):
        raise ValueError("expected inputs that require grad, set before the discriminator scored them")
    slopes = _slopes(inputs, scores)
    return torch.stack([each.square().sum(dim=(1, 2, 3)) for each in slopes]).sum(0)  # (B, C, H, W) each -> (B,)


def interpolation_penalty(
    discriminator: Callable[[Tensor], Tensor], real_images: Tensor, fake_images: Tensor, mix: Tensor
) -> Tensor:
    """How far the discriminator's slope is from 1 between real and fake pictures: mean (length of gradient - 1)^2.

    Args:
        discriminator: (B, C, H, W) -> scores (B,), each of its own picture only.
        real_images, fake_images: (B, C, H, W); no gradient flows into them.
        mix: (B,) in [0, 1], drawn uniformly: 0 is the real picture, 1 the fake one.
    Returns:
        a scalar >= 0, differentiable with respect to the discriminator's weights; the loss to add is weight * it.
    Raises:
        ValueError: the shapes do not fit together.

    Source: Gulrajani et al. 2017, arXiv:1704.00028.
    """
    if real_images.shape != fake_images.shape or mix.shape != real_images.shape[:1]:
        shapes = [tuple(tensor.shape) for tensor in (real_images, fake_images, mix)]
        raise ValueError(f"expected real and fake images of one shape (B, C, H, W) and mix (B,), got {shapes}")
    images = torch.lerp(real_images.detach(), fake_images.detach(), mix.view(-1, 1, 1, 1)).requires_grad_()
    lengths = torch.linalg.vector_norm(
        _slopes([images], discriminator(images))[0], dim=(1, 2, 3)
    )  # (B, C, H, W) -> (B,)
    return (lengths - 1).square().mean()


def _slopes(inputs: Sequence[Tensor], scores: Tensor) -> Sequence[Tensor]:
    """The gradients, (B, C, H, W) each, of each score with respect to what it was made from."""
    count = len(inputs[0])
    if scores.shape != (count,):
        raise ValueError(f"expected one score per picture, ({count},), got {tuple(scores.shape)}")
    return torch.autograd.grad(scores.sum(), inputs, create_graph=True)
