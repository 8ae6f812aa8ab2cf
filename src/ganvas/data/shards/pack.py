"""Write a set of pictures as shards: plain tars in WebDataset's layout, and the index of them.

The same pictures give the same bytes. Files of pictures are kept as they are; arrays become PNGs. The pictures are
dealt out like cards, so that every shard is a fair part of a set that is sorted by class.
"""

import hashlib
import io
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import numpy as np
from PIL import Image

from ganvas.data.doctor import read_entry
from ganvas.data.listing import Broken, Entry, Listing, Source, printable, sorted_classes
from ganvas.data.shards.reading import LABEL_ENDING
from ganvas.errors import PicturesError, SettingError
from ganvas.files import filling
from ganvas.formats.shard_index import INDEX_FILE, MOST_CLASSES, MOST_IN_SHARD, MOST_SHARDS, ShardEntry, ShardIndex
from ganvas.formats.shards import BLOCK, TAR_END, member
from ganvas.wording import counted

SAVED_PNG = {"compress_level": 1}  # as quick as it gets; the next level packs a tenth smaller


@dataclass(frozen=True)
class Packed:
    """What was packed: its index, and what was left out."""

    index: ShardIndex
    left_out: tuple[Broken, ...]


@dataclass
class _Shard:
    """A shard that is being written, which is open only while something is added."""

    path: Path
    pictures: int = 0
    size_bytes: int = 0
    state: "hashlib._Hash" = field(default_factory=hashlib.sha256)

    def add(self, *parts: bytes) -> None:
        with self.path.open("ab") as file:
            for part in parts:
                file.write(part)
                self.state.update(part)
                self.size_bytes += len(part)

    def entry(self) -> ShardEntry:
        return ShardEntry(
            file=self.path.name, pictures=self.pictures, size_bytes=self.size_bytes, sha256=self.state.hexdigest()
        )


def pack_pictures(
    source: Source, out: Path, *, shards: int | None, shard_bytes: int, progress: Callable[[int, int], None] | None
) -> Packed:
    """Write the pictures of a source into a new folder.

    Args:
        shards: how many; None: as many as have about `shard_bytes` each.
        progress: called with (pictures done, pictures in all).
    Raises:
        SettingError: the source is in shards already, or the number of shards does not go with it.
        PicturesError: no picture of it can be read.
        OSError: the folder cannot be written, or is there already and not empty.
    """
    if source.shards is not None:
        raise SettingError(f"{source.name}: is in shards already")
    with source.open() as listing, filling(out) as unfinished:
        entries = listing.entries
        classes = sorted_classes(entry.label for entry in entries)
        if len(classes) > MOST_CLASSES:
            raise SettingError(
                f"{source.name}: more than {MOST_CLASSES:,} classes, which shards do not keep; give a part of it"
            )
        writing = [
            _Shard(unfinished / f"{number:06d}.tar")
            for number in range(_shard_count(source, listing, shards, shard_bytes))
        ]
        numbers = {label: str(number).encode() for number, label in enumerate(classes)}
        left_out, taken = list(listing.broken), 0
        for position, entry in enumerate(entries):
            data = read_entry(listing, position)
            if isinstance(data, Broken):
                left_out.append(data)
            else:
                shard = writing[taken % len(writing)]
                shard.add(*_members(f"{taken:09d}", entry, data, numbers.get(entry.label)))
                shard.pictures += 1
                taken += 1
            if progress:
                progress(position + 1, len(entries))
        if not taken:
            told = f": {left_out[0].file} ({left_out[0].reason})" if left_out else ""
            raise PicturesError(f"{source.name}: holds no picture that can be read{told}")
        for shard in writing:
            shard.add(TAR_END)
        index = ShardIndex(classes=tuple(map(printable, classes)), shards=tuple(shard.entry() for shard in writing))
        (unfinished / INDEX_FILE).write_text(index.model_dump_json(indent=1) + "\n", encoding="utf-8")
    return Packed(index, tuple(Broken(printable(one.file), one.reason) for one in left_out))


def _shard_count(source: Source, listing: Listing, shards: int | None, shard_bytes: int) -> int:
    count = len(listing.entries)
    fewest = max(-(-count // MOST_IN_SHARD), 1)
    if shards is None:
        if any(entry.size_bytes == 0 for entry in listing.entries[:1]):
            raise SettingError(
                f"{source.name}: does not say how large its pictures are; give --shards, a number of shards"
            )
        total = sum(entry.size_bytes + 4 * BLOCK for entry in listing.entries)
        return min(max(-(-total // shard_bytes), fewest), max(count, 1))
    if not count:
        return 1  # which nothing comes into; `pack_pictures` says so
    if not fewest <= shards <= min(count, MOST_SHARDS):
        raise SettingError(
            f"--shards {shards:,}: expected {fewest:,} to {min(count, MOST_SHARDS):,} for {counted(count, 'picture')}"
        )
    return shards


def _members(key: str, entry: Entry, data: bytes | np.ndarray, label: bytes | None) -> list[bytes]:
    ending = PurePosixPath(entry.name).suffix.lower()
    if isinstance(data, np.ndarray):
        data, ending = _png(data), ".png"
    parts = member(f"{key}{ending}", data)
    return parts if label is None else parts + member(f"{key}{LABEL_ENDING}", label)


def _png(pixels: np.ndarray) -> bytes:
    encoded = io.BytesIO()
    plain = pixels[..., 0] if pixels.shape[2:] == (1,) else pixels
    Image.fromarray(np.ascontiguousarray(plain)).save(encoded, "PNG", **SAVED_PNG)
    return encoded.getvalue()
