"""What reading one picture file may cost: processor time, passes over its pixels, and the pieces it is made of.

A decoder in a thread cannot be stopped from outside. But nearly all of them ask for their file piece by piece, and
there the time is checked; those few that take a file at once are held to what can be counted in it beforehand.
"""

import io
import struct
import time

LARGEST_PIXELS = 100_000_000
# A 16-bit PNG of LARGEST_PIXELS with transparency takes 20 seconds with all that follows; numbers as text (PPM), which
# Pillow reads in Python, 3 seconds a megapixel.
SECONDS_AT_FIRST, SECONDS_PER_MEGAPIXEL, MOST_SECONDS = 5.0, 5.0, 30.0
MOST_SCANNED_PIXELS = 20 * LARGEST_PIXELS  # a progressive JPEG has about 10 scans, and another for its preview
MOST_TILED_PIXELS = 2 * LARGEST_PIXELS  # the tiles of a TIFF go beyond its edges
MOST_TIFF_VALUES = 1 << 19  # of one tag; LARGEST_PIXELS in the smallest tiles, of 16 pixels a side, are 390,625
# Of one block of EXIF, as much as a JPEG's has: each of its entries may name all of it anew. Orientation comes early.
LARGEST_EXIF_BYTES = 1 << 16
_FIRST_PRIVATE_TAG = 32768  # what is private to some program is not read
_TILE_WIDTH, _TILE_LENGTH = 322, 323
_WIDTH, _LENGTH = 256, 257
_TIFF_NUMBERS = frozenset([3, 4, 5, 6, 8, 9, 10, 11, 12, 13, 16, 17, 18])  # bytes and text are taken as they are
_BIG_TIFF = 43
# Where the offset of the directory is, and the formats of that offset, of a count, and of an entry.
_LAYOUT, _BIG_LAYOUT = (4, "I", "H", "HHI4s"), (8, "Q", "Q", "HHQ8s")


class BrokenPicture(Exception):
    """A file that holds no usable picture; the message is the reason."""


class SlowPicture(BrokenPicture):
    """A file that takes too long, which depends on the machine."""


class TimeLimit:
    """So much processor time of the thread that makes it; that others use the processor too is no fault of a file."""

    def __init__(self) -> None:
        self._started, self._seconds = time.thread_time(), SECONDS_AT_FIRST

    def allow_for(self, pixels: int) -> None:
        """Extend it to what a picture of so many pixels may take in all."""
        self._seconds = min(SECONDS_AT_FIRST + SECONDS_PER_MEGAPIXEL * pixels / 1e6, MOST_SECONDS)

    def check(self) -> None:
        """Raises:
        SlowPicture: the time is up.
        """
        if time.thread_time() - self._started > self._seconds:
            raise SlowPicture(f"takes more than {self._seconds:.0f} seconds to read; save it anew as a PNG or a JPEG")


class TimedFile(io.BytesIO):
    """Bytes as a file that checks the time whenever it is read from."""

    def __init__(self, data: bytes, limit: TimeLimit) -> None:
        super().__init__(data)
        self._limit = limit

    def read(self, size: int | None = -1, /) -> bytes:
        self._limit.check()
        return super().read(size)


def check_scans(data: bytes, pixels: int) -> None:
    """A JPEG may go over the whole picture again in a few bytes, thousands of times.

    Raises:
        BrokenPicture: it does so more often than any camera.
    """
    if data.count(b"\xff\xda") * pixels > MOST_SCANNED_PIXELS:
        raise BrokenPicture("more passes over its pixels than any camera writes")


def check_tiff(data: bytes) -> None:
    """A TIFF may list millions of tiles, all in the same place of the file, or tiles far larger than the picture.

    Raises:
        BrokenPicture: it does; what is damaged otherwise is left to the decoder.
    """
    order = {b"II": "<", b"MM": ">"}.get(data[:2])
    if order is None or len(data) < 4:
        return
    at, offset_format, count_format, entry_format = _BIG_LAYOUT if data[2] == _BIG_TIFF else _LAYOUT
    entry = struct.Struct(order + entry_format)
    sides = dict.fromkeys((_WIDTH, _LENGTH, _TILE_WIDTH, _TILE_LENGTH), 0)
    try:
        (start,) = struct.unpack_from(order + offset_format, data, at)
        (entries,) = struct.unpack_from(order + count_format, data, start)
        start += struct.calcsize(order + count_format)
        for position in range(start, start + min(entries, 1 << 16) * entry.size, entry.size):
            tag, kind, count, value = entry.unpack_from(data, position)
            if tag < _FIRST_PRIVATE_TAG and kind in _TIFF_NUMBERS and count > MOST_TIFF_VALUES:
                raise BrokenPicture(f"a TIFF of {count:,} pieces or more; at most {MOST_TIFF_VALUES:,} are read")
            if tag in sides:
                (sides[tag],) = struct.unpack_from(order + ("H" if kind == 3 else "I"), value)
    except struct.error:
        return
    width, length, tile_width, tile_length = sides.values()
    if tile_width and tile_length:
        tiled = -(-width // tile_width) * tile_width * -(-length // tile_length) * tile_length
        if tiled > MOST_TILED_PIXELS:
            raise BrokenPicture(f"a TIFF whose tiles hold {tiled // 10**6:,} megapixels, most of them outside of it")
