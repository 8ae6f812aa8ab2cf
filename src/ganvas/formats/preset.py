"""A preset: the keyframes of a walk, as a page saves them and `ganvas walk --preset` plays them.

A small JSON file that names its model by the SHA-256 of a file of it, since a latent means nothing to another. It is
read as a stranger's file is.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError

from ganvas.errors import SettingError
from ganvas.files import read_json
from ganvas.formats.point import MOST_LETTERS, Point, point_of
from ganvas.settings import Settings, first_fault

MOST_BYTES, MOST_KEYFRAMES = 4_000_000, 1000
LONGEST_SECONDS = 3600.0


class Keyframe(Settings):
    """A picture, and the way from it to the next; from the last one, to the first."""

    point: str = Field(max_length=MOST_LETTERS, description="as a page's link has it behind the #: seed=7&mix=9:0.5")
    seconds: float = Field(default=2.0, gt=0, le=LONGEST_SECONDS, description="to the next")
    ease: Literal["smooth", "linear", "hold"] = Field(default="smooth", description="how the way begins and ends")


class Preset(Settings):
    """What is played, of which model; what else a page keeps in it is left as it is."""

    ganvas_preset: Literal[1] = 1
    model: str = Field(pattern="^[0-9a-f]{64}$", description="SHA-256 of its model.onnx, or of its weights")
    name: str = Field(default="", max_length=100)
    keyframes: tuple[Keyframe, ...] = Field(min_length=1, max_length=MOST_KEYFRAMES)
    page: dict[str, Any] = Field(default={}, description="what a page binds to keys, MIDI and sound")

    def to_json(self) -> str:
        """As the file has it."""
        return self.model_dump_json(indent=1) + "\n"

    @property
    def points(self) -> list[Point]:
        """Raises SettingError for a keyframe that names no point."""
        return [point_of(each.point) for each in self.keyframes]


def read_preset(path: Path, identities: Sequence[str]) -> Preset:
    """The preset in a file, if it is one of the model that has those SHA-256s.

    Raises:
        SettingError: it cannot be read, is none, or is of another model.
    """
    try:
        preset = Preset.model_validate(read_json(path, MOST_BYTES))
    except ValidationError as error:
        first = first_fault(error)
        raise SettingError(f"{path}: is no preset: {first.where}: {first.message}") from error
    except (OSError, ValueError) as error:
        said = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise SettingError(f"{path}: cannot be read: {said}") from error
    if preset.model not in identities:
        own = " or ".join(each[:12] for each in identities)
        raise SettingError(
            f"{path}: is of the model {preset.model[:12]}, whose latents mean nothing to this one, {own}"
        )
    return preset
