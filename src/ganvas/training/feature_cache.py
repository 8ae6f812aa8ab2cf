"""The frozen features of the set's own pictures, kept so that they are computed once.

Without augmentation a picture has the same features whenever it comes up again. They are not saved: a run
that is resumed computes them again and gets the same bits, since features are computed in groups of one fixed size.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from ganvas.data import Batch

LARGEST_BYTES = 256 << 20  # 6,000 pictures at 64x64
AT_ONCE = 16


class FeatureCache:
    """Feature maps by the picture's index in the set and whether it is mirrored; when full, nothing new is kept."""

    def __init__(self, largest_bytes: int = LARGEST_BYTES) -> None:
        self.largest_bytes = largest_bytes
        self._maps: dict[tuple[int, bool], list[Tensor]] = {}  # (h, w, C) each
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._maps)

    @torch.no_grad()
    def maps(self, batch: Batch, extract: Callable[[Tensor], list[Tensor]]) -> list[Tensor]:
        """The (B, C, h, w) feature maps of the batch's pictures.

        Args:
            batch: on the CPU.
            extract: (AT_ONCE, H, W, C) uint8 pictures -> their maps; a picture's may not depend on the others.
        """
        keys = list(zip(batch.indices.tolist(), batch.mirrored.tolist(), strict=True))
        found = {key: self._maps[key] for key in keys if key in self._maps}
        missing = [place for place, key in enumerate(keys) if key not in found]
        for start in range(0, len(missing), AT_ONCE):
            places = missing[start : start + AT_ONCE]
            group = places + places[-1:] * (AT_ONCE - len(places))
            computed = [maps.permute(0, 2, 3, 1) for maps in extract(batch.images[group])]
            for row, place in enumerate(places):
                found[keys[place]] = [maps[row].clone() for maps in computed]
                self._keep(keys[place], found[keys[place]])
        return [torch.stack(maps).permute(0, 3, 1, 2) for maps in zip(*(found[key] for key in keys), strict=True)]

    def _keep(self, key: tuple[int, bool], maps: list[Tensor]) -> None:
        size = sum(each.nbytes for each in maps)
        if self._bytes + size <= self.largest_bytes and key not in self._maps:
            self._maps[key] = maps
            self._bytes += size
