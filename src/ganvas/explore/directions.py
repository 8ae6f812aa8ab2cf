"""Directions through latent space: strips of pictures along them, their names, and those that examples give."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from pydantic import ValidationError

from ganvas.errors import ModelError, SettingError
from ganvas.explore.points import DIRECTIONS
from ganvas.files import read_json
from ganvas.formats.images import LINK_KEY
from ganvas.formats.manifest import Direction, NamedDirections
from ganvas.formats.point import Point, point_of
from ganvas.metrics.neighbours import share_interval
from ganvas.model import main_directions
from ganvas.model.weights import Model
from ganvas.settings import first_fault, shortened
from ganvas.wording import counted

FILE = "directions.json"
ALIKE = 0.9  # the least cosine at which a direction of before keeps its name
PENALTIES = 10.0 ** np.arange(-1, 5)  # of the ridge, chosen by leaving each example out
FEWEST_EXAMPLES = 4  # on either side


@dataclass(frozen=True)
class Parted:
    """A direction that parts two groups of latents.

    vector: (Z,), of length 1. right, of: how many examples lie on their side when the direction is found without them.
    low, high: the 95% interval of that share.
    """

    vector: np.ndarray
    right: int
    of: int
    low: float
    high: float


def parting(liked: np.ndarray, others: np.ndarray) -> Parted:
    """The direction along which (N, Z) and (M, Z) latents differ.

    It is that of a ridge regression on +1 and -1. Where examples are few the ridge makes it the difference of their
    means. Every example is left out once, in closed form. Source: Allen 1974 (PRESS); Hoerl & Kennard 1970 (ridge).

    Raises:
        SettingError: fewer than FEWEST_EXAMPLES on a side.
    """
    counts = len(liked), len(others)
    if min(counts) < FEWEST_EXAMPLES:
        raise SettingError(f"{counts[0]} and {counts[1]} examples: expected at least {FEWEST_EXAMPLES} of each")
    rows = np.concatenate([liked, others]).astype(np.float64)
    rows -= (liked.mean(0) + others.mean(0)) / 2
    sides = np.repeat([1.0, -1.0], counts)
    found = []
    for penalty in PENALTIES:
        inverse = np.linalg.inv(rows.T @ rows + penalty * np.eye(rows.shape[1]))
        weights = inverse @ rows.T @ sides
        leverage = np.einsum("nz,zy,ny->n", rows, inverse, rows)
        without = sides - (sides - rows @ weights) / (1 - leverage)  # what each is said to be by all the others
        found.append((float(np.square(sides - without).mean()), weights, int((without * sides > 0).sum())))
    _, weights, right = min(found, key=lambda one: one[0])
    return Parted(weights / np.linalg.norm(weights), right, len(sides), *share_interval(right, len(sides)))


def point_of_picture(path: Path) -> Point:
    """The point that a generated picture was drawn from: its link is in the PNG, or its seed is its name.

    Raises:
        SettingError: neither is there.
    """
    try:
        with warnings.catch_warnings(action="ignore"), Image.open(path) as picture:
            said = picture.info.get(LINK_KEY)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise SettingError(f"{path}: cannot be read as a picture: {shortened(str(error))}") from error
    if isinstance(said, str):
        return point_of(said)
    if path.stem.isascii() and path.stem.isdecimal():
        return point_of(path.stem)
    raise SettingError(
        f"{path}: does not say what it was drawn from; pictures that `ganvas generate` and a page save do, or name it "
        f"after its seed, as 000042.png"
    )


def read_directions(path: Path, z_dim: int) -> tuple[Direction, ...]:
    """What is in a directions.json; () where there is none.

    Raises:
        ModelError: it is no such file, or of a model with other latents.
    """
    if not path.exists():
        return ()
    try:
        found = NamedDirections.model_validate(read_json(path)).directions
    except ValidationError as error:
        first = first_fault(error)
        raise ModelError(f"{path}: {first.where}: {first.message}") from error
    except (OSError, ValueError) as error:
        raise ModelError(f"{path}: cannot be read: {error}") from error
    if any(len(each.vector) != z_dim for each in found):
        raise ModelError(f"{path}: is of a model with other latents than this one's of {counted(z_dim, 'number')}")
    return found


def named(found: Sequence[Direction], before: Sequence[Direction]) -> tuple[Direction, ...]:
    """Directions with the names, and the way round, that those nearest to them had; then those that were made."""
    kept = list(found)
    for earlier in before:
        cosines = [float(np.dot(each.vector, earlier.vector)) for each in kept]
        nearest = int(np.abs(cosines).argmax()) if cosines else 0
        if cosines and abs(cosines[nearest]) >= ALIKE and not earlier.is_made:
            sign = 1 if cosines[nearest] > 0 else -1
            turned = tuple(sign * each for each in kept[nearest].vector)
            kept[nearest] = kept[nearest].model_copy(update={"name": earlier.name, "vector": turned})
    return (*kept, *(each for each in before if each.is_made))


def directions_of_model(model: Model, before: Sequence[Direction]) -> tuple[Direction, ...]:
    """The main directions, as they are called and with those that were added."""
    return named([as_stored(each.name, each.share, each.vector) for each in main_directions(model, DIRECTIONS)], before)


def as_stored(name: str, share: float, vector: np.ndarray, *, is_made: bool = False) -> Direction:
    """As model.json has it."""
    numbers = tuple(round(each, 7) for each in vector.tolist())
    return Direction(name=name, share=round(share, 6), vector=numbers, is_made=is_made)
