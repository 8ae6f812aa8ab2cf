"""Points of latent space as the models that they are of have them."""

from pathlib import Path

import numpy as np

from ganvas.errors import SettingError
from ganvas.formats.manifest import exported_folder, is_outdated, read_description
from ganvas.formats.point import Point
from ganvas.model import main_directions
from ganvas.model.weights import Model

DIRECTIONS = 10  # that a model has sliders for, at most


def latent_of(model: Model, point: Point) -> np.ndarray:
    """(Z,) float32. Raises SettingError as `Point.latent`."""
    return point.latent(model.description, directions_of(model) if point.steps else [])


def directions_of(model: Model) -> list[np.ndarray]:
    """(Z,) each: those that the model was exported with, or the main ones."""
    published = model.description.published
    if published is not None:
        return [np.array(each.vector) for each in published.directions]
    return [each.vector for each in main_directions(model, DIRECTIONS)]


def identity_of(folder: Path) -> str:
    """The SHA-256 of the model.onnx that was exported of a run, or that lies in a model folder.

    Raises:
        SettingError: there is none, or the run was trained further since.
    """
    published = read_description(exported_folder(folder)).published if exported_folder(folder).exists() else None
    if published is None or is_outdated(folder):
        raise SettingError(f"{folder}: presets are of an exported model; `ganvas export {folder}` makes one of this")
    return published.sha256
