"""Pictures out of shards as they are shown: read ahead in the background, one window after another."""

import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np

from ganvas.config import PictureSettings
from ganvas.data.decode import quiet_decoders
from ganvas.data.deep import Levels
from ganvas.data.doctor import Inspection, examine
from ganvas.data.listing import Broken, printable
from ganvas.data.order import ShardOrder, Share, Window
from ganvas.data.parallel import in_order
from ganvas.data.shards.reading import LostShardError, ShardReader, ShardSet
from ganvas.errors import PicturesError
from ganvas.wording import counted

MOST_WINDOW_BYTES = 128 << 20  # of decoded pictures; two windows are in memory, the one shown and the next
CHUNK_BYTES, CHUNK_PICTURES = 1 << 20, 32  # handed to a thread at once


@dataclass(frozen=True)
class Endless:
    """What is shown of a set of shards, and how.

    settings: with the channels that the sample was found to have. levels: as `examine` takes them. classes: as they are
    shown. images (N, H, W, C) uint8, labels (N,) int64: of the sample, which takes the place of what cannot be read.
    """

    shards: ShardSet
    settings: PictureSettings
    levels: Mapping[bool, Levels]
    classes: tuple[str, ...]
    images: np.ndarray
    labels: np.ndarray


@dataclass(frozen=True)
class Loss:
    """Pictures that could not be read while they were due, in whose place others were shown.

    pictures: how many. where: a shard, or a picture in it. reason: in words that a user understands.
    """

    pictures: int
    where: str
    reason: str


@dataclass(frozen=True)
class _Loaded:
    """A window in memory.

    rows: (W,) int64, for each picture in the order in which they were read, its row in `images`; -1 for those of other
    shares. images (R, H, W, C) uint8. labels, places: (R,) int64. losses: what could not be read.
    """

    window: Window
    rows: np.ndarray
    images: np.ndarray
    labels: np.ndarray
    places: np.ndarray
    losses: tuple[Loss, ...]


@dataclass
class _Due:
    """A picture that was read and is to be decoded: its row, its shard and name, and its file or why there is none."""

    row: int
    where: str
    label: str
    data: bytes | np.ndarray | Broken


@dataclass
class _Losing:
    """What a window loses, as it is read: how many pictures by shard, and the first reason of each."""

    pictures: Counter[str] = field(default_factory=Counter)
    first: dict[str, tuple[str, str]] = field(default_factory=dict)

    def add(self, shard: str, where: str, reason: str, count: int = 1) -> None:
        self.pictures[shard] += count
        self.first.setdefault(shard, (where, reason))

    def losses(self) -> tuple[Loss, ...]:
        return tuple(Loss(count, *map(printable, self.first[shard])) for shard, count in self.pictures.items())


