"""What pages are told as it happens: one hub for all of them, and server-sent events.

A page that is slow, or asleep, is told the latest of each thing and not all that it missed, so that nothing piles up.
"""

import asyncio
import contextlib
import threading
from collections.abc import AsyncGenerator, Callable, Mapping
from typing import Any

from pydantic_core import to_json

QUIET_SECONDS = 15.0  # after which a comment shows that the connection is alive; proxies close idle ones after 30 to 60
RETRY_MILLISECONDS = 1000  # after which a page that lost its connection tries again
STILL_HERE = b": still here\n\n"
MEDIA_TYPE = "text/event-stream"
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}  # the second: nginx passes events on at once
_KEYS = ("name", "id")  # what a value is told apart by from others of its kind
_SAME_THINGS = {"gone": "run"}  # the end of a thing takes the place of what was to be told of it


def event(kind: str, value: object) -> bytes:
    """An event as it is sent. Source: HTML, server-sent events."""
    return f"event: {kind}\ndata: ".encode() + to_json(value, inf_nan_mode="null") + b"\n\n"


async def merged(*streams: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
    """What any of the streams says, as it comes, until all of them have ended; they end where the page leaves."""
    coming = {asyncio.ensure_future(anext(stream)): stream for stream in streams}
    try:
        while coming:
            for one in (await asyncio.wait(coming, return_when=asyncio.FIRST_COMPLETED))[0]:
                stream = coming.pop(one)
                with contextlib.suppress(StopAsyncIteration):
                    yield one.result()
                    coming[asyncio.ensure_future(anext(stream))] = stream
    finally:
        for one in coming:
            one.cancel()
        await asyncio.gather(*coming, return_exceptions=True)
        for stream in streams:
            await stream.aclose()


class Listener:
    """One page's connection: what it is still to be told, the latest of each thing."""

    def __init__(self) -> None:
        self._loop, self._wake = asyncio.get_running_loop(), asyncio.Event()
        self._lock, self._pending = threading.Lock(), dict[tuple[str, str], bytes]()
        self._is_over = False

    def put(self, key: tuple[str, str], told: bytes) -> None:
        """From any thread."""
        with self._lock:
            self._pending.pop(key, None)  # so that it comes after what was told meanwhile
            self._pending[key] = told
        self._awake()

    def end(self) -> None:
        """From any thread."""
        self._is_over = True
        self._awake()

    async def heard(self, quiet_seconds: float) -> list[bytes] | None:
        """What came since the last time, [] after `quiet_seconds` without anything; None at the end."""
        try:
            async with asyncio.timeout(quiet_seconds):
                await self._wake.wait()
        except TimeoutError:
            return []
        self._wake.clear()
        if self._is_over:
            return None
        with self._lock:
            told, self._pending = list(self._pending.values()), {}
        return told

    def _awake(self) -> None:
        try:
            self._loop.call_soon_threadsafe(self._wake.set)
        except RuntimeError:  # its loop has ended, and the page with it
            self._is_over = True


class Hub:
    """What tells all pages. `tell` may be called from any thread."""

    def __init__(self) -> None:
        self._lock, self._listeners = threading.Lock(), set[Listener]()
        self._first: dict[str, Callable[[], object]] = {}
        self._is_closed = False
        self.heard = threading.Event()
        """Set while a page listens."""

    def begin_with(self, name: str, what: Callable[[], object]) -> None:
        """Tell every new page first what there is, under that name in its `snapshot`: runs, queue, jobs, sets, home.

        what: called in a thread.
        """
        self._first[name] = what

    def tell(self, kind: str, value: object) -> None:
        """Tell all pages. A value with a `name` or an `id` takes the place of an earlier one that was not sent yet."""
        with self._lock:
            listeners = list(self._listeners)
        if listeners:
            key, told = _key(kind, value), event(kind, value)
            for listener in listeners:
                listener.put(key, told)

    async def stream(self, quiet_seconds: float = QUIET_SECONDS) -> AsyncGenerator[bytes]:
        """The events of one page: `snapshot` with all that there is, then what happens."""
        listener = Listener()
        with self._lock:
            self._listeners.add(listener)
            self.heard.set()
            is_closed = self._is_closed
        try:
            yield f"retry: {RETRY_MILLISECONDS}\n\n".encode()
            yield await asyncio.to_thread(self._snapshot)
            while not is_closed and (heard := await listener.heard(quiet_seconds)) is not None:
                yield b"".join(heard) or STILL_HERE
        finally:
            with self._lock:
                self._listeners.discard(listener)
                if not self._listeners:
                    self.heard.clear()

    def close(self) -> None:
        """End all streams, so that the server can end."""
        with self._lock:
            self._is_closed = True
            listeners = list(self._listeners)
        for listener in listeners:
            listener.end()

    def _snapshot(self) -> bytes:
        return event("snapshot", {name: what() for name, what in self._first.items()})


def _key(kind: str, value: object) -> tuple[str, str]:
    fields: Mapping[str, Any] = value if isinstance(value, Mapping) else getattr(value, "__dict__", {})
    key = next((str(fields[name]) for name in _KEYS if name in fields), "")
    return _SAME_THINGS.get(kind, kind), key
