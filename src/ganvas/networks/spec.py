"""The sizes that a pair of networks is built for, and the geometry that every architecture derives from them.

Legend of shapes, for this whole room: B batch, C channels, H W pixels, Z latent, F features; h w are the height and
width of a small feature map. Maps are NCHW, channels-last in memory, which is what CPU convolutions are fastest in.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from ganvas.config import StatisticsSettings
from ganvas.settings import LARGEST_PX, SMALLEST_PX, STEP_PX

DEFAULT_STATISTICS = StatisticsSettings()


@dataclass(frozen=True)
class NetworkSpec:
    """What the pictures and the settings ask of an architecture.

    Args:
        height, width: pixels; any multiple of 4 from 16 to 1,024, square or not.
        channels: 1 (grey), 3 (RGB) or 4 (RGBA).
        z_dim: numbers in a latent.
        classes: kinds of picture; 0 means unconditional.
        multiplier: of the channels of every layer.
    Raises:
        ValueError: one of them is out of range.
    """

    height: int
    width: int
    channels: int
    z_dim: int
    classes: int = 0
    multiplier: float = 1.0

    def __post_init__(self):
        for name, size_px in (("height", self.height), ("width", self.width)):
            if not SMALLEST_PX <= size_px <= LARGEST_PX or size_px % STEP_PX:
                raise ValueError(f"{name} {size_px}: expected a multiple of {STEP_PX}, {SMALLEST_PX} to {LARGEST_PX}")
        if self.channels not in (1, 3, 4):
            raise ValueError(f"channels {self.channels}: expected 1, 3 or 4")
        if self.z_dim < 1 or self.classes < 0 or self.multiplier <= 0:
            raise ValueError(f"z_dim, classes and multiplier must be at least 1, at least 0 and above 0: {self}")

    @property
    def doublings(self) -> int:
        """How often a generator doubles its map: floor(log2(shorter side / 4)). 28 -> 2, 64 -> 4, 128 -> 5."""
        return (min(self.height, self.width) // 4).bit_length() - 1

    @property
    def start(self) -> tuple[int, int]:
        """(h, w) of a generator's first map, big enough that doubling covers the picture; the rest is cropped.

        28x28 -> 7x7 and 64x64 -> 4x4 exactly; 44x44 -> 6x6, which doubles to 48x48.
        """
        return ceil_halved(self.height, self.doublings), ceil_halved(self.width, self.doublings)

    def scaled(self, channels: int) -> int:
        """`channels` times the multiplier, to the nearest multiple of 8, at least 8: the width vector units like."""
        return max(8, round(channels * self.multiplier / 8) * 8)

    def pyramid(self, *, base: int, cap: int, levels: int) -> list[int]:
        """Channels of `levels` maps, smallest map first: `base` next to the picture, doubling away from it up to `cap`.

        base 64, cap 512, 4 levels -> [512, 256, 128, 64].
        """
        return [self.scaled(min(cap, base << level)) for level in reversed(range(levels))]


@runtime_checkable
class Learner(Protocol):
    """A network that takes something from the pictures before it is trained."""

    def learn(
        self, images: Tensor, labels: Tensor | None, generator: torch.Generator, settings: StatisticsSettings
    ) -> None:
        """Args: (N, C, H, W) pictures in [-1, 1], their labels or None, a source of random numbers, settings."""
        ...


@dataclass(frozen=True)
class Networks:
    """The players. Ranges and shapes:

    generator(z (B, Z), labels (B,) int64 or None) -> images (B, C, H, W) in [-1, 1]
    discriminator(images, labels) -> scores (B,), any real number; discriminator.features(images) -> (B, F)
    encoder(images) -> mean (B, Z), log_variance (B, Z)
    seen(images) -> (B, C, h, w): what of pictures the generator and the discriminator learn from before the first step
    """

    generator: nn.Module
    discriminator: nn.Module
    encoder: nn.Module | None = None
    seen: Callable[[Tensor], Tensor] = lambda images: images

    def learn(
        self,
        images: Tensor,
        labels: Tensor | None,
        generator: torch.Generator,
        settings: StatisticsSettings = DEFAULT_STATISTICS,
    ) -> None:
        """Let those networks that can take from the pictures what linear algebra gives, before the first step.

        Args:
            images: (N, C, h, w) in [-1, 1], as `seen` makes them. labels: (N,) or None. generator: on the CPU.
        """
        for network in (self.generator, self.discriminator):
            if isinstance(network, Learner):
                network.learn(images, labels, generator, settings)


def ceil_halved(size: int, times: int) -> int:
    """`size` halved `times` times, rounding up."""
    return -(-size // 2**times)
