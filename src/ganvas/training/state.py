"""Everything that a step changes. What is not here is a pure function of the configuration and the clock."""

from dataclasses import dataclass, field

import torch
from torch import nn

from ganvas.networks import NetworkSpec
from ganvas.ranks import ALONE, Ranks
from ganvas.training.adam import Adam
from ganvas.training.feature_cache import FeatureCache
from ganvas.training.tally import Tally


@dataclass
class TrainingState:
    """The players, their optimizers, what was adapted on the way, and the clock.

    spec: what the networks were built for. rescue_rate_factor: what the learning rates are multiplied with at each
        rescue. ranks: among which each batch is parted. All three are fixed.
    features: frozen features of the set's pictures, where the step uses them; changes nothing but the speed.
    augment_share: the probability that an augmentation is applied.
    tally: of what the steps reported since the last measure or rescue.
    rescues: how often the run went back to a good state.

    Random numbers and the place in the data are functions of (seed, images), so they need no state of their own.
    """

    generator: nn.Module
    discriminator: nn.Module
    encoder: nn.Module | None
    averaged: nn.Module | None
    optimizers: dict[str, Adam]
    spec: NetworkSpec
    rescue_rate_factor: float
    device: torch.device
    ranks: Ranks = ALONE
    features: FeatureCache = field(default_factory=FeatureCache)
    tally: Tally = field(default_factory=Tally)
    augment_share: float = 1.0
    rescues: int = 0
    images: int = 0
    seconds: float = 0.0

    def modules(self) -> dict[str, nn.Module]:
        """The networks that there are, by name."""
        every = {
            "generator": self.generator,
            "discriminator": self.discriminator,
            "encoder": self.encoder,
            "averaged": self.averaged,
        }
        return {name: module for name, module in every.items() if module is not None}

    @property
    def shown(self) -> nn.Module:
        """The generator that is drawn from and shipped: the averaged one if it is kept."""
        return self.generator if self.averaged is None else self.averaged

    def slow_down(self) -> None:
        """Set the learning rates that belong to the number of rescues."""
        for optimizer in self.optimizers.values():
            optimizer.rate_scale = self.rescue_rate_factor**self.rescues

    def is_finite(self) -> bool:
        """Whether every weight, running statistic and moment is a finite number."""
        tensors = [t for module in self.modules().values() for t in module.state_dict().values()]
        return bool(torch.stack([t.float().sum().isfinite() for t in tensors]).all())
