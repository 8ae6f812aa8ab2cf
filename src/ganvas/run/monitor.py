"""Measuring a run while it goes on: measures of its generator, which one is the best, and the verdict on all of them.

Measures are taken on the same latents and against the same real pictures every time, so that they differ by what the
generator learned. They are kept in the log, from which a resumed run reads them back.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import fields

import numpy as np
import torch
from torch import nn

from ganvas.config import RunConfig
from ganvas.data import PictureSet
from ganvas.device import random_numbers
from ganvas.features import Extractor, extract, load_extractor
from ganvas.files import cache_folder
from ganvas.formats.images import REDUCED_PX, reduced
from ganvas.formats.log import Numbers
from ganvas.formats.manifest import Description
from ganvas.metrics import (
    Measure,
    Sample,
    Verdict,
    assess,
    best_measure,
    chance_of_copies,
    count_copies,
    is_sound,
    kernel_distance,
    kernel_distance_interval,
    neighbourhoods,
    pca_pictures,
    pixel_rows,
    pixel_space,
    reference_order,
    reference_sample,
    same_share,
    spread,
    taken,
)
from ganvas.model import draw_all, drawn_at_once, labels_for, latents_for
from ganvas.training import TrainingState, architecture
from ganvas.training.tally import TALLIED, Tally
from ganvas.wording import counted

_AT_ONCE = 32  # pictures drawn together, where they are not large
_FIRST_SEED = 1 << 40  # far from the seeds that people draw


def measures_in(numbers: Sequence[Numbers]) -> list[Measure]:
    """The measures among the numbers of a log, in order."""
    names = [field.name for field in fields(Measure) if field.name != "images"]
    measured = [entry for entry in numbers if all(name in entry for name in names)]
    return [Measure(int(entry["images"]), **{name: entry[name] for name in names}) for entry in measured]


class Monitor:
    """Measures `generator` whenever it is told to.

    Args:
        extractor: whose features are compared; None: that of `measuring.features`.
        clock: seconds since any moment.
    Raises:
        GanvasError: the extractor's weights cannot be used.
    """

    def __init__(
        self,
        config: RunConfig,
        description: Description,
        pictures: PictureSet,
        state: TrainingState,
        *,
        extractor: Extractor | None = None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self.config, self.description, self.pictures, self.state = config, description, pictures, state
        size = description.height, description.width
        self.extractor = extractor or load_extractor(config.measuring.features, size, cache_folder() / "downloads")
        self.clock = clock
        self.measures: list[Measure] = []
        self._real: Sample | None = None

    @property
    def generator(self) -> nn.Module:
        """What is measured: the generator that is shown."""
        return self.state.shown

    def seconds_per_picture(self) -> float:
        """What one picture of a measure takes, timed on two small batches of which the first warms up."""
        extract(self.extractor, self._drawn(_AT_ONCE))
        started = self.clock()
        extract(self.extractor, self._drawn(_AT_ONCE))
        return (self.clock() - started) / _AT_ONCE

    def recall(self, measures: Sequence[Measure]) -> None:
        """Take over what earlier sittings measured."""
        self.measures = list(measures)

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
        rules = self.config.measuring
        distance = kernel_distance_interval(
            real.features, features, numbers, real_is_fixed=True, resamples=rules.resamples
        )
        near = neighbourhoods(real.features, features, neighbours=rules.neighbours)
        copied = count_copies([pixel_rows(images)], [self._training], self._chance, copy_ratio=rules.copy_ratio).share
        values = {
            "kernel_distance": distance.value,
            "kernel_distance_error": distance.error,
            "pca_distance": self._pca_distance,
            "precision": near.precision,
            "recall": near.recall,
            "spread": spread(features) / self._unit if self._unit > 0 else 0.0,
            "same": same_share(torch.as_tensor(images), levels=rules.same_levels),
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
            f"best after {counted(best.images, 'image')}: "
            f"KD-{self.config.measuring.features} {best.kernel_distance:.3g} "
            f"+- {2 * best.kernel_distance_error:.2g} "
            f"(PCA baseline {best.pca_distance:.3g}, perfect 0)"
        )

    def verdict(self, since: int = 0) -> Verdict:
        """What the measures after `since` images say."""
        before = [one for one in self.measures if one.images <= since]
        return assess(
            self.measures[len(before) :],
            before=before,
            from_pca=self.starts_at_pca,
            rules=self.config.health,
        )

    @property
    def starts_at_pca(self) -> bool:
        """Whether the run's first pictures were draws from the set's principal components."""
        return architecture(self.config.network.architecture).starts_at_pca and self.config.start is None

    @property
    def latest_is_sound(self) -> bool:
        """Whether the latest measure is of a state worth going back to."""
        return is_sound(self.measures, from_pca=self.starts_at_pca, rules=self.config.health)

    def _means(self) -> dict[str, float]:
        """Means over the steps since the last measure."""
        sums, self.state.tally = self.state.tally.sums(), Tally()
        steps = max(sums.get("steps", 0.0), 1.0)
        return {name: sums.get(name, 0.0) / steps for name in TALLIED}

    def _prepare(self, count: int) -> None:
        """The real side: features of twice as many pictures, the PCA baseline, and pictures that might be copied."""
        self._real = reference_sample(self.pictures, self.extractor, 2 * count, cache_folder())
        self._unit = spread(self._real.features)
        rules = self.config.measuring
        order = reference_order(len(self.pictures.images))[: max(rules.copied_from, rules.pca_pictures)]
        training = taken(self.pictures, order)
        self._training = pixel_space(training[: rules.copied_from])
        self._chance = chance_of_copies([self._training], copy_ratio=rules.copy_ratio)
        numbers = random_numbers(self.config.seed, "measure")
        decomposed = torch.as_tensor(reduced(training[: rules.pca_pictures], rules.pca_px))
        baseline = pca_pictures(decomposed, count, numbers, components=rules.pca_components).numpy()
        self._pca_distance = kernel_distance(self._real.features, extract(self.extractor, baseline))

    def _drawn(self, count: int) -> np.ndarray:
        """(count, h, w, C) uint8 of the same latents every time, at most REDUCED_PX a side."""
        seeds = range(_FIRST_SEED, _FIRST_SEED + count)
        device, labels = self.state.device, labels_for(self.description, seeds)
        labels = None if labels is None else labels.to(device)
        z, at_once = latents_for(self.description, seeds).to(device), drawn_at_once(self.description, _AT_ONCE)
        return draw_all(self.generator, z, labels, at_once=at_once, longest_px=REDUCED_PX)
