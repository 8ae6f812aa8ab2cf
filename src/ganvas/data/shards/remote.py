"""Files at an address: fetched whole into the cache, of which the newest are kept."""

import contextlib
import os
from pathlib import Path
from typing import IO, Any, cast

from filelock import FileLock

from ganvas.data.cache import cache_errors
from ganvas.data.listing import digest
from ganvas.download import PIECE_BYTES, fetch, sha256
from ganvas.errors import SettingError
from ganvas.wording import counted

MOST_KEPT_BYTES = 8 << 30  # of fetched shards; twenty times what the readers of one stream have open, at 100 MB a shard
LARGEST_SHARD_BYTES = 4 << 30
_WEB = ("http://", "https://")


class UnreachableError(Exception):
    """A file could not be fetched now; the message is the reason, in words that a user understands."""


def is_remote(place: str) -> bool:
    """Whether a source is an address, as https://host/shards/000000.tar or s3://bucket/shards/000000.tar."""
    return "://" in place


def fetched(url: str, folder: Path, *, expected: str = "", most_bytes: int = LARGEST_SHARD_BYTES) -> Path:
    """The file at an address, in `folder`, of which the files not used for longest are removed.

    Args:
        url: http and https by the standard library, all else by fsspec and the package that it needs for that.
        expected: the file's SHA-256; "" where it is not known.
        most_bytes: beyond which it is refused.
    Raises:
        UnreachableError: it cannot be fetched, or is another file.
        SettingError: the address is of no kind that is known, or needs a package that is not installed.
        DiskError, SettingError: the cache cannot be written.
    """
    path = folder / digest([url, expected])
    with cache_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / "fetching.lock"):  # other processes of the same run want the same files
            try:
                if not path.exists():
                    _fetch(url, path, expected, most_bytes)
                os.utime(path)
            finally:
                keep_newest(folder, path)
    return path


def forget(path: Path) -> None:
    """Remove a fetched file that turned out to be damaged, so that it is fetched anew."""
    with contextlib.suppress(OSError):
        path.unlink()


def _fetch(url: str, path: Path, expected: str, most_bytes: int) -> None:
    if url.startswith(_WEB):
        try:
            fetch(url, path, expected or None, way_out="leave that file out", most_bytes=most_bytes)
        except SettingError as error:
            raise UnreachableError(str(error)) from error
        return
    partial = path.with_name(f"{path.name}.partial")
    try:
        with opened(url) as file, partial.open("wb") as kept:
            left = most_bytes + 1
            while left > 0 and (piece := _piece(url, file, min(PIECE_BYTES, left))):
                kept.write(piece)
                left -= len(piece)
        if left <= 0:
            raise UnreachableError(f"{url}: larger than {counted(most_bytes, 'byte')}")
        if expected and sha256(partial) != expected:
            raise UnreachableError(f"{url}: its SHA-256 is not that of the index")
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def knows_ranges(place: str) -> bool:
    """Whether parts of a file can be read without the rest: those of storage, by fsspec."""
    return is_remote(place) and not place.startswith(_WEB)


def opened(url: str) -> IO[bytes]:
    """A file of storage, of which what is asked for is read. Raises as `fetched`."""
    import fsspec

    try:
        return cast("IO[bytes]", cast("Any", fsspec.open(url, "rb")).open())
    except (ImportError, ValueError) as error:  # a package is missing; the kind of address is not known
        raise SettingError(f"{url}: {_one_line(error)}") from error
    except Exception as error:  # every kind of storage has errors of its own
        raise UnreachableError(f"{url} cannot be reached: {_one_line(error)}") from error


def _piece(url: str, file: IO[bytes], size_bytes: int) -> bytes:
    try:
        return file.read(size_bytes)
    except Exception as error:  # likewise
        raise UnreachableError(f"{url}: the connection broke off: {_one_line(error)}") from error


def keep_newest(folder: Path, newest: Path, most_bytes: int = MOST_KEPT_BYTES) -> None:
    """Remove what was not used for longest, half-fetched files too, until what is left takes `most_bytes`; a file that
    is open stays whole for whoever has it open."""
    files = [path for path in folder.iterdir() if path.suffix in ("", ".partial") and path.is_file()]
    with_times = sorted((path.stat().st_mtime_ns, path.stat().st_size, path) for path in files)
    total = sum(size for _, size, _ in with_times)
    for _, size, path in with_times:
        if total <= most_bytes:
            return
        if path != newest:
            with contextlib.suppress(OSError):
                path.unlink()
                total -= size


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
