"""A log that grows while it is read: only what came since is read, and what is known of it is kept.

A run that goes on rewrites its log (formats/log.py), which is then read from its beginning again.
"""

from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import isnan, nan
from pathlib import Path

from ganvas.files import open_regular
from ganvas.formats.log import Numbers, read_line
from ganvas.formats.log_events import Ended, LoggedEvent, Note, Resumed

MOST_ROWS = 8_000  # of columns: two hours of lines; beyond, every second one that was not measured goes
_PIECE_BYTES = 4_000_000
_OF_A_MEASURE = b'"kernel_distance"'
_OF_AN_EVENT = b'"event"'
_MEASURED = ("kernel_distance", "kernel_distance_error", "pca_distance")
_MOST_EVENTS = 2_000


@dataclass
class Tail:
    """Where in a file reading goes on."""

    path: Path
    offset: int = 0
    _file: tuple[int, int] | None = None

    def is_rewritten(self) -> bool:
        """Whether it is another file by now, a shorter one or gone, so that what was read of it counts no more."""
        try:
            found = self.path.stat()
            now, size = (found.st_dev, found.st_ino), found.st_size
        except OSError:
            now, size = None, 0
        is_same = (self._file is None or now == self._file) and size >= self.offset
        self._file, self.offset = now, self.offset if is_same else 0
        return not is_same

    def new_lines(self) -> Iterator[bytes]:
        """Whole lines that came since; the last piece, which a process may be writing, waits.

        Raises:
            OSError: it is no regular file, or cannot be read. A missing file has no lines.
        """
        try:
            with open_regular(self.path) as file:
                file.seek(self.offset)
                while piece := file.read(_PIECE_BYTES):
                    whole = piece.rfind(b"\n") + 1
                    if not whole:
                        return  # a line without an end yet, or one that is too long to be ours
                    for line in piece[: whole - 1].split(b"\n"):
                        self.offset += len(line) + 1
                        yield line
                    file.seek(self.offset)
        except FileNotFoundError:
            return


@dataclass
class Digest:
    """What a summary needs of a log: its last numbers, the measures and the events. Other lines are not parsed.

    went_on: whether there are numbers after the last event that says how a sitting began or ended.
    """

    tail: Tail
    last: Numbers = field(default_factory=dict)
    measures: list[Numbers] = field(default_factory=list)
    events: list[LoggedEvent] = field(default_factory=list)
    went_on: bool = False

    def read(self) -> None:
        """Take in what came since. Raises OSError where the log cannot be read."""
        if self.tail.is_rewritten():
            self.last, self.measures, self.events, self.went_on = {}, [], [], False
        latest = b""
        for line in self.tail.new_lines():
            if _OF_AN_EVENT in line:
                self._take(read_line(line))
                continue
            self.went_on = True
            is_measure = _OF_A_MEASURE in line
            latest = b"" if is_measure else line
            if is_measure:
                self._take(read_line(line))
        if latest:
            self._take(read_line(latest))

    def _take(self, found: Numbers | LoggedEvent | None) -> None:
        if isinstance(found, dict):
            self.last = found
            while self.measures and self.measures[-1]["images"] >= found["images"]:
                self.measures.pop()
            if all(name in found for name in _MEASURED):
                self.measures.append(found)
        elif found is not None:
            self.events.append(found)
            if isinstance(found, Ended | Resumed):
                self.went_on = False
            if len(self.events) > _MOST_EVENTS:
                del self.events[: _MOST_EVENTS // 2]


class Columns:
    """All numbers of a log as columns, thinned where there are very many lines; and all events."""

    def __init__(self, path: Path) -> None:
        self._tail = Tail(path)
        self._clear()

    def read(self) -> None:
        """Take in what came since. Raises OSError where the log cannot be read."""
        if self._tail.is_rewritten():
            self._clear()
        for line in self._tail.new_lines():
            found = read_line(line)
            if isinstance(found, dict):
                self._append(found)
            elif found is not None:
                self.events.append(found)

    @property
    def offset(self) -> int:
        """Bytes of the log that are in the columns."""
        return self._tail.offset

    @property
    def columns(self) -> dict[str, list[float | None]]:
        """By name, all of one length; None where a line has no such number."""
        return {name: [None if isnan(value) else value for value in column] for name, column in self._columns.items()}

    def _clear(self) -> None:
        self._columns, self._rows, self.events = {"images": array("d"), "seconds": array("d")}, 0, list[LoggedEvent]()

    def _append(self, numbers: Numbers) -> None:
        images = self._columns["images"]
        while self._rows and images[-1] >= numbers["images"]:  # a run that went back writes over it
            for column in self._columns.values():
                column.pop()
            self._rows -= 1
        for name in numbers.keys() - self._columns.keys():
            self._columns[name] = array("d", [nan]) * self._rows
        for name, column in self._columns.items():
            column.append(numbers.get(name, nan))
        self._rows += 1
        if self._rows > MOST_ROWS:
            self._thin()

    def _thin(self) -> None:
        measured = self._columns.get("kernel_distance")
        kept = [row for row in range(self._rows) if row % 2 == 0 or (measured is not None and not isnan(measured[row]))]
        self._columns = {name: array("d", (column[row] for row in kept)) for name, column in self._columns.items()}
        self._rows = len(kept)


def as_dict(event: LoggedEvent) -> dict[str, object]:
    """An event as pages are told: its kind, its sentence and its fields."""
    fields = event.model_dump()
    return {**fields, "event": "note" if isinstance(event, Note) else fields["event"], "text": event.text}
