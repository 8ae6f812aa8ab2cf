"""The averaged generator: an exponential moving average of the weights, its memory given as a half-life in images."""

import torch
from torch import nn

_RAMP = 0.05


@torch.no_grad()
def update_average(averaged: nn.Module, generator: nn.Module, *, images: int, step_images: int, half_life: int) -> None:
    """Move `averaged` towards `generator` by what `step_images` more images are worth.

    The half-life starts short, at 5% of the images shown so far, so that the first weights are soon forgotten.
    Whole-number buffers are copied. Source: Karras et al. 2023, arXiv:2312.02696 (half-life and ramp).

    Args:
        images: images shown, this step's included; > 0.
        step_images: images of this step.
        half_life: images after which a weight counts half.
    """
    keep = 0.5 ** (step_images / min(half_life, images * _RAMP))
    old, new = averaged.state_dict(), generator.state_dict()
    for name, tensor in old.items():
        if tensor.is_floating_point():
            tensor.lerp_(new[name], 1 - keep)
        else:
            tensor.copy_(new[name])
