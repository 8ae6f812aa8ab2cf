"""From a model, or a folder of pictures that any generator made, to its score card."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from ganvas import __version__
from ganvas.config import PictureSettings, checked
from ganvas.data import PictureSet, load_pictures, natural_size
from ganvas.device import random_numbers
from ganvas.errors import SettingError
from ganvas.features import RESIZE, extract, load_extractor
from ganvas.files import cache_folder
from ganvas.metrics import (
    FEWEST_PER_CLASS,
    MOST_PICTURES,
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
)
from ganvas.model import draw_all, labels_for, latents_for
from ganvas.model.weights import Model, load_model
from ganvas.run.folder import RunFolder
from ganvas.settings import LARGEST_PX, SMALLEST_PX, STEP_PX
from ganvas.training import ARCHITECTURES

_AT_ONCE = 16


@dataclass(frozen=True)
class Judging:
    """What `ganvas score` is asked for.

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
    extractor: str = "lite"
    weights: Path | None = None


@dataclass(frozen=True)
class Judged:
    """A card. pairs: its closest ones of a generated and a training picture, (2 K, H, W, C) uint8, in turns; or None.
    are_its_own: whether the real pictures are those that the model was trained on; None: not known.
    """

    card: Card
    pairs: np.ndarray | None
    are_its_own: bool | None


