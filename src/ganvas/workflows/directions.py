"""`ganvas directions`: the directions of a model, as strips and in the file that keeps their names."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ganvas.errors import SettingError
from ganvas.explore.directions import (
    FILE,
    Parted,
    as_stored,
    directions_of_model,
    parting,
    point_of_picture,
    read_directions,
)
from ganvas.explore.points import latent_of
from ganvas.files import replace_text, writing_to
from ganvas.formats.manifest import Direction, NamedDirections
from ganvas.formats.sheets import ENDINGS, check_ending, save_sheet, with_words
from ganvas.model import strips
from ganvas.model.weights import Model
from ganvas.settings import shortened

MOST_EXAMPLES = 10_000


@dataclass(frozen=True)
class DirectionsResult:
    """path: of directions.json. parted: how well the examples are parted, if some were given."""

    directions: tuple[Direction, ...]
    path: Path
    parted: Parted | None


def find_directions(
    folder: Path, model: Model, out: Path | None, examples: tuple[Path | None, ...], *, name: str = "", seed: int = 0
) -> DirectionsResult:
    """Find, name, keep and draw them.

    Args:
        folder: where the model lies. out: the sheet's file. examples: the folders of liked pictures and of others.
    Raises:
        SettingError: one folder without the other, or pictures that do not say what they were drawn from.
        ModelError: directions.json is damaged.
    """
    liked, others = examples
    if (liked is None) != (others is None):
        raise SettingError("--from and --against go together: the pictures that you like, and the others")
    if name and liked is None:
        raise SettingError(f"--name {shortened(name)}: is of a direction from examples; give --from and --against too")
    if out is not None:
        check_ending(out)
    before = read_directions(folder / FILE, model.description.z_dim)
    found, parted = directions_of_model(model, before), None
    if liked is not None and others is not None:
        parted = parting(latents_in(liked, model), latents_in(others, model))
        called = name or liked.resolve().name
        if any(each.name == called and not each.is_made for each in found):
            raise SettingError(f"--name {shortened(called)}: is already that of a main direction; choose another")
        found = (*(each for each in found if each.name != called), as_stored(called, 0.0, parted.vector, is_made=True))
    with writing_to(folder):
        replace_text(folder / FILE, NamedDirections(directions=found).to_json())
    if out is not None:
        save_sheet(with_words(strips(model, found, seed=seed)), out)
    return DirectionsResult(found, folder / FILE, parted)


def latents_in(folder: Path, model: Model) -> np.ndarray:
    """(N, Z) float32 of the generated pictures in a folder.

    Raises:
        SettingError: there is no such folder, or a picture in it does not say what it was drawn from.
    """
    if not folder.is_dir():
        raise SettingError(f"{folder}: is no folder")
    paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in ENDINGS)[:MOST_EXAMPLES]
    if not paths:
        raise SettingError(f"{folder}: holds no pictures ({', '.join(ENDINGS)})")
    return np.stack([latent_of(model, point_of_picture(path)) for path in paths])
