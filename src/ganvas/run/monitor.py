"""Judging a run while it goes on: measures of its generator, which one is the best, and the verdict on all of them.

Measures are taken on the same latents and against the same real pictures every time, so that they differ by what the
generator learned. They are kept in the log, from which a resumed run reads them back.
"""

import time
from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import numpy as np
import torch

from ganvas.config import RunConfig
from ganvas.data import PictureSet
from ganvas.device import random_numbers
from ganvas.features import extract, load_extractor
from ganvas.files import cache_folder
from ganvas.formats.manifest import Description
from ganvas.metrics import (
    Measure,
    Sample,
    Verdict,
    assess,
    best_measure,
    chance_of_copies,
    count_copies,
    eigen_pictures,
    is_sound,
    kernel_distance,
    kernel_distance_interval,
    neighbourhoods,
    pixel_rows,
    pixel_space,
    reference_order,
    reference_sample,
    same_share,
    spread,
)
from ganvas.model import draw_all, labels_for, latents_for
from ganvas.training import TrainingState, architecture
from ganvas.training.step import TALLIED

_AT_ONCE = 32
_FIRST_SEED = 1 << 40  # far from the seeds that people draw
_MOST_COPIED_FROM, _MOST_DECOMPOSED = 2000, 1000


def measures_in(log: Sequence[dict[str, Any]]) -> list[Measure]:
    """The measures that a log holds, in its order."""
    names = [field.name for field in fields(Measure)]
    measured = [entry for entry in log if all(name in entry for name in names)]
    return [Measure(**{name: entry[name] for name in names}) for entry in measured]


class Monitor:
    """Measures `state.shown` whenever it is told to.

    Raises:
        GanvasError: the extractor's weights cannot be used.
    """

    def __init__(self, config: RunConfig, description: Description, pictures: PictureSet, state: TrainingState) -> None:
        self.config, self.description, self.pictures, self.state = config, description, pictures, state
        self.extractor = load_extractor("lite", (description.height, description.width), cache_folder() / "downloads")
        self.measures: list[Measure] = []
        self._real: Sample | None = None

    def seconds_per_picture(self) -> float:
        """What one picture of a measure takes, timed on two small batches of which the first warms up."""
        extract(self.extractor, self._drawn(_AT_ONCE))
        started = time.perf_counter()
        extract(self.extractor, self._drawn(_AT_ONCE))
        return (time.perf_counter() - started) / _AT_ONCE

    def recall(self, log: Sequence[dict[str, Any]]) -> None:
        """Take over the measures that the log holds."""
        self.measures = measures_in(log)

    def measure(self, count: int) -> dict[str, float]:
        """Measure the generator of this moment on `count` pictures; what it found, as the log keeps it."""
        if self._real is None:
            self._prepare(count)
        real = self._real
        assert real is not None
        images = self._drawn(count)
        features = extract(self.extractor, images)
        numbers = random_numbers(self.config.seed, "measure", self.state.images)
        mean = self._means()
        distance = kernel_distance_interval(real.features, features, numbers, real_is_fixed=True, resamples=200)
        near = neighbourhoods(real.features, features)
        copied = count_copies([pixel_rows(images)], [self._training], self._chance).share
        values = {
            "kernel_distance": distance.value,
            "kernel_distance_error": distance.error,
            "eigen_distance": self._eigen_distance,
            "precision": near.precision,
            "recall": near.recall,
            "spread": spread(features) / self._unit if self._unit > 0 else 0.0,
            "same": same_share(torch.from_numpy(images)),
            "copied": copied.value,
            "copied_low": copied.low,
            "copied_chance": self._chance.high,
            "mean_discriminator_loss": mean["discriminator_loss"],
            "mean_generator_loss": mean["generator_loss"],
            "mean_score_gap": mean["real_score"] - mean["fake_score"],
            "mean_real_sign": mean["real_sign"],
        }
        # Rounded as in the log, from which a resumed run reads them: both must come to the same verdicts.
        values = {name: float(f"{value:.6g}") for name, value in values.items()}
        self.measures.append(Measure(images=self.state.images, **values))
        return values

    @property
    def best(self) -> Measure | None:
        """The one of all measures so far whose generator to ship."""
        return best_measure(self.measures, self.config.health)

    def best_line(self) -> str:
        """How good the best one is, beside what a second of linear algebra gives."""
        best = self.best
        if best is None:
            return ""
        return (
            f"best after {best.images:,} images: KD-lite {best.kernel_distance:.3g} "
            f"+- {2 * best.kernel_distance_error:.2g} "
            f"(eigen line {best.eigen_distance:.3g}, perfect 0)"
        )

    def verdict(self, since: int = 0) -> Verdict:
        """What the measures after `since` images say."""
        before = [one for one in self.measures if one.images <= since]
        return assess(
            self.measures[len(before) :],
            before=before,
            from_eigen_line=self.starts_at_eigen_line,
            rules=self.config.health,
        )

    @property
    def starts_at_eigen_line(self) -> bool:
        """Whether the run's first pictures were draws from the set's principal components."""
        return architecture(self.config.network.architecture).starts_at_pca

    @property
    def latest_is_sound(self) -> bool:
        """Whether the latest measure is of a state worth going back to."""
        return is_sound(self.measures, from_eigen_line=self.starts_at_eigen_line, rules=self.config.health)

    def _means(self) -> dict[str, float]:
        """Means over the steps since the last measure."""
        steps = max(self.state.tally.get("steps", 0.0), 1.0)
        means = {name: self.state.tally.get(name, 0.0) / steps for name in TALLIED}
        self.state.tally.clear()
        return means

    def _prepare(self, count: int) -> None:
        """The real side: features of twice as many pictures, the eigen line, and the pictures that might be copied."""
        self._real = reference_sample(self.pictures, self.extractor, 2 * count, cache_folder())
        self._unit = spread(self._real.features)
        order = reference_order(len(self.pictures.images))[:_MOST_COPIED_FROM]
        training = np.asarray(self.pictures.images[order])
        self._training = pixel_space(training)
        self._chance = chance_of_copies([self._training])
        numbers = random_numbers(self.config.seed, "measure")
        eigen = eigen_pictures(torch.from_numpy(training[:_MOST_DECOMPOSED]), count, numbers).numpy()
        self._eigen_distance = kernel_distance(self._real.features, extract(self.extractor, eigen))

    def _drawn(self, count: int) -> np.ndarray:
        """(count, H, W, C) uint8 of the same latents every time."""
        seeds = range(_FIRST_SEED, _FIRST_SEED + count)
        device, labels = self.state.device, labels_for(self.description, seeds)
        labels = None if labels is None else labels.to(device)
        return draw_all(self.state.shown, latents_for(self.description, seeds).to(device), labels, at_once=_AT_ONCE)