class ShownShards:
    """Pictures of a set of shards by their positions in an endless stream.

    What stands at a position depends on the seed, the set and the position alone. In the place of a picture that
    cannot be read stands one of the sample; that is counted, and too many of them end it.

    Args:
        share: whose positions will be asked for; only these pictures are read.
    """

    def __init__(self, endless: Endless, seed: int, share: Share) -> None:
        self.endless, self.share = endless, share
        self.order = ShardOrder(endless.shards.counts, _window(endless), seed)
        self._starts = np.concatenate([[0], np.cumsum(self.order.counts)])  # place in the set of each shard's first
        self._numbers = {name: number for number, name in enumerate(endless.classes)}
        self._closed = threading.Event()
        checked: set[int] = set()
        self._readers = [ShardReader(endless.shards, checked, self._closed) for _ in range(self.order.lanes)]
        self._lost_shards: dict[tuple[int, int], str] = {}  # (pass, shard) -> why
        self._background = ThreadPoolExecutor(1, "shards")
        self._loading: dict[int, Future[_Loaded]] = {}
        self._lost: dict[int, int] = {}  # pictures, by window
        self._losses: list[Loss] = []

    def places(self, positions: np.ndarray) -> np.ndarray:
        """As `Shown` says, without reading any."""
        numbers = self.order.window_of(positions)
        places = np.empty(len(positions), np.int64)
        for number in np.unique(numbers).tolist():
            window, here = self.order.window(number), numbers == number
            places[here] = self._places(window)[window.order[positions[here] - window.first]]
        return places

    def at(self, positions: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """As `Shown` says. Those of a picture that takes another's place lie beyond the set.

        Raises:
            PicturesError: too many pictures of a pass cannot be read.
            ValueError: a position is of another share.
        """
        numbers = self.order.window_of(positions)
        images = np.empty((len(positions), *self.endless.images.shape[1:]), np.uint8)
        labels, places = np.empty(len(positions), np.int64), np.empty(len(positions), np.int64)
        for number in np.unique(numbers).tolist():
            loaded, here = self._window(number), numbers == number
            rows = loaded.rows[loaded.window.order[positions[here] - loaded.window.first]]
            if (rows < 0).any():
                raise ValueError(f"positions of another share than {self.share}")
            images[here], labels[here], places[here] = loaded.images[rows], loaded.labels[rows], loaded.places[rows]
        return images, labels, places

    def losses(self) -> list[Loss]:
        """What could not be read of the windows that were asked for, since this was last called."""
        losses, self._losses = self._losses, []
        return losses

    def close(self) -> None:
        """End the reading, and leave the shards that are open."""
        self._closed.set()
        self._background.shutdown(cancel_futures=True)
        self._loading.clear()
        for reader in self._readers:
            reader.close()

    def _window(self, number: int) -> _Loaded:
        """The window of that number; the next one is read from now on, and earlier ones are forgotten."""
        for one in [one for one in self._loading if one not in (number, number + 1)]:
            self._loading.pop(one).cancel()
        is_new = number not in self._lost
        for one in (number, number + 1):
            if one not in self._loading:
                self._loading[one] = self._background.submit(self._load, one)
        loaded = self._loading[number].result()
        if is_new:
            self._losses += loaded.losses
            self._count(number, sum(loss.pictures for loss in loaded.losses), loaded.losses)
        return loaded

    def _count(self, number: int, lost: int, losses: tuple[Loss, ...]) -> None:
        """Raises PicturesError if more pictures of the window's pass are lost than may be."""
        in_pass = number // self.order.windows
        self._lost = {one: count for one, count in self._lost.items() if one // self.order.windows == in_pass}
        self._lost[number] = lost
        most = self.endless.settings.most_lost
        total, due = sum(self._lost.values()), -(-self.order.total // (self.share.ranks * self.share.workers))
        if losses and total > most * due:
            last = losses[-1]
            raise PicturesError(
                f"{self.endless.shards.name}: {counted(total, 'picture')} of {due:,} can no longer be read, more than "
                f"{100 * most:g}%; the last: {last.where} ({last.reason}); mend that, or allow more by "
                "--set pictures.most_lost=0.5"
            )

    def _load(self, number: int) -> _Loaded:
        window = self.order.window(number)
        inverse = np.empty(len(window), np.int64)
        inverse[window.order] = np.arange(len(window))
        mine = self.share.has(window.first + inverse)
        rows = np.where(mine, np.cumsum(mine) - 1, -1)
        sample = self.endless
        places = self._places(window)[mine]
        instead = places % len(sample.images)
        images, labels = np.empty((len(places), *sample.images.shape[1:]), np.uint8), np.zeros(len(places), np.int64)
        is_read, losing = np.zeros(len(places), bool), _Losing()
        in_pass = number // self.order.windows
        self._lost_shards = {lost: why for lost, why in self._lost_shards.items() if lost[0] == in_pass}

        unknown = None if sample.settings.conditional else 0

        def decode(chunk: list[_Due]) -> list[tuple[_Due, Inspection, np.ndarray | None]]:
            return [(due, *examine(due.data, sample.settings, sample.levels, identify=False)) for due in chunk]

        with quiet_decoders():
            for chunk in in_order(decode, self._chunks(window, rows, in_pass, losing)):
                for due, inspection, row in chunk:
                    label = self._numbers.get(due.label, unknown)
                    if row is None or label is None:
                        reason = inspection.broken or f"its class {due.label!r} is not in the index"
                        losing.add(due.where.partition("/")[0], due.where, reason)
                        continue
                    images[due.row], labels[due.row], is_read[due.row] = row, label, True
        lost = np.flatnonzero(~is_read)
        images[lost], labels[lost] = sample.images[instead[lost]], sample.labels[instead[lost]]
        places[lost] = self.order.total + instead[lost]
        return _Loaded(window, rows, images, labels, places, losing.losses())

    def _chunks(
        self, window: Window, rows: np.ndarray, in_pass: int, losing: _Losing
    ) -> Iterator[tuple[list[_Due], int]]:
        """The files of the pictures that are due, some small ones together, and the bytes of each such chunk."""
        chunk: list[_Due] = []
        size_bytes = at = 0
        for piece in window.pieces:
            numbers = rows[at : at + piece.count]
            at += piece.count
            reader, shard = self._readers[piece.lane], self.endless.shards.shards[piece.shard]
            for place in np.flatnonzero(numbers >= 0).tolist():
                if self._closed.is_set():
                    raise LostShardError("closed")
                try:
                    if said := self._lost_shards.get((in_pass, piece.shard)):
                        raise LostShardError(said)
                    data = reader.read(piece.shard, piece.first + place)
                    entry = reader.listing(piece.shard).entries[piece.first + place]
                except LostShardError as error:
                    self._lost_shards[in_pass, piece.shard] = str(error)
                    losing.add(shard.name, shard.name, str(error), int((numbers[place:] >= 0).sum()))
                    break
                chunk.append(_Due(int(numbers[place]), f"{shard.name}/{entry.name}", entry.label, data))
                size_bytes += 0 if isinstance(data, Broken) else len(data)
                if size_bytes >= CHUNK_BYTES or len(chunk) >= CHUNK_PICTURES:
                    yield chunk, size_bytes
                    chunk, size_bytes = [], 0
        if chunk:
            yield chunk, size_bytes

    def _places(self, window: Window) -> np.ndarray:
        """(W,) int64 places in the set, in the order in which a window is read."""
        starts = [self._starts[piece.shard] + piece.first for piece in window.pieces]
        return np.concatenate(
            [np.arange(start, start + piece.count) for start, piece in zip(starts, window.pieces, strict=True)]
        )


def _window(endless: Endless) -> int:
    """Pictures in a window: as many as the settings say, if that much memory allows it."""
    return max(min(endless.settings.shuffle, MOST_WINDOW_BYTES // endless.images[0].nbytes), 1)
