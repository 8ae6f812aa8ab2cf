"""Pictures of seeds, from the kept moments of a run, also while it trains: one at a time, and only when nothing else
wants the processor.
"""

import asyncio
import os
import re
import sys
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

from fastapi import APIRouter, Query, Request, Response

from ganvas.settings import LARGEST_WHOLE, MOST_TRUNCATION
from ganvas.studio.home import Home
from ganvas.studio.problems import Problem
from ganvas.studio.runs.summaries import moment_files
from ganvas.wording import counted

if TYPE_CHECKING:
    from ganvas.workflows.generate import Generator

T = TypeVar("T")
MOST_SEEDS = 64
MOST_PIXELS = 1 << 22  # of one sheet: 64 pictures of 256 px
MOST_MODELS = 4  # held in memory, the last used ones; 1 to 20 MB each
MOST_WAITING = 16  # drawings; a slider that is dragged asks for no more
NICENESS = 10  # of the thread that draws, where the system has that for threads: a training next to it goes first
_SECONDS_BETWEEN_LOOKS = 0.2  # at whether whoever asked still waits
_SEEDS = re.compile(r"(\d{1,20})(?:-(\d{1,20}))?")


class Artist:
    """Draws in one thread of low priority; the models that it used last are kept."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, "drawing", _stand_back)
        self._models: OrderedDict[tuple[object, ...], Generator] = OrderedDict()
        self._lock, self._waiting = threading.Lock(), 0

    def __enter__(self) -> "Artist":
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    def drawing(
        self, weights: "Weights", seeds: Sequence[int], truncation: float, label: str | None
    ) -> "Future[bytes]":
        """A PNG in the making: of one picture, or a sheet of several.

        Raises:
            Problem: too many wait.
        """
        with self._lock:
            if self._waiting >= MOST_WAITING:
                raise Problem(503, "too many pictures are being drawn; try again in a moment")
            self._waiting += 1
        made = self._pool.submit(self._draw, weights, seeds, truncation, label)
        made.add_done_callback(self._has_ended)
        return made

    def in_its_thread(self, work: "Callable[[], T]") -> "Future[T]":
        """Have something else done in the thread that draws."""
        return self._pool.submit(work)

    def _has_ended(self, _: "Future[bytes]") -> None:
        with self._lock:
            self._waiting -= 1

    def _draw(self, weights: "Weights", seeds: Sequence[int], truncation: float, label: str | None) -> bytes:
        from ganvas.formats.images import over_checkerboard, picture_grid
        from ganvas.serving.encoding import encoded

        generator = self._generator(weights)
        described = generator.description
        if len(seeds) * described.height * described.width > MOST_PIXELS:
            raise Problem(
                422, f"{counted(len(seeds), 'picture')} of this size are too many at once; ask for fewer", "seeds"
            )
        pictures = generator.draw(seeds=seeds, truncation=truncation, label=label)
        if len(pictures) == 1:
            return encoded(pictures[0], "png")
        return encoded(picture_grid(over_checkerboard(pictures) if pictures.shape[-1] == 4 else pictures), "png")

    def _generator(self, weights: "Weights") -> "Generator":
        import ganvas

        if (kept := self._models.pop(weights.key, None)) is None:
            kept = ganvas.load(weights.run, at=weights.at)
        self._models[weights.key] = kept
        while len(self._models) > MOST_MODELS:
            self._models.popitem(last=False)
        return kept


class Weights:
    """The weights of a moment of a run.

    run: its folder. at: images shown; None: the best that was measured. key: another one where the file is.
    """

    def __init__(self, run: Path, at: str) -> None:
        self.run = run
        if at == "best":
            self.at, path = None, run / "model" / "generator.safetensors"
        else:
            kept = moment_files(run / "moments")
            wanted = max(kept, default=None) if at == "last" else _at_or_before(at, kept)
            if wanted is None:
                raise Problem(404, f"no model of {run.name} is kept of that moment yet; ask for another", "at")
            self.at, path = wanted, run / "moments" / kept[wanted]
        try:
            found = path.stat()
        except OSError as error:
            raise Problem(404, f"{run.name} has no model yet; it has one after its first steps", "at") from error
        self.key: tuple[object, ...] = (str(path), found.st_mtime_ns, found.st_size, found.st_ino)


def routes(home: Home, artist: Artist) -> APIRouter:
    """Drawing."""
    router = APIRouter()

    @router.get("/api/runs/{name}/draw")
    async def draw(
        name: str,
        request: Request,
        seeds: Annotated[str, Query(max_length=1000)] = "0-15",
        at: Annotated[str, Query(max_length=20)] = "best",
        truncation: Annotated[float, Query(ge=0, le=MOST_TRUNCATION)] = 1.0,
        label: Annotated[str | None, Query(max_length=1000)] = None,
    ) -> Response:
        chosen = seeds_of(seeds)
        weights = await asyncio.to_thread(lambda: Weights(home.run(name), at))
        tag = f'"{sha256(repr((weights.key, chosen, truncation, label)).encode()).hexdigest()[:32]}"'
        headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
        headers |= {} if weights.at is None else {"X-Images": str(weights.at)}
        if tag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        made = artist.drawing(weights, chosen, truncation, label)
        waiting = asyncio.wrap_future(made)
        while not (await asyncio.wait((waiting,), timeout=_SECONDS_BETWEEN_LOOKS))[0]:
            if await request.is_disconnected():
                made.cancel()
                return Response(status_code=499)
        return Response(waiting.result(), media_type="image/png", headers=headers)

    return router


def seeds_of(text: str) -> list[int]:
    """'0-15' or '3,7,20-24' -> seeds.

    Raises:
        Problem: it is neither, or asks for more than MOST_SEEDS.
    """
    seeds: list[int] = []
    for part in text.split(","):
        found = _SEEDS.fullmatch(part.strip())
        first, last = (int(found[1]), int(found[2] or found[1])) if found else (1, 0)
        if first > last or last > LARGEST_WHOLE:
            raise Problem(422, f"seeds {text[:40]!r}: expected whole numbers, as in 0-15 or 3,7,20-24", "seeds")
        if len(seeds) + last - first >= MOST_SEEDS:
            raise Problem(422, f"seeds {text[:40]!r}: expected at most {MOST_SEEDS} at once", "seeds")
        seeds += range(first, last + 1)
    return seeds


def _at_or_before(at: str, kept: dict[int, str]) -> int | None:
    if not re.fullmatch(r"\d{1,18}", at):
        raise Problem(422, f"at {at!r}: expected images shown, best or last", "at")
    return max((images for images in kept if images <= int(at)), default=None)


def _stand_back() -> None:
    """Of the thread that calls it: one core, and after all others."""
    import torch

    torch.set_num_threads(1)
    if sys.platform == "linux":  # whose threads have a niceness of their own
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
