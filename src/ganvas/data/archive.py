"""Pictures inside zips and tars, read in memory: nothing is unpacked, and no link is followed.

Archives come from strangers. What a header may cost, how many members there are and how far they expand is bounded
while they are listed; each member is bounded again when it is read.
"""

import bz2
import gzip
import io
import lzma
import math
import stat
import tarfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from itertools import pairwise
from pathlib import Path, PurePosixPath
from typing import IO, Any, BinaryIO, Protocol, cast

from ganvas.data.directory import file_fingerprint
from ganvas.data.labels import LARGEST_LABELS_BYTES, Others
from ganvas.data.listing import (
    LARGEST_FILE_BYTES,
    MOST_ENTRIES,
    Broken,
    Listing,
    Source,
    is_picture,
)
from ganvas.errors import PicturesError
from ganvas.files import open_regular
from ganvas.wording import counted

LARGEST_MEMBER_BYTES = 16 * 1024**3
# Photographs hardly shrink, drawings in BMP or TIFF to a fiftieth; a bomb to a thousandth and less.
LARGEST_EXPANSION = 100
EXPANSION_FROM_BYTES = 1 << 30  # what unpacks to less does no harm, however small it was packed
LARGEST_TAR_HEADER_BYTES = 1 << 18  # of one member: long names, PAX records and maps of sparse files
LARGEST_ZIP_DIRECTORY_BYTES = 1 << 28
LARGEST_DICTIONARY_BYTES = 1 << 28  # of xz; its strongest preset takes a quarter
LONGEST_NAME = 4096  # PATH_MAX of Linux
ZIP_LOCAL_HEADER_BYTES = 30  # at least
_LINK = "a link inside an archive, which is not followed"
_ENCRYPTED = 1  # bit of a member's flags
_DIRECTORY_ENTRY = b"PK\x01\x02"
_START_BYTES = 4096  # has what tells compressions apart, and the size of xz's dictionary


class _Bomb(Exception):
    """What an archive has too much of; the message is the rest of a sentence about it."""


def zip_source(path: Path) -> Source:
    """The pictures inside a zip, in order of name, read in memory.

    Raises:
        PicturesError: on opening, if the archive is damaged or a bomb.
    """
    return Source(str(path), file_fingerprint("zip", path), lambda: _open_zip(path))


def tar_source(path: Path) -> Source:
    """The pictures inside a tar, compressed or not, in the order of the archive, read in memory.

    Raises:
        PicturesError: on opening, if the archive is damaged from its start or a bomb.
    """
    return Source(str(path), file_fingerprint("tar", path), lambda: _open_tar(path))


def is_zip(path: Path) -> bool:
    """Whether the file looks like a zip."""
    with open_regular(path) as file:
        return zipfile.is_zipfile(file)


def is_tar(path: Path) -> bool:
    """Whether the file starts like a tar, compressed or not."""
    try:
        with open_regular(path) as file, _tar(file):
            return True
    except _Bomb:
        return True
    except Exception:  # noqa: BLE001 - of every compression, and of whatever the file is instead
        return False


def _inside(name: str) -> str:
    """A member's name as a plain relative path: it is only shown and used for labels, never opened."""
    name = name[:LONGEST_NAME].replace("\\", "/")
    return "/".join(part for part in PurePosixPath(name).parts if part not in ("/", "..", "."))


def _check_expansion(unpacked_bytes: int, packed_bytes: int) -> None:
    if unpacked_bytes > max(EXPANSION_FROM_BYTES, LARGEST_EXPANSION * packed_bytes):
        raise _Bomb(f"unpacks to more than {LARGEST_EXPANSION} times its size")


def _check_count(count: int, most: int) -> None:
    if count > most:
        raise _Bomb(f"holds more than {counted(most, 'file')}")


def _refused(path: Path, bomb: _Bomb) -> PicturesError:
    return PicturesError(f"{path}: {bomb}; if you trust it, unpack it yourself and give the folder")


