"""A set of shards, and one reader of it: opened in order, checked, tried again, and given up in words."""

import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import numpy as np

from ganvas.data.archive import open_tar
from ganvas.data.doctor import read_entry
from ganvas.data.listing import OUTSIDE, Broken, Entry, Listing, Unread
from ganvas.data.shards.parquet import PARQUET_ENDING, open_parquet
from ganvas.data.shards.remote import LARGEST_SHARD_BYTES, UnreachableError, fetched, forget, is_remote
from ganvas.download import sha256
from ganvas.errors import PicturesError
from ganvas.formats.shard_index import LONGEST_CLASS, MOST_IN_SHARD
from ganvas.wording import counted

LABEL_ENDING = ".cls"  # WebDataset's: a class by its number, or by its name
MOST_FILES = 8 * MOST_IN_SHARD  # in a shard: of each picture's sample, others may hold captions, boxes, masks
# Before a shard that could not be read is tried again; then it is given up for this pass.
WAITS_SECONDS, LOCAL_WAITS_SECONDS = (1.0, 5.0), (0.0,)


@dataclass(frozen=True)
class Shard:
    """place: a path or an address. pictures: in it; None before they are counted. size_bytes, sha256: of the file,
    if they are known."""

    place: str
    pictures: int | None = None
    size_bytes: int | None = None
    sha256: str = ""

    @property
    def name(self) -> str:
        """As messages call it."""
        return PurePosixPath(self.place.replace("\\", "/")).name


@dataclass(frozen=True)
class ShardSet:
    """A set of pictures in shards.

    classes: names of the numbers in the files of labels, in their order, or all labels that were found when the shards
    were counted. fingerprint: differs whenever the pictures may. kept: the folder for what is fetched. broken: what was
    found when they were counted. waits: seconds before each further try to read a shard.
    """

    name: str
    shards: tuple[Shard, ...]
    classes: tuple[str, ...]
    fingerprint: str
    kept: Path
    broken: tuple[Broken, ...] = ()
    waits: tuple[float, ...] = LOCAL_WAITS_SECONDS

    @property
    def counts(self) -> list[int]:
        """Pictures in each shard."""
        return [shard.pictures or 0 for shard in self.shards]

    @property
    def pictures(self) -> int:
        """In all."""
        return sum(self.counts)


class LostShardError(Exception):
    """A shard cannot be read; the message is the reason, in words that a user understands."""


class ClassFiles:
    """The files of a shard that are no pictures, of which those of labels count.

    Args:
        names: of classes by their numbers; () where labels are taken as they are written.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self._names, self._labels, self._ignored = names, dict[str, str](), 0

    def add(self, name: str, read: Callable[[], bytes]) -> None:
        """As archive.NotPictures says; what is read is so in the order of the shard."""
        if not name.lower().endswith(LABEL_ENDING):
            self._ignored += 1
            return
        text = read()[: 4 * LONGEST_CLASS].decode("utf-8", "replace").strip()[:LONGEST_CLASS]
        is_number = text.isdecimal() and text.isascii() and int(text) < len(self._names)
        self._labels[sample_key(name)] = self._names[int(text)] if is_number else text

    def listing(
        self, pictures: Sequence[tuple[str, int]], read: Callable[[int], bytes], broken: Sequence[Broken]
    ) -> Listing:
        """As archive.NotPictures says. Where some have labels, those without are in the class OUTSIDE."""
        missing = OUTSIDE if self._labels or self._names else ""
        entries = tuple(Entry(name, size, self._labels.get(sample_key(name), "") or missing) for name, size in pictures)
        return Listing(entries, read, tuple(broken), self._ignored)


def sample_key(name: str) -> str:
    """What a picture and its label share: the path up to the first dot of the file's name, as WebDataset has it."""
    folder, slash, file = name.rpartition("/")
    return folder + slash + file.partition(".")[0]


@dataclass
class ShardReader:
    """Reads one shard after another; the one that was read last stays open.

    checked: numbers of the shards whose checksums were found to be right, which readers share. closed: ends waiting.
    """

    shards: ShardSet
    checked: set[int] = field(default_factory=set)
    closed: threading.Event = field(default_factory=threading.Event)
    _number: int | None = None
    _listing: Listing | None = None
    _open: AbstractContextManager[Listing] | None = None

    def listing(self, number: int) -> Listing:
        """What is in a shard, tried again as often as the set says.

        Raises:
            LostShardError: it cannot be read.
            SettingError, DiskError: nothing of its kind can be, or the cache cannot be written.
        """
        if self._listing is not None and self._number == number:
            return self._listing
        waits = iter(self.shards.waits)
        while True:
            self.close()
            try:
                return self._opened(number)
            except (PicturesError, UnreachableError) as error:
                wait = next(waits, None)
                if wait is None or self.closed.wait(wait):
                    raise LostShardError(" ".join(str(error).split())[:300]) from error

    def read(self, number: int, place: int) -> bytes | np.ndarray | Broken:
        """A picture's file out of a shard, or why it cannot be read; what the disk does not give is asked for twice.

        Raises as `listing`.
        """
        data = read_entry(self.listing(number), place)
        if isinstance(data, Unread):
            self.close()
            data = read_entry(self.listing(number), place)
        return data

    def close(self) -> None:
        """Leave the shard that is open; harmless when repeated."""
        opened, self._open, self._listing, self._number = self._open, None, None, None
        if opened is not None:
            opened.__exit__(None, None, None)

    def _opened(self, number: int) -> Listing:
        shard = self.shards.shards[number]
        path = self._path(shard)
        try:
            self._check(number, shard, path)
            is_parquet = shard.place.lower().endswith(PARQUET_ENDING)
            classes = ClassFiles(self.shards.classes)
            opened = open_parquet(path) if is_parquet else open_tar(path, classes, MOST_FILES)
            listing = opened.__enter__()
            found = len(listing.entries)
            if found > MOST_IN_SHARD or (shard.pictures is not None and found != shard.pictures):
                opened.__exit__(None, None, None)
                expected = f"at most {MOST_IN_SHARD:,}" if shard.pictures is None else f"{shard.pictures:,}"
                told = f"; {listing.broken[-1].reason}" if listing.broken else ""
                raise PicturesError(f"holds {counted(found, 'picture')}, expected {expected}{told}")
        except (PicturesError, OSError) as error:
            if is_remote(shard.place):
                forget(path)
            said = error.strerror if isinstance(error, OSError) else None
            raise PicturesError(said or str(error).removeprefix(f"{path}: ")) from error
        self._number, self._listing, self._open = number, listing, opened
        return listing

    def _path(self, shard: Shard) -> Path:
        if not is_remote(shard.place):
            return Path(shard.place)
        most = LARGEST_SHARD_BYTES if shard.size_bytes is None else min(shard.size_bytes, LARGEST_SHARD_BYTES)
        return fetched(shard.place, self.shards.kept, expected=shard.sha256, most_bytes=most)

    def _check(self, number: int, shard: Shard, path: Path) -> None:
        size_bytes = path.stat().st_size
        if number in self.checked or not shard.sha256:
            return
        if shard.size_bytes is not None and size_bytes != shard.size_bytes:
            raise PicturesError(f"has {counted(size_bytes, 'byte')}, expected {shard.size_bytes:,}")
        if sha256(path) != shard.sha256:
            raise PicturesError("its SHA-256 is not that of the index")
        self.checked.add(number)
