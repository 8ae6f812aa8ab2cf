"""The main directions of variation: unit vectors in latent space, the one that changes pictures most first."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from ganvas.model.sampling import draw_all, drawn_at_once, labels_for, latents_for
from ganvas.model.weights import Model
from ganvas.networks.cascade import pca_generator
from ganvas.training import ARCHITECTURES

DRAWN, SEEN_PX = 1024, 32
REACH, COLUMNS, STRIP_PX = (
    3.0,
    7,
    128,
)  # of strips: as far as sliders are moved usually, and small enough to see at once
NEGLIGIBLE = 1e-6  # of the strongest: what lies below changes nothing
ALIKE = 0.25  # the least share of a change that gives it its name


class Along(Protocol):
    """What strips are drawn along: a direction that was found here, or one that a file keeps."""

    @property
    def name(self) -> str: ...

    @property
    def share(self) -> float: ...

    @property
    def vector(self) -> Sequence[float] | np.ndarray: ...


@dataclass(frozen=True)
class MainDirection:
    """name: what grows along it, or its number where nothing simple does. share: of the variance that all directions
    bring about. vector: (Z,), of length 1.
    """

    name: str
    share: float
    vector: np.ndarray


def main_directions(model: Model, count: int = 10) -> list[MainDirection]:
    """At most `count`, strongest first, at right angles to each other.

    They are the singular vectors of what the latents do to pictures: for a generator with principal components these
    themselves, for others the mean effect.
    """
    if ARCHITECTURES[model.description.architecture].starts_at_pca:
        components = pca_generator(model.generator).components
        effects = components.axes.unflatten(1, (*components.size, -1)).permute(0, 3, 1, 2)  # (Z, C, h, w)
    else:
        effects = mean_effects(model)
    changes, lengths, vectors = torch.linalg.svd(effects.flatten(1).T.double(), full_matrices=False)
    shares = lengths.square() / lengths.square().sum().clamp(min=NEGLIGIBLE)
    found: list[MainDirection] = []
    for change, length, share, vector in zip(changes.T, lengths, shares, vectors, strict=True):
        if len(found) == count or length <= lengths[0] * NEGLIGIBLE:
            break
        name, sign = named(change.view(effects.shape[1:]))
        taken = sum(each.name.split(", ")[0] == name for each in found)
        number = f"direction {len(found) + 1}"
        full = f"{name}, {number}" if name and taken else name or number
        found.append(MainDirection(full, float(share), (vector * sign).numpy()))
    return found


def strips(
    model: Model, directions: Sequence[Along], *, seed: int = 0, reach: float = REACH, columns: int = COLUMNS
) -> list[tuple[str, np.ndarray]]:
    """For each direction its name and (columns, h, w, C) uint8: one seed's picture moved from -reach to reach."""
    z, labels = latents_for(model.description, [seed]).numpy(), labels_for(model.description, [seed])
    steps = np.linspace(-reach, reach, columns)[:, None]
    given = None if labels is None else labels.repeat(columns)
    found: list[tuple[str, np.ndarray]] = []
    for number, each in enumerate(directions, 1):
        moved = torch.as_tensor(z + steps * np.array(each.vector), dtype=torch.float32)
        drawn = draw_all(model.generator, moved, given, at_once=drawn_at_once(model.description), longest_px=STRIP_PX)
        found.append((f"{number}  {each.name}  ({each.share:.0%})" if each.share else f"{number}  {each.name}", drawn))
    return found


@torch.no_grad()
def mean_effects(model: Model) -> Tensor:
    """(Z, C, h, w): what a step along each latent changes on average, in pictures made small, levels in [-1, 1].

    It is the linear map from latents to pictures that fits best: over N(0, I) the mean of the generator's Jacobian, by
    Stein's lemma.
    """
    z, labels = latents_for(model.description, range(DRAWN)), labels_for(model.description, range(DRAWN))
    at_once = drawn_at_once(model.description)
    parts = z.split(at_once)
    labelled = [None] * len(parts) if labels is None else labels.split(at_once)
    described = model.description
    size = min(described.height, SEEN_PX), min(described.width, SEEN_PX)
    seen = [
        F.adaptive_avg_pool2d(model.generator(*part), size)  # (B, C, H, W) -> (B, C, h, w)
        for part in zip(parts, labelled, strict=True)
    ]
    deviations = z - z.mean(0)
    pictures = torch.cat(seen)  # (N, C, h, w)
    effects = torch.einsum("nz,nchw->zchw", deviations, pictures - pictures.mean(0))
    return effects / deviations.square().sum(0).view(-1, 1, 1, 1)


def named(change: Tensor) -> tuple[str, float]:
    """What a (C, h, w) change of pictures looks most like, or "", and the sign that makes it so."""
    colours = change[:3]  # without opacity
    if not colours.any():
        return "", 1.0
    likeness = {name: float((colours * pattern).sum() / colours.norm()) for name, pattern in patterns(colours).items()}
    name = max(likeness, key=lambda each: abs(likeness[each]))
    if likeness[name] ** 2 < ALIKE:
        return "", 1.0 if likeness["lighter"] >= 0 else -1.0
    return name, 1.0 if likeness[name] >= 0 else -1.0


def patterns(like: Tensor) -> dict[str, Tensor]:
    """Simple changes of length 1, each of the shape of `like`, (1 | 3, h, w)."""
    channels, height, width = like.shape
    across = torch.linspace(-1, 1, width, dtype=like.dtype).expand(height, width)
    down = torch.linspace(-1, 1, height, dtype=like.dtype)[:, None].expand(height, width)
    middle = -(across.square() + down.square())
    grey = torch.ones(channels, 1, 1, dtype=like.dtype)
    found = {
        "lighter": torch.ones_like(across) * grey,
        "light from the right": across * grey,
        "light from above": -down * grey,
        "light in the middle": (middle - middle.mean()) * grey,
    }
    if channels == 3:
        found["warmer"] = torch.ones_like(across) * torch.tensor([1, 0, -1], dtype=like.dtype).view(3, 1, 1)
        found["greener"] = torch.ones_like(across) * torch.tensor([-1, 2, -1], dtype=like.dtype).view(3, 1, 1)
    return {name: pattern / pattern.norm() for name, pattern in found.items()}
