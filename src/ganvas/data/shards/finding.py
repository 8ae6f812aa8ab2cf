"""Which shards a source names, and how many pictures are in each: from their index, or counted once."""

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from pydantic import TypeAdapter

from ganvas.data.cache import cache_errors
from ganvas.data.directory import file_fingerprint, holds_only, names_in
from ganvas.data.listing import Broken, digest, sorted_classes
from ganvas.data.shards.parquet import PARQUET_ENDING, parquet_columns
from ganvas.data.shards.reading import (
    LOCAL_WAITS_SECONDS,
    WAITS_SECONDS,
    LostShardError,
    Shard,
    ShardReader,
    ShardSet,
)
from ganvas.data.shards.remote import UnreachableError, fetched, forget, is_remote, knows_ranges, opened
from ganvas.errors import PicturesError, SettingError
from ganvas.files import read_json, read_regular, replace_text
from ganvas.formats.shard_index import (
    INDEX_FILE,
    MOST_CLASSES,
    MOST_INDEX_BYTES,
    MOST_SHARDS,
    ShardIndex,
    read_index,
)
from ganvas.wording import counted

SHARD_ENDINGS = (".tar", ".tar.gz", ".tgz", PARQUET_ENDING)
_RANGE = re.compile(r"\{(\d{1,9})\.\.(\d{1,9})\}")
_COUNTED = TypeAdapter(tuple[list[int], list[str], list[tuple[str, str]]])


def names_shards(text: str) -> bool:
    """Whether a source is one of shards: a pattern such as shards/{000000..000099}.tar, an index.json, an address, or a
    folder of tars or parquet files alone."""
    path = Path(text).expanduser()
    if is_remote(text) or (_RANGE.search(text) and not path.exists()):
        return True
    if path.name == INDEX_FILE:
        return path.is_file()
    return path.is_dir() and bool(holds_only(path, _is_shard))


def find_shards(text: str, kept: Path) -> ShardSet:
    """The shards that a source names, with the pictures in each.

    Args:
        kept: the folder for what is fetched and what was counted.
    Raises:
        SettingError: the source is of no known form, or no shard of it is there.
        PicturesError: its index is damaged, or names no picture.
    """
    base, names, index = _named(text, kept)
    places = [base + name for name in names]
    if index is None:
        return counted_shards(text, places, kept)
    known = {shard.file: shard for shard in index.shards}
    entries = [known[name] for name in names]
    shards = tuple(
        Shard(place, entry.pictures, entry.size_bytes, entry.sha256)
        for place, entry in zip(places, entries, strict=True)
    )
    fingerprint = digest(["shards", *(f"{one.place} {one.pictures} {one.size_bytes} {one.sha256}" for one in shards)])
    return _checked(ShardSet(text, shards, index.classes, fingerprint, kept, waits=_waits(places)))


def expanded(pattern: str) -> list[str]:
    """ "a{08..10}.tar" -> ["a08.tar", "a09.tar", "a10.tar"]; more ranges than one multiply.

    Raises:
        SettingError: they run backwards, or to more than MOST_SHARDS.
    """
    texts = _RANGE.split(pattern)  # text, first, last, text, first, last, ..., text
    names = [texts[0]]
    for first, last, text in zip(texts[1::3], texts[2::3], texts[3::3], strict=True):
        numbers = range(int(first), int(last) + 1)
        if not numbers:
            raise SettingError(f"source {pattern}: {first}..{last} counts backwards; write the smaller number first")
        if len(names) * len(numbers) > MOST_SHARDS:
            raise SettingError(f"source {pattern}: more than {MOST_SHARDS:,} shards; name fewer")
        names = [f"{name}{number:0{len(first)}d}{text}" for name in names for number in numbers]
    return names


def _is_shard(name: str) -> bool:
    return name.lower().endswith(SHARD_ENDINGS) and not name.startswith(".")


def _named(text: str, kept: Path) -> tuple[str, list[str], ShardIndex | None]:
    """The folder or address of the shards, their names there, and the index beside them if it names them all."""
    if not is_remote(text):
        text = str(Path(text).expanduser())
        if Path(text).is_dir():
            text = f"{text}/"
    base, slash, last = text.rpartition("/")
    base += slash
    if "{" in base or "::" in base:
        raise SettingError(f"source {text}: the numbers of shards may stand in the name of the file alone")
    index = _index(base, kept)
    if last and last != INDEX_FILE:
        names = [name.removeprefix(base) for name in expanded(text)]
        is_known = index is not None and set(names) <= {shard.file for shard in index.shards}
        return base, names, index if is_known else None
    there = [] if last or is_remote(text) else [name for name in names_in(Path(base)) if _is_shard(name)]
    indexed = [] if index is None else [shard.file for shard in index.shards]
    if index is not None and set(there) <= set(indexed):
        return base, indexed, index
    if is_remote(text):
        raise SettingError(
            f"source {text}: there is no {INDEX_FILE} to be had; name the shards, as in {base}{{000000..000099}}.tar"
        )
    if len(there) > MOST_SHARDS:
        raise PicturesError(f"{base}: {len(there):,} tars; at most {MOST_SHARDS:,} are read")
    return base, there, None


