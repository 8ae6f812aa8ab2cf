"""A preset: the keyframes of a walk, as a page saves them and `ganvas walk --preset` plays them.

A small JSON file that names its model by the SHA-256 of a file of it, since a latent means nothing to another. It is
read as a stranger's file is.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import ConfigDict, Field, ValidationError

from ganvas.errors import SettingError
from ganvas.files import read_json
from ganvas.formats.point import MOST_LETTERS, Point, point_of
from ganvas.settings import Settings, first_fault

MOST_BYTES, MOST_KEYFRAMES = 4_000_000, 1000
LONGEST_SECONDS = 3600.0
MOST_RADIUS = 10.0  # of a noise loop, at which moments a twentieth of it apart have nothing to do with each other
MOST_CELLS_A_SIDE = 8
LEAST_TEMPO, USUAL_TEMPO, MOST_TEMPO = 20.0, 60.0, 300.0  # beats a minute; at 60, a second is a second


class Keyframe(Settings):
    """A picture, and the way from it to the next; from the last one, to the first."""

    point: str = Field(max_length=MOST_LETTERS, description="as a page's link has it behind the #: seed=7&mix=9:0.5")
    seconds: float = Field(default=2.0, gt=0, le=LONGEST_SECONDS, description="to the next")
    ease: Literal["smooth", "linear", "hold"] = Field(default="smooth", description="how the way begins and ends")


class Played(Settings):
    """How a page plays keyframes; None: it does not say."""

    model_config = ConfigDict(extra="ignore")

    kind: Literal["tour", "noise"] | None = Field(default=None, description="from one to the next, or around one")
    radius: float | None = Field(default=None, ge=0, le=MOST_RADIUS, description="of a noise loop")
    seconds: float | None = Field(
        default=None, gt=0, le=LONGEST_SECONDS, description="of a noise loop at a tempo of 60"
    )
    tempo: float = Field(
        default=USUAL_TEMPO,
        ge=LEAST_TEMPO,
        le=MOST_TEMPO,
        description="beats a minute; keyframes are timed by it already",
    )
    seed: str | None = Field(default=None, pattern=r"^[0-9]{1,20}$", description="of a noise loop")
    columns: int = Field(default=1, ge=1, le=MOST_CELLS_A_SIDE, description="pictures side by side")
    rows: int = Field(default=1, ge=1, le=MOST_CELLS_A_SIDE, description="pictures one above the other")


class Preset(Settings):
    """What is played, of which model; what else a page keeps in it is left as it is."""

    ganvas_preset: Literal[1] = 1
    model: str = Field(pattern="^[0-9a-f]{64}$", description="SHA-256 of its model.onnx, or of its weights")
    name: str = Field(default="", max_length=100)
    keyframes: tuple[Keyframe, ...] = Field(min_length=1, max_length=MOST_KEYFRAMES)
    page: dict[str, Any] = Field(
        default={}, description="how a page plays it, and what it binds to keys, MIDI and sound"
    )

    def to_json(self) -> str:
        """As the file has it."""
        return self.model_dump_json(indent=1) + "\n"

    @property
    def played(self) -> Played:
        """Raises ValidationError where its page says what none can."""
        return Played.model_validate(self.page)

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
        _ = preset.played
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
