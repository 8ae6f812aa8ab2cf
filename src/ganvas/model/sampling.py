"""Seeds in, pictures out. A seed's picture does not depend on how many others are drawn with it."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from ganvas.errors import ModelError, SettingError
from ganvas.formats.latents import latents, seed_labels
from ganvas.formats.manifest import Description
from ganvas.model.weights import Model
from ganvas.pixels import to_float, to_uint8


def latents_for(description: Description, seeds: Sequence[int], truncation: float = 1.0) -> Tensor:
    """(N, Z) latents of `seeds`; a truncation below 1 pulls them towards the mean picture, above 1 away from it."""
    return torch.from_numpy(latents(seeds, description.z_dim, description.z_distribution)) * truncation


def labels_for(description: Description, seeds: Sequence[int], label: str | None = None) -> Tensor | None:
    """What `seed_labels` gives, as a tensor."""
    labels = seed_labels(description.classes, seeds, label)
    return None if labels is None else torch.from_numpy(labels)


@torch.no_grad()
def draw(generator: nn.Module, z: Tensor, labels: Tensor | None, *, at_once: int = 1) -> Iterator[np.ndarray]:
    """Pictures, (H, W, C) uint8 each, of (N, Z) latents.

    Args:
        generator: in evaluation mode, so that a batch's statistics are not used.
        at_once: latents in one pass. With 1 the same latent gives the same bytes whatever is drawn beside it; kernels
            chosen for other batch sizes may round differently in the last bit.
    Raises:
        ModelError: the weights are not finite numbers, or give pictures that are not.
    """
    for start in range(0, len(z), at_once):
        part = slice(start, start + at_once)
        images = generator(z[part], None if labels is None else labels[part])  # (B, C, H, W)
        if not bool(images.isfinite().all()):
            raise ModelError(
                "the model's weights give pictures that are not numbers; go back with --at to an earlier moment"
            )
        yield from to_uint8(images)


def draw_all(generator: nn.Module, z: Tensor, labels: Tensor | None, *, at_once: int = 1) -> np.ndarray:
    """The same as one array, (N, H, W, C) uint8, of a generator in either mode; it is left in the mode it was in."""
    was_training = generator.training
    generator.eval()
    pictures = np.stack(list(draw(generator, z, labels, at_once=at_once)))
    generator.train(was_training)
    return pictures


@torch.no_grad()
def rebuild(model: Model, stored: Tensor, labels: Tensor | None) -> np.ndarray:
    """(N, H, W, C) uint8 pictures -> the same pictures encoded and decoded again.

    Raises:
        SettingError: the model has no encoder.
    """
    if model.encoder is None:
        raise SettingError(f"recipe {model.description.recipe!r} has no encoder; the recipe vaegan trains one")
    mean, _ = model.encoder(to_float(stored))  # (N, Z)
    return draw_all(model.generator, mean, labels)