def _index(base: str, kept: Path) -> ShardIndex | None:
    """The index.json in a folder or below an address; None if there is none.

    Raises:
        PicturesError: it is damaged.
    """
    place = base + INDEX_FILE
    try:
        if is_remote(base):
            path = fetched(place, kept, most_bytes=MOST_INDEX_BYTES)
            data = read_regular(path, MOST_INDEX_BYTES)
            forget(path)
        else:
            data = read_regular(Path(place), MOST_INDEX_BYTES)
    except (UnreachableError, FileNotFoundError):
        return None
    except OSError as error:
        raise PicturesError(f"{place}: cannot be read: {error.strerror or error}") from error
    try:
        return read_index(data)
    except ValueError as error:
        raise PicturesError(
            f"{place}: is no index of shards ({error}); remove it, and they are counted anew"
        ) from error


def counted_shards(name: str, places: Sequence[str], kept: Path) -> ShardSet:
    """The set of shards without an index: each is read once to count its pictures, and the counts are kept.

    Raises:
        PicturesError: none of them holds a picture.
    """
    fingerprint = digest(["counted shards", *(_stamp(place) for place in places)])
    path = kept / f"{fingerprint}.json"
    shards = tuple(Shard(place) for place in places)
    found = ShardSet(name, shards, (), fingerprint, kept, waits=_waits(places))
    known = _known_counts(path, len(shards))
    counts, classes, broken = known or _count(found)
    if not any(counts):
        told = f": {broken[0][0]} ({broken[0][1]})" if broken else ""
        raise PicturesError(f"{name}: no picture can be read in {counted(len(shards), 'shard')}{told}")
    if known is None and (all(counts) or not any(map(is_remote, places))):  # else another day the network may give more
        with cache_errors(kept):
            replace_text(path, json.dumps([counts, classes, broken]))
    shards = tuple(replace(shard, pictures=count) for shard, count in zip(shards, counts, strict=True))
    troubles = tuple(Broken(*pair) for pair in broken)
    return _checked(ShardSet(name, shards, tuple(classes), fingerprint, kept, troubles, _waits(places)))


def _known_counts(path: Path, shards: int) -> tuple[list[int], list[str], list[tuple[str, str]]] | None:
    try:
        known = _COUNTED.validate_python(read_json(path, MOST_INDEX_BYTES))
    except (OSError, ValueError):
        return None
    return known if len(known[0]) == shards and any(known[0]) else None


def _count(shards: ShardSet) -> tuple[list[int], list[str], list[tuple[str, str]]]:
    """Of shards that are not counted yet: the pictures in each, all labels, and what is broken."""
    reader = ShardReader(shards)
    counts: list[int] = []
    labels: set[str] = set()
    broken: list[tuple[str, str]] = []
    for number, shard in enumerate(shards.shards):
        try:
            if knows_ranges(shard.place) and shard.place.endswith(PARQUET_ENDING):
                with opened(shard.place) as file:
                    columns = parquet_columns(file)
                counts.append(columns.rows)
                labels.update(columns.names)
                continue
            listing = reader.listing(number)
        except (LostShardError, UnreachableError, PicturesError) as error:
            counts.append(0)
            broken.append((shard.name, str(error)))
            continue
        counts.append(len(listing.entries))
        labels.update(entry.label for entry in listing.entries)
        broken += [(f"{shard.name}/{one.file}", one.reason) for one in listing.broken]
        if len(labels) > MOST_CLASSES:
            raise PicturesError(
                f"{shards.name}: more than {MOST_CLASSES:,} classes in its .cls files; pack the pictures without them"
            )
    reader.close()
    return counts, list(sorted_classes(labels)), broken


def _waits(places: Sequence[str]) -> tuple[float, ...]:
    return WAITS_SECONDS if any(map(is_remote, places)) else LOCAL_WAITS_SECONDS


def _stamp(place: str) -> str:
    """Of an address alone: what changed there shows when it no longer holds as many pictures."""
    try:
        return place if is_remote(place) else file_fingerprint("shard", Path(place))
    except OSError:
        return f"{place} is missing"


def _checked(shards: ShardSet) -> ShardSet:
    if not shards.pictures:
        raise PicturesError(f"{shards.name}: its index names no picture")
    return shards
