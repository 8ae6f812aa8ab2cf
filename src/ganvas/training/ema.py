"""The averaged generator: an exponential moving average of the weights, its memory given as a half-life in images."""

import torch
from torch import nn

_RAMP = 0.05
_FEWEST_STEPS = 8


@torch.no_grad()
def update_average(averaged: nn.Module, generator: nn.Module, *, images: int, step_images: int, half_life: int) -> None:
    """Move `averaged` towards `generator` by what `step_images` more images are worth.

    The half-life starts short, at 5% of the images shown so far, so that the first weights are soon forgotten, but
    never under eight steps: shorter, and what is drawn follows every swing of the first hundred steps (a tint may turn
    from green to violet within six). Whole-number buffers are copied. Source: Karras et al. 2023, arXiv:2312.02696
    (half-life and ramp); the eight steps are measured in docs/journal.md.

    Args:
        images: images shown, this step's included; > 0.
        step_images: images of this step.
        half_life: images after which a weight counts half.
    """
    at_first = max(images * _RAMP, _FEWEST_STEPS * step_images)
    keep = 0.5 ** (step_images / min(half_life, at_first))
    old, new = averaged.state_dict(), generator.state_dict()
    for name, tensor in old.items():
        if tensor.is_floating_point():
            tensor.lerp_(new[name], 1 - keep)
        else:
            tensor.copy_(new[name])
