"""A photo -> the latent whose picture is nearest to it.

The default recipe's latents are coefficients on principal components, so that the first guess is closed form; a model
with an encoder asks that; any other begins with the nearest of some seeds. The guess is then refined by descent, in
features that see where things stand and in pixels.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from ganvas.features import extract, load_extractor
from ganvas.files import cache_folder
from ganvas.model import draw, draw_all, labels_for, latents_for
from ganvas.model.weights import Model
from ganvas.networks.cascade import CascadeGenerator, pca_generator
from ganvas.pixels import levels_to_float
from ganvas.training import ARCHITECTURES

RATE = 0.03  # Adam's, in units of a latent
PIXEL_WEIGHT = 1.0  # of the mean square difference of pixels, beside that of features of length 1
LENGTH_WEIGHT = 0.02  # of what a latent is longer than latents are, so that it stays one that the generator knows
CANDIDATES = 512  # seeds that are looked at where nothing better is known
FRAMES = 60  # of the film of a search, at most


@dataclass(frozen=True)
class Distance:
    """How far a drawn picture is from the photo. pixels: root mean square, in grey levels. features: from 0 to 4,
    the square of that between two of length 1.
    """

    pixels: float
    features: float


@dataclass(frozen=True)
class Projection:
    """What was found for a photo.

    photo, guess, refined: (H, W, C) uint8. z: (Z,). label: the number of its class, or None. before, after: the
    distances of guess and refined. search: the pictures on the way from one to the other, for a film.
    """

    photo: np.ndarray
    guess: np.ndarray
    refined: np.ndarray
    z: np.ndarray
    label: int | None
    before: Distance
    after: Distance
    search: list[np.ndarray] = field(repr=False)


def project(
    model: Model,
    photo: np.ndarray,
    *,
    label: int | None = None,
    steps: int = 100,
    seed: int = 0,
    told: Callable[[int, int], None] | None = None,
) -> Projection:
    """The latent of a photo.

    Args:
        photo: (H, W, C), of the model's size and channels, any numbers from 0 to 255.
        label: the number of its class, of a model that has classes; None: the class that the first guess is nearest in.
        steps: of the refinement; 0: the first guess.
        seed: of the first candidate, where there is neither a closed form nor an encoder.
        told: is called with the steps that are done and those that there are.
    """
    height, width = photo.shape[:2]
    extractor = load_extractor("multiscale", (height, width), cache_folder() / "downloads")
    target = levels_to_float(photo)
    seen = F.normalize(extract(extractor, np.rint(photo).astype(np.uint8)[None]), dim=1)  # (1, F)

    def features(images: Tensor) -> Tensor:
        size = extractor.size_px
        enlarged = F.interpolate(as_rgb(images), (size, size), mode="bicubic", align_corners=False).clamp(-1, 1)
        return F.normalize(extractor.network(enlarged), dim=1)

    z, labels = first_guess(model, photo, label, seed)
    guess = drawn(model, z, labels)
    search, best, least = [guess], z.clone(), float("inf")
    if steps:
        usual = model.description.z_dim
        moving = z.clone().requires_grad_(True)
        adam = torch.optim.Adam([moving], lr=RATE, betas=(0.9, 0.99))
        for step in range(steps + 1):
            images = model.generator(moving, labels)
            longer = F.relu(moving.square().sum() / usual - 1)
            loss = (features(images) - features(target)).square().sum()
            loss = loss + PIXEL_WEIGHT * F.mse_loss(images, target) + LENGTH_WEIGHT * longer
            if loss.item() < least:
                best, least = moving.detach().clone(), loss.item()
            if step == steps:
                break
            adam.zero_grad()
            loss.backward()
            adam.step()
            if step % max(steps // FRAMES, 1) == 0:
                search.append(drawn(model, moving.detach(), labels))
            if told is not None:
                told(step + 1, steps)
    refined = drawn(model, best, labels) if steps else guess
    shown = np.rint(photo).astype(np.uint8)
    number = None if labels is None else int(labels[0])
    before, after = (distance(shown, picture, seen, extract(extractor, picture[None])) for picture in (guess, refined))
    return Projection(shown, guess, refined, best[0].numpy(), number, before, after, [*search, refined])


def guesses_by_itself(model: Model) -> bool:
    """Whether the first guess is of the photo alone, in closed form or by an encoder, and no seed is looked at."""
    return ARCHITECTURES[model.description.architecture].starts_at_pca or model.encoder is not None


def first_guess(model: Model, photo: np.ndarray, label: int | None, seed: int) -> tuple[Tensor, Tensor | None]:
    """(1, Z) and (1,) or None: the best that is known of a photo before anything is searched."""
    classes = len(model.description.classes)
    every = [None] if not classes else [torch.tensor([each]) for each in (range(classes) if label is None else [label])]
    target = levels_to_float(photo)
    with torch.no_grad():
        if ARCHITECTURES[model.description.architecture].starts_at_pca:
            found = [(latent_on_components(model, target, each), each) for each in every]
        elif model.encoder is not None:
            found = [(model.encoder(target)[0], each) for each in every]
        else:
            return nearest_seed(model, photo, label, seed)
        errors = [float(F.mse_loss(model.generator(z, each), target)) for z, each in found]
    return found[int(np.argmin(errors))]


def latent_on_components(model: Model, target: Tensor, labels: Tensor | None) -> Tensor:
    """(1, C, H, W) in [-1, 1] -> (1, Z): the latent whose draw on the principal components is nearest to it."""
    generator = pca_generator(model.generator)
    small = model.generator.small(target) if isinstance(model.generator, CascadeGenerator) else target
    return generator.latents(small, labels)


def components_size(model: Model) -> tuple[int, int] | None:
    """(height, width) of the pictures that its principal components are of, where photos are halved until they are as
    small; None for a model without components, or of before cascades and larger than they are."""
    if not ARCHITECTURES[model.description.architecture].starts_at_pca:
        return None
    generator = pca_generator(model.generator)
    return generator.components.size if generator.components.size == generator.size else None


def nearest_seed(model: Model, photo: np.ndarray, label: int | None, seed: int) -> tuple[Tensor, Tensor | None]:
    """Of CANDIDATES seeds from `seed` on, the latent and label whose picture is nearest in pixels."""
    seeds = range(seed, seed + CANDIDATES)
    z, labels = latents_for(model.description, seeds), labels_for(model.description, seeds)
    if label is not None and labels is not None:
        labels = torch.full_like(labels, label)
    best, least = 0, float("inf")
    for number, picture in enumerate(draw(model.generator, z, labels, at_once=16)):
        error = float(np.square(picture.astype(np.float32) - photo).mean())
        if error < least:
            best, least = number, error
    return z[best : best + 1], None if labels is None else labels[best : best + 1]


def distance(photo: np.ndarray, picture: np.ndarray, seen: Tensor, features: Tensor) -> Distance:
    """Of two (H, W, C) uint8 pictures and their (1, F) features."""
    pixels = np.square(picture.astype(np.float32) - photo).mean() ** 0.5
    return Distance(float(pixels), float((F.normalize(features, dim=1) - seen).square().sum()))


def drawn(model: Model, z: Tensor, labels: Tensor | None) -> np.ndarray:
    """(H, W, C) uint8 of (1, Z)."""
    return draw_all(model.generator, z, labels)[0]


def as_rgb(images: Tensor) -> Tensor:
    """(B, 1 | 3 | 4, H, W) in [-1, 1] -> (B, 3, H, W), what is transparent being laid on white."""
    if images.shape[1] == 1:
        return images.expand(-1, 3, -1, -1)
    if images.shape[1] == 4:
        opacity = (images[:, 3:] + 1) / 2
        return images[:, :3] * opacity + (1 - opacity)
    return images
