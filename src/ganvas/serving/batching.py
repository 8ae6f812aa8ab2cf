"""Who is drawn next: single pictures before films and sheets, one client after another, and no more than can be done.

Requests that wait for the same model are drawn together. What a request costs is reckoned in seconds, from how long
the model's pictures and each format's files took until now.
"""

import asyncio
import math
import operator
import threading
import time
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Generic, TypeVar

import numpy as np

from ganvas.serving.encoding import Kind
from ganvas.serving.responses import Answer, Job

CLIENT_SHARE = 0.5
"""Of what may be in progress, for one client. The first request of a client is let in where there is room at all, and
where there is none as long as it stays within an equal share."""

MOST_OVER = 2
"""Times as much as may be in progress: where even those who stay within an equal share are refused."""

FILES_AT_ONCE = 2
"""Films and sheets, so that a sheet need not wait until a film is made. A lower priority for their threads would make
single pictures wait: who holds Python's lock then waits for the processor. Measured once each, the p99 beside walks was
18 and 3 times that without at niceness 5, and 1.1 and 1.3 times at niceness 0."""

TURN_SECONDS = 0.02
"""Of drawing films and sheets at a stretch: what a single picture may have to wait for, 3 times its own at 64 px."""

FIRST_SECONDS_PER_PICTURE = 0.01  # reckoned with until the first one was drawn
NEWEST_WEIGHT = 0.2  # of the last measure among all: five of them say how fast it is now

Item = TypeVar("Item")


class BusyError(Exception):
    """More work is in progress than may be.

    seconds: that it takes, at least 1.
    """

    def __init__(self, seconds: float):
        super().__init__("too many pictures are in progress")
        self.seconds = max(math.ceil(seconds), 1)


class Pace:
    """Seconds that a picture takes, a moving average of what was measured; `guess` until then."""

    def __init__(self, guess: float):
        self.seconds, self._is_measured = guess, False

    def note(self, seconds: float, pictures: int) -> None:
        """So many pictures took so long together."""
        weight = NEWEST_WEIGHT if self._is_measured else 1.0
        self.seconds += weight * (max(seconds, 1e-9) / pictures - self.seconds)
        self._is_measured = True


class Turns(Generic[Item]):
    """A queue in which clients take turns; may be used from several threads."""

    def __init__(self) -> None:
        self._waiting: OrderedDict[str, deque[Item]] = OrderedDict()
        self._lock = threading.Lock()

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def put(self, client: str, item: Item) -> None:
        """Last of its client's."""
        with self._lock:
            self._waiting.setdefault(client, deque()).append(item)

    def take(self) -> tuple[str, Item]:
        """The next, and whose it is; raises KeyError if there is none."""
        with self._lock:
            client, items = self._waiting.popitem(last=False)
            item = items.popleft()
            if items:
                self._waiting[client] = items
            return client, item


@dataclass(eq=False)
class _Request:
    """What a request takes up; its seconds are given back when its file is made, its pictures when that was sent."""

    client: str
    pictures: int
    seconds: float


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


