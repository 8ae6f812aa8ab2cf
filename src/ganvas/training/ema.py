"""The averaged generator: an exponential moving average of the weights, its memory given as a half-life in images."""

import torch
from torch import nn

from ganvas.config import TrainingSettings


@torch.no_grad()
def update_average(
    averaged: nn.Module, generator: nn.Module, *, images: int, step_images: int, settings: TrainingSettings
) -> None:
    """Move `averaged` towards `generator` by what `step_images` more images are worth.

    The half-life starts short, at a share of the images shown so far, so that the first weights are soon forgotten, but
    never under some steps. Whole-number buffers are copied. Source: Karras et al. 2023, arXiv:2312.02696 (half-life and
    ramp).

    Args:
        images: images shown, this step's included; > 0.
        step_images: images of this step.
        settings: its average_half_life_images is above 0.
    """
    at_first = max(images * settings.average_ramp, settings.average_fewest_steps * step_images)
    keep = 0.5 ** (step_images / min(settings.average_half_life_images, at_first))
    old, new = averaged.state_dict(), generator.state_dict()
    for name, tensor in old.items():
        if tensor.is_floating_point():
            tensor.lerp_(new[name], 1 - keep)
        else:
            tensor.copy_(new[name])
