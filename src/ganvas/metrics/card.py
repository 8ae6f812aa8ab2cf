"""The score card: every number beside what a perfect and a hopeless generator would get on samples of the same size."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ganvas.metrics.baselines import noise_pictures, pca_pictures
from ganvas.metrics.copies import FEWEST_TRAINING, Copies, Space, chance_of_copies, count_copies, pixel_rows
from ganvas.metrics.distances import (
    Estimate,
    frechet_distance,
    kernel_distance_interval,
    sliced_wasserstein,
)
from ganvas.metrics.diversity import ModeCoverage, same_share, spread
from ganvas.metrics.neighbours import NEIGHBOURS, Neighbourhoods, neighbourhoods
from ganvas.metrics.reference import Sample
from ganvas.wording import counted

FEWEST = 4
FEW = 50
MOST_IN_PIXELS = 500


@dataclass(frozen=True)
class Scores:
    """One sample of pictures against the reference.

    kernel_distance: KID. frechet_distance: FD. sliced_wasserstein: of pixels, x 1000.
    neighbourhoods: None where a sample is too small. spread: mean distance between its pictures, in features, over that
    of the reference; None where that is 0. same: the share of pairs that nobody could tell apart.
    """

    kernel_distance: Estimate
    frechet_distance: float
    sliced_wasserstein: float
    neighbourhoods: Neighbourhoods | None
    spread: float | None
    same: float


@dataclass(frozen=True)
class Modes:
    """Which classes of a labelled set are reached, by a classifier that was right on `accuracy` of unseen pictures."""

    coverage: ModeCoverage
    accuracy: float
    accuracy_low: float
    accuracy_high: float


@dataclass(frozen=True)
class Protocol:
    """What everything was measured on; all that is needed to measure it again.

    features: the name of the extractor in features.EXTRACTORS; extractor: its title.
    """

    model: str
    against: str
    held_out: str
    real_count: int
    sample_count: int
    width: int
    height: int
    resize: str
    features: str
    extractor: str
    extractor_px: int
    extractor_sha256: str
    seed: int
    ganvas: str


@dataclass(frozen=True)
class Card:
    """All that was measured. floor: real pictures against other real ones. pca: draws from the set's principal
    components. ceiling: noise. copies and modes: None where they could not be measured; notes say why.
    """

    protocol: Protocol
    model: Scores
    floor: Scores
    pca: Scores
    ceiling: Scores
    copies: Copies | None
    modes: Modes | None
    notes: tuple[str, ...]

    def __str__(self) -> str:
        """What was found, in sentences, then every number in a table, then what it was measured on."""
        from ganvas.metrics.card_text import card_lines  # which needs this class

        return "\n".join(card_lines(self))

    def to_dict(self) -> dict[str, Any]:
        """As `--json` prints it: plain dicts, lists, strings and numbers."""
        return asdict(self)


@dataclass(frozen=True)
class Wanted:
    """What a card is made from.

    real: as many pictures of the set as are to be used, in its fixed shuffled order. fake: generated pictures.
    training: what the generator may have copied, in features and in pixels.
    held_out: real pictures that it was not trained on, if there are any.
    see: (N, H, W, C) uint8 -> (N, F) features.
    """

    protocol: Protocol
    real: Sample
    fake: Sample
    training: tuple[Space, Space]
    held_out: Sample | None
    modes: Modes | None
    notes: tuple[str, ...]
    see: Callable[[np.ndarray], Tensor]


def score_card(wanted: Wanted, generator: torch.Generator) -> Card:
    """Measure everything on one half of the real pictures, as many generated ones, and as many of each baseline.

    Raises:
        ValueError: there are fewer than eight real or four generated pictures.
    """
    count = min(len(wanted.real) // 2, len(wanted.fake))
    if count < FEWEST:
        raise ValueError(f"expected {2 * FEWEST} real and {FEWEST} generated pictures or more, got {count} of each")
    reference, other = wanted.real[:count], wanted.real[count : 2 * count]
    every = torch.from_numpy(wanted.real.images)
    baseline = pca_pictures(every, count, generator).numpy()
    noise = noise_pictures(every.shape[1:], count, generator).numpy()

    def scored(sample: Sample) -> Scores:
        return scores(reference, sample, generator)

    notes = list(wanted.notes)
    if count < FEW:
        notes.append(
            f"only {counted(count, 'picture')} of each kind could be compared: the intervals are wide, "
            "trust no difference"
        )
    if count <= NEIGHBOURS:
        notes.append(f"precision, recall, density and coverage need more than {NEIGHBOURS} pictures of each kind")
    copies = None
    if len(wanted.training[0].upright) < FEWEST_TRAINING:
        notes.append(f"copies were not counted: that needs {FEWEST_TRAINING} training pictures or more")
    else:
        chance = chance_of_copies(wanted.training, None if wanted.held_out is None else _rows(wanted.held_out))
        copies = count_copies(_rows(wanted.fake), wanted.training, chance)
    return Card(
        wanted.protocol,
        model=scored(wanted.fake[:count]),
        floor=scored(other),
        pca=scored(Sample(baseline, wanted.see(baseline))),
        ceiling=scored(Sample(noise, wanted.see(noise))),
        copies=copies,
        modes=wanted.modes,
        notes=tuple(notes),
    )


def _rows(sample: Sample) -> tuple[Tensor, Tensor]:
    return sample.features, pixel_rows(sample.images)


def scores(reference: Sample, sample: Sample, generator: torch.Generator) -> Scores:
    """Every distance and share of `sample` against `reference`, each of two pictures or more."""
    enough = min(len(reference), len(sample)) > NEIGHBOURS
    unit = spread(reference.features)
    pixels = torch.from_numpy(reference.images[:MOST_IN_PIXELS]), torch.from_numpy(sample.images[:MOST_IN_PIXELS])
    return Scores(
        kernel_distance_interval(reference.features, sample.features, generator),
        frechet_distance(reference.features, sample.features),
        sliced_wasserstein(*pixels, generator),
        neighbourhoods(reference.features, sample.features) if enough else None,
        spread(sample.features) / unit if unit > 0 else None,
        same_share(pixels[1]),
    )
