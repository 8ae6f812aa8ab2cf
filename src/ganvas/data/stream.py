"""Which pictures are shown when: a pure function of how many have been shown, so that a run restarts anywhere."""

from dataclasses import dataclass, replace
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

import numpy as np

from ganvas.data.load import PictureSet
from ganvas.data.order import WHOLE, Share, coins, permutation
from ganvas.data.shards.shown import Loss, ShownShards
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


class Shown(Protocol):
    """Pictures by their positions in an endless stream."""

    def places(self, positions: np.ndarray) -> np.ndarray:
        """(B,) positions -> (B,) int64, the place in the set of the picture that stands at each."""
        ...

    def at(self, positions: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(B,) positions -> (B, H, W, C) uint8 pictures of the caller's own, (B,) int64 labels, (B,) int64 places."""
        ...

    def losses(self) -> list[Loss]:
        """What could not be read of the pictures that were asked for, since this was last called."""
        ...

    def close(self) -> None:
        """End what goes on in the background."""
        ...


class BatchStream:
    """An endless stream of pictures: every pass over the set shows each once, and one follows another.

    Position i of the stream depends on the seed and i alone. Used in a `with`, since pictures out of shards are read
    ahead in the background.

    Args:
        pictures: what to show.
        batch: pictures a batch, when a call does not say.
        seed: of the order, and of which pictures are mirrored.
        mirror: show about every second picture mirrored left to right, by a coin thrown for each position.
        share: which positions of each batch are given; the others are neither read nor decoded.
    Raises:
        ValueError: there is no picture in a batch.
    """

    def __init__(
        self, pictures: PictureSet, batch: int, seed: int, *, mirror: bool = False, share: Share = WHOLE
    ) -> None:
        self.batch, self.seed, self.mirror, self.share = batch, seed, mirror, share
        _positions(0, batch)
        whole = ShownWhole(np.asarray(pictures.images), np.asarray(pictures.labels), seed)
        self._shown: Shown = whole if pictures.endless is None else ShownShards(pictures.endless, seed, share)
        self._lost_elsewhere: list[Loss] = []

    def indices(self, images_shown: int, count: int) -> np.ndarray:
        """Which pictures follow after `images_shown`, whosever share they are: (count,) int64.

        Raises:
            ValueError: `count` is below 1, or `images_shown` is negative.
        """
        return self._shown.places(_positions(images_shown, count))

    def batch_at(self, images_shown: int, count: int | None = None) -> Batch:
        """The `count` pictures that follow after `images_shown`; of these, the stream's share.

        Raises:
            PicturesError: too many of them can no longer be read.
            ValueError: `count` is below 1, or `images_shown` is negative.
        """
        import torch

        positions = _positions(images_shown, self.batch if count is None else count)
        positions = positions[self.share.has(positions)]
        images, labels, places = self._shown.at(positions)
        mirrored = np.zeros(len(positions), bool)
        if self.mirror:
            mirrored = coins(self.seed, positions)
            pixels = images.view(f"V{images.shape[3]}")  # whole pixels move twice as fast as their channels
            pixels[mirrored] = pixels[mirrored, :, ::-1]
        return Batch(*map(torch.from_numpy, (images, labels, places, mirrored)))

    def losses(self) -> list[Loss]:
        """What could not be read of the batches so far, since this was last called."""
        elsewhere, self._lost_elsewhere = self._lost_elsewhere, []
        return self._shown.losses() + elsewhere

    def add_loss(self, loss: Loss) -> None:
        """Count in what another process could not read of its share."""
        self._lost_elsewhere.append(loss)

    def close(self) -> None:
        """End what goes on in the background; harmless when repeated."""
        self._shown.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class ShownWhole:
    """A set of which every picture is at hand: each pass is a permutation of its own.

    Args:
        images: (N, H, W, C) uint8, perhaps mapped into memory. labels: (N,) int64.
    """

    def __init__(self, images: np.ndarray, labels: np.ndarray, seed: int) -> None:
        self.images, self.labels, self.seed = images, labels, seed
        self._orders: dict[int, np.ndarray] = {}

    def places(self, positions: np.ndarray) -> np.ndarray:
        """As `Shown` says."""
        passes, places = np.divmod(positions, len(self.images))
        chosen = np.empty(len(places), np.int64)
        for number in np.unique(passes).tolist():
            here = passes == number
            chosen[here] = self._order(number)[places[here]]
        return chosen

    def at(self, positions: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """As `Shown` says."""
        chosen = self.places(positions)
        return self.images[chosen], self.labels[chosen], chosen

    def losses(self) -> list[Loss]:
        """Nothing is lost."""
        return []

    def close(self) -> None:
        """Nothing goes on in the background."""

    def _order(self, number: int) -> np.ndarray:
        """The permutation of pass `number`."""
        if number not in self._orders:
            while len(self._orders) >= PASSES_KEPT:
                del self._orders[next(iter(self._orders))]
            self._orders[number] = permutation(len(self.images), self.seed, number)
        return self._orders[number]


def _positions(images_shown: int, count: int) -> np.ndarray:
    if count < 1 or images_shown < 0:
        raise ValueError(f"{counted(count, 'picture')} after {images_shown}: expected at least one, after none or more")
    return np.arange(images_shown, images_shown + count, dtype=np.int64)
