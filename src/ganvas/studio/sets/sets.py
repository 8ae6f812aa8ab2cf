"""Sets of pictures: those that were dropped, folders on this machine, and those that Ganvas knows; and their edits.

A set is a folder with set.json in it. Dropped pictures lie beside it, in `files`; of every other set nothing is copied,
and nothing of a user's is ever changed.
"""

import os
import shutil
import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fastapi import APIRouter
from pydantic import Field

from ganvas.data.gather import FEWEST_PICTURES
from ganvas.data.listing import OUTSIDE, Entry, printable
from ganvas.errors import GanvasError, SettingError
from ganvas.files import sweep
from ganvas.settings import HUB_PREFIX, Settings
from ganvas.studio.home import Home, checked_name, entries, free_name, named, removed_if_failing
from ganvas.studio.problems import Problem, missing
from ganvas.studio.sets.catalogue import Catalogue, open_catalogue
from ganvas.studio.sets.edits import FILE, Changes, Edits, SetFile, read_set, write_set
from ganvas.studio.sets.known import KNOWN, is_here, is_known

FRESH_SECONDS, FRESH_FACTOR = 3.0, 20.0  # a folder is walked again after so long, or so many times what walking took
MOST_CATALOGUES = 8  # held in memory
GROWING_SECONDS = 0.5
FILES = "files"
Told = Callable[[str, object], None]


@dataclass
class _Held:
    """A catalogue, until when it holds, and the bytes of files that were put into its folder since."""

    catalogue: Catalogue
    until: float
    more: dict[str, int] = field(default_factory=dict)


