"""Files are opened here: only regular ones, never waiting for one, and no byte beyond the size that was found."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

# A pipe that is opened for reading waits for a writer, unless this is set; Windows has no pipes in its folders.
_NEVER_WAIT = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0) | getattr(os, "O_BINARY", 0)


class NotRegularError(OSError):
    """A pipe, a device, a socket or a folder where a file was expected."""

    def __init__(self) -> None:
        super().__init__("not a regular file")


@contextmanager
def open_regular(path: Path) -> Iterator[BinaryIO]:
    """`path` open for reading. It is checked before it is opened, since opening alone may act on a device, and again
    by its descriptor, since the name may have been given to something else meanwhile.

    Raises:
        NotRegularError: it is no regular file.
        OSError: it cannot be opened.
    """
    if not stat.S_ISREG(path.stat().st_mode):
        raise NotRegularError
    with open(path, "rb", opener=lambda name, flags: os.open(name, flags | _NEVER_WAIT)) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise NotRegularError
        yield file


def read_regular(path: Path, largest_bytes: int) -> bytes:
    """The bytes of a regular file, at most as many as it had when it was opened: none of the endless files of /proc,
    whose size is 0. Of a file that is larger than allowed, one byte too many.

    Raises:
        NotRegularError: it is no regular file.
        OSError: it cannot be read.
    """
    with open_regular(path) as file:
        return file.read(min(os.fstat(file.fileno()).st_size, largest_bytes + 1))
