"""Initial weights, drawn from one generator on the CPU: the same seed gives the same network on every device."""

import math
from typing import Literal, Protocol, runtime_checkable

import torch
from torch import nn

Weights = Literal["normal", "kaiming"]

NORMAL_STD = 0.02


@runtime_checkable
class SetsItself(Protocol):
    """A layer with buffers of its own kind."""

    def reset_buffers(self) -> None:
        """Give every buffer its initial value; the weights have theirs already."""
        ...


@torch.no_grad()
def initialise(network: nn.Module, weights: Weights, generator: torch.Generator) -> None:
    """Set every parameter and buffer of `network` in place.

    normal: N(0, 0.02), and N(1, 0.02) for the scales of normalisations (Radford et al. 2015, arXiv:1511.06434).
    kaiming: N(0, 2 / fan-in), scales 1 (He et al. 2015, arXiv:1502.01852).
    Biases are 0 and the vectors of classes N(0, 1) in both. A layer with an attribute `initial_scale` has its weights
    multiplied by it. Layers that set themselves do.

    Raises:
        TypeError: a layer holds parameters or buffers that no rule covers.
    """
    for layer in network.modules():
        if isinstance(layer, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
            std = NORMAL_STD if weights == "normal" else math.sqrt(2 / fan_in(layer))
            layer.weight.normal_(0, std, generator=generator).mul_(getattr(layer, "initial_scale", 1.0))
            if layer.bias is not None:
                layer.bias.zero_()
        elif isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d | nn.GroupNorm):
            layer.weight.normal_(1, NORMAL_STD, generator=generator) if weights == "normal" else layer.weight.fill_(1)
            layer.bias.zero_()
            if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d):
                layer.reset_running_stats()
        elif isinstance(layer, nn.Embedding):
            layer.weight.normal_(0, 1, generator=generator)
        elif not isinstance(layer, SetsItself) and [*layer.parameters(recurse=False), *layer.buffers(recurse=False)]:
            raise TypeError(f"no rule for the initial weights of {type(layer).__name__}: write one in weights.py")
        if isinstance(layer, SetsItself):
            layer.reset_buffers()


def fan_in(layer: nn.Linear | nn.Conv2d | nn.ConvTranspose2d) -> float:
    """How many inputs one output sums; for a strided transposed convolution the mean over its outputs."""
    if isinstance(layer, nn.Linear):
        return layer.in_features
    inputs = layer.in_channels * math.prod(layer.kernel_size)
    return inputs / math.prod(layer.stride) if isinstance(layer, nn.ConvTranspose2d) else inputs
