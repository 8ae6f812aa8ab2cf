"""A set with its edits -> what trains: the source itself where it is as it is, else a folder that is made of it once.

Such a folder is called by what is in it and never changed, so that a run that began with it can go on with it whatever
becomes of the set. It takes hardly any disk: dropped files have a second name there (hard links), files of a named
folder are linked to, and only windows that were moved, and pictures of archives, are written anew.
"""

import json
import os
import shutil
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np

from ganvas.data.listing import OUTSIDE, PICTURE_ENDINGS, digest
from ganvas.files import disk_failure, filling, read_json, read_toml, sweep
from ganvas.studio.home import Home, entries
from ganvas.studio.sets.cleaning import clean_part
from ganvas.studio.sets.edits import MOST_BYTES, SetFile, Window, picture_settings, read_set
from ganvas.studio.sets.sets import Sets
from ganvas.studio.sets.windows import as_file, cut

FOLDER = "prepared"  # of HOME/studio
NOTE_FILE = "studio.json"  # of a run that waits: the command that will begin it
NAMES = "names.json"  # beside the folder: what each of its files is called in the set
VERSION = "1"  # of how a folder is made
LONGEST_NAME = 200  # bytes
KEPT_SECONDS = 24 * 3600.0  # after it was last asked for
Told = Callable[[str, int, int | None], None]


@dataclass(frozen=True)
class Prepared:
    """What trains.

    source: for `ganvas train` and `ganvas look`. pictures: settings of its pictures that were chosen, by their names.
    names: from the name of a file there to its name in the set, where these differ.
    """

    source: str
    pictures: dict[str, object]
    names: Mapping[str, str]


def prepared(
    sets: Sets,
    name: str,
    size: tuple[int, int] | None = None,
    told: Told = lambda text, done, total: None,
    **settings: object,
) -> Prepared:
    """What trains of a set.

    Args:
        size: (width, height), instead of what its edits say.
        told: what is done, how much of it, and of how much.
        settings: of pictures, instead of what its edits say; None stands for nothing.
    Raises:
        Problem: there is no such set, or its folder is gone.
        GanvasError: it cannot be used; or the disk is full.
    """
    said = read_set(sets.home.set(name))
    wanted = picture_settings(said.edits, size, **settings)
    sides = ("width", "height") if size or said.edits.size else ()  # else those of the recipe
    chosen = {each: getattr(wanted, each) for each in (*sides, "fit", "channels", "drop_near")}
    pictures = {each: value for each, value in chosen.items() if value is not None}
    if said.kind != "dropped" and not said.edits.change_pictures:
        return Prepared(sets.source(name, said), pictures, {})
    windows = said.edits.windows if wanted.fit == "crop" else {}
    making = _Making(sets, name, said, windows, (wanted.width, wanted.height))
    folder = making.folder
    if (names := _names_in(folder)) is None:
        sweep(folder.parent)
        shutil.rmtree(folder, ignore_errors=True)  # it is damaged, if it is there at all
        _forget_old(sets.home)
        try:
            with filling(folder) as unfinished:
                making.fill(unfinished, told)
        except OSError:
            if _names_in(folder) is None:  # else another process was first
                raise
        names = _names_in(folder) or {}
    os.utime(folder)
    return Prepared(str(folder / name), pictures, names)


def _names_in(folder: Path) -> dict[str, str] | None:
    """What the files of a folder that was made are called in their set; None where it is not there, or damaged."""
    try:
        found = read_json(folder / NAMES, MOST_BYTES)
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


