"""Which pictures are shown when: a pure function of how many have been shown, so that a run restarts anywhere."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ganvas.data.load import PictureSet
from ganvas.wording import counted

if TYPE_CHECKING:  # who only looks at pictures does without PyTorch
    from torch import Tensor

PASSES_KEPT = 4


@dataclass(frozen=True)
class Batch:
    """Pictures of a set, and which they are.

    images: (B, H, W, C) uint8.
    labels: (B,) int64; None for networks without labels.
    indices: (B,) int64, each picture's place in the set.
    mirrored: (B,) bool, whether it is shown mirrored left to right.
    """

    images: "Tensor"
    labels: "Tensor | None"
    indices: "Tensor"
    mirrored: "Tensor"

    def without_labels(self) -> "Batch":
        """The same pictures for networks without labels."""
        return replace(self, labels=None)

    def every(self, step: int, start: int) -> "Batch":
        """The pictures start, start + step, start + 2 step, ... of these."""
        part, labels = slice(start, None, step), self.labels
        return Batch(
            self.images[part], None if labels is None else labels[part], self.indices[part], self.mirrored[part]
        )


class BatchStream:
    """An endless stream of pictures: every pass over the set is a permutation of its own, and one follows another.

    Position i of the stream depends on the seed and i alone.

    Args:
        pictures: what to show.
        batch: pictures a batch, when a call does not say.
        seed: of the order, and of which pictures are mirrored.
        mirror: show about every second picture mirrored left to right, by a coin thrown for each position.
    Raises:
        ValueError: there is no picture in a batch.
    """

    def __init__(self, pictures: PictureSet, batch: int, seed: int, *, mirror: bool = False) -> None:
        self.images = np.asarray(pictures.images)
        self.labels = np.asarray(pictures.labels)
        self.batch, self.seed, self.mirror = batch, seed, mirror
        self._orders: dict[int, np.ndarray] = {}
        _positions(0, batch)

    def indices(self, images_shown: int, count: int) -> np.ndarray:
        """Which pictures follow after `images_shown`: (count,) int64.

        Raises:
            ValueError: `count` is below 1, or `images_shown` is negative.
        """
        passes, places = np.divmod(_positions(images_shown, count), len(self.images))
        chosen = np.empty(len(places), np.int64)
        for number in range(int(passes[0]), int(passes[-1]) + 1):
            here = passes == number
            chosen[here] = self._order(number)[places[here]]
        return chosen

    def batch_at(self, images_shown: int, count: int | None = None) -> Batch:
        """The `count` pictures that follow after `images_shown`."""
        import torch

        count = self.batch if count is None else count
        chosen = self.indices(images_shown, count)
        images, mirrored = self.images[chosen], np.zeros(count, bool)
        if self.mirror:
            mirrored = _coins(self.seed, _positions(images_shown, count))
            pixels = images.view(f"V{images.shape[3]}")  # whole pixels move twice as fast as their channels
            pixels[mirrored] = pixels[mirrored, :, ::-1]
        return Batch(*map(torch.from_numpy, (images, self.labels[chosen], chosen, mirrored)))

    def _order(self, number: int) -> np.ndarray:
        """The permutation of pass `number`, sorted from raw random bits: numpy promises those for good, but not the
        shuffling of its generators."""
        if number not in self._orders:
            bits = np.random.Philox(np.random.SeedSequence((self.seed, number))).random_raw(len(self.images))
            while len(self._orders) >= PASSES_KEPT:
                del self._orders[next(iter(self._orders))]
            self._orders[number] = np.argsort(bits, kind="stable")
        return self._orders[number]


def _positions(images_shown: int, count: int) -> np.ndarray:
    if count < 1 or images_shown < 0:
        raise ValueError(f"{counted(count, 'picture')} after {images_shown}: expected at least one, after none or more")
    return np.arange(images_shown, images_shown + count, dtype=np.int64)


def _coins(seed: int, positions: np.ndarray) -> np.ndarray:
    """(B,) positions -> (B,) bool, fair and independent. The mixing is splitmix64's; Steele et al. 2014, OOPSLA."""
    bits = positions.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(seed)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        bits = (bits ^ (bits >> np.uint64(shift))) * np.uint64(factor)
    return (bits ^ (bits >> np.uint64(31))) & np.uint64(1) == 1
