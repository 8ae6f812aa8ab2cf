"""Work in processes of their own, so that the server stays quick and small, and a cancel ends it at once."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from ganvas.files import read_small
from ganvas.studio.problems import Problem

PATIENCE_SECONDS = 5.0  # for a process that was asked to end
MOST_LOG_BYTES = 10_000_000
Told = Callable[[str, int, int | None], None]


class Cancelled(Exception):
    """The work was ended before it was done."""


class Work:
    """A piece of work that was begun.

    Args:
        kind: in worker.WORK.
        request: what the work is given.
        log: the file for what it prints.
    """

    def __init__(self, kind: str, request: Mapping[str, Any], log: Path) -> None:
        log.parent.mkdir(parents=True, exist_ok=True)
        self._log, self._is_cancelled = log, False
        with log.open("wb") as printed:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "ganvas.studio.worker", kind],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=printed,
                start_new_session=True,
                text=True,
                encoding="utf-8",
            )
        assert self._process.stdin is not None
        with suppress(OSError):  # it ended at once; its end says why
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()

    def result(self, told: Told) -> dict[str, Any]:
        """Wait for the end; what came of it.

        Args:
            told: is called as it goes: what is done, how much of it, and of how much.
        Raises:
            Problem: it failed; the sentence says why.
            Cancelled: `cancel` was called.
        """
        process, found = self._process, dict[str, Any]()
        assert process.stdout is not None
        assert process.stdin is not None
        with process.stdout, process.stdin:
            for line in process.stdout:
                with suppress(ValueError):  # it was ended in the middle of a line
                    found = json.loads(line)
                if "text" in found:
                    told(found["text"], found["done"], found["total"])
        status = process.wait()
        if self._is_cancelled:
            raise Cancelled
        if "result" in found:
            self._log.unlink(missing_ok=True)
            return found["result"]
        raise Problem(422, found.get("problem") or self._last_words(status))

    def cancel(self) -> None:
        """End it, and what it started."""
        self._is_cancelled = True
        self._signal(signal.SIGTERM)
        later = threading.Timer(PATIENCE_SECONDS, self._kill)
        later.daemon = True
        later.start()

    def _kill(self) -> None:
        if self._process.poll() is None:
            self._signal(getattr(signal, "SIGKILL", signal.SIGTERM))

    def _signal(self, number: int) -> None:
        if self._process.poll() is not None:
            return
        with suppress(OSError):
            if sys.platform == "win32":
                self._process.terminate()
            else:
                os.killpg(self._process.pid, number)

    def _last_words(self, status: int) -> str:
        if status < 0:
            return "its process was ended by the system; perhaps there was not enough memory"
        with suppress(OSError):
            lines = read_small(self._log, MOST_LOG_BYTES).decode(errors="replace").split("\n")
            if said := next((line for line in reversed(lines) if line.strip()), ""):
                return f"this failed here: {said[:300]}"
        return "this failed here, without a word"
