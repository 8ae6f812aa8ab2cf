"""How much memory all decoding may take at once, whatever the number of threads."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Budget:
    """So many bytes, lent to threads. A claim on more than all of them waits until it has them all."""

    def __init__(self, total_bytes: int) -> None:
        self._total_bytes = self._free_bytes = total_bytes
        self._changed = threading.Condition()

    @contextmanager
    def lent(self, wanted_bytes: int) -> Iterator[None]:
        """A block that has so many bytes, or all there are; it starts when they are free."""
        wanted_bytes = min(wanted_bytes, self._total_bytes)
        with self._changed:
            self._changed.wait_for(lambda: self._free_bytes >= wanted_bytes)
            self._free_bytes -= wanted_bytes
        try:
            yield
        finally:
            with self._changed:
                self._free_bytes += wanted_bytes
                self._changed.notify_all()


MOST_DECODING_BYTES = 1 << 30  # about what one picture of the largest size takes
DECODING = Budget(MOST_DECODING_BYTES)
"""Of the whole process, as its memory is."""
