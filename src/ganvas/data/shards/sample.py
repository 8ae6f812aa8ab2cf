"""A bounded part of a set of shards, which stands for the whole where something of the whole set is needed."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np

from ganvas.data.listing import Broken, Entry, Listing, Source, Unread, digest
from ganvas.data.shards.reading import LostShardError, ShardReader, ShardSet
from ganvas.wording import counted

LEAST_SHARDS = 4  # that a sample is taken from, if there are so many


def shards_source(shards: ShardSet, count: int) -> Source:
    """As a source, `count` pictures of a set of shards: evenly spread over a few shards that are evenly spread.

    Raises:
        PicturesError: on reading, as the doctor's.
    """

    @contextmanager
    def open_sample() -> Iterator[Listing]:
        reader = ShardReader(shards)
        try:
            yield _listing(reader, count)
        finally:
            reader.close()

    return Source(shards.name, digest([shards.fingerprint, str(count)]), open_sample, shards)


def _listing(reader: ShardReader, count: int) -> Listing:
    shards = reader.shards
    chosen = sampled_shards(shards.counts, count)
    entries: list[Entry] = []
    where: list[tuple[int, int]] = []
    broken: list[Broken] = list(shards.broken)
    for number, each in zip(chosen, shared_out(count, len(chosen)), strict=True):
        name = shards.shards[number].name
        try:
            listing = reader.listing(number)
        except LostShardError as error:
            broken.append(Unread(name, str(error)))
            continue
        for place in spread(len(listing.entries), each):
            entry = listing.entries[place]
            entries.append(replace(entry, name=f"{name}/{entry.name}"))
            where.append((number, place))

    def read(position: int) -> bytes | np.ndarray:
        number, place = where[position]
        try:
            return reader.listing(number).read(place)
        except LostShardError as error:
            raise OSError(str(error)) from error

    return Listing(tuple(entries), read, tuple(broken), notes=(_note(shards, len(entries)),))


def sampled_shards(counts: list[int], count: int) -> list[int]:
    """Numbers of shards, evenly spread, whose pictures together are `count` or all."""
    full = [number for number, pictures in enumerate(counts) if pictures]
    taken = min(LEAST_SHARDS, len(full))
    while True:
        chosen = [full[place] for place in spread(len(full), taken)]
        pairs = zip(chosen, shared_out(count, taken), strict=True)
        if taken == len(full) or sum(min(counts[number], each) for number, each in pairs) >= count:
            return chosen
        taken = min(2 * taken, len(full))


def shared_out(count: int, parts: int) -> list[int]:
    """`count` in so many parts, which differ by one at most."""
    return [(part + 1) * count // parts - part * count // parts for part in range(parts)]


def spread(total: int, count: int) -> list[int]:
    """`count` of the numbers below `total`, or all, evenly spread, in rising order."""
    count = min(total, count)
    return [(2 * i + 1) * total // (2 * count) for i in range(count)]


def _note(shards: ShardSet, looked_at: int) -> str:
    whole = f"{counted(shards.pictures, 'picture')} in {counted(len(shards.shards), 'shard')}"
    return f"{whole}, decoded as they are shown; what is said here is of {looked_at:,} of them, as scores are"
