"""Which picture stands where in the stream, and which process and worker deals with it: pure functions of the seed."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

LANES = 4  # places of the shards that are read at once, so that what lies together there is shown apart


@dataclass(frozen=True)
class Share:
    """One worker of one process, of all that share the pictures of a run.

    Position p of the stream is dealt with by process `p % ranks`, and there by worker `p // ranks % workers`. So no
    position is left out or dealt with twice, and what stands at it depends on neither number.

    Raises:
        ValueError: there is no such process or worker.
    """

    rank: int = 0
    ranks: int = 1
    worker: int = 0
    workers: int = 1

    def __post_init__(self) -> None:
        if not (0 <= self.rank < self.ranks and 0 <= self.worker < self.workers):
            raise ValueError(f"rank {self.rank} of {self.ranks}, worker {self.worker} of {self.workers}")

    def has(self, positions: np.ndarray) -> np.ndarray:
        """(B,) int64 positions of the stream -> (B,) bool, which of them are this worker's."""
        return (positions % self.ranks == self.rank) & (positions // self.ranks % self.workers == self.worker)


WHOLE = Share()


def permutation(count: int, *key: int) -> np.ndarray:
    """(count,) int64, the permutation of a key, which is a seed and whatever else tells permutations apart.

    Sorted from raw random bits: numpy promises those for good, but not the shuffling of its generators.
    """
    return np.argsort(np.random.Philox(np.random.SeedSequence(key)).random_raw(count), kind="stable")


def coins(seed: int, positions: np.ndarray) -> np.ndarray:
    """(B,) positions -> (B,) bool, fair and independent. The mixing is splitmix64's; Steele et al. 2014, OOPSLA."""
    bits = positions.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(seed)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        bits = (bits ^ (bits >> np.uint64(shift))) * np.uint64(factor)
    return (bits ^ (bits >> np.uint64(31))) & np.uint64(1) == 1


@dataclass(frozen=True)
class Piece:
    """Pictures that lie one after the other in a shard: `count` of them, from the `first` on; read by that lane."""

    lane: int
    shard: int
    first: int
    count: int


@dataclass(frozen=True)
class Window:
    """Pictures that are in memory together and shuffled among each other.

    first: position in the stream of the one that is shown first. pieces: where they lie, in the order in which they are
    read. order: (W,) int64, for each position from `first` on, which of them stands there.
    """

    first: int
    pieces: tuple[Piece, ...]
    order: np.ndarray

    def __len__(self) -> int:
        return len(self.order)


class ShardOrder:
    """The order of pictures that lie in shards and are only read one after the other.

    Every pass shows each picture once. Its shards are permuted and laid end to end; LANES readers begin evenly spaced
    in that row and go on side by side; what they read next is a window, which is shuffled.

    Args:
        counts: pictures in each shard.
        window: pictures in a window, at most, or one of each lane.
        seed: of all permutations.
    Raises:
        ValueError: there is no picture.
    """

    def __init__(self, counts: Sequence[int], window: int, seed: int) -> None:
        self.counts, self.seed = np.asarray(counts, np.int64), seed
        self.total = int(self.counts.sum())
        if self.total < 1:
            raise ValueError("shards without a picture")
        self.lanes = min(LANES, len(self.counts), self.total)
        self.per_lane = max(window // self.lanes, 1)
        self.starts = np.arange(self.lanes + 1) * self.total // self.lanes  # of each lane, in the row of shards
        self.full_windows = self.total // self.lanes // self.per_lane  # in which every lane has as many as it can
        self.largest = self.per_lane * self.lanes

    @cached_property
    def windows(self) -> int:
        """In a pass."""
        return self.full_windows + (self.total > self.full_windows * self.largest)

    def window_of(self, positions: np.ndarray) -> np.ndarray:
        """(B,) int64 positions of the stream -> (B,) int64, the number of each one's window, over all passes."""
        passes, places = np.divmod(positions, self.total)
        return passes * self.windows + np.minimum(places // self.largest, self.windows - 1)

    def window(self, number: int) -> Window:
        """The window of that number."""
        in_pass, window = divmod(number, self.windows)
        shards = permutation(len(self.counts), self.seed, in_pass)
        ends = np.cumsum(self.counts[shards])
        pieces: list[Piece] = []
        for lane in range(self.lanes):
            at = self.starts[lane] + window * self.per_lane
            end = (
                min(at + self.per_lane, self.starts[lane + 1]) if window < self.full_windows else self.starts[lane + 1]
            )
            while at < end:
                place = int(np.searchsorted(ends, at, "right"))
                shard = int(shards[place])
                count = int(min(end, ends[place]) - at)
                pieces.append(Piece(lane, shard, int(at - ends[place] + self.counts[shard]), count))
                at += count
        size = sum(piece.count for piece in pieces)
        first = in_pass * self.total + window * self.largest
        return Window(first, tuple(pieces), permutation(size, self.seed, in_pass, window + 1))
