"""What a page asks of a training, and the command that does it: one in a terminal would be the same."""

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from ganvas.errors import SettingError
from ganvas.settings import HUB_PREFIX, Settings
from ganvas.studio.home import Home
from ganvas.studio.problems import Problem

_FIELD_OF = {
    "pictures.source": "source",
    "pictures.width": "size",
    "pictures.height": "size",
    "limits.seconds": "seconds",
    "limits.images": "images",
    "measuring.until": "until",
}
_SOURCE = "pictures.source"
_NAMED = re.compile(r"(?:setting|section) '?([\w.]+)")
_PATH = re.compile(r"[a-z_0-9]+(\.[a-z_0-9]+)?")

Side = Annotated[int, Field(ge=1, le=100_000)]


class StartAt(Settings):
    """A moment of a run of this home to begin with; images: None for where it is now."""

    run: str
    images: int | None = Field(default=None, ge=0)


class StartModel(Settings):
    """A model, or a run elsewhere, to begin with."""

    model: str = Field(min_length=1, max_length=4096)


class TrainRequest(Settings):
    """A training that is asked for.

    set: a picture set of the studio; or source: as `ganvas train` takes it. size: pixels, or (width, height); None: the
    recipe's. seconds, images: limits. settings: 'section.field' -> value.
    """

    set: str | None = None
    source: str | None = Field(default=None, min_length=1, max_length=4096)
    name: str | None = None
    size: Side | tuple[Side, Side] | None = None
    seconds: float | None = Field(default=None, gt=0)
    images: int | None = Field(default=None, gt=0)
    until: Literal["limit", "plateau"] = "limit"
    recipe: str | None = None
    settings: dict[str, Any] = Field(default={})
    start: StartAt | StartModel | None = None

    @property
    def sides(self) -> tuple[int, int] | None:
        """(width, height) in pixels; None: the recipe's, or the set's."""
        return self.size if self.size is None or isinstance(self.size, tuple) else (self.size, self.size)


class Limits(Settings):
    """New limits of a run, its earlier sittings included; none of them: its own."""

    seconds: float | None = Field(default=None, gt=0, le=1e9)
    images: int | None = Field(default=None, gt=0, le=10**15)

    @property
    def options(self) -> list[str]:
        """Of the command line."""
        seconds = [] if self.seconds is None else ["--time", f"{self.seconds:g}s"]
        return [*seconds, *([] if self.images is None else ["--images", str(self.images)])]


class Prepared(Settings):
    """A picture set, ready to be trained on: a source as `ganvas train` takes it, and settings that go with it."""

    source: str
    settings: dict[str, Any] = Field(default={})


Prepare = Callable[[str, TrainRequest], Prepared]
"""The name of a set and what is asked -> what is trained on; raises Problem or GanvasError where that cannot be."""


def arguments_for(
    request: TrainRequest, home: Home, out: str, prepare: Prepare, *, names_folders: bool = True
) -> list[str]:
    """The words after `ganvas` that begin a training, once it is clear that it could begin.

    Args:
        out: the run folder, from the home folder on.
        names_folders: whether a page may name folders and files of this machine.
    Raises:
        Problem: it could not; names the field.
        GanvasError: the set cannot be prepared.
    """
    pictures = _pictures(request, home, prepare, names_folders)
    settings = {path: value for path, value in pictures.settings.items() if value is not None} | request.settings
    sides = request.sides or (settings.pop("pictures.width", None), settings.pop("pictures.height", None))
    for path, side in zip(("pictures.width", "pictures.height"), sides, strict=True):
        settings.pop(path, side)
    start = _start(request, home, names_folders)
    _check(request, pictures.source, sides, settings)
    words = ["train", pictures.source, "--out", out]
    words += [] if request.recipe is None else ["--recipe", request.recipe]
    words += [] if None in sides else ["--size", str(sides[0]) if sides[0] == sides[1] else f"{sides[0]}x{sides[1]}"]
    words += Limits(seconds=request.seconds, images=request.images).options
    words += ["--until", "plateau"] if request.until == "plateau" else []
    words += [] if start is None else ["--start", start[0]]
    words += [] if start is None or start[1] is None else ["--start-at", str(start[1])]
    for path, value in settings.items():
        words += ["--set", f"{path}={_as_toml(path, value)}"]
    return words


def _pictures(request: TrainRequest, home: Home, prepare: Prepare, names_folders: bool) -> Prepared:
    if (request.set is None) == (request.source is None):
        raise Problem(422, "which pictures? give a set, or a source", "set")
    if request.set is not None:
        home.set(request.set)
        return prepare(request.set, request)
    source = str(request.source)
    from ganvas.data import SOURCES  # which brings PyTorch

    if source in SOURCES or source.startswith(HUB_PREFIX):
        return Prepared(source=source)
    if not names_folders:
        raise Problem(
            403, f"expected one of {', '.join(SOURCES)}: folders are not named where everyone is let in", "source"
        )
    path = home.root / Path(source).expanduser()
    if not path.exists():
        raise Problem(422, f"there is no {path}; give a folder, a zip, or one of {', '.join(SOURCES)}", "source")
    return Prepared(source=str(path))


def _start(request: TrainRequest, home: Home, names_folders: bool) -> tuple[str, int | None] | None:
    """The words of --start and --start-at."""
    if request.start is None:
        return None
    if isinstance(request.start, StartAt):
        home.run(request.start.run)
        return f"runs/{request.start.run}", request.start.images
    if not names_folders:
        raise Problem(403, "folders are not named where everyone is let in; begin with a run of this studio", "start")
    if request.start.model.startswith(HUB_PREFIX):
        return request.start.model, None
    path = home.root / Path(request.start.model).expanduser()
    if not path.exists():
        raise Problem(422, f"there is no {path}; give a model, a run folder, or {HUB_PREFIX}OWNER/NAME", "start")
    return str(path), None


def _check(
    request: TrainRequest, source: str, sides: tuple[int | None, int | None], settings: Mapping[str, Any]
) -> None:
    """What can be found wrong before a process is started."""
    from ganvas.workflows.ask import wanted_run
    from ganvas.workflows.train import check_parts

    given = {
        "pictures.source": source,
        "pictures.width": sides[0],
        "pictures.height": sides[1],
        "limits.seconds": request.seconds,
        "limits.images": request.images,
        "measuring.until": request.until,
    }
    if wrong := next((path for path in settings if not _PATH.fullmatch(path)), None):
        raise Problem(422, f"there is no setting {wrong[:80]!r}", f"settings.{wrong[:80]}")
    if _SOURCE in settings:  # which would win over the source that was looked at, and may name any folder
        raise Problem(422, f"setting {_SOURCE}: give a set, or a source, instead", f"settings.{_SOURCE}")
    try:
        check_parts(wanted_run(request.recipe, None, None, given, dict(settings)).config)
    except SettingError as error:
        raise Problem(422, str(error), _field(str(error), settings)) from error


def _field(said: str, settings: Mapping[str, Any]) -> str | None:
    """The field of the request that a sentence names."""
    if said.startswith("there is no recipe"):
        return "recipe"
    found = _NAMED.search(said)
    if found is None:
        return None
    path = found[1]
    return f"settings.{path}" if path in settings else _FIELD_OF.get(path)


def _as_toml(path: str, value: object) -> str:
    """A value for --set. JSON of strings, numbers, booleans and lists of them is TOML."""
    if value is None or isinstance(value, dict):
        raise Problem(422, f"setting {path}: expected a value", f"settings.{path}")
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False)
    except ValueError as error:
        raise Problem(422, f"setting {path}: expected a finite number", f"settings.{path}") from error
