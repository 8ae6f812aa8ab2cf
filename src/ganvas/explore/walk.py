"""A film through latent space: tours from picture to picture, and closed random curves. Both end where they begin."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image

from ganvas.formats.latents import latents
from ganvas.formats.manifest import Description
from ganvas.formats.paths import along, harmonics, nearest_stops, noise_loop
from ganvas.formats.sheets import even, side_by_side
from ganvas.model import draw
from ganvas.model.weights import Model
from ganvas.report.video import Reel


class Moment(NamedTuple):
    """What is drawn. z: (Z,). label: the number of its class; None of a model without."""

    z: np.ndarray
    label: int | None


@dataclass(frozen=True)
class Tour:
    """One picture's way.

    stops: (S, Z). labels: the numbers of their S classes, or None each of a model without. seconds, eases: of each way
    from a stop to the next, the last leading back to the first. ahead: how much of the first way it is further.
    """

    stops: np.ndarray
    labels: Sequence[int | None]
    seconds: Sequence[float]
    eases: Sequence[str]
    ahead: float = 0.0

    def at(self, share: float) -> Moment:
        """At a share of the loop, from 0 to 1. Half of the way to the next stop its class becomes that of the next."""
        times = np.array([share * sum(self.seconds) + self.ahead * self.seconds[0]])
        (z,) = along(self.stops, self.seconds, times, self.eases)
        (nearest,) = nearest_stops(self.seconds, times, self.eases)
        return Moment(z, self.labels[nearest])


@dataclass(frozen=True)
class NoiseLoop:
    """One picture's closed random curve; `latents` and `radius` as `formats.paths.noise_loop` takes them.

    is_uniform: the curve is brought from N(0, 1) to (-1, 1).
    """

    latents: np.ndarray
    radius: float
    label: int | None = None
    is_uniform: bool = False

    def at(self, share: float) -> Moment:
        """At a share of the loop, from 0 to 1."""
        z = noise_loop(self.latents, self.radius, np.array([share]))[0]
        if self.is_uniform:
            z = np.array([2 * NormalDist().cdf(each) - 1 for each in z], np.float32)
        return Moment(z, self.label)


def noise_loop_around(
    z: np.ndarray, radius: float, seed: int, description: Description, label: int | None
) -> NoiseLoop:
    """A noise loop whose constant part is a latent, (Z,), and whose waves are of a seed."""
    size, is_uniform = description.z_dim, description.z_distribution == "uniform"
    if is_uniform:
        inside = z.clip(-0.999999, 0.999999)
        z = np.array([NormalDist().inv_cdf((1 + each) / 2) for each in inside.tolist()])
    waves = 2 * len(harmonics(radius)) - 2
    # The first numbers of a seed's stream are its own latent; the waves are what follows.
    rows = latents([seed], size * (waves + 1), "normal").reshape(waves + 1, size)
    return NoiseLoop(np.concatenate([z[None], rows[1:]]), radius, label, is_uniform)


def reel(model: Model, ways: Sequence[Tour | NoiseLoop], *, columns: int, frames: int, fps: int, scale: int) -> Reel:
    """A film of pictures side by side, each on its way; the frame after the last would be the first.

    Args:
        columns: pictures a row. scale: what each pixel is enlarged by, smoothly.
    """

    def frame(number: int) -> Image.Image:
        moments = [way.at(number / frames) for way in ways]
        z = np.stack([moment.z for moment in moments]).astype(np.float32)
        if model.description.z_distribution == "uniform":
            z = z.clip(-1, 1)  # a great circle leaves the cube
        labels = None if moments[0].label is None else torch.tensor([moment.label for moment in moments])
        pictures = np.stack(list(draw(model.generator, torch.from_numpy(z), labels, at_once=len(ways))))
        return even(side_by_side(pictures, columns, scale))

    return Reel(frame, [1 / fps] * frames, fps)
