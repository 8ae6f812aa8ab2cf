"""Work in threads whose results come in order: decoding and resizing leave Python's lock alone."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from ganvas.data.listing import LARGEST_FILE_BYTES

MOST_WORKERS = 8
MOST_BYTES_WAITING = LARGEST_FILE_BYTES // 2

Item = TypeVar("Item")
Result = TypeVar("Result")


def in_order(work: Callable[[Item], Result], items: Iterable[tuple[Item, int]]) -> Iterator[Result]:
    """`work` of every item, in order, in threads.

    At most two items a thread, and MOST_BYTES_WAITING besides the newest, are read and not yet given back.

    Args:
        items: each with its size in bytes.
    """
    workers = min(os.cpu_count() or 1, MOST_WORKERS)
    waiting: deque[tuple[Future[Result], int]] = deque()
    waiting_bytes = 0
    with ThreadPoolExecutor(workers) as pool:
        try:
            for item, size_bytes in items:
                while waiting and (len(waiting) >= 2 * workers or waiting_bytes > MOST_BYTES_WAITING):
                    future, done_bytes = waiting.popleft()
                    waiting_bytes -= done_bytes
                    yield future.result()
                waiting.append((pool.submit(work, item), size_bytes))
                waiting_bytes += size_bytes
            while waiting:
                yield waiting.popleft()[0].result()
        finally:
            for future, _ in waiting:
                future.cancel()
