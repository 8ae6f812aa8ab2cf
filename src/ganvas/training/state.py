"""Everything that a step changes. What is not here is a pure function of the configuration and the clock."""

import copy
from dataclasses import dataclass, field

import torch
from torch import nn

from ganvas.config import RunConfig
from ganvas.data import PictureSet
from ganvas.device import random_numbers
from ganvas.networks import NetworkSpec, build_networks
from ganvas.pixels import to_float
from ganvas.training.adam import Adam
from ganvas.training.feature_cache import Remembered

LOOKED_AT = 2000


@dataclass
class TrainingState:
    """The players, their optimizers, what was adapted on the way, and the clock.

    augment_share: the probability that an augmentation is applied.
    discriminator_loss: lately, as balance.averaged_loss has it; was_certain: whether it was ever under
        `noise.saturated_loss`;
        noise_lasts: whether its noise stays, since much was needed or the run was rescued (balance.noise_deviation).
    tally: sums of what the steps reported since it was last emptied, and under "steps" how many there were.
    rescues: how often the run went back to a good state; each time the learning rates were halved.
    remembered: what was seen of the pictures; of no consequence but for speed, and not saved.

    Random numbers and the place in the data are functions of (seed, images), so they need no state of their own.
    """

    generator: nn.Module
    discriminator: nn.Module
    encoder: nn.Module | None
    averaged: nn.Module | None
    optimizers: dict[str, Adam]
    device: torch.device
    tally: dict[str, float] = field(default_factory=dict)
    remembered: Remembered = field(default_factory=Remembered)
    augment_share: float = 1.0
    discriminator_loss: float = 0.0
    was_certain: bool = False
    noise_lasts: bool = False
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
            optimizer.rate_scale = 0.5**self.rescues

    def is_finite(self) -> bool:
        """Whether every weight, running statistic and moment is a finite number."""
        tensors = [t for module in self.modules().values() for t in module.state_dict().values()]
        return bool(torch.stack([t.float().sum().isfinite() for t in tensors]).all())


def new_state(
    config: RunConfig, spec: NetworkSpec, device: torch.device, pictures: PictureSet | None = None
) -> TrainingState:
    """The state before the first step: the same for the same configuration and pictures, whatever the device.

    Args:
        pictures: what networks may learn from before the first step; None: nothing.
    """
    networks = build_networks(
        config.network.architecture, spec, config.network.weights, random_numbers(config.seed, "weights")
    )
    if pictures is not None:
        numbers = random_numbers(config.seed, "components")
        chosen = torch.randperm(len(pictures.images), generator=numbers)[:LOOKED_AT].sort().values.numpy()
        labels = torch.from_numpy(pictures.labels[chosen]) if spec.classes else None
        networks.learn(to_float(torch.from_numpy(pictures.images[chosen])), labels, numbers)

    def place(module: nn.Module | None) -> nn.Module | None:
        return None if module is None else module.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]

    generator, discriminator, encoder = map(place, (networks.generator, networks.discriminator, networks.encoder))
    assert generator is not None
    assert discriminator is not None
    keeps_average = config.training.average_half_life_images > 0
    averaged = copy.deepcopy(generator).requires_grad_(False) if keeps_average else None
    rates = config.optimizer
    optimizers = {
        "generator": _adam(generator, rates.generator_rate, config),
        "discriminator": _adam(discriminator, rates.discriminator_rate, config),
    }
    if encoder is not None:
        optimizers["encoder"] = _adam(encoder, rates.generator_rate, config)
    share = 1.0 if config.objective.augment_target is None else 0.0
    state = TrainingState(generator, discriminator, encoder, averaged, optimizers, device, augment_share=share)
    state.discriminator_loss = 0.0 if config.noise is None else config.noise.under_loss
    return state


def _adam(module: nn.Module, rate: float, config: RunConfig) -> Adam:
    settings = config.optimizer
    return Adam(module, rate=rate, beta1=settings.beta1, beta2=settings.beta2, largest_step=settings.largest_step)
