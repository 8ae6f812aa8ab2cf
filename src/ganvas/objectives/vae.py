"""The variational autoencoder's part of VAE-GAN. Source: Kingma & Welling 2013, arXiv:1312.6114."""

import torch
from torch import Tensor


def kl_divergence(mean: Tensor, log_variance: Tensor) -> Tensor:
    """How far N(mean, exp(log_variance)) is from N(0, I), in nats per picture: a scalar >= 0, the mean over the batch.

    In closed form: the sum over Z of (mean^2 + variance - 1 - log_variance) / 2.

    Args:
        mean, log_variance: (B, Z), natural logarithm.
    Raises:
        ValueError: they are not of one shape (B, Z).
    """
    _check(mean, log_variance)
    return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(dim=1).mean()  # (B, Z) -> (B,) -> ()


def reparameterise(mean: Tensor, log_variance: Tensor, noise: Tensor) -> Tensor:
    """Latents (B, Z) from N(mean, exp(log_variance)), differentiable in both, out of `noise` (B, Z) from N(0, I).

    Raises:
        ValueError: the three are not of one shape (B, Z).
    """
    _check(mean, log_variance, noise)
    return mean + torch.exp(0.5 * log_variance) * noise


def _check(*tensors: Tensor) -> None:
    if tensors[0].ndim != 2 or any(tensor.shape != tensors[0].shape for tensor in tensors):
        raise ValueError(f"expected one shape (B, Z), got {[tuple(tensor.shape) for tensor in tensors]}")
