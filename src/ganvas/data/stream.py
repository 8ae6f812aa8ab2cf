"""Which pictures are shown when: a pure function of how many have been shown, so that a run restarts anywhere."""

import numpy as np
import torch
from torch import Tensor

from ganvas.data.load import PictureSet

PASSES_KEPT = 4


class BatchStream:
    """An endless stream of pictures: every pass over the set is a permutation of its own, and one follows another.

    Position i of the stream depends on the seed and i alone. Several ranks share each batch: rank r has every
    `world_size`-th picture of it, and together they have exactly what one would have alone.

    Args:
        pictures: what to show.
        batch: pictures a batch, over all ranks, when a call does not say.
        seed: of the order, and of which pictures are mirrored.
        rank: which of `world_size` this process is.
        world_size: how many processes train together.
        mirror: show about every second picture mirrored left to right, by a coin thrown for each position.
    Raises:
        ValueError: `rank` is not one of `world_size`, or the batch does not divide among them.
    """

    def __init__(
        self, pictures: PictureSet, batch: int, seed: int, rank: int = 0, world_size: int = 1, *, mirror: bool = False
    ) -> None:
        if not 0 <= rank < world_size:
            raise ValueError(f"rank {rank} is not one of {world_size}")
        self.images = np.asarray(pictures.images)
        self.labels = np.asarray(pictures.labels)
        self.batch, self.seed, self.rank, self.world_size, self.mirror = batch, seed, rank, world_size, mirror
        self._orders: dict[int, np.ndarray] = {}
        self._positions(0, batch)

    def indices(self, images_shown: int, count: int) -> np.ndarray:
        """This rank's share of the `count` pictures that follow after `images_shown`: (count // world_size,) int64.

        Raises:
            ValueError: `count` does not divide among the ranks, or `images_shown` is negative.
        """
        passes, places = np.divmod(self._positions(images_shown, count), len(self.images))
        chosen = np.empty(len(places), np.int64)
        for number in range(int(passes[0]), int(passes[-1]) + 1):
            here = passes == number
            chosen[here] = self._order(number)[places[here]]
        return chosen

    def batch_at(self, images_shown: int, count: int | None = None) -> tuple[Tensor, Tensor]:
        """The same pictures themselves: (B, H, W, C) uint8 and their labels (B,) int64, B = count // world_size."""
        count = self.batch if count is None else count
        chosen = self.indices(images_shown, count)
        images = self.images[chosen]
        if self.mirror:
            flipped = _coins(self.seed, self._positions(images_shown, count))
            pixels = images.view(f"V{images.shape[3]}")  # whole pixels move twice as fast as their channels
            pixels[flipped] = pixels[flipped, :, ::-1]
        return torch.from_numpy(images), torch.from_numpy(self.labels[chosen])

    def _positions(self, images_shown: int, count: int) -> np.ndarray:
        if count < 1 or count % self.world_size or images_shown < 0:
            raise ValueError(f"{count} pictures after {images_shown} cannot be shared by {self.world_size} ranks")
        return np.arange(images_shown + self.rank, images_shown + count, self.world_size, dtype=np.int64)

    def _order(self, number: int) -> np.ndarray:
        """The permutation of pass `number`, sorted from raw random bits: numpy promises those for good, but not the
        shuffling of its generators."""
        if number not in self._orders:
            bits = np.random.Philox(np.random.SeedSequence((self.seed, number))).random_raw(len(self.images))
            while len(self._orders) >= PASSES_KEPT:
                del self._orders[next(iter(self._orders))]
            self._orders[number] = np.argsort(bits, kind="stable")
        return self._orders[number]


def _coins(seed: int, positions: np.ndarray) -> np.ndarray:
    """(B,) positions -> (B,) bool, fair and independent. The mixing is splitmix64's; Steele et al. 2014, OOPSLA."""
    bits = positions.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(seed)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        bits = (bits ^ (bits >> np.uint64(shift))) * np.uint64(factor)
    return (bits ^ (bits >> np.uint64(31))) & np.uint64(1) == 1
