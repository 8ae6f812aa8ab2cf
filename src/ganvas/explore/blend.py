"""Weights between two models: a generator between two, where their networks are the same.

Where one was trained on from the other, or both from one ancestor, the ways between are generators too; else the
middle may be mud, which the preview shows.
Source: Wortsman et al. 2022, arXiv:2203.05482 (models of one ancestor may be averaged).
"""

import copy

import torch
from torch import Tensor

from ganvas.errors import SettingError
from ganvas.model.weights import Model

MUST_AGREE = ("architecture", "width", "height", "channels", "z_dim", "z_distribution", "multiplier", "classes")


def blended(one: Model, other: Model, share: float) -> Model:
    """A model whose weights are `share` of the way from one's to the other's.

    Raises:
        SettingError: their networks differ; names the first thing that does.
    """
    if not 0 <= share <= 1:
        raise SettingError(f"share {share:g}: expected 0 (all of the first) to 1 (all of the second)")
    for name in MUST_AGREE:
        values = getattr(one.description, name), getattr(other.description, name)
        if values[0] != values[1]:
            said = ["none" if value == () else str(value)[:60] for value in values]
            raise SettingError(f"these cannot be blended: {name} is {said[0]} in one, {said[1]} in the other")
    generator = copy.deepcopy(one.generator)
    generator.load_state_dict(_between(one.generator.state_dict(), other.generator.state_dict(), share))
    description = one.description.model_copy(
        update={
            "source": f"{1 - share:g} of {one.description.source}, {share:g} of {other.description.source}",
            "images": max(one.description.images, other.description.images),
            "published": None,
            "provenance": None,
        }
    )
    return Model(description, generator.eval().requires_grad_(False), None)


def _between(one: dict[str, Tensor], other: dict[str, Tensor], share: float) -> dict[str, Tensor]:
    return {
        name: torch.lerp(tensor, other[name], share) if tensor.is_floating_point() else tensor
        for name, tensor in one.items()
    }
