"""From a model, or a folder of pictures that any generator made, to its score card."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch

from ganvas import __version__
from ganvas.config import PictureSettings, checked
from ganvas.data import PictureSet, load_pictures, natural_size
from ganvas.data.findings import broken_line
from ganvas.device import random_numbers
from ganvas.errors import SettingError
from ganvas.features import DEFAULT_EXTRACTOR, RESIZE, extract, load_extractor
from ganvas.files import cache_folder, writing_to
from ganvas.formats.images import REDUCED_PX, save_grid
from ganvas.metrics import (
    FEWEST,
    FEWEST_PER_CLASS,
    MOST_REFERENCE,
    Card,
    Modes,
    Protocol,
    Sample,
    Space,
    Wanted,
    fit_classifier,
    mode_coverage,
    pixel_rows,
    pixel_space,
    reference_features,
    reference_order,
    reference_sample,
    score_card,
    taken,
)
from ganvas.model import draw_all, drawn_at_once, labels_for, latents_for
from ganvas.model.weights import Model, load_model
from ganvas.run.folder import RunFolder
from ganvas.settings import nearest_side
from ganvas.training import ARCHITECTURES
from ganvas.wording import are, counted

Told = Callable[[str, int, int | None], None]
"""Is told what is done, how much of it, and of how much where that is known."""


def nobody(doing: str, done: int, total: int | None) -> None:
    """Who is told where nobody wants to know."""


@dataclass(frozen=True)
class ScoreOptions:
    """Options of `ganvas score`.

    subject: a run or model folder, or a source of pictures that another generator made.
    against: a source of real pictures. held_out: real pictures that the generator was not trained on, if kept.
    size: (width, height) for two sources of pictures; None: that of the subject's first picture.
    """

    subject: Path
    against: str
    held_out: str | None = None
    count: int = 500
    seed: int = 0
    at: int | None = None
    size: tuple[int, int] | None = None
    extractor: str = DEFAULT_EXTRACTOR
    weights: Path | None = None


@dataclass(frozen=True)
class ScoreResult:
    """A score card.

    pairs: the closest ones of a generated and a training picture, (2 K, H, W, C) uint8, in turns; or None.
    are_its_own: whether the real pictures are those that the model was trained on; None: not known.
    """

    card: Card
    pairs: np.ndarray | None
    are_its_own: bool | None


def score_pictures(options: ScoreOptions, model: Model | None = None, told: Told = nobody) -> ScoreResult:
    """Measure everything.

    Args:
        model: the one that is in `options.subject`, if it was loaded already.
        told: is told how far it is.
    Raises:
        GanvasError: the model, the pictures or the extractor's weights cannot be used.
    """
    if options.count < FEWEST:
        raise SettingError(f"--count {options.count}: expected {FEWEST} or more pictures")
    model, settings, pictures = subject_of(options, model, told)
    height, width = pictures.images.shape[1:3]
    cache = cache_folder()
    extractor = load_extractor(options.extractor, (height, width), cache / "downloads", options.weights)
    if model is None:
        fake, notes = _made(options, settings)
        name = str(options.subject)
    else:
        fake, notes = _drawn(options, model, pictures, told)
        name = f"{options.subject} after {counted(model.description.images, 'image')}"
    told("looking at what it draws", 0, None)
    fakes = Sample(fake, extract(extractor, fake))
    told("looking at the real pictures", 0, None)
    training = reference_sample(pictures, extractor, MOST_REFERENCE, cache)
    mirrored = reference_features(pictures, extractor, MOST_REFERENCE, cache, mirrored=True)
    spaces = Space(training.features, mirrored), pixel_space(training.images)
    held_out = None
    if options.held_out is not None:
        others = load_pictures(settings.model_copy(update={"source": options.held_out, "conditional": False}))
        held_out = reference_sample(others, extractor, options.count, cache)
        notes += broken_notes("the held-out pictures", others)
    real = training[: 2 * options.count]
    protocol = Protocol(
        model=name,
        against=options.against,
        held_out=options.held_out or "",
        real_count=len(pictures.images),
        sample_count=min(len(real) // 2, len(fakes)),
        width=width,
        height=height,
        resize=RESIZE,
        features=extractor.name,
        extractor=extractor.title,
        extractor_px=extractor.size_px,
        extractor_sha256=extractor.sha256,
        seed=options.seed,
        ganvas=__version__,
    )
    notes += broken_notes("the real pictures", pictures)
    told("comparing", 0, None)
    modes = _modes(pictures, spaces, fakes)
    wanted = Wanted(
        protocol, real, fakes, spaces, held_out, modes, tuple(notes), lambda images: extract(extractor, images)
    )
    card = score_card(wanted, random_numbers(options.seed, "measure"))
    trained_on = RunFolder(options.subject).pictures_key()
    return ScoreResult(card, _pairs(card, fake, training.images), trained_on == pictures.key if trained_on else None)


def subject_of(
    options: ScoreOptions, model: Model | None, told: Told
) -> tuple[Model | None, PictureSettings, PictureSet]:
    """The model, None where pictures are scored; how the real pictures are looked at; and these.

    Raises:
        GanvasError: the model or the pictures cannot be used.
    """
    subject = options.subject
    if model is None and any((subject / part).exists() for part in ("model.json", "model/model.json", "run.toml")):
        model = load_model(subject, options.at)
    settings, looking = _settings(options, model), partial(told, "looking at the pictures")
    pictures = load_pictures(settings, progress=looking)
    if model is not None:
        # The run chose grey or colour by its own pictures; these, or those held out, may make it choose otherwise.
        settings = settings.model_copy(update={"channels": model.description.channel_setting})
        if pictures.images.shape[3] != model.description.channels:
            pictures = load_pictures(settings, progress=looking)
    return model, settings, pictures


def save_pairs(result: ScoreResult, path: Path) -> None:
    """Draw the closest pairs of a generated and a training picture, if there are any.

    Raises:
        SettingError: the file cannot be written.
    """
    if result.pairs is not None:
        with writing_to(path, "--pairs", what="file"):
            save_grid(path, result.pairs, columns=8)


def _settings(options: ScoreOptions, model: Model | None) -> PictureSettings:
    """How the real pictures, and those of another generator, are brought to one size and kind."""
    values: dict[str, object] = {"source": options.against}
    if model is not None:
        if options.size is not None:
            raise SettingError("--size is for two sources of pictures; a model draws at its own size")
        if (trained := RunFolder(options.subject).read_config()) is not None:
            share = trained.config.pictures.per_class if trained.config.pictures.source == options.against else 1.0
            return trained.config.pictures.model_copy(
                update={"source": options.against, "per_class": share, "conditional": False}
            )
        drawn = model.description
        values |= {"width": drawn.width, "height": drawn.height, "channels": drawn.channel_setting}
        return checked(PictureSettings, values)
    natural = natural_size(PictureSettings(source=str(options.subject)))
    sides = options.size or tuple(map(nearest_side, natural))
    return checked(PictureSettings, values | {"width": sides[0], "height": sides[1], "channels": "rgb"})


def _made(options: ScoreOptions, settings: PictureSettings) -> tuple[np.ndarray, list[str]]:
    """Pictures of another generator, in a fixed shuffled order, and what is to be said of them."""
    made = load_pictures(settings.model_copy(update={"source": str(options.subject)}))
    order = np.random.default_rng(options.seed).permutation(len(made.images))[: options.count]
    notes = ["whether it was trained on these pictures is not known; copies are counted as if it was"]
    if duplicates := len(made.report.duplicates):
        notes.append(
            f"{duplicates:,} of its {counted(made.report.found, 'file')} {are(duplicates)} found twice and counted once"
        )
    return taken(made, order), [*notes, *broken_notes("the scored pictures", made)]


def broken_notes(which: str, pictures: PictureSet) -> list[str]:
    """What is to be said of files, and whole shards, that could not be read; no path, since cards are published."""
    broken = pictures.report.broken
    return [f"{len(broken):,} broken, left out of {which}: {broken_line(broken)}"] if broken else []


def _drawn(options: ScoreOptions, model: Model, pictures: PictureSet, told: Told) -> tuple[np.ndarray, list[str]]:
    """Pictures of the model's first seeds, from `options.seed` on, and what is to be said of them."""
    seeds = range(options.seed, options.seed + options.count)
    if not 0 <= options.seed <= 2**64 - options.count:
        raise SettingError(f"--seed {options.seed}: expected 0 to {2**64 - options.count}")
    z = latents_for(model.description, seeds)
    labels, at_once = labels_for(model.description, seeds), drawn_at_once(model.description)
    images = draw_all(
        model.generator, z, labels, at_once=at_once, longest_px=REDUCED_PX, progress=partial(told, "drawing")
    )
    trained_on = RunFolder(options.subject).pictures_key()
    if trained_on == pictures.key:
        notes = ["these are its own training pictures: nothing was held out"]
    elif trained_on:
        notes = [f"it was trained on other pictures ({model.description.source}); copies are counted of these"]
    else:
        notes = ["whether it was trained on these pictures is not known; copies are counted as if it was"]
    return images, [*notes, *_sight(options, model)]


