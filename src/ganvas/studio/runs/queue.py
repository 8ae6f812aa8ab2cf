"""What waits to be trained, in order: one training at a time, on this machine, whoever began it."""

import json
import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

from filelock import FileLock

from ganvas.files import read_json, replace_text
from ganvas.studio.problems import Problem

_log = logging.getLogger(__name__)
_SECONDS_BETWEEN_LOOKS = 0.5  # at whether the training before has ended
_SECONDS_AFTER_FAILURE = 10.0
_MOST_SECONDS_FOR_LOCK = 10.0  # another studio of the same home holds it for a moment

Look = Callable[[], Sequence[str]]


class Queue:
    """The names that wait. They are kept in queue.json, so that they outlive the studio.

    A thread starts the first whenever nothing trains. Where two studios have one home, both may do that: a lock lets
    one at a time look and start.

    Args:
        folder: of queue.json.
        active: names of the runs that train, or are about to.
        start: starts a run; what it raises is its own to tell.
        told: is told the names whenever they change.
    """

    def __init__(self, folder: Path, active: Look, start: Callable[[str], None], told: Callable[[list[str]], None]):
        self._path, self._active, self._start, self._told = folder / "queue.json", active, start, told
        self._file_lock, self._lock = FileLock(folder / "queue.lock", timeout=_MOST_SECONDS_FOR_LOCK), threading.RLock()
        self._wake, self._is_over = threading.Event(), False
        self._thread: threading.Thread | None = None

    def names(self) -> list[str]:
        """In order; [] also where the file is damaged."""
        try:
            found = read_json(self._path)
        except (OSError, ValueError):
            return []
        return [name for name in found if isinstance(name, str)] if isinstance(found, list) else []

    def add(self, name: str, *, first: bool = False) -> None:
        """At the end, or at the beginning; it is there once."""
        with self._changing() as names:
            others = [one for one in names if one != name]
            names[:] = [name, *others] if first else [*others, name]
        self._wake.set()

    def remove(self, name: str) -> bool:
        """Whether it was there."""
        with self._changing() as names:
            was_there = name in names
            names[:] = [one for one in names if one != name]
        return was_there

    def rename(self, name: str, now: str) -> None:
        """In its place."""
        with self._changing() as names:
            names[:] = [now if one == name else one for one in names]

    def order(self, wanted: Sequence[str]) -> None:
        """In another order. Raises Problem unless it is of the names that wait."""
        with self._changing() as names:
            if sorted(wanted) != sorted(names):
                raise Problem(409, "the queue is another one by now; look at it again")
            names[:] = wanted

    def step(self) -> str | None:
        """Start the first one if nothing trains; its name, None where none was started."""
        if not self.names():
            return None
        with self._changing() as names:
            if not names or self._active():
                return None
            name = names.pop(0)
            self._start(name)
        return name

    def __enter__(self) -> "Queue":
        self._thread = threading.Thread(target=self._work, daemon=True, name="queue of trainings")
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_over = True
        self._wake.set()
        if self._thread is not None:
            self._thread.join()

    def _work(self) -> None:
        while not self._is_over:
            self._wake.wait(_SECONDS_BETWEEN_LOOKS)
            self._wake.clear()
            try:
                self.step()
            except OSError as error:  # the disk is full, or the folder is gone for a moment
                _log.warning("the queue waits: %s", error)
                self._wake.wait(_SECONDS_AFTER_FAILURE)

    @contextmanager
    def _changing(self) -> Iterator[list[str]]:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._lock, self._file_lock:
            names = self.names()
            before = list(names)
            yield names
            if names == before:
                return
            replace_text(self._path, f"{json.dumps(names, ensure_ascii=False)}\n")
        self._told(names)
