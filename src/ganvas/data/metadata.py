"""What lies in a picture file beside the picture: where it is so large that decoders refuse it or take minutes over
it, it is dropped before they see it. Every other file passes as it is, byte for byte.
"""

import re
import zlib
from collections.abc import Iterator

from ganvas.data.limits import LARGEST_EXIF_BYTES, TimeLimit

LARGEST_CHUNK_BYTES = 1 << 20  # packed or not, where Pillow refuses a PNG; a profile takes a few kilobytes
LARGEST_METADATA_BYTES = 8 << 20  # of one file in all: a photograph's profile, preview and notes take less
_PNG = b"\x89PNG\r\n\x1a\n"
_OF_THE_PIXELS = frozenset([b"tRNS", b"acTL", b"fcTL", b"fdAT"])
_JPEG_ALONE = frozenset([0x01, *range(0xD0, 0xDA)])
_JPEG_OF_THE_PIXELS = frozenset([0xE0, 0xEE])  # JFIF and Adobe, which say what the numbers mean
# The type of an item's entry. What AVIF turns is in other boxes, and Pillow puts EXIF together before it can be cut.
_AVIF_EXIF = re.compile(rb"(infe[\2\3]\0\0.{4,7})Exif", re.DOTALL)
_PNM_GAP = rb"(?:\s++|#[^\r\n]*+[\r\n])++"  # possessive: nothing is kept to go back to
_PNM_HEADER = re.compile(rb"P(?:[14](?:%b\d+){2}|[2356](?:%b\d+){3})" % (_PNM_GAP, _PNM_GAP))


def without_large_metadata(data: bytes, limit: TimeLimit) -> bytes:
    """The same picture; `data` itself unless something had to be dropped.

    Raises:
        SlowPicture: there is so much in it that looking through it takes too long.
    """
    if data.startswith(_PNG):
        return _joined(data, _png_drops(data, limit))
    if data.startswith(b"\xff\xd8"):
        return _joined(data, _jpeg_drops(data, limit))
    if data.startswith((b"GIF87a", b"GIF89a")):
        return _joined(data, _gif_drops(data, limit))
    if data[4:8] == b"ftyp" and len(data) > LARGEST_EXIF_BYTES:
        return _AVIF_EXIF.sub(rb"\1free", data, count=1)
    if (header := _PNM_HEADER.match(data, 0, LARGEST_METADATA_BYTES)) and header.end() > LARGEST_CHUNK_BYTES >> 8:
        return re.sub(rb"#[^\r\n]*", b"", header[0]) + data[header.end() :]
    return data


def _joined(data: bytes, drops: Iterator[tuple[int, int]]) -> bytes:
    """`data` without these parts of it, which are in rising order."""
    kept, at = [], 0
    for start, end in drops:
        kept.append(memoryview(data)[at:start])
        at = end
    return b"".join([*kept, memoryview(data)[at:]]) if kept else data


def _png_drops(data: bytes, limit: TimeLimit) -> Iterator[tuple[int, int]]:
    """Chunks whose name starts with a small letter may be left out: so the format says."""
    at, total_bytes = len(_PNG), 0
    while at + 12 <= len(data):
        limit.check()
        length, kind = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        end = at + 12 + length
        if kind[:1].islower() and kind not in _OF_THE_PIXELS and end <= len(data):
            size_bytes = _png_size(kind, data[at + 8 : end - 4])
            if size_bytes > LARGEST_CHUNK_BYTES or total_bytes + size_bytes > LARGEST_METADATA_BYTES:
                yield at, end
            else:
                total_bytes += size_bytes
        at = end


def _png_size(kind: bytes, body: bytes) -> int:
    """The bytes of a chunk once it is unpacked, counted no further than beyond LARGEST_CHUNK_BYTES."""
    if kind == b"iTXt":
        _, _, rest = body.partition(b"\0")
        if rest[:1] != b"\1":
            return len(body)
        packed = rest[2:].split(b"\0", 2)[-1]
    elif kind in (b"iCCP", b"zTXt"):
        _, _, rest = body.partition(b"\0")
        packed = rest[1:]
    else:
        return len(body)
    try:
        return max(len(body), len(zlib.decompressobj().decompress(packed, LARGEST_CHUNK_BYTES + 1)))
    except zlib.error:
        return len(body)


def _jpeg_drops(data: bytes, limit: TimeLimit) -> Iterator[tuple[int, int]]:
    at, total_bytes = 2, 0
    while at + 4 <= len(data) and data[at] == 0xFF:
        limit.check()
        kind = data[at + 1]
        if kind == 0xDA:
            return
        if kind == 0xFF or kind in _JPEG_ALONE:
            at += 1 if kind == 0xFF else 2
            continue
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        if kind == 0xFE or (0xE0 <= kind <= 0xEF and kind not in _JPEG_OF_THE_PIXELS):
            total_bytes += end - at
            if total_bytes > LARGEST_METADATA_BYTES and end <= len(data):
                yield at, end
        at = end


def _gif_drops(data: bytes, limit: TimeLimit) -> Iterator[tuple[int, int]]:
    """Comments before the first picture: decoders put them together block by block."""
    at = 13 + (3 << (data[10] & 7) + 1 if len(data) > 10 and data[10] & 0x80 else 0)
    while data[at : at + 1] == b"!":
        limit.check()
        start, kind, at = at, data[at + 1 : at + 2], at + 2
        while at < len(data) and data[at]:
            limit.check()
            at += 1 + data[at]
        at += 1
        if kind == b"\xfe" and at <= len(data):
            yield start, at
