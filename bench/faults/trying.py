"""A reader, and what comes of having it read something: it reads, it refuses in one line, or it is wrong."""

import json
import os
import re
import signal
import time
import traceback
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ganvas.errors import GanvasError

MOST_SECONDS = 5.0  # of all processors, for one file
MOST_GROWTH = 256 << 20  # bytes of memory for one file
MOST_GROWTH_OF_PICTURES = 1400 << 20  # as much as data/memory.py lends, and what stands around it
STUCK_SECONDS = 60  # after which the process ends itself
MOST_LETTERS = 60  # of an error, by which one place is told from another
LONGEST_LINE = 1500  # bytes of UTF-8

Read = Callable[[bytes], object]


@dataclass(frozen=True)
class Reader:
    """A good file, and what reads whatever stands in its place.

    until: how many bytes of the good file are damaged, where the rest is pixels or weights.
    """

    good: bytes
    read: Read
    until: int | None = None
    most_growth: int = MOST_GROWTH


Build = Callable[[Path], Reader]


@dataclass(frozen=True)
class Tried:
    """What came of one file: "read", "refused" or "wrong".

    said: the error, or what is wrong. place: where it was refused, the same for the same reason.
    """

    kind: str
    said: str = ""
    place: str = ""
    seconds: float = 0.0


def tried(reader: Reader, stored: bytes) -> Tried:
    """Have a reader read these bytes.

    Its growth is that of the process: memory that was freed before and is taken again is not seen.
    """
    before, started = _memory_kb("VmRSS", start_anew=True), time.process_time()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            reader.read(stored)
        kind, said, place = "read", "", ""
    except GanvasError as error:
        kind, said, place = "refused", str(error), _place(error)
        if "\n" in said or not said.strip() or len(said.encode("utf-8", "replace")) >= LONGEST_LINE:
            kind, said = "wrong", f"not one line: {said[:300]!r}"
    except Exception as error:  # noqa: BLE001 - it is what is looked for
        kind, said, place = "wrong", f"{type(error).__name__}: {str(error)[:300]}", _place(error)
    seconds = time.process_time() - started
    grown = (_memory_kb("VmHWM") - before) << 10
    if seconds > MOST_SECONDS:
        kind, said = "wrong", f"took {seconds:.1f} s; {said[:200]}"
    elif grown > reader.most_growth:
        kind, said = "wrong", f"took {grown >> 20} MB; {said[:200]}"
    return Tried(kind, said, place, seconds)


def _place(error: BaseException | None) -> str:
    """The lines that raised an error and what caused it; of the last cause also the words, but not the numbers."""
    places = []
    while error is not None:
        at = error.__traceback__
        while at is not None and at.tb_next is not None:
            at = at.tb_next
        places.append(
            f"{type(error).__name__}:{Path(at.tb_frame.f_code.co_filename).name}:{at.tb_lineno}" if at else ""
        )
        if isinstance(error, ValidationError):
            places[-1] += f":{error.errors()[0]['type']}"
        if error.__cause__ is None:
            places.append(re.sub("[^a-z ]", "", str(error))[-MOST_LETTERS:])
        error = error.__cause__
    return " ".join(places)


def _memory_kb(name: str, *, start_anew: bool = False) -> int:
    """Of this process, now (VmRSS) or at its most (VmHWM) since it was last told to start anew. Linux only."""
    if start_anew:
        Path("/proc/self/clear_refs").write_text("5")
    with open("/proc/self/status", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith(name))


def alone(function: Callable[..., Any], *arguments: object) -> Any:
    """What a function gives in a fork of this process, as JSON has it; None if a signal ended that.

    Raises:
        RuntimeError: the function raised something, which is on standard error.
    """
    reading, writing = os.pipe()
    if (child := os.fork()) == 0:
        try:
            with os.fdopen(writing, "w") as pipe:
                json.dump(function(*arguments), pipe)
            os._exit(0)
        except BaseException:  # noqa: BLE001 - nothing of this process's own goes on in the fork
            traceback.print_exc()
            os._exit(1)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        told = pipe.read()
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status > 0:
        raise RuntimeError(f"{function.__name__}{arguments} failed")
    return json.loads(told) if status == 0 else None


def watched(reader: Reader, folder: Path) -> Callable[[bytes], Tried]:
    """`tried` for a process that may die of it: the bytes are first kept as `last`, and what does not end is ended."""

    def watch(stored: bytes) -> Tried:
        (folder / "last").write_bytes(stored)
        signal.setitimer(signal.ITIMER_REAL, STUCK_SECONDS)
        found = tried(reader, stored)
        signal.setitimer(signal.ITIMER_REAL, 0)
        return found

    return watch


def in_file(path: Path, read: Callable[[Path], object]) -> Read:
    """Of a reader that takes a path."""
    path.parent.mkdir(parents=True, exist_ok=True)

    def read_bytes(stored: bytes) -> object:
        path.write_bytes(stored)
        return read(path)

    return read_bytes
