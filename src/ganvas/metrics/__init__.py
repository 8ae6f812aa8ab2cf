"""Numbers for how good generated pictures are, what they are held against, and what to make of them.

To add a measure, write a function of two (N, F) arrays, and put it into `Scores` in card.py, whose table is printed.
"""

from ganvas.metrics.baselines import eigen_pictures, noise_pictures
from ganvas.metrics.card import Card, Modes, Protocol, Wanted, score_card
from ganvas.metrics.copies import Space, chance_of_copies, count_copies, pixel_rows, pixel_space
from ganvas.metrics.distances import frechet_distance, kernel_distance, kernel_distance_interval
from ganvas.metrics.diversity import FEWEST_PER_CLASS, fit_classifier, mode_coverage, same_share, spread
from ganvas.metrics.features import EXTRACTORS, RESIZE, Extractor, as_seen, extract, load_extractor
from ganvas.metrics.neighbours import neighbourhoods
from ganvas.metrics.reference import MOST_PICTURES, Sample, reference_features, reference_order, reference_sample
from ganvas.metrics.verdict import Measure, Verdict, best_measure, is_sound, judge
from ganvas.metrics.words import card_lines, verdict_lines

__all__ = [
    "EXTRACTORS",
    "FEWEST_PER_CLASS",
    "MOST_PICTURES",
    "RESIZE",
    "Card",
    "Extractor",
    "Measure",
    "Modes",
    "Protocol",
    "Sample",
    "Space",
    "Verdict",
    "Wanted",
    "as_seen",
    "best_measure",
    "card_lines",
    "chance_of_copies",
    "count_copies",
    "eigen_pictures",
    "extract",
    "fit_classifier",
    "frechet_distance",
    "is_sound",
    "judge",
    "kernel_distance",
    "kernel_distance_interval",
    "load_extractor",
    "mode_coverage",
    "neighbourhoods",
    "noise_pictures",
    "pixel_rows",
    "pixel_space",
    "reference_features",
    "reference_order",
    "reference_sample",
    "same_share",
    "score_card",
    "spread",
    "verdict_lines",
]
