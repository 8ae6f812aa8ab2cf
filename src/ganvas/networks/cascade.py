"""Large pictures from small ones: the default pair at 64 px or less, and levels that double what it draws.

What a picture shows is learned where it costs least. Each level learns on crops, from real pictures made small and from
what is drawn so far, so that its cost does not grow with the picture.

Source: Denton et al. 2015, arXiv:1506.05751 (a pyramid of generators); Ledig et al. 2017, arXiv:1609.04802 (enlarging
under a discriminator).
"""

from dataclasses import replace
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganvas.config import StatisticsSettings
from ganvas.networks.enlarger import Enlarger
from ganvas.networks.pca_generator import PcaGenerator
from ganvas.networks.projected_discriminator import (
    FrozenFeatures,
    Head,
    PixelFeatures,
    ProjectedDiscriminator,
    heads_on,
    scores_of,
)
from ganvas.networks.spec import NetworkSpec, ceil_halved
from ganvas.ranks import ALONE, Ranks
from ganvas.settings import SMALLEST_PX, STEP_PX

BASE_PX = 64  # of the longer side of what is drawn from latents, at most
CROP_PX = 64  # of a level's crops, at most: what the frozen network sees whole


def base_of(spec: NetworkSpec) -> tuple[NetworkSpec, int]:
    """The pictures that are drawn from latents, and how often they are doubled.

    Doubled, they are as large as those of `spec` or a little larger.
    """
    levels = max(-(-max(spec.height, spec.width) // BASE_PX) - 1, 0).bit_length()
    multiples = [-(-ceil_halved(side, levels) // STEP_PX) * STEP_PX for side in (spec.height, spec.width)]
    height, width = (max(side, SMALLEST_PX) for side in multiples)
    return replace(spec, height=height, width=width), levels


def pyramid(images: Tensor, base: tuple[int, int], levels: int) -> list[Tensor]:
    """(B, C, H, W) pictures at the size of the base and of each level, smallest first.

    Where the base doubled is larger than they are, their edge is repeated at the bottom and the right.
    """
    down, across = (base[0] << levels) - images.shape[2], (base[1] << levels) - images.shape[3]
    every = [F.pad(images, (0, across, 0, down), mode="replicate") if down or across else images]
    while len(every) <= levels:
        every.insert(0, F.avg_pool2d(every[0], 2))
    return every


def cropped(
    images: Tensor, side_px: int, numbers: torch.Generator, *, whole: int | None = None, ranks: Ranks = ALONE
) -> Tensor:
    """(B, C, H, W) -> (B, C, h, w): a square of each at a place of its own; a side that is no longer stays whole.

    Args:
        whole: pictures that all `ranks` have together; None: B, those of one.
    """
    count = len(images) if whole is None else whole
    sides = [min(side_px, side) for side in images.shape[2:]]
    tops, lefts = (
        ranks.mine(torch.randint(length - side + 1, (count,), generator=numbers)).tolist()
        for length, side in zip(images.shape[2:], sides, strict=True)
    )
    places = zip(images, tops, lefts, strict=True)
    return torch.stack([image[:, top : top + sides[0], left : left + sides[1]] for image, top, left in places])


class CascadeGenerator(nn.Module):
    """Latents and labels -> pictures in [-1, 1]: the base draws small ones, each level doubles them.

    level_channels: of the maps of a level.
    """

    def __init__(self, spec: NetworkSpec, level_channels: int):
        super().__init__()
        base, levels = base_of(spec)
        self.size = spec.height, spec.width
        self.base = PcaGenerator(base, has_lengths=True)
        self.levels = nn.ModuleList(Enlarger(spec.channels, wide=level_channels) for _ in range(levels))

    def learn(
        self, images: Tensor, labels: Tensor | None, generator: torch.Generator, settings: StatisticsSettings
    ) -> None:
        """Take the principal components of (N, C, h, w) pictures in [-1, 1] at the size of the base."""
        self.base.learn(images, labels, generator, settings)

    def pyramid(self, images: Tensor) -> list[Tensor]:
        """(B, C, H, W) pictures at the size of the base and of each level."""
        return pyramid(images, self.base.size, len(self.levels))

    def small(self, images: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C, h, w): at the size of the base."""
        return self.pyramid(images)[0]

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        images = self.base(z, labels)
        for level in self.levels:
            images = level(images).clamp(-1, 1)
        return images[:, :, : self.size[0], : self.size[1]]


def pca_generator(generator: nn.Module) -> PcaGenerator:
    """What draws from latents: the default generator itself, or the base of its cascade."""
    base = generator.base if isinstance(generator, CascadeGenerator) else generator
    assert isinstance(base, PcaGenerator)
    return base


class CascadeDiscriminator(nn.Module):
    """Pictures and labels -> scores, of the pictures at the size of the base; higher means "looks real".

    levels: heads that score crops of each level, without labels. All share the frozen features.
    """

    def __init__(self, spec: NetworkSpec, frozen_features: FrozenFeatures | PixelFeatures):
        super().__init__()
        base, levels = base_of(spec)
        self.base_size = base.height, base.width
        self.base = ProjectedDiscriminator(base, frozen_features)
        crops = (replace(base, height=base.height << n, width=base.width << n) for n in range(1, levels + 1))
        self.levels = nn.ModuleList(heads_on(frozen_features, _crop_of(each)) for each in crops)

    def learn(
        self, images: Tensor, labels: Tensor | None, generator: torch.Generator, settings: StatisticsSettings
    ) -> None:
        """Take the statistics of the frozen features from (N, C, h, w) pictures in [-1, 1] at the size of the base."""
        self.base.learn(images, labels, generator, settings)

    def level_scores(self, number: int, maps: list[Tensor]) -> Tensor:
        """What `base.feature_maps` gives for B crops of a level, counted from 0 -> (B, heads)."""
        return scores_of(cast("list[Head]", list(self.levels)[number]), maps, None)

    def features(self, images: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, F), what the scores are read from."""
        return self.base.features(pyramid(images, self.base_size, len(self.levels))[0])

    def forward(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        return self.base(pyramid(images, self.base_size, len(self.levels))[0], labels)


def _crop_of(spec: NetworkSpec) -> NetworkSpec:
    return replace(spec, height=min(CROP_PX, spec.height), width=min(CROP_PX, spec.width), classes=0)
