"""The runs of the home folder, read from their folders alone and again only where something changed there."""

import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ganvas.studio.home import Home, entries
from ganvas.studio.runs.logs import Columns
from ganvas.studio.runs.notes import NOTE_FILE, OUTPUT_FILE
from ganvas.studio.runs.processes import trainer
from ganvas.studio.runs.states import ACTIVE
from ganvas.studio.runs.summaries import Reader, detail_of

_WATCHED = (
    "run.toml",
    "log.jsonl",
    NOTE_FILE,
    OUTPUT_FILE,
    "training.pid",
    "data.json",
    "model/model.json",
    "model/preview.png",
    "samples",
    "moments",
    "score.json",
)
_OF_A_RUN = ("run.toml", "log.jsonl", NOTE_FILE, "training.pid")  # one of these makes a folder a run's
_MOST_COLUMNS = 6  # runs whose logs are held as columns

Signature = tuple[object, ...]


class Runs:
    """Summaries and details of runs; safe to ask from any thread.

    Args:
        queued: the names that wait.
    """

    def __init__(self, home: Home, queued: Callable[[], Sequence[str]]) -> None:
        self._home, self._queued = home, queued
        self._lock = threading.RLock()
        self._known: dict[str, tuple[Signature, dict[str, Any]]] = {}
        self._readers: dict[str, Reader] = {}
        self._columns: OrderedDict[str, Columns] = OrderedDict()

    def names(self) -> list[str]:
        """Of all runs, in order of the alphabet."""
        return [name for name in entries(self._home.runs) if self._is_run(name)]

    def summaries(self) -> list[dict[str, Any]]:
        """RunSummary of each run, the one that changed last first; raises nothing for a damaged one."""
        made, queued = self._made(), set(self._queued())
        found = [self._summary(name, made, queued) for name in self.names()]
        with self._lock:
            for name in self._known.keys() - {one["name"] for one in found}:
                self._forget(name)
        return sorted(found, key=lambda one: one["changed"], reverse=True)

    def summary(self, name: str) -> dict[str, Any]:
        """RunSummary of a run. Raises Problem where there is none."""
        self._home.run(name)
        return self._summary(name, self._made(), set(self._queued()))

    def active(self) -> list[str]:
        """Names of the runs in which a process trains, or is about to."""
        return [one["name"] for one in self.summaries() if one["state"] in ACTIVE]

    def signature(self, name: str) -> Signature:
        """Changes whenever something of a run does, but for its being queued or published."""
        return _signature(self._home.runs / name)

    def detail(self, name: str) -> dict[str, Any]:
        """RunDetail of a run, with `offset`: where in log.jsonl its columns end. Raises Problem where there is none."""
        run, summary = self._home.run(name), self.summary(name)
        with self._lock:
            columns = self._columns.pop(name, None) or Columns(run / "log.jsonl")
            self._columns[name] = columns
            while len(self._columns) > _MOST_COLUMNS:
                self._columns.popitem(last=False)
            return detail_of(run, summary, columns, self._reader(name).note)

    def _is_run(self, name: str) -> bool:
        return name in self._known or any(os.path.lexists(self._home.runs / name / part) for part in _OF_A_RUN)

    def _summary(self, name: str, made: Sequence[str], queued: set[str]) -> dict[str, Any]:
        run, is_queued = self._home.runs / name, name in queued
        of_it = [one for one in made if one.rpartition("-")[0] == name]
        with self._lock:
            reader = self._reader(name)
            signature = _signature(run)
            reader.refresh_note(run)
            trains = trainer(run, reader.note)
            whole = (signature, trains, is_queued, tuple(of_it))
            known = self._known.get(name)
            if known is None or known[0] != whole:
                known = whole, reader.summary(run, trains, is_queued, of_it)
                self._known[name] = known
            return known[1]

    def _reader(self, name: str) -> Reader:
        return self._readers.setdefault(name, Reader(self._home.runs / name))

    def _forget(self, name: str) -> None:
        for kept in (self._known, self._readers, self._columns):
            kept.pop(name, None)

    def _made(self) -> list[str]:
        return entries(self._home.published)


def _signature(run: Path) -> Signature:
    return tuple(_stat(f"{run}/{part}") for part in _WATCHED)


def _stat(path: str) -> tuple[int, int, int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