class _Lane:
    """Requests of one kind: what is in progress, what waits to be drawn, and threads that make files.

    Args:
        most_pictures, most_seconds: that may be in progress.
        threads: that make files.
    """

    def __init__(self, name: str, most_pictures: int, most_seconds: float, *, threads: int = 1):
        self._most = most_pictures, most_seconds
        self._requests: set[_Request] = set()
        self._files: Turns[tuple[Future[Answer], Callable[[], Answer]]] = Turns()
        self._new_threads = partial(ThreadPoolExecutor, threads, name)
        self._threads = self._new_threads()
        self.waiting: Turns[_Waiting] = Turns()
        self.drawing = Pace(FIRST_SECONDS_PER_PICTURE)

    @property
    def pictures(self) -> int:
        return sum(each.pictures for each in self._requests)

    def is_full(self) -> bool:
        return not _fits(_total(self._requests), self._most, strictly=True)

    def enter(self, client: str, pictures: int, seconds: float) -> _Request:
        """Raises BusyError if all that is in progress, or what is of this client, would be too much."""
        every = _total(self._requests)
        others = {each.client for each in self._requests} - {client}
        own = _total(each for each in self._requests if each.client == client)
        mine = own[0] + pictures, own[1] + seconds
        whole = every[0] + pictures, every[1] + seconds
        is_first = own[0] == 0 and not self.is_full()
        has_room = _fits(whole, self._most) and _fits(mine, self._most, CLIENT_SHARE)
        is_fair = _fits(mine, self._most, 1 / (len(others) + 1)) and _fits(whole, self._most, MOST_OVER)
        if not (is_first or has_room or (others and is_fair)):
            raise BusyError(every[1])
        request = _Request(client, pictures, seconds)
        self._requests.add(request)
        return request

    def leave(self, request: _Request) -> None:
        self._requests.discard(request)

    def make(self, client: str, encode: Callable[[], Answer]) -> Future[Answer]:
        """Make a file in this lane's thread, when it is the client's turn."""
        made = Future[Answer]()
        self._files.put(client, (made, encode))
        self._threads.submit(self._make_next)
        return made

    def close(self) -> None:
        self._threads.shutdown()
        self._threads = self._new_threads()

    def _make_next(self) -> None:
        made, encode = self._files.take()[1]
        if made.set_running_or_notify_cancel():
            try:
                made.set_result(encode())
            except Exception as error:  # noqa: BLE001 - whoever waits is told
                made.set_exception(error)


