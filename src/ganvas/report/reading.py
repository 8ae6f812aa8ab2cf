"""A run folder as it lies on disk: every part may be missing, since runs are looked at while they train."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image
from pydantic import ConfigDict, Field, ValidationError

from ganvas.errors import SettingError
from ganvas.files import read_json, read_toml
from ganvas.formats.log import Log, Numbers, read_log
from ganvas.formats.log_events import Assessed
from ganvas.settings import Settings, first_fault, shortened


class _Part(Settings):
    """What a page counts on in a file; the rest of it is shown as it is."""

    model_config = ConfigDict(extra="allow")


class _Asked(_Part):
    """Of run.toml."""

    pictures: dict[str, Any] = Field(default={})


class _Found(_Part):
    """Of data.json."""

    used: int | None = Field(default=None, ge=0)
    classes: dict[str, int] | None = None
    notes: list[str] | None = None


class _Shipped(_Part):
    """Of model.json."""

    images: int | None = None


_OF_A_MEASURE = {"kernel_distance", "kernel_distance_error", "pca_distance"}


@dataclass(frozen=True)
class Moment:
    """One picture of the same latents, drawn when `images` had been shown."""

    images: int
    path: Path


@dataclass(frozen=True)
class RunView:
    """What a run has left so far; empty where there is nothing yet."""

    path: Path
    name: str
    settings: dict[str, Any]
    log: Log
    moments: list[Moment]
    rebuilt: list[Moment]
    findings: dict[str, Any]
    shipped_images: int | None

    @property
    def last_measures(self) -> Numbers:
        """The last line of the log that holds numbers, or {}."""
        return self.log.numbers[-1] if self.log.numbers else {}

    @property
    def measured(self) -> list[Numbers]:
        """The lines of the log at which the generator was measured."""
        return [entry for entry in self.log.numbers if entry.keys() >= _OF_A_MEASURE]

    @property
    def best(self) -> Numbers:
        """The measure of the model that is shipped, {} if it was not measured."""
        return next((one for one in self.measured if one["images"] == self.shipped_images), {})

    @property
    def verdict(self) -> Assessed | None:
        """The latest verdict on the run; None before there is one."""
        return next((event for event in reversed(self.log.events) if isinstance(event, Assessed)), None)

    @property
    def seconds(self) -> float:
        """How long the run has been training by its own clock."""
        return self.log.seconds

    @property
    def images(self) -> int:
        """Images shown so far."""
        drawn = self.moments[-1].images if self.moments else 0
        return max(int(self.last_measures.get("images", 0)), drawn)

    def existing(self, relative: str) -> Path | None:
        """The path of a part of this run, if it is there."""
        path = self.path / relative
        return path if path.is_file() else None


def read_run(path: Path) -> RunView:
    """What is in a run folder.

    Raises:
        SettingError: there is no such folder, or its run.toml, data.json or model.json is damaged.
    """
    if not path.is_dir():
        raise SettingError(f"{path}: there is no such run folder; give one that `ganvas train` made, as runs/NAME")
    return RunView(
        path=path,
        name=path.resolve().name,
        settings=_read(path / "run.toml", read_toml, _Asked),
        log=read_log(path / "log.jsonl"),
        moments=_moments(path / "samples"),
        rebuilt=_moments(path / "rebuilt"),
        findings=_read(path / "data.json", read_json, _Found),
        shipped_images=_read(path / "model" / "model.json", read_json, _Shipped).get("images"),
    )


@contextmanager
def opened(path: Path) -> Iterator[Image.Image]:
    """A picture that the run has drawn; its pixels are read when they are asked for, inside the block.

    Raises:
        SettingError: it is damaged.
    """
    try:
        with Image.open(path, formats=["PNG"]) as picture:
            yield picture
    except Exception as error:  # on damaged files Pillow raises nearly anything
        said = " ".join(str(error).split())[:200]
        raise SettingError(f"{path}: cannot be read as a picture ({said}); remove it, and it is left out") from error


def flat(settings: dict[str, Any]) -> dict[str, Any]:
    """{'network': {'width': 1.0}} -> {'network.width': 1.0}."""
    fields: dict[str, Any] = {}
    for name, value in settings.items():
        fields |= (
            {f"{name}.{inner}": one for inner, one in flat(value).items()} if isinstance(value, dict) else {name: value}
        )
    return fields


def _moments(folder: Path) -> list[Moment]:
    """Pictures named by images shown, in that order; anything else in the folder is not a moment."""
    paths = [path for path in folder.glob("*.png") if re.fullmatch("[0-9]{1,18}", path.stem) and path.is_file()]
    return sorted((Moment(int(path.stem), path) for path in paths), key=lambda moment: moment.images)


def _read(path: Path, read: Callable[[Path], Any], kind: type[_Part]) -> dict[str, Any]:
    try:
        values = read(path)
        kind.model_validate(values)
    except FileNotFoundError:
        return {}
    except ValidationError as error:
        first = first_fault(error)
        raise SettingError(f"{path}: {first.where} = {shortened(first.found)}: {first.message}") from error
    except (OSError, ValueError) as error:  # TOML, JSON and UTF-8 errors are all ValueErrors
        raise SettingError(f"{path}: cannot be read: {error}") from error
    return values
