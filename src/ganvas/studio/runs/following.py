"""The events of one run, for a page that watches it: lines of its log as they are written, and moments as they are
drawn.
"""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import suppress
from pathlib import Path

from ganvas.formats.log import read_line
from ganvas.studio.problems import Problem
from ganvas.studio.runs.logs import Tail, as_dict
from ganvas.studio.runs.runs import Runs
from ganvas.studio.runs.summaries import moments_in
from ganvas.studio.runs.watcher import Watcher
from ganvas.studio.watching import QUIET_SECONDS, STILL_HERE, event

RECENT_MOMENTS = 12  # told again at first, so that none is missed between a run's detail and its events


class Follower:
    """What one page was told of a run, and what it is still to be told: what comes from now on."""

    def __init__(self, run: Path, runs: Runs) -> None:
        self._run, self._runs = run, runs
        self._tail = Tail(run / "log.jsonl")
        self._tail.is_rewritten()
        self._tail.offset = _size(run / "log.jsonl")
        self._moments: dict[int, tuple[bool, bool]] | None = None

    def news(self) -> list[bytes]:
        """The events that there are by now. Raises Problem once the run is gone."""
        self._runs.summary(self._run.name)
        told = []
        if self._tail.is_rewritten():
            self._tail.offset = _size(self._run / "log.jsonl")
            told.append(event("rewritten", {}))
        return [*told, *self._lines(), *self._drawn()]

    def _lines(self) -> Iterator[bytes]:
        with suppress(OSError):  # the summary says what is wrong with the log
            for line in self._tail.new_lines():
                found = read_line(line)
                if isinstance(found, dict):
                    yield event("numbers", found)
                elif found is not None:
                    yield event("event", as_dict(found))

    def _drawn(self) -> Iterator[bytes]:
        drawn, kept = (set(moments_in(self._run / name)) for name in ("samples", "moments"))
        now = {images: (images in drawn, images in kept) for images in sorted(drawn | kept)}
        before = self._moments
        new = list(now.items())[-RECENT_MOMENTS:] if before is None else (now.items() - before.items())
        for images, (is_drawn, is_kept) in sorted(new):
            yield event("moment", {"images": images, "drawn": is_drawn, "kept": is_kept})
        for images in sorted((before or {}).keys() - now.keys()):
            yield event("moment", {"images": images, "drawn": False, "kept": False})
        self._moments = now


async def follow(
    run: Path, runs: Runs, watcher: Watcher, quiet_seconds: float = QUIET_SECONDS
) -> AsyncGenerator[bytes]:
    """The events of a run until the page leaves or the run is gone."""
    with watcher.following(run.name) as listener:
        follower = Follower(run, runs)
        heard: list[bytes] | None = [b""]
        while heard is not None:
            news = await asyncio.to_thread(_news, follower) if heard else [STILL_HERE]
            if news is None:
                yield event("gone", {"name": run.name})
                return
            for told in news:
                yield told
            heard = await listener.heard(quiet_seconds)


def _news(follower: Follower) -> list[bytes] | None:
    try:
        return follower.news()
    except Problem:
        return None


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