class Batcher:
    """Draws the jobs of one model and makes files of their pictures, in threads of its own.

    Half of what may be in progress is kept for single pictures, the other half for films and sheets. Each batch is of
    one of the two; where both wait, they alternate. Nothing waits for others to come.

    Args:
        draw: (N, Z) latents and (N,) labels or None -> (N, H, W, C) uint8.
        at_once: pictures a batch.
        pixels: of a picture.
        most_pictures: that may be in progress.
        most_seconds: of work that may be in progress.
    """

    def __init__(
        self,
        draw: Callable[[np.ndarray, np.ndarray | None], np.ndarray],
        *,
        at_once: int,
        pixels: int,
        most_pictures: int,
        most_seconds: float,
    ):
        self._draw, self._at_once, self._pixels = draw, at_once, pixels
        self._single = _Lane("files", most_pictures // 2, most_seconds / 2)
        self._many = _Lane("films and sheets", most_pictures // 2, most_seconds / 2, threads=FILES_AT_ONCE)
        self._drawer = ThreadPoolExecutor(1, "drawing")
        self._encoding: dict[Kind, Pace] = {}
        self._running: asyncio.Task[None] | None = None
        self._last = self._many

    @property
    def in_the_making(self) -> int:
        """Pictures that were asked for and whose answer did not end yet."""
        return self._single.pictures + self._many.pictures

    @property
    def is_full(self) -> bool:
        """Whether not even one more picture is taken."""
        return self._single.is_full()

    @asynccontextmanager
    async def answering(
        self, job: Job, encode: Callable[[np.ndarray], Answer], kind: Kind, client: str = ""
    ) -> AsyncIterator[Answer]:
        """Draw a job, and make its answer of the (N, H, W, C) uint8 pictures, which count until the block ends.

        Who leaves before its drawing or its file is begun leaves no work behind; a file that is being made counts
        until it is.

        Args:
            kind: of the file that `encode` makes.
        Raises:
            BusyError: too much is in progress, in all or of this client.
        """
        count = len(job.z)
        lane = self._single if count == 1 else self._many
        pace = self._encoding.setdefault(kind, Pace(kind.seconds_per_megapixel * self._pixels / 1e6))
        request = lane.enter(client, count, count * (lane.drawing.seconds + pace.seconds))
        made: Future[Answer] | None = None
        try:
            pictures = await self._drawn(lane, client, job)
            made = lane.make(client, partial(_timed, pace, count, partial(encode, pictures)))
            answer = await asyncio.shield(asyncio.wrap_future(made))
            request.seconds = 0
            yield answer
        finally:
            if made is None or made.cancel() or made.done():
                lane.leave(request)
            else:
                asyncio.wrap_future(made).add_done_callback(lambda _: lane.leave(request))

    def close(self) -> None:
        """Wait for what is being made. An application that is started again goes on with new threads."""
        self._drawer.shutdown()
        self._drawer = ThreadPoolExecutor(1, "drawing")
        for lane in (self._single, self._many):
            lane.close()

    async def _drawn(self, lane: _Lane, client: str, job: Job) -> np.ndarray:
        loop = asyncio.get_running_loop()
        mine = _Waiting(job, loop.create_future())
        lane.waiting.put(client, mine)
        if self._running is None or self._running.done():
            self._running = loop.create_task(self._work())
        return await mine.drawn

    async def _work(self) -> None:
        loop = asyncio.get_running_loop()
        while (lane := self._next()) is not None:
            if not (batch := _parts(lane.waiting, self._pictures_of_a_turn(lane))):
                continue
            try:
                drawn = await loop.run_in_executor(self._drawer, self._draw_all, lane, [job for _, job in batch])
                for (each, _), pictures in zip(batch, drawn, strict=True):
                    each.parts.append(pictures)
                    if each.left == 0 and not each.drawn.done():
                        each.drawn.set_result(np.concatenate(each.parts))
            except Exception as error:  # noqa: BLE001 - whoever waits is told
                for each, _ in batch:
                    if not each.drawn.done():
                        each.drawn.set_exception(error)

    def _next(self) -> _Lane | None:
        """The lane whose turn it is: of two that wait, the one that was not drawn last."""
        other = self._single if self._last is self._many else self._many
        self._last = other if other.waiting else self._last
        return self._last if self._last.waiting else None

    def _pictures_of_a_turn(self, lane: _Lane) -> int:
        if lane is self._single:
            return self._at_once
        return min(max(int(TURN_SECONDS / lane.drawing.seconds), 1), self._at_once)

    def _draw_all(self, lane: _Lane, jobs: list[Job]) -> list[np.ndarray]:
        z = np.concatenate([job.z for job in jobs])
        labelled = [job.labels for job in jobs if job.labels is not None]
        begun = time.perf_counter()
        drawn = self._draw(z, np.concatenate(labelled) if labelled else None)
        lane.drawing.note(time.perf_counter() - begun, len(z))
        return np.split(drawn, np.cumsum([len(job.z) for job in jobs])[:-1])


def _parts(waiting: Turns[_Waiting], most: int) -> list[tuple[_Waiting, Job]]:
    """Up to so many pictures of the jobs that come next; those that nobody waits for any more are dropped."""
    batch: list[tuple[_Waiting, Job]] = []
    unfinished: list[tuple[str, _Waiting]] = []
    while waiting and most:
        client, each = waiting.take()
        if each.drawn.done():
            continue
        part = slice(each.begun, each.begun + min(each.left, most))
        labels = None if each.job.labels is None else each.job.labels[part]
        batch.append((each, Job(each.job.z[part], labels)))
        most -= part.stop - part.start
        each.begun = part.stop
        if each.left:
            unfinished.append((client, each))
    for client, each in unfinished:
        waiting.put(client, each)
    return batch


def _total(requests: Iterable[_Request]) -> tuple[int, float]:
    """Pictures and seconds."""
    known = list(requests)
    return sum(each.pictures for each in known), sum(each.seconds for each in known)


def _fits(taken: tuple[int, float], most: tuple[int, float], share: float = 1.0, *, strictly: bool = False) -> bool:
    """Whether pictures and seconds are at most a share of what may be; strictly: less."""
    below = operator.lt if strictly else operator.le
    return all(below(each, share * limit) for each, limit in zip(taken, most, strict=True))


def _timed(pace: Pace, pictures: int, encode: Callable[[], Answer]) -> Answer:
    begun = time.perf_counter()
    answer = encode()
    pace.note(time.perf_counter() - begun, pictures)
    return answer