class _HeaderReader(io.RawIOBase):
    """A file whose reader takes from it how much to read, and is held to `allowed_bytes` until these are set anew."""

    def __init__(self, file: IO[bytes], allowed_bytes: float) -> None:
        self.file, self.allowed_bytes = file, allowed_bytes

    def read(self, size: int = -1, /) -> bytes:
        if self.allowed_bytes == math.inf:
            return self.file.read(size)
        data = self.file.read(size if 0 <= size <= self.allowed_bytes else int(self.allowed_bytes) + 1)
        self.allowed_bytes -= max(size, len(data))
        if self.allowed_bytes < 0:
            raise _Bomb("has headers that are too large")
        _check_count(data.count(_DIRECTORY_ENTRY), MOST_ENTRIES)
        return data

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        return self.file.seek(offset, whence)

    def tell(self) -> int:
        return self.file.tell()

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True


@contextmanager
def _open_zip(path: Path) -> Iterator[Listing]:
    with ExitStack() as stack:
        try:
            headers = _HeaderReader(stack.enter_context(open_regular(path)), LARGEST_ZIP_DIRECTORY_BYTES)
            archive = stack.enter_context(zipfile.ZipFile(cast("IO[bytes]", headers)))
            headers.allowed_bytes = math.inf
            members = [info for info in archive.infolist() if not info.is_dir()]
            _check_members(members, path.stat().st_size)
        except _Bomb as bomb:
            raise _refused(path, bomb) from bomb
        except Exception as error:  # a damaged directory raises nearly anything
            raise PicturesError(f"{path}: cannot be read as a zip; it may be cut off or damaged") from error
        yield _zip_listing(archive, members)


def _check_members(members: Sequence[zipfile.ZipInfo], packed_bytes: int) -> None:
    """Members that share bytes make one file into thousands; honest zips have none."""
    ordered = sorted(members, key=lambda info: info.header_offset)
    for before, after in pairwise(ordered):
        if before.header_offset + ZIP_LOCAL_HEADER_BYTES + before.compress_size > after.header_offset:
            raise _Bomb("has members that overlap")
    _check_expansion(sum(info.file_size for info in members if is_picture(_inside(info.filename))), packed_bytes)


def _zip_listing(archive: zipfile.ZipFile, members: Sequence[zipfile.ZipInfo]) -> Listing:
    infos = sorted(members, key=lambda info: info.filename)
    others, plain, broken = Others(), [], []

    def read_info(info: zipfile.ZipInfo, largest_bytes: int) -> bytes:
        with archive.open(info) as member:
            return member.read(largest_bytes + 1)

    for info in infos:
        name = _inside(info.filename)
        if not is_picture(name):
            others.add(name, partial(read_info, info, LARGEST_LABELS_BYTES))
        elif stat.S_ISLNK(info.external_attr >> 16):
            broken.append(Broken(name, _LINK))
        elif info.flag_bits & _ENCRYPTED:
            broken.append(Broken(name, "needs a password; unpack the archive yourself"))
        else:
            plain.append(info)
    pictures = [(_inside(info.filename), info.file_size) for info in plain]
    return others.listing(pictures, lambda i: read_info(plain[i], LARGEST_FILE_BYTES), broken)


def _open_tar(path: Path) -> AbstractContextManager[Listing]:
    return open_tar(path, Others(), MOST_ENTRIES)


class NotPictures(Protocol):
    """Is told of the files in an archive that are no pictures, and lists the pictures with what these say of them."""

    def add(self, name: str, read: Callable[[], bytes]) -> None:
        """Take in a file; `read` gives its bytes, at most LARGEST_LABELS_BYTES and one more."""
        ...

    def listing(
        self, pictures: Sequence[tuple[str, int]], read: Callable[[int], bytes], broken: Sequence[Broken]
    ) -> Listing:
        """Of pictures (name, bytes) with their labels."""
        ...


