"""Requests that wait for the same model are drawn together: one run of many latents is cheaper than many of one."""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import numpy as np

from ganvas.serving.responses import Answer, Job


class BusyError(Exception):
    """More pictures are in the making already than may be."""


@dataclass
class _Waiting:
    """A job, the parts of it that are drawn, and who waits for all of them."""

    job: Job
    drawn: asyncio.Future[np.ndarray]
    begun: int = 0
    parts: list[np.ndarray] = field(default_factory=list)

    @property
    def left(self) -> int:
        return len(self.job.z) - self.begun


class Batcher:
    """Draws the jobs of one model and makes files of their pictures, in threads of its own.

    A batch takes from the jobs that wait, in turn, and one picture is made into a file beside the films and sheets, so
    that these do not keep it waiting; nothing waits for others to come.

    Args:
        draw: (N, Z) latents and (N,) labels or None -> (N, H, W, C) uint8.
        at_once: pictures a batch.
        most: pictures that may be in the making; one more is refused.
        most_each: of them for one client; None: all.
    """

    def __init__(
        self,
        draw: Callable[[np.ndarray, np.ndarray | None], np.ndarray],
        *,
        at_once: int,
        most: int,
        most_each: int | None = None,
    ):
        self._draw, self._at_once, self._most, self._most_each = draw, at_once, most, most_each or most
        self._of: Counter[str] = Counter()
        self._queue: deque[_Waiting] = deque()
        self._drawer = ThreadPoolExecutor(1, "drawing")
        self._for_one, self._for_many = ThreadPoolExecutor(1, "encoding"), ThreadPoolExecutor(1, "encoding many")
        self._running: asyncio.Task[None] | None = None

    @property
    def in_the_making(self) -> int:
        """Pictures that were asked for and whose answer did not end yet."""
        return self._of.total()

    @property
    def is_full(self) -> bool:
        """Whether not even one more picture is taken."""
        return self.in_the_making >= self._most

    @asynccontextmanager
    async def answering(
        self, job: Job, encode: Callable[[np.ndarray], Answer], client: str = ""
    ) -> AsyncIterator[Answer]:
        """Draw a job, and make its answer of the (N, H, W, C) uint8 pictures, which count until the block ends.

        Who leaves before the drawing is begun leaves no work behind; a file that is being made counts until it is.

        Raises:
            BusyError: too many are in the making.
        """
        count = len(job.z)
        if self.in_the_making + count > self._most or self._of[client] + count > self._most_each:
            raise BusyError
        self._of[client] += count
        encoding: asyncio.Future[Answer] | None = None
        try:
            pictures = await self._drawn(job)
            encoder = self._for_one if count == 1 else self._for_many
            encoding = asyncio.get_running_loop().run_in_executor(encoder, encode, pictures)
            yield await asyncio.shield(encoding)
        finally:
            if encoding is None or encoding.done():
                self._forget(client, count)
            else:
                encoding.add_done_callback(lambda _: self._forget(client, count))

    def close(self) -> None:
        """Wait for what is being made."""
        for each in (self._drawer, self._for_one, self._for_many):
            each.shutdown()

    def _forget(self, client: str, count: int) -> None:
        self._of[client] -= count
        if not self._of[client]:
            del self._of[client]

    async def _drawn(self, job: Job) -> np.ndarray:
        loop = asyncio.get_running_loop()
        mine = _Waiting(job, loop.create_future())
        self._queue.append(mine)
        if self._running is None or self._running.done():
            self._running = loop.create_task(self._work())
        return await mine.drawn

    async def _work(self) -> None:
        loop = asyncio.get_running_loop()
        while batch := self._next():
            try:
                drawn = await loop.run_in_executor(self._drawer, self._draw_all, [job for _, job in batch])
                for (each, _), pictures in zip(batch, drawn, strict=True):
                    each.parts.append(pictures)
                    if each.left == 0 and not each.drawn.done():
                        each.drawn.set_result(np.concatenate(each.parts))
            except Exception as error:  # noqa: BLE001 - whoever waits is told
                for each, _ in batch:
                    if not each.drawn.done():
                        each.drawn.set_exception(error)

    def _next(self) -> list[tuple[_Waiting, Job]]:
        """Parts of the jobs that come next; those that nobody waits for any more are dropped."""
        batch: list[tuple[_Waiting, Job]] = []
        room, unfinished = self._at_once, []
        while self._queue and room:
            each = self._queue.popleft()
            if each.drawn.done():
                continue
            part = slice(each.begun, each.begun + min(each.left, room))
            labels = None if each.job.labels is None else each.job.labels[part]
            batch.append((each, Job(each.job.z[part], labels)))
            room -= part.stop - part.start
            each.begun = part.stop
            if each.left:
                unfinished.append(each)
        self._queue.extend(unfinished)
        return batch

    def _draw_all(self, jobs: list[Job]) -> list[np.ndarray]:
        z = np.concatenate([job.z for job in jobs])
        labelled = [job.labels for job in jobs if job.labels is not None]
        drawn = self._draw(z, np.concatenate(labelled) if labelled else None)
        return np.split(drawn, np.cumsum([len(job.z) for job in jobs])[:-1])
