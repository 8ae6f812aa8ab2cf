"""The public functions that score a model, or pictures that any generator made."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from ganvas.settings import HUB_PREFIX
from ganvas.workflows.parse import Size, parse_count, parse_moment, parse_path, parse_size
from ganvas.workflows.public.models import ModelLike, folder_of

if TYPE_CHECKING:
    from ganvas.data.handed import PicturesLike
    from ganvas.metrics import Card
    from ganvas.model.weights import Model
    from ganvas.workflows.score import ScoreOptions
    from ganvas.workflows.score_many import ManyScores


def score(
    subject: "ModelLike | PicturesLike",
    against: "PicturesLike",
    *,
    held_out: "PicturesLike | None" = None,
    count: int = 500,
    seed: int = 0,
    at: int | str | None = None,
    size: Size | None = None,
    features: str = "multiscale",
    weights: str | os.PathLike[str] | None = None,
    pairs: str | os.PathLike[str] | None = None,
    told: Callable[[str, int, int | None], None] = lambda doing, done, total: None,
) -> "Card":
    """The score card: how good, how varied, how much is copied, beside what real pictures and noise would get.

    Args:
        subject: a model as `load` takes it, or pictures that any generator made.
        against: the real pictures, as `look`'s source.
        held_out: real pictures that it was not trained on, if some were kept.
        count: generated pictures to score. seed: of the first of them, and of every sample.
        at: the moment of the run, images shown, or "last"; None: the best that was measured.
        size: pixels, for two sources of pictures; None: that of the subject's first picture.
        features: multiscale, lite, inception or dinov2. weights: a file with the extractor's, instead of fetching them.
        pairs: where to draw the closest pairs of a generated and a training picture.
        told: is told what is done, how much of it, and of how much where that is known.
    Returns:
        The card. `print(card)` shows it; its fields are in `.model`, `.floor`, `.pca`, `.copies`, `.to_dict()`.
    Raises:
        GanvasError: the model, the pictures or the weights cannot be used.
    """
    from ganvas.workflows.score import save_pairs, score_pictures

    options, model = _score_options(
        subject,
        against,
        held_out=held_out,
        count=count,
        seed=seed,
        at=at,
        size=size,
        features=features,
        weights=weights,
    )
    result = score_pictures(options, model, told)
    if pairs is not None:
        save_pairs(result, Path(pairs))
    return result.card


def score_many(
    subject: "ModelLike | PicturesLike",
    against: "PicturesLike",
    *,
    count: str | int = 50_000,
    seed: int = 0,
    at: int | str | None = None,
    size: Size | None = None,
    features: str = "multiscale",
    weights: str | os.PathLike[str] | None = None,
    processes: int = 1,
    told: Callable[[str, int, int | None], None] = lambda doing, done, total: None,
) -> "ManyScores":
    """KD and FD of very many pictures: both sides in blocks of a thousand, in memory that does not grow.

    What needs all pictures at once, as copies and recall, is on the card of `score`.

    Args:
        subject, against, seed, at, size, features, weights, told: as `score`.
        count: generated pictures, at least two blocks, as 50_000 or "50k".
        processes: that draw and look, on this machine.
    Raises:
        GanvasError: as `score`, or a process ended.
    """
    from ganvas.workflows.score_many import score_many as measure

    options, model = _score_options(
        subject, against, count=parse_count(count), seed=seed, at=at, size=size, features=features, weights=weights
    )
    return measure(options, model, processes=processes, told=told)


def _score_options(
    subject: "ModelLike | PicturesLike",
    against: "PicturesLike",
    *,
    count: int,
    seed: int,
    at: int | str | None,
    size: Size | None,
    features: str,
    weights: str | os.PathLike[str] | None,
    held_out: "PicturesLike | None" = None,
) -> "tuple[ScoreOptions, Model | None]":
    """What is scored, and the model where it was loaded already."""
    from ganvas.data.handed import as_source
    from ganvas.workflows.generate import Generator
    from ganvas.workflows.score import ScoreOptions

    model, moment = None, parse_moment(at)
    if isinstance(subject, Generator):
        path, moment = subject.path, subject.at if at is None else moment
        model = subject.model if moment == subject.at else None
    elif isinstance(subject, str) and subject.startswith(HUB_PREFIX):
        from ganvas.publishing.hub import has_model

        path = folder_of(subject) if has_model(subject) else Path(subject)
    else:
        path = Path(as_source(subject))
    options = ScoreOptions(
        path,
        as_source(against),
        held_out=None if held_out is None else as_source(held_out),
        count=count,
        seed=seed,
        at=moment,
        size=None if size is None else parse_size(size),
        extractor=features,
        weights=parse_path(weights),
    )
    return options, model
