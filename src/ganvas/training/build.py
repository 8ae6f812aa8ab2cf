"""The state before the first step: networks of a configuration, what they take from the set, and their optimizers."""

import copy

import torch
from torch import nn

from ganvas.config import OptimizerSettings, RunConfig
from ganvas.data import PictureSet
from ganvas.device import random_numbers
from ganvas.networks import NetworkSpec
from ganvas.networks.synchronised import synchronise
from ganvas.pixels import to_float
from ganvas.ranks import ALONE, Ranks
from ganvas.training.adam import Adam
from ganvas.training.architectures import build_networks
from ganvas.training.muon import Muon
from ganvas.training.state import TrainingState

AT_ONCE = 16  # pictures, which may be large, that are made small at once


def new_state(
    config: RunConfig,
    spec: NetworkSpec,
    device: torch.device,
    pictures: PictureSet | None = None,
    ranks: Ranks = ALONE,
) -> TrainingState:
    """The state before the first step: the same for the same configuration and pictures, whatever the device.

    Args:
        pictures: what networks may learn from before the first step; None: nothing.
        ranks: among which each batch will be parted.
    """
    networks = build_networks(
        config.network.architecture, spec, config.network.weights, random_numbers(config.seed, "weights")
    )
    statistics = config.statistics
    if pictures is not None and statistics is not None:
        numbers = random_numbers(config.seed, "components")
        order = torch.randperm(len(pictures.images), generator=numbers)
        chosen = order[: statistics.pca_pictures].sort().values.numpy()
        labels = torch.from_numpy(pictures.labels[chosen]) if spec.classes else None
        parts = (pictures.images[chosen[at : at + AT_ONCE]] for at in range(0, len(chosen), AT_ONCE))
        images = torch.cat([networks.seen(to_float(torch.from_numpy(part))) for part in parts])
        networks.learn(images, labels, numbers, statistics)

    for network in filter(None, (networks.generator, networks.discriminator, networks.encoder)):
        synchronise(network, ranks)

    def place(module: nn.Module | None) -> nn.Module | None:
        return None if module is None else module.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]

    generator, discriminator, encoder = map(place, (networks.generator, networks.discriminator, networks.encoder))
    assert generator is not None
    assert discriminator is not None
    keeps_average = config.training.average_half_life_images > 0
    averaged = copy.deepcopy(generator).requires_grad_(False) if keeps_average else None
    rates = config.optimizer
    optimizers = {
        "generator": _optimizer(generator, rates.generator_rate, rates, momentum=rates.muon_momentum),
        "discriminator": _optimizer(discriminator, rates.discriminator_rate, rates),
    }
    if encoder is not None:
        optimizers["encoder"] = _optimizer(encoder, rates.generator_rate, rates)
    return TrainingState(
        generator,
        discriminator,
        encoder,
        averaged,
        optimizers,
        spec,
        config.measuring.rescue_rate_factor,
        device,
        ranks,
        augment_share=1.0 if config.objective.augment_target is None else 0.0,
    )


def _optimizer(module: nn.Module, rate: float, settings: OptimizerSettings, *, momentum: float | None = None) -> Adam:
    """Adam, or Muon where there is a momentum for it."""
    kept = {
        "rate": rate,
        "beta1": settings.beta1,
        "beta2": settings.beta2,
        "epsilon": settings.epsilon,
        "largest_step": settings.largest_step,
    }
    return Adam(module, **kept) if momentum is None else Muon(module, momentum=momentum, **kept)