@contextmanager
def open_tar(path: Path, others: NotPictures, most_files: int) -> Iterator[Listing]:
    """The pictures of a tar, listed by `others`, which is handed the other files in order.

    Raises:
        PicturesError: it is damaged from its start, a bomb, or of more files than that.
    """
    with ExitStack() as stack:
        try:
            archive, headers = stack.enter_context(_tar(stack.enter_context(open_regular(path))))
            pictures, broken = _tar_members(archive, headers, path, others, most_files)
        except _Bomb as bomb:
            raise _refused(path, bomb) from bomb
        except PicturesError:
            raise
        except Exception as error:  # every compression has errors of its own
            raise PicturesError(f"{path}: cannot be read as a tar; it may be cut off or damaged") from error

        def read(i: int) -> bytes:
            _, size, offset = pictures[i]
            return _read_at(headers.file, offset, min(size, LARGEST_FILE_BYTES + 1))

        yield others.listing([(name, size) for name, size, _ in pictures], read, broken)


def _read_at(file: IO[bytes], offset: int, size_bytes: int) -> bytes:
    file.seek(offset)
    return file.read(size_bytes)


@contextmanager
def _tar(file: BinaryIO) -> Iterator[tuple[tarfile.TarFile, _HeaderReader]]:
    """The tar in an open file, and the reader that holds its headers to LARGEST_TAR_HEADER_BYTES a member."""
    headers = _HeaderReader(_unpacked(file), LARGEST_TAR_HEADER_BYTES)
    with tarfile.open(fileobj=cast("IO[bytes]", headers), mode="r:") as archive:
        yield archive, headers


def _unpacked(file: BinaryIO) -> IO[bytes]:
    """The bytes of `file`, unpacked as they are read.

    Raises:
        lzma.LZMAError: unpacking would take more than LARGEST_DICTIONARY_BYTES.
    """
    start = file.read(_START_BYTES)
    file.seek(0)
    if start.startswith(b"\x1f\x8b"):
        return cast("IO[bytes]", gzip.GzipFile(fileobj=file))
    if start.startswith(b"BZh"):
        return bz2.BZ2File(file)
    if start.startswith(b"\xfd7zXZ\0"):
        lzma.LZMADecompressor(memlimit=LARGEST_DICTIONARY_BYTES).decompress(start, max_length=1)
        return lzma.LZMAFile(file)
    return file


def _tar_members(
    archive: tarfile.TarFile, headers: _HeaderReader, path: Path, others: NotPictures, most_files: int
) -> tuple[list[tuple[str, int, int]], list[Broken]]:
    """The pictures as (name, bytes, where they start), and what is broken."""
    pictures: list[tuple[str, int, int]] = []
    broken: list[Broken] = []
    count = read_up_to = 0
    packed_bytes = path.stat().st_size
    try:
        while (member := archive.next()) is not None:
            cast("Any", archive).members.clear()  # it keeps them all, and none is asked for again
            headers.allowed_bytes = LARGEST_TAR_HEADER_BYTES
            count += 1
            _check_count(count, most_files)
            name = _inside(member.name)
            if member.size > LARGEST_MEMBER_BYTES:
                raise PicturesError(f"{path}: {name} alone is {member.size >> 30} GB; unpack the archive yourself")
            if archive.offset <= read_up_to:
                raise tarfile.ReadError("a member that ends before it starts")
            read_up_to = archive.offset
            _check_expansion(read_up_to, packed_bytes)
            if member.isdir():
                continue
            if not is_picture(name):
                size_bytes = min(member.size, LARGEST_LABELS_BYTES + 1) if member.isreg() else 0
                others.add(name, partial(_read_at, headers.file, member.offset_data, size_bytes))
            elif member.issparse():
                broken.append(Broken(name, "a sparse file inside an archive, which is not read"))
            elif member.isreg():
                pictures.append((name, member.size, member.offset_data))
            else:
                broken.append(Broken(name, _LINK if member.issym() or member.islnk() else "not a file"))
    except (PicturesError, _Bomb):
        raise
    except Exception as error:  # noqa: BLE001 - every compression has errors of its own
        broken.append(Broken(path.name, f"the archive is damaged after {counted(len(pictures), 'picture')}: {error}"))
    return pictures, broken
