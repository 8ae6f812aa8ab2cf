"""What the levels of a cascade learn in a step: to double crops of real pictures and of drawn ones.

A real picture made small says what its enlargement should be, and a discriminator what enlargements of drawn ones
should look like. Both see crops of 64 px, so that a step costs as much for a picture of 256 px as for one of 128, and a
level more.

Source: Ledig et al. 2017, arXiv:1609.04802 (pixels, features and a discriminator together).
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganvas.config import Precision, RunConfig
from ganvas.data import Batch
from ganvas.device import mixed_precision
from ganvas.networks.cascade import CROP_PX, CascadeDiscriminator, CascadeGenerator, cropped
from ganvas.objectives import LOSSES, Loss
from ganvas.ranks import ALONE, Ranks
from ganvas.training.state import TrainingState
from ganvas.training.updates import Numbers, pictures


@dataclass(frozen=True)
class EnlargedCrops:
    """One level's crops in one step: K of real pictures, made small and enlarged again, then K of drawn ones.

    number: the level, from 0. unbounded: (2K, C, h, w), enlarged. real: (K, C, h, w), as they were. Both sets of maps
    are those of the frozen features.
    """

    number: int
    unbounded: Tensor
    real: Tensor
    real_maps: list[Tensor]
    fake_maps: list[Tensor]


def enlarged_crops(
    generator: CascadeGenerator,
    discriminator: CascadeDiscriminator,
    real: Tensor,
    drawn: Tensor,
    numbers: torch.Generator,
    *,
    whole: int | None = None,
    ranks: Ranks = ALONE,
    precision: Precision = "auto",
) -> list[EnlargedCrops]:
    """The crops of every level.

    Args:
        real: (K, C, H, W) whole pictures. drawn: (K, C, h, w) of the base, without a graph.
        numbers: where crops are taken.
        whole: pictures that all `ranks` have together; None: K, those of one.
        precision: as RunConfig's.
    """
    found: list[EnlargedCrops] = []
    for number, (level, images) in enumerate(zip(generator.levels, generator.pyramid(real)[1:], strict=True)):
        wanted = cropped(images, CROP_PX, numbers, whole=whole, ranks=ranks)
        drawn = cropped(drawn, CROP_PX // 2, numbers, whole=whole, ranks=ranks)
        with mixed_precision(real.device, precision):
            unbounded = level(torch.cat((F.avg_pool2d(wanted, 2), drawn))).float()
            fake_maps = discriminator.base.feature_maps(unbounded.clamp(-1, 1))
            with torch.no_grad():
                real_maps = discriminator.base.feature_maps(wanted)
        found.append(EnlargedCrops(number, unbounded, wanted, real_maps, fake_maps))
        drawn = unbounded[len(real) :].detach().clamp(-1, 1)
    return found


@dataclass(frozen=True)
class Levels:
    """What all levels of a cascade are to learn in one step; nothing where there are none.

    weight: of this rank's pictures in the mean over ranks. whole: pictures that all ranks have together.
    """

    discriminator: nn.Module
    every: list[EnlargedCrops]
    pair: Loss
    config: RunConfig
    weight: float = 1.0
    whole: int = 1

    @staticmethod
    def at(state: TrainingState, batch: Batch, drawn: Tensor, config: RunConfig, numbers: Numbers) -> "Levels":
        """Args: drawn: (B, C, h, w) of the base, without a graph."""
        every: list[EnlargedCrops] = []
        weight, whole, ranks = 1.0, state.ranks.count, state.ranks
        if isinstance(state.generator, CascadeGenerator) and state.generator.levels:
            assert isinstance(state.discriminator, CascadeDiscriminator)
            assert config.enlarging is not None
            whole = max(round(config.enlarging.share * len(batch.images) * ranks.count), 1)
            count = ranks.mine_of(whole)
            weight = ranks.weight(count, whole)
            if count:
                real = pictures(state, batch.images[:count])
                every = enlarged_crops(
                    state.generator,
                    state.discriminator,
                    real,
                    drawn[:count],
                    numbers.crops,
                    whole=whole,
                    ranks=ranks,
                    precision=config.precision,
                )
        return Levels(state.discriminator, every, LOSSES[config.objective.loss], config, weight, whole)

    def agree(self, ranks: Ranks) -> None:
        """At the end of a step: the heads of a rank without crops have not followed their weights (spectral.py)."""
        if ranks.count > self.whole:
            ranks.share(self.discriminator.get_submodule("levels").buffers())

    def discriminator_loss(self) -> Tensor | float:
        """The sum over levels, by its weight in the mean over ranks."""
        return self.weight * sum(self.pair.discriminator(*self._scores(crops, detached=True)) for crops in self.every)

    def generator_loss(self) -> Tensor | float:
        """Likewise: what the discriminator says, how far real pictures are from themselves, overshoot."""
        return self.weight * sum(self._generator_loss(crops) for crops in self.every)

    def _generator_loss(self, crops: EnlargedCrops) -> Tensor:
        settings, count = self.config.enlarging, len(crops.real)
        assert settings is not None
        real_scores, fake_scores = self._scores(crops, detached=False)
        pixels = (crops.unbounded[:count] - crops.real).abs().mean()
        maps = zip(crops.fake_maps, crops.real_maps, strict=True)
        features = torch.stack([(fake[:count] - real).square().mean() for fake, real in maps]).mean()
        overshoot = (crops.unbounded - crops.unbounded.detach().clamp(-1, 1)).square().mean()
        loss = self.pair.generator(real_scores.detach(), fake_scores) + settings.pixel_weight * pixels
        return loss + settings.feature_weight * features + self.config.objective.out_of_range_weight * overshoot

    def _scores(self, crops: EnlargedCrops, *, detached: bool) -> tuple[Tensor, Tensor]:
        """(2K * heads,) each: of the real crops, twice, and of the enlarged ones."""
        assert isinstance(self.discriminator, CascadeDiscriminator)
        fake_maps = [maps.detach() for maps in crops.fake_maps] if detached else crops.fake_maps
        with mixed_precision(crops.real.device, self.config.precision):
            real = self.discriminator.level_scores(crops.number, crops.real_maps).float().flatten()
            return real.repeat(2), self.discriminator.level_scores(crops.number, fake_maps).float().flatten()
