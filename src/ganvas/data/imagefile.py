"""images.npy, written and rewritten without ever holding it in memory."""

import io
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from ganvas.data.fit import to_grey

HEADER_BYTES = 128
ROWS_AT_ONCE = 256


class ImageFile:
    """images.npy, written row by row without holding it in memory; the number of rows is known at the end."""

    def __init__(self, path: Path, shape: tuple[int, int, int]) -> None:
        self.path, self.shape, self.rows = path, shape, 0
        self.file = path.open("wb")
        self.file.write(bytes(HEADER_BYTES))

    def append(self, row: np.ndarray) -> None:
        """Add one (H, W, C) uint8 row of `shape`."""
        self.file.write(np.ascontiguousarray(row).data)
        self.rows += 1

    def close(self) -> None:
        """Write the header and put everything on the disk; harmless when repeated."""
        if self.file.closed:
            return
        with self.file:
            self.file.seek(0)
            self.file.write(npy_header((self.rows, *self.shape)))
            self.file.flush()
            os.fsync(self.file.fileno())


def npy_header(shape: tuple[int, ...]) -> bytes:
    """The HEADER_BYTES bytes that precede a uint8 array of `shape` in an .npy file."""
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(buffer, {"descr": "|u1", "fortran_order": False, "shape": shape})
    header = buffer.getvalue()
    if len(header) != HEADER_BYTES:
        raise ValueError(f"an .npy header of {len(header)} bytes for {shape}, expected {HEADER_BYTES}")
    return header


def make_grey(path: Path) -> None:
    """Rewrite images.npy from (N, H, W, 3) to (N, H, W, 1), a few rows at a time."""
    images = np.load(path, mmap_mode="r", allow_pickle=False)
    starts = range(0, len(images), ROWS_AT_ONCE)
    _rewrite(path, (row for start in starts for row in to_grey(images[start : start + ROWS_AT_ONCE])), 1)


def keep_rows(path: Path, kept: Sequence[int]) -> None:
    """Rewrite images.npy with these rows alone."""
    images = np.load(path, mmap_mode="r", allow_pickle=False)
    _rewrite(path, (images[row] for row in kept), images.shape[3])


def _rewrite(path: Path, rows: Iterable[np.ndarray], channels: int) -> None:
    shape = np.load(path, mmap_mode="r", allow_pickle=False).shape
    rewritten = ImageFile(path.with_name("rewritten.npy"), (shape[1], shape[2], channels))
    try:
        for row in rows:
            rewritten.append(row)
    finally:
        rewritten.close()
    os.replace(rewritten.path, path)
