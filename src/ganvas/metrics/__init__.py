"""Numbers for how good generated pictures are, what they are held against, and what to make of them.

To add a measure, write a function of two (N, F) arrays, and put it into `Scores` in card.py, whose table is printed.
"""

from ganvas.metrics.baselines import noise_pictures, pca_pictures
from ganvas.metrics.card import FEWEST, Card, Modes, Protocol, Wanted, score_card
from ganvas.metrics.card_text import card_lines, verdict_lines
from ganvas.metrics.copies import Space, chance_of_copies, count_copies, pixel_rows, pixel_space
from ganvas.metrics.distances import frechet_distance, kernel_distance, kernel_distance_interval
from ganvas.metrics.diversity import FEWEST_PER_CLASS, fit_classifier, mode_coverage, same_share, spread
from ganvas.metrics.health import Measure, Verdict, assess, best_measure, is_sound
from ganvas.metrics.merging import Moments, added, frechet_of_moments, mean_of_blocks
from ganvas.metrics.neighbours import neighbourhoods
from ganvas.metrics.reference import (
    MOST_REFERENCE,
    Sample,
    as_scored,
    reference_features,
    reference_order,
    reference_sample,
    taken,
)

__all__ = [
    "FEWEST",
    "FEWEST_PER_CLASS",
    "MOST_REFERENCE",
    "Card",
    "Measure",
    "Modes",
    "Moments",
    "Protocol",
    "Sample",
    "Space",
    "Verdict",
    "Wanted",
    "added",
    "as_scored",
    "assess",
    "best_measure",
    "card_lines",
    "chance_of_copies",
    "count_copies",
    "fit_classifier",
    "frechet_distance",
    "frechet_of_moments",
    "is_sound",
    "kernel_distance",
    "kernel_distance_interval",
    "mean_of_blocks",
    "mode_coverage",
    "neighbourhoods",
    "noise_pictures",
    "pca_pictures",
    "pixel_rows",
    "pixel_space",
    "reference_features",
    "reference_order",
    "reference_sample",
    "same_share",
    "score_card",
    "spread",
    "taken",
    "verdict_lines",
]
