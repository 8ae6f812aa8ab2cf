"""Adam on plain tensors: PyTorch's own arithmetic, without the class around it.

`torch.optim.Adam` imports PyTorch's compiler when it is first made, which takes about as long as importing PyTorch
itself; its function does not. The moments are simply there, zero before the first update, so that the state of a run
has the same tensors at every moment. Source: Kingma & Ba 2014, arXiv:1412.6980.
"""

import torch
from torch import Tensor, nn
from torch.optim.adam import adam


class Adam:
    """Updates the weights of one module.

    Where squares are forgotten fast, gradients that were small for a while and grow at once make steps of many times
    the rate, and a network explodes that way within a dozen of them.

    Args:
        largest_step: in rates; a step that would move the weights by more, as the root of the mean square over all that
            have a gradient, is shortened to that. None: no step is, nor are those before the squares have filled their
            memory of 1 / (1 - beta2) steps, which follow any gradient.
        epsilon: added to the root of the squares' average.
    Source: Shazeer & Stern 2018, arXiv:1804.04235, section 6, and Wortsman et al. 2023, arXiv:2304.13013 (both shorten
    the step of each layer by itself).
    """

    def __init__(
        self,
        module: nn.Module,
        *,
        rate: float,
        beta1: float,
        beta2: float,
        largest_step: float | None = None,
        epsilon: float = 1e-8,
    ) -> None:
        self.weights = list(module.parameters())
        self.rate, self.beta1, self.beta2, self.epsilon, self.largest_step = rate, beta1, beta2, epsilon, largest_step
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
        if not moved:
            return
        rate: float | Tensor = self.rate * self.rate_scale
        rate = rate * (share if self.largest_step is None else share * self._kept(moved, gradients, self.largest_step))
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
            lr=rate,
            weight_decay=0.0,
            eps=self.epsilon,
            maximize=False,
        )

    def _kept(self, moved: list[int], gradients: list[Tensor], largest_step: float) -> Tensor:
        """What is kept of a step that would be larger than `largest_step`: a scalar in (0, 1].

        It stays on the device, whose kernels take a rate as float32; that of the CPU takes it as Python's floats.
        """
        size = self._step_size(moved, gradients)
        size = size.to(torch.float64 if size.device.type == "cpu" else torch.float32).clamp(min=self.epsilon)
        is_settled = self.steps[moved[0]] >= 1 / (1 - self.beta2)
        return torch.where(is_settled, (largest_step / size).clamp(max=1.0), 1.0)

    def _step_size(self, moved: list[int], gradients: list[Tensor]) -> Tensor:
        """The root mean square of what an update by these gradients moves these weights by, in rates."""
        total = torch.zeros((), device=self.weights[0].device)
        for index, gradient in zip(moved, gradients, strict=True):
            steps = self.steps[index] + 1
            mean = self.means[index].lerp(gradient, 1 - self.beta1) / (1 - self.beta1**steps)
            square = self.squares[index].lerp(gradient.square(), 1 - self.beta2) / (1 - self.beta2**steps)
            total += (mean / (square.sqrt() + self.epsilon)).square().sum()
        return (total / sum(gradient.numel() for gradient in gradients)).sqrt()
