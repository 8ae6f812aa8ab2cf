"""Looks at what changes in the run folders, once for all pages, and only while one listens.

The runs that train are looked at many times a second, the others every few seconds. Looking is a few calls of stat.
"""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any

from ganvas.studio.problems import Problem
from ganvas.studio.runs.runs import Runs, Signature
from ganvas.studio.runs.states import ACTIVE
from ganvas.studio.watching import Hub, Listener

SECONDS_BETWEEN_LOOKS = 0.05  # at a run that trains: an event is on the page in under 100 ms
SECONDS_BETWEEN_SCANS = 3.0  # of all runs
SECONDS_OF_SLEEP = 0.25  # between looks at whether a page listens
_log = logging.getLogger(__name__)


class Watcher:
    """Tells the hub of runs that are new, changed or gone, and wakes those who follow one run.

    Entered, it looks in a thread of its own.
    """

    def __init__(self, hub: Hub, runs: Runs) -> None:
        self._hub, self._runs, self._lock = hub, runs, threading.RLock()
        self._told: dict[str, dict[str, Any]] = {}
        self._signatures: dict[str, Signature] = {}
        self._followers: dict[str, set[Listener]] = {}
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True, name="watcher of runs")

    def look(self, name: str) -> None:
        """See what became of one run, and tell it if it changed. From any thread."""
        try:
            now = self._runs.summary(name)
        except Problem:
            self._tell_gone(name)
            return
        self._tell(now)

    @contextmanager
    def following(self, name: str) -> Iterator[Listener]:
        """A listener that is woken whenever something of a run changes; in an event loop."""
        listener = Listener()
        with self._lock:
            self._followers.setdefault(name, set()).add(listener)
        try:
            yield listener
        finally:
            with self._lock:
                self._followers[name].discard(listener)
                if not self._followers[name]:
                    del self._followers[name]

    def scan(self) -> None:
        """Look at all runs."""
        found = {one["name"]: one for one in self._runs.summaries()}
        for summary in found.values():
            self._tell(summary)
        for name in self._told.keys() - found.keys():
            self._tell_gone(name)

    def __enter__(self) -> "Watcher":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_over.set()
        self._thread.join()
        self.close()

    def close(self) -> None:
        """End what follows single runs."""
        with self._lock:
            listeners = [each for every in self._followers.values() for each in every]
        for listener in listeners:
            listener.end()

    def _work(self) -> None:
        until_scan = 0.0
        while not self._is_over.wait(SECONDS_BETWEEN_LOOKS):
            while not (self._followers or self._hub.heard.is_set() or self._is_over.wait(SECONDS_OF_SLEEP)):
                until_scan = 0.0
            until_scan -= SECONDS_BETWEEN_LOOKS
            is_scan = until_scan <= 0
            if is_scan:
                until_scan = SECONDS_BETWEEN_SCANS
            try:
                if is_scan:
                    self.scan()
                else:
                    self._look_at_the_lively()
            except Exception:  # noqa: BLE001 - or no page would hear of any run again
                _log.exception("a look at the runs failed")

    def _look_at_the_lively(self) -> None:
        for name in self._lively():
            signature = self._runs.signature(name)
            if signature != self._signatures.get(name):
                self._signatures[name] = signature
                self.look(name)
                self._wake(name)

    def _lively(self) -> set[str]:
        """Names of the runs that train, and of those that are followed."""
        with self._lock:
            training = {name for name, summary in self._told.items() if summary["state"] in ACTIVE}
            return training | set(self._followers)

    def _tell(self, summary: dict[str, Any]) -> None:
        name = summary["name"]
        with self._lock:
            if self._told.get(name) == summary:
                return
            self._told[name] = summary
        self._hub.tell("run", summary)
        self._wake(name)

    def _wake(self, name: str) -> None:
        with self._lock:
            followers = list(self._followers.get(name, ()))
        for listener in followers:
            listener.put(("changed", name), b"")

    def _tell_gone(self, name: str) -> None:
        with self._lock:
            was_there = self._told.pop(name, None) is not None
            self._signatures.pop(name, None)
        if was_there:
            self._hub.tell("gone", {"name": name})
        self._wake(name)
