"""Points of latent space as the models that they are of have them."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ganvas.formats.manifest import DESCRIPTION_FILE, exported_folder, is_outdated, model_folder, read_description
from ganvas.formats.point import Point
from ganvas.model import main_directions
from ganvas.model.weights import WEIGHTS_FILE, Model

DIRECTIONS = 10  # that a model has sliders for, at most


def latent_of(model: Model, point: Point) -> np.ndarray:
    """(Z,) float32. Raises SettingError as `Point.latent`."""
    return point.latent(model.description, directions_of(model) if point.steps else [])


def directions_of(model: Model) -> Sequence[Sequence[float]]:
    """(Z,) each: those that the model was exported with, or the main ones."""
    published = model.description.published
    if published is not None:
        return [each.vector for each in published.directions]
    return [each.vector.tolist() for each in main_directions(model, DIRECTIONS)]


def identities_of(folder: Path) -> list[str]:
    """What presets may name a model by: the SHA-256 of its weights, and of what was exported of them."""
    found: list[str] = []
    published = read_description(exported_folder(folder)).published if is_exported(folder) else None
    if published is not None and not is_outdated(folder):
        found.append(published.sha256)
    weights = model_folder(folder) / WEIGHTS_FILE
    if weights.is_file():
        with weights.open("rb") as file:
            found.append(hashlib.file_digest(file, "sha256").hexdigest())
    return found


def is_exported(folder: Path) -> bool:
    """Whether a model.json lies where an export of it would be."""
    return (exported_folder(folder) / DESCRIPTION_FILE).exists()
