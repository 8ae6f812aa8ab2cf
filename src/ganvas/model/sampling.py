"""Seeds in, pictures out. A seed's picture does not depend on how many others are drawn with it."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from ganvas.errors import ModelError, SettingError
from ganvas.formats.images import reduced
from ganvas.formats.latents import latents, seed_labels
from ganvas.formats.manifest import Description
from ganvas.model.weights import Model
from ganvas.pixels import to_float, to_uint8

MOST_AT_ONCE, PIXELS_AT_ONCE = 16, 1 << 20  # pictures drawn together, where memory is not to grow with their size


def drawn_at_once(description: Description, most: int = MOST_AT_ONCE) -> int:
    """How many pictures to draw together: `most`, and fewer where they are larger than 256 px; at least one."""
    return max(min(most, PIXELS_AT_ONCE // (description.height * description.width)), 1)


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


def draw_all(
    generator: nn.Module,
    z: Tensor,
    labels: Tensor | None,
    *,
    at_once: int = 1,
    longest_px: int | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> np.ndarray:
    """The same as one array, (N, H, W, C) uint8, of a generator in either mode; it is left in the mode it was in.

    Args:
        longest_px: of the longer side, beyond which each picture is made smaller (formats.images.reduced).
        progress: called with (pictures drawn, pictures in all).
    """
    was_training = generator.training
    generator.eval()
    pictures: list[np.ndarray] = []
    for picture in draw(generator, z, labels, at_once=at_once):
        pictures.append(picture if longest_px is None else reduced(picture[None], longest_px)[0])
        progress(len(pictures), len(z))
    generator.train(was_training)
    return np.stack(pictures)


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
