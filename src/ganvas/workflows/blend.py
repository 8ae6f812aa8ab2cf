"""`ganvas blend`: two models -> one between them, as a model folder."""

from pathlib import Path

import numpy as np

from ganvas.errors import SettingError
from ganvas.explore.blend import blended
from ganvas.files import replacing, writing_to
from ganvas.formats.manifest import PREVIEW_FILE
from ganvas.formats.sheets import with_words
from ganvas.model import draw_all, drawn_at_once, labels_for, latents_for
from ganvas.model.weights import Model, save_model
from ganvas.wording import counted
from ganvas.workflows.generate import Generator

SHOWN = 8


def write_blend(one: Generator, other: Generator, out: Path, share: float) -> Path:
    """The folder, with model.json, the weights and a preview of the first, the blend and the second.

    Raises:
        SettingError: their networks differ, or the folder cannot be written or holds something else.
    """
    with writing_to(out):
        if out.is_dir() and any(out.iterdir()):
            raise SettingError(f"--out {out}: holds something already; choose another folder")
    made = blended(one.model, other.model, share)
    rows = [
        (words, drawn(model))
        for words, model in (
            (named(one), one.model),
            (f"{share:g} of the way", made),
            (named(other), other.model),
        )
    ]
    with writing_to(out):
        save_model(out, made.description, made.generator)
        with replacing(out / PREVIEW_FILE) as unfinished:
            with_words(rows).save(unfinished)
    return out


def named(generator: Generator) -> str:
    """Which model it is, and of which moment of its run."""
    return f"{generator.path.resolve().name}, {counted(generator.description.images, 'image')} shown"


def drawn(model: Model) -> np.ndarray:
    """(SHOWN, H, W, C) uint8 of the first seeds."""
    seeds = range(SHOWN)
    z, labels = latents_for(model.description, seeds), labels_for(model.description, seeds)
    return draw_all(model.generator, z, labels, at_once=drawn_at_once(model.description))