def _sight(options: ScoreOptions, model: Model) -> list[str]:
    """What is to be said of the network through which the model's discriminator saw."""
    row = ARCHITECTURES[model.description.architecture]
    if options.extractor in row.features:
        return [
            f"{row.disclosure}; KD-{options.extractor} does too, so hold it against other recipes by --features "
            "inception or dinov2"
        ]
    return [row.disclosure] if row.disclosure else []


def _modes(pictures: PictureSet, training: tuple[Space, Space], fake: Sample) -> Modes | None:
    """Which classes the generated pictures reach; None for a set without classes, or with too few pictures of one."""
    if not pictures.classes:
        return None
    labels = torch.as_tensor(pictures.labels[reference_order(len(pictures.images))])
    counts = torch.bincount(labels, minlength=len(pictures.classes))
    if int(counts.min()) < FEWEST_PER_CLASS:
        return None
    pairs = zip((space.upright for space in training), (fake.features, pixel_rows(fake.images)), strict=True)
    fitted = [(fit_classifier(rows, labels, random_numbers(0, "measure")), rows, others) for rows, others in pairs]
    classifier, rows, others = max(fitted, key=lambda one: one[0].accuracy)
    coverage = mode_coverage(
        classifier.classes(rows), classifier.classes(others), len(pictures.classes), error=1 - classifier.accuracy
    )
    return Modes(coverage, classifier.accuracy, classifier.low, classifier.high)


def _pairs(card: Card, fake: np.ndarray, training: np.ndarray) -> np.ndarray | None:
    if card.copies is None:
        return None
    return np.stack([picture for one, other in card.copies.worst for picture in (fake[one], training[other])])
