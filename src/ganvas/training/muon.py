"""Muon: the steps of inner convolutions are orthogonalised, so that a layer learns in all directions alike.

A convolution's gradient is as a matrix nearly of low rank: a step along it, or along Adam's, moves little but the few
directions that dominate. With all its singular values set to 1 the rare directions are learned as fast.

Source: Jordan et al. 2024, "Muon: an optimizer for hidden layers in neural networks" (the iteration and its
coefficients), and Liu et al. 2025, arXiv:2502.16982 (steps as long as Adam's).
"""

from typing import Any

import torch
from torch import Tensor, nn

from ganvas.training.adam import Adam

# On either side of an inner convolution. Next to a picture there are 12 at most, but 16 where a level doubles
# transparent ones: its last layer counts as inner too.
FEWEST_CHANNELS = 16
ITERATIONS = 5
COEFFICIENTS = (3.4445, -4.7750, 2.0315)
TINY = 1e-20


class Muon(Adam):
    """Muon for the inner convolutions of one module, Adam for every other weight.

    The root mean square of an inner convolution's step is about one rate, as Adam's with no memory of the mean. Both
    keep the same tensors, so that a run that began with the one can go on with the other.

    Args:
        momentum: memory of the gradients' mean for inner convolutions; Nesterov's, as in the source.
        adam: of the other weights, and the rate of all.
    """

    def __init__(self, module: nn.Module, *, momentum: float, **adam: Any) -> None:
        super().__init__(module, **adam)
        self.momentum = momentum
        self.inner = [index for index, weight in enumerate(self.weights) if is_inner(weight)]

    @torch.no_grad()
    def step(self, share: float = 1.0) -> None:
        rate = self.rate * self.rate_scale * share
        for index in self.inner:
            weight, mean = self.weights[index], self.means[index]
            if (gradient := weight.grad) is None:
                continue
            mean.lerp_(gradient, 1 - self.momentum)
            rows = matrix(gradient.lerp(mean, self.momentum)).flatten(1)
            target = matrix(weight)
            target.sub_(orthogonal(rows).view_as(target), alpha=rate * max(rows.shape) ** 0.5)
            weight.grad = None  # Adam leaves a weight without one
        super().step(share)


def is_inner(weight: Tensor) -> bool:
    """Whether these are the weights of a convolution from maps to maps, not from or to a picture."""
    return weight.ndim == 4 and min(weight.shape[:2]) >= FEWEST_CHANNELS


def matrix(weight: Tensor) -> Tensor:
    """(out, in, k, k) -> (out, k, k, in), the same memory: rows of a matrix, which are whole when channels-last."""
    return weight.permute(0, 2, 3, 1)


def orthogonal(rows: Tensor) -> Tensor:
    """(M, N) -> the same shape: the singular vectors are kept, the singular values become 0.7 to 1.2.

    Values below a hundredth of the root of the sum of their squares stay below 0.7, and 0 stays 0. The iteration is on
    the (M, M) product of the matrix with itself, which takes less than half as long as on the matrix.
    """
    if rows.shape[0] > rows.shape[1]:
        return orthogonal(rows.T).T
    rows = rows / (rows.norm() + TINY)
    linear, cubic, quintic = COEFFICIENTS
    gram, factor = rows @ rows.T, torch.eye(len(rows), dtype=rows.dtype, device=rows.device)
    for _ in range(ITERATIONS):
        step = cubic * gram + quintic * gram @ gram
        step.diagonal().add_(linear)
        factor, gram = step @ factor, step @ gram @ step
    return factor @ rows