class _Making:
    """One folder to be made of a set."""

    def __init__(
        self, sets: Sets, name: str, said: SetFile, windows: Mapping[str, Window], shape: tuple[int, int]
    ) -> None:
        self._catalogue, self._windows, self._shape = sets.catalogue(name), windows, shape
        left_out = set(said.edits.left_out)
        labels = {
            file: said.edits.classes.get(file, entry.label)
            for file, entry in self._catalogue.entries.items()
            if file not in left_out
        }
        outside = OUTSIDE if any(labels.values()) else ""
        self._labels = {file: label or outside for file, label in labels.items()}
        self._name, self._is_own = name, said.kind == "dropped"
        source = Path(sets.source(name, said)).expanduser()
        self._source = source if source.is_dir() else None
        parts = [VERSION, name, str(source)]
        for file, label in self._labels.items():
            window = windows.get(file)
            cropped = "" if window is None else f"{window} {shape}"
            parts += [file, self._catalogue.stamp_of(self._catalogue.entries[file]), label, cropped]
        self.folder = sets.home.studio / FOLDER / f"{name}-{digest(parts)[:16]}"

    def fill(self, folder: Path, told: Told) -> None:
        """Write the pictures into NAME of a folder, and their names in the set beside it.

        Raises:
            OSError: the disk is full. Problem: a picture is gone.
        """
        names: dict[str, str] = {}
        taken: set[str] = set()
        for number, (file, label) in enumerate(self._labels.items()):
            place = _place_of(file, label, taken)
            if file in self._windows or PurePosixPath(file).suffix.lower() not in PICTURE_ENDINGS:
                place += ".png"
            path = folder / self._name / place
            path.parent.mkdir(parents=True, exist_ok=True)
            self._put(file, path)
            names[place] = file
            told("preparing the pictures", number + 1, len(self._labels))
        (folder / NAMES).write_text(json.dumps(names), encoding="utf-8")

    def _put(self, file: str, path: Path) -> None:
        entry = self._catalogue.entries[file]
        if file not in self._windows and self._source is not None:
            _link(self._source / entry.name, path, is_own=self._is_own)
            return
        data = self._catalogue.read(file)
        path.write_bytes(self._cut(file, data) if file in self._windows else as_file(data))

    def _cut(self, file: str, data: bytes | np.ndarray) -> bytes:
        try:
            return cut(data, self._windows[file], self._shape)
        except Exception:  # noqa: BLE001 - decoders raise nearly everything, and the doctor says what is wrong with it
            return as_file(data)


def _place_of(file: str, label: str, taken: set[str]) -> str:
    """Where a file lies in a prepared folder: as in its set where there are no classes, else in the folder of its own.

    Args:
        taken: what the others are called, in lower case; this one is added.
    """
    if not label:
        return file
    flat = "__".join(file.split("/"))
    place = f"{label_folder(label)}{flat}"
    if len(flat.encode()) > LONGEST_NAME or place.lower() in taken:
        place = f"{label_folder(label)}{digest([file])[:16]}{PurePosixPath(file).suffix}"
    taken.add(place.lower())
    return place


def label_folder(label: str) -> str:
    """The folder of a class, with a / at its end; none for what is in no class."""
    return "" if label == OUTSIDE else f"{clean_part(label)}/"


def _link(file: Path, path: Path, *, is_own: bool) -> None:
    """A second name for one of our own files, a link to one of the user's; a copy where the system has neither."""
    try:
        if is_own:
            os.link(file, path)
        else:
            path.symlink_to(file)
    except OSError as error:
        if disk_failure(error):
            raise
        shutil.copyfile(file, path)


def _forget_old(home: Home) -> None:
    """Remove what no run was trained on, or waits to be, and nobody asked for in a while."""
    trained_on = set[str]()
    for name in entries(home.runs):
        with suppress(OSError, ValueError, KeyError, TypeError):
            trained_on.add(str(read_toml(home.runs / name / "run.toml")["pictures"]["source"]))
        with suppress(OSError, ValueError, KeyError, TypeError):
            trained_on.update(read_json(home.runs / name / NOTE_FILE)["arguments"])
    for name in entries(home.studio / FOLDER):
        folder = home.studio / FOLDER / name
        with suppress(OSError):
            is_old = time.time() - folder.stat().st_mtime > KEPT_SECONDS
            if is_old and not any(Path(source).parent == folder for source in trained_on):
                shutil.rmtree(folder)