class Sets:
    """The sets of a home folder.

    Args:
        told: is told of a set that changed, as `told("set", {...})`.
        names_folders: whether folders of this machine may be named; False where others may ask.
        growing_seconds: between two words on a set that grows, at least.
    """

    def __init__(
        self,
        home: Home,
        told: Told = lambda kind, value: None,
        *,
        names_folders: bool = True,
        growing_seconds: float = GROWING_SECONDS,
    ) -> None:
        self.home, self._told, self._names_folders, self._growing_seconds = home, told, names_folders, growing_seconds
        self.lock = threading.RLock()
        sweep(home.sets)
        self._held: OrderedDict[str, _Held] = OrderedDict()
        self._names: dict[str, dict[str, str]] = {}
        self._shown: dict[str, tuple[float, dict[str, Any]]] = {}  # of sets that grow: when, and what
        self._later: dict[str, threading.Timer] = {}

    def all(self) -> list[dict[str, Any]]:
        """Every set, in order of its name; one whose set.json cannot be read is left out."""
        found = []
        for name in entries(self.home.sets):
            try:
                found.append(self.shown(name))
            except (SettingError, Problem):
                continue
        return found

    def shown(self, name: str) -> dict[str, Any]:
        """A set as pages have it. Raises Problem where there is none, SettingError where it cannot be read."""
        folder = self.home.set(name)
        said = read_set(folder)
        problem, counts, size_bytes = None, Counter[str](), 0
        if is_known(said.source) and (not said.edits.change_pictures or not is_here(said.source)):
            known = KNOWN.get(said.source)
            counts.update({} if known is None else known.classes or {"": known.count})
        else:
            try:
                used = self.used(name, said)
                counts = Counter(label for _, label in used)
                size_bytes = sum(entry.size_bytes for entry, _ in used)
            except (GanvasError, OSError, Problem) as error:
                problem = str(error)
        count = counts.total()
        return {
            "name": name,
            "kind": said.kind,
            "source": str(said.source),
            "count": count,
            "classes": {printable(label): counts[label] for label in sorted(counts)} if len(counts) > 1 else {},
            "bytes": size_bytes,
            "changed": (folder / FILE).stat().st_mtime,
            "edits": said.edits.model_dump(mode="json"),
            "ready": count >= FEWEST_PICTURES or said.source.startswith(HUB_PREFIX),
            "problem": problem,
        }

    def make(self, name: str | None, source: str | None) -> dict[str, Any]:
        """A new set: of a known one or a path, or an empty one to drop pictures into.

        Without a name, the set that there already is of that source.
        """
        text = None if source is None else self.checked_source(source)
        with self.lock:
            if name is None and text is not None:
                for each in entries(self.home.sets):
                    if (self.home.sets / each / FILE).exists() and read_set(self.home.sets / each).source == text:
                        return self.shown(each)
            wished = (
                "pictures" if text is None else named(text.rstrip("/").rpartition("/")[2].split(".")[0], "pictures")
            )
            new = free_name(self.home.sets, wished) if name is None else checked_name(name)
            if name is not None and name.lower() in [each.lower() for each in entries(self.home.sets)]:
                raise Problem(409, f"there is a set {name!r} already; choose another name", "name")
            folder = self.home.sets / new
            folder.mkdir(parents=True)
            with removed_if_failing(folder):
                if text is None:
                    (folder / FILES).mkdir()
                    said = SetFile(kind="dropped", source=FILES)
                else:
                    said = SetFile(kind="known" if is_known(text) else "folder", source=text)
                write_set(folder, said)
        return self.tell(new)

    def delete(self, name: str) -> None:
        """Remove a set with its dropped pictures; folders that it named stay as they are."""
        folder = self.home.set(name)
        with self.lock:
            self._forget(name)
            self._names.pop(name, None)
            self._shown.pop(name, None)
            going = folder.with_name(f".{name}.{os.getpid()}.unfinished")  # the next sweep takes it, should this fail
            folder.rename(going)
        shutil.rmtree(going)
        self._told("set", {"name": name, "gone": True})

    def change(self, name: str, changes: Changes) -> dict[str, Any]:
        """Edit a set. Raises Problem where a file is named that is not in it."""
        with self.lock:
            folder = self.home.set(name)
            said = read_set(folder)
            if any(changes.files.values()):
                catalogue = self.catalogue(name)
                for field, files in changes.files.items():
                    catalogue.check(files, field)
            write_set(folder, said.model_copy(update={"edits": changes.applied_to(said.edits)}))
        return self.tell(name)

    def tell(self, name: str) -> dict[str, Any]:
        """A set as pages have it, who are told."""
        shown = self.shown(name)
        self._told("set", shown)
        return shown

    def source(self, name: str, said: SetFile | None = None) -> str:
        """What `ganvas train` would be given of its source, without edits."""
        folder = self.home.set(name)
        said = said or read_set(folder)
        return str(folder / FILES) if said.kind == "dropped" else said.source

    def catalogue(self, name: str) -> Catalogue:
        """What is in its source. Raises Problem where a folder is gone, or nothing of it is on this machine yet."""
        with self.lock:
            held = self._held.get(name)
            if held is not None and time.monotonic() < held.until:
                self._held.move_to_end(name)
                if held.more:
                    held.catalogue, held.more = held.catalogue.with_more(held.more), {}
                return held.catalogue
            before = None if held is None else held.catalogue
            said = read_set(self.home.set(name))
            if is_known(said.source) and not is_here(said.source):
                raise Problem(422, f"{said.source}: its pictures are fetched when it is first looked at or trained on")
            source = self.source(name, said)
            if said.kind == "folder" and not Path(source).expanduser().exists():
                self._forget(name)
                raise missing("folder or file", source)
            began = time.monotonic()
            try:
                catalogue = open_catalogue(source, before)
            except BaseException:
                self._forget(name)
                raise
            seconds = time.monotonic() - began
            self._held[name] = _Held(catalogue, time.monotonic() + max(FRESH_SECONDS, FRESH_FACTOR * seconds))
            while len(self._held) > MOST_CATALOGUES:
                self._forget(next(iter(self._held)))
            return catalogue

    def used(self, name: str, said: SetFile | None = None) -> list[tuple[Entry, str]]:
        """The pictures that are not left out, each with its class: "" for all where there are none."""
        said = said or read_set(self.home.set(name))
        left_out = set(said.edits.left_out)
        catalogue = self.catalogue(name)
        files = [(file, entry) for file, entry in catalogue.entries.items() if file not in left_out]
        labels = [said.edits.classes.get(file, entry.label) for file, entry in files]
        if any(labels):
            labels = [label or OUTSIDE for label in labels]
        return [(entry, label) for (_, entry), label in zip(files, labels, strict=True)]

    def added(self, name: str, sizes: dict[str, int], labels: dict[str, str] | None = None) -> dict[str, Any]:
        """Take note of files that were put into a dropped set; the set as pages have it.

        What takes long to count is counted anew once in a while, and a little after the last file: until then the
        classes are those of before.

        Args:
            sizes: of the files, in bytes. labels: of those that have a class.
        """
        with self.lock:
            folder = self.home.set(name)
            if held := self._held.get(name):
                held.more |= sizes
            if labels:
                said = read_set(folder)
                edits: Edits = said.edits.model_copy(update={"classes": {**said.edits.classes, **labels}})
                write_set(folder, said.model_copy(update={"edits": edits}))
            os.utime(folder / FILE)
            at, shown = self._shown.get(name, (0.0, {}))
            if not shown or time.monotonic() - at >= self._growing_seconds:
                shown = self.tell(name)
                self._shown[name] = time.monotonic(), shown
                return shown
            count = shown["count"] + len(sizes)
            more = {"count": count, "bytes": shown["bytes"] + sum(sizes.values()), "ready": count >= FEWEST_PICTURES}
            self._shown[name] = at, shown | more
            if name not in self._later:
                self._later[name] = threading.Timer(self._growing_seconds, self._tell_later, (name,))
                self._later[name].daemon = True
                self._later[name].start()
            return shown | more

    def _tell_later(self, name: str) -> None:
        with self.lock:
            del self._later[name]
            self._shown.pop(name, None)
        with suppress(Problem, SettingError, OSError):  # it may be gone by now
            self.tell(name)

    def names(self, name: str) -> dict[str, str]:
        """The files of a dropped set by their names in lower case, as systems that know no case tell them apart."""
        with self.lock:
            if name not in self._names:
                self._names[name] = {file.lower(): file for file in self.catalogue(name).entries}
            return self._names[name]

    def reread(self, name: str) -> None:
        """What is known of its source is no longer so."""
        with self.lock:
            self._forget(name)
            self._shown.pop(name, None)

    def close(self) -> None:
        """Close what is open."""
        with self.lock:
            for later in self._later.values():
                later.cancel()
            for name in list(self._held):
                self._forget(name)

    def checked_source(self, source: str, field: str = "source") -> str:
        """A known set, or the path of what is on this machine and may be named; raises Problem where it is neither."""
        if is_known(source):
            return source
        if not self._names_folders:
            raise Problem(403, "folders of this machine can be named only from this machine", field)
        path = Path(source).expanduser()
        path = path if path.is_absolute() else self.home.root / path
        if "\0" in source or not path.exists():
            known = ", ".join(KNOWN)
            raise Problem(
                422, f"there is no folder or file {source[:200]!r} on this machine; known sets are {known}", field
            )
        if path.resolve() in (self.home.root, *self.home.root.parents):
            raise Problem(422, f"{path}: holds the studio itself; choose the folder with the pictures alone", field)
        return str(path)

    def _forget(self, name: str) -> None:
        if held := self._held.pop(name, None):
            held.catalogue.close()


class NewSet(Settings):
    """source: a known set or a path on this machine; None: pictures will be dropped."""

    name: str | None = Field(default=None, max_length=200)
    source: str | None = Field(default=None, min_length=1, max_length=4096)


def routes(sets: Sets) -> APIRouter:
    """Of sets as a whole."""
    router = APIRouter()

    @router.get("/api/sets")
    def all_sets() -> list[dict[str, Any]]:
        return sets.all()

    @router.post("/api/sets")
    def new_set(body: NewSet) -> dict[str, Any]:
        return sets.make(body.name, body.source)

    @router.get("/api/sets/{name}")
    def one_set(name: str) -> dict[str, Any]:
        return sets.shown(name)

    @router.patch("/api/sets/{name}")
    def changed_set(name: str, body: Changes) -> dict[str, Any]:
        return sets.change(name, body)

    @router.delete("/api/sets/{name}", status_code=204)
    def no_set(name: str) -> None:
        sets.delete(name)

    return router
