"""What the discriminator's sight makes of the set's own pictures, kept so that none of them is looked at twice.

Without augmentation a picture looks the same whenever it comes up again. What is kept is neither saved nor needed: a
run that starts again looks again, and sees the same bits, since pictures are looked at in groups of one size.
"""

from collections.abc import Callable
from hashlib import blake2b

import torch
from torch import Tensor

LARGEST_BYTES = 256 << 20  # 6,000 pictures at 64x64
AT_ONCE = 16


class Remembered:
    """Maps of pictures, found again by the pictures' own bytes; those that came first stay."""

    def __init__(self) -> None:
        self._maps: dict[bytes, list[Tensor]] = {}  # (h, w, C) each
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._maps)

    @torch.no_grad()
    def maps(self, stored: Tensor, look: Callable[[Tensor], list[Tensor]]) -> list[Tensor]:
        """What `look` makes of (B, H, W, C) uint8 pictures: (B, C, h, w) maps, by now mostly from memory.

        Args:
            stored: on the CPU.
            look: uint8 pictures like these -> their maps; a picture's may not depend on the others beside it.
        """
        names = [blake2b(picture.numpy().tobytes(), digest_size=16).digest() for picture in stored]
        found = {name: self._maps[name] for name in names if name in self._maps}
        missing = [place for place, name in enumerate(names) if name not in found]
        for start in range(0, len(missing), AT_ONCE):
            places = missing[start : start + AT_ONCE]
            group = places + places[-1:] * (AT_ONCE - len(places))
            seen = [maps.permute(0, 2, 3, 1) for maps in look(stored[group])]
            for row, place in enumerate(places):
                found[names[place]] = [maps[row].clone() for maps in seen]
                self._keep(names[place], found[names[place]])
        return [torch.stack(maps).permute(0, 3, 1, 2) for maps in zip(*(found[name] for name in names), strict=True)]

    def _keep(self, name: bytes, maps: list[Tensor]) -> None:
        size = sum(one.nbytes for one in maps)
        if self._bytes + size <= LARGEST_BYTES and name not in self._maps:
            self._maps[name] = maps
            self._bytes += size
