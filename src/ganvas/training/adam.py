"""Adam on plain tensors: PyTorch's own arithmetic, without the class around it.

`torch.optim.Adam` imports PyTorch's compiler when it is first made, which takes about as long as importing PyTorch
itself; its function does not. The moments are simply there, zero before the first update, so that the state of a run
has the same tensors at every moment. Source: Kingma & Ba 2014, arXiv:1412.6980.
"""

import torch
from torch import Tensor, nn
from torch.optim.adam import adam

EPSILON = 1e-8


class Adam:
    """Updates the weights of one module."""

    def __init__(self, module: nn.Module, *, rate: float, beta1: float, beta2: float) -> None:
        self.weights = list(module.parameters())
        self.rate, self.beta1, self.beta2 = rate, beta1, beta2
        self.rate_scale = 1.0
        # zeros_like keeps the memory layout of the weight: fused kernels go wrong in silence where layouts differ.
        self.means = [torch.zeros_like(weight, requires_grad=False) for weight in self.weights]
        self.squares = [torch.zeros_like(weight, requires_grad=False) for weight in self.weights]
        self.steps = [torch.zeros((), device=weight.device) for weight in self.weights]

    def tensors(self) -> dict[str, Tensor]:
        """Everything that an update changes besides the weights, by a unique name; its own memory, not copies."""
        kinds = {"mean": self.means, "square": self.squares, "step": self.steps}
        return {f"{index}.{kind}": one for kind, every in kinds.items() for index, one in enumerate(every)}

    def clear(self) -> None:
        """Forget the gradients."""
        for weight in self.weights:
            weight.grad = None

    @torch.no_grad()
    def step(self, share: float = 1.0) -> None:
        """One update by the gradients that are there, at that share of the rate; a weight without one stays."""
        moved = [index for index, weight in enumerate(self.weights) if weight.grad is not None]
        gradients = [gradient for weight in self.weights if (gradient := weight.grad) is not None]
        adam(
            [self.weights[index] for index in moved],
            gradients,
            [self.means[index] for index in moved],
            [self.squares[index] for index in moved],
            [],
            [self.steps[index] for index in moved],
            fused=True,
            amsgrad=False,
            beta1=self.beta1,
            beta2=self.beta2,
            lr=self.rate * self.rate_scale * share,
            weight_decay=0.0,
            eps=EPSILON,
            maximize=False,
        )