def judge(asked: Judging) -> Judged:
    """Measure everything.

    Raises:
        GanvasError: the model, the pictures or the extractor's weights cannot be used.
    """
    is_model = any((asked.subject / part).exists() for part in ("model.json", "model/model.json", "run.toml"))
    model = load_model(asked.subject, asked.at) if is_model else None
    settings = _settings(asked, model)
    pictures = load_pictures(settings)
    height, width, channels = pictures.images.shape[1:]
    if model is not None:
        # The run chose grey or colour by its own pictures; these, or those held out, may make it choose otherwise.
        settings = settings.model_copy(update={"channels": model.description.channel_setting})
        if channels != model.description.channels:
            pictures = load_pictures(settings)
    cache = cache_folder()
    extractor = load_extractor(asked.extractor, (height, width), cache / "downloads", asked.weights)
    if model is None:
        fake, notes = _made(asked, settings)
        name = str(asked.subject)
    else:
        fake, notes = _drawn(asked, model, pictures)
        name = f"{asked.subject} after {model.description.images:,} images"
    fakes = Sample(fake, extract(extractor, fake))
    training = reference_sample(pictures, extractor, MOST_PICTURES, cache)
    mirrored = reference_features(pictures, extractor, MOST_PICTURES, cache, mirrored=True)
    spaces = Space(training.features, mirrored), pixel_space(training.images)
    held_out = None
    if asked.held_out is not None:
        others = load_pictures(settings.model_copy(update={"source": asked.held_out, "conditional": False}))
        held_out = reference_sample(others, extractor, asked.count, cache)
    real = training[: 2 * asked.count]
    protocol = Protocol(
        model=name,
        against=asked.against,
        held_out=asked.held_out or "",
        real_count=len(pictures.images),
        sample_count=min(len(real) // 2, len(fakes)),
        width=width,
        height=height,
        resize=RESIZE,
        extractor=extractor.title,
        extractor_px=extractor.size_px,
        extractor_sha256=extractor.sha256,
        seed=asked.seed,
        ganvas=__version__,
    )
    modes = _modes(pictures, spaces, fakes)
    wanted = Wanted(
        protocol, real, fakes, spaces, held_out, modes, tuple(notes), lambda images: extract(extractor, images)
    )
    card = score_card(wanted, random_numbers(asked.seed, "measure"))
    trained_on = RunFolder(asked.subject).pictures_key()
    return Judged(card, _pairs(card, fake, training.images), trained_on == pictures.key if trained_on else None)


def _settings(asked: Judging, model: Model | None) -> PictureSettings:
    """How the real pictures, and those of another generator, are brought to one size and kind."""
    values: dict[str, object] = {"source": asked.against}
    if model is not None:
        if asked.size is not None:
            raise SettingError("--size is for two sources of pictures; a model draws at its own size")
        if (trained := RunFolder(asked.subject).read_config()) is not None:
            share = trained.config.pictures.per_class if trained.config.pictures.source == asked.against else 1.0
            return trained.config.pictures.model_copy(
                update={"source": asked.against, "per_class": share, "conditional": False}
            )
        drawn = model.description
        values |= {"width": drawn.width, "height": drawn.height, "channels": drawn.channel_setting}
        return checked(PictureSettings, values)
    natural = natural_size(PictureSettings(source=str(asked.subject)))
    sides = asked.size or tuple(min(max(round(side / STEP_PX) * STEP_PX, SMALLEST_PX), LARGEST_PX) for side in natural)
    return checked(PictureSettings, values | {"width": sides[0], "height": sides[1], "channels": "rgb"})


def _made(asked: Judging, settings: PictureSettings) -> tuple[np.ndarray, list[str]]:
    """Pictures of another generator, in a fixed shuffled order, and what is to be said of them."""
    made = load_pictures(settings.model_copy(update={"source": str(asked.subject)}))
    order = np.random.default_rng(asked.seed).permutation(len(made.images))[: asked.count]
    notes = ["whether it was trained on these pictures is not known; copies are counted as if it was"]
    if duplicates := len(made.report.duplicates):
        notes.append(f"{duplicates:,} of its {made.report.found:,} files are exact duplicates and were counted once")
    return np.asarray(made.images[order]), notes


def _drawn(asked: Judging, model: Model, pictures: PictureSet) -> tuple[np.ndarray, list[str]]:
    """Pictures of the model's first seeds, from `asked.seed` on, and what is to be said of them."""
    seeds = range(asked.seed, asked.seed + asked.count)
    if seeds[-1] >= 2**64:
        raise SettingError(f"--seed {asked.seed}: expected at most {2**64 - asked.count}")
    z = latents_for(model.description, seeds)
    images = draw_all(model.generator, z, labels_for(model.description, seeds), at_once=_AT_ONCE)
    trained_on = RunFolder(asked.subject).pictures_key()
    if trained_on == pictures.key:
        notes = ["these are its own training pictures: nothing was held out"]
    elif trained_on:
        notes = [f"it was trained on other pictures ({model.description.source}); copies are counted of these"]
    else:
        notes = ["whether it was trained on these pictures is not known; copies are counted as if it was"]
    return images, [*notes, *_sight(asked, model)]


def _sight(asked: Judging, model: Model) -> list[str]:
    """What is to be said of the network through which the model's discriminator saw."""
    row = ARCHITECTURES[model.description.architecture]
    if row.features == asked.extractor:
        return [
            f"{row.disclosure}; KD-lite does too, so hold it against other recipes by --features inception or dinov2"
        ]
    return [row.disclosure] if row.disclosure else []


def _modes(pictures: PictureSet, training: tuple[Space, Space], fake: Sample) -> Modes | None:
    """Which classes the generated pictures reach; None for a set without classes, or with too few pictures of one."""
    if not pictures.classes:
        return None
    labels = torch.from_numpy(pictures.labels[reference_order(len(pictures.images))])
    counts = torch.bincount(labels, minlength=len(pictures.classes))
    if int(counts.min()) < FEWEST_PER_CLASS:
        return None
    pairs = zip((space.upright for space in training), (fake.features, pixel_rows(fake.images)), strict=True)
    fitted = [(fit_classifier(rows, labels, random_numbers(0, "measure")), rows, others) for rows, others in pairs]
    judge, rows, others = max(fitted, key=lambda one: one[0].accuracy)
    coverage = mode_coverage(
        judge.classes(rows), judge.classes(others), len(pictures.classes), error=1 - judge.accuracy
    )
    return Modes(coverage, judge.accuracy, judge.low, judge.high)


def _pairs(card: Card, fake: np.ndarray, training: np.ndarray) -> np.ndarray | None:
    if card.copies is None:
        return None
    return np.stack([picture for one, other in card.copies.worst for picture in (fake[one], training[other])])
