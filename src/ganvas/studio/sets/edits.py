"""What a person changed about a set: `set.json`, which lies beside pictures that are never changed themselves."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import AfterValidator, Field, ValidationError, model_validator

from ganvas.config import PictureSettings, checked
from ganvas.data.listing import is_hidden
from ganvas.errors import SettingError
from ganvas.files import read_json, replace_text
from ganvas.settings import LARGEST_PX, SMALLEST_PX, STEP_PX, Settings, first_fault

FILE = "set.json"
USUAL_PX = 64  # of a side, where nothing was chosen
MOST_BYTES = 64_000_000  # of set.json: windows and classes of 100,000 pictures with long names
LONGEST_CLASS = 80  # letters; a folder is called so
SMALLEST_SIDE = 0.05  # of a window
_NOT_IN_A_CLASS = '<>:"/\\|?*'

Value = TypeVar("Value")
Kind = Literal["dropped", "folder", "known"]
Side = Annotated[int, Field(ge=SMALLEST_PX, le=LARGEST_PX, multiple_of=STEP_PX)]
Share = Annotated[float, Field(ge=0, le=1)]
File = Annotated[str, Field(min_length=1, max_length=1024)]


def _is_class(name: str) -> str:
    plain = name.strip()
    if not name.isprintable() or any(letter in _NOT_IN_A_CLASS for letter in plain):
        raise ValueError("expected a class as a folder may be called")
    if plain.endswith(".") or is_hidden(plain):
        raise ValueError("expected a class that does not begin or end with a dot, and is no folder of the system")
    return plain


Class = Annotated[str, Field(min_length=1, max_length=LONGEST_CLASS), AfterValidator(_is_class)]
Window = tuple[Share, Share, Annotated[float, Field(ge=SMALLEST_SIDE, le=1)]]
"""Left and top edge as shares of the upright picture's width and height; the window's size as a share of the largest
that has the network's shape and fits in the picture. It is moved inwards where it would reach beyond an edge."""


class Edits(Settings):
    """left_out: files. classes: of files that are in another than their folder says. windows: what is cropped of files,
    where that is not the middle. size: (width, height); None: nothing was chosen. drop_near: as `ganvas look`."""

    left_out: tuple[File, ...] = ()
    classes: dict[File, Class] = Field(default={})
    windows: dict[File, Window] = Field(default={})
    fit: Literal["crop", "pad", "stretch"] = "crop"
    size: tuple[Side, Side] | None = None
    alpha: bool = False
    drop_near: float | None = Field(default=None, gt=0, le=1)

    @property
    def change_pictures(self) -> bool:
        """Whether what is trained on is another than what the source holds."""
        return bool(self.left_out or self.classes or self.windows)


class Changes(Settings):
    """What is sent to change edits; what is not sent stays. Of classes and windows those that are named, null for
    back to what they were. left_out: all of them; leave_out, put_back: some."""

    left_out: tuple[File, ...] | None = None
    leave_out: tuple[File, ...] = ()
    put_back: tuple[File, ...] = ()
    classes: dict[File, Class | None] = Field(default={})
    windows: dict[File, Window | None] = Field(default={})
    fit: Literal["crop", "pad", "stretch"] = "crop"
    size: tuple[Side, Side] | None = None
    alpha: bool = False
    drop_near: float | None = Field(default=None, gt=0, le=1)

    @model_validator(mode="before")
    @classmethod
    def _size_may_be_one_side(cls, values: object) -> object:
        if isinstance(values, Mapping) and isinstance(side := values.get("size"), int):
            return {**values, "size": (side, side)}
        return values

    def applied_to(self, edits: Edits) -> Edits:
        """The edits as they are then."""
        base = edits.left_out if self.left_out is None else self.left_out
        back = set(self.put_back)
        left_out = dict.fromkeys(file for file in (*base, *self.leave_out) if file not in back)
        sent = {name: getattr(self, name) for name in ("fit", "size", "alpha", "drop_near") if name in self.sent}
        return edits.model_copy(
            update={
                "left_out": tuple(left_out),
                "classes": _merged(edits.classes, self.classes),
                "windows": _merged(edits.windows, self.windows),
                **sent,
            }
        )

    @property
    def sent(self) -> set[str]:
        """The names of what was sent."""
        return self.model_fields_set

    @property
    def files(self) -> dict[str, tuple[str, ...]]:
        """The files that are named, by the field that names them; put_back may name what is gone."""
        left_out = (*(self.left_out or ()), *self.leave_out)
        classes = tuple(file for file, name in self.classes.items() if name is not None)
        windows = tuple(file for file, window in self.windows.items() if window is not None)
        return {"left_out": left_out, "classes": classes, "windows": windows}


class SetFile(Settings):
    """set.json. source: a known set, or a path; of dropped pictures the folder beside it."""

    ganvas_set: Literal[1] = 1
    kind: Kind
    source: str
    edits: Edits = Edits()


def picture_settings(edits: Edits, size: tuple[int, int] | None = None, **others: object) -> PictureSettings:
    """How the pictures of a set are brought to one size, as its edits say.

    Args:
        size: (width, height), instead of theirs.
        others: settings of pictures that take the place of theirs; None stands for nothing.
    Raises:
        SettingError: one is out of range.
    """
    width, height = size or edits.size or (USUAL_PX, USUAL_PX)
    values = {
        "width": width,
        "height": height,
        "fit": edits.fit,
        "channels": "rgba" if edits.alpha else "auto",
        "drop_near": edits.drop_near,
    }
    return checked(PictureSettings, values | {name: value for name, value in others.items() if value is not None})


def read_set(folder: Path) -> SetFile:
    """What the set.json of a set's folder says.

    Raises:
        SettingError: it cannot be read.
    """
    path = folder / FILE
    try:
        return SetFile.model_validate(read_json(path, MOST_BYTES))
    except ValidationError as error:
        first = first_fault(error)
        raise SettingError(f"{path}: {first.where}: {first.message}") from error
    except (OSError, ValueError) as error:
        raise SettingError(f"{path}: cannot be read: {error}") from error


def write_set(folder: Path, said: SetFile) -> None:
    """Replace a set's set.json."""
    replace_text(folder / FILE, said.model_dump_json(indent=1) + "\n")


def _merged(old: Mapping[str, Value], new: Mapping[str, Value | None]) -> dict[str, Value]:
    merged = {**old, **new}
    return {file: value for file, value in merged.items() if value is not None}
