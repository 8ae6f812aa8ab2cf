"""One step of training: the discriminator's updates, the generator's, and the rules between them.

Everything random is drawn from generators made for (seed, images shown), so that a step is a pure function of the
state, the pictures and the configuration.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from ganvas.config import RunConfig
from ganvas.device import seeded_layers
from ganvas.training.balance import adapted_share
from ganvas.training.ema import update_average
from ganvas.training.state import TrainingState
from ganvas.training.updates import Numbers, Report

TALLIED = ("discriminator_loss", "generator_loss", "real_score", "fake_score", "real_sign")
Play = Callable[[TrainingState, Tensor, Tensor | None, RunConfig, Numbers], Report]
"""How the players take turns on (S, H, W, C) uint8 pictures and their labels."""


def train_step(state: TrainingState, stored: Tensor, labels: Tensor | None, config: RunConfig, play: Play) -> Report:
    """Train on one step's pictures, move the clock, and say how it went.

    Args:
        state: changed in place.
        stored: (S, H, W, C) uint8, a batch for every update of the discriminator.
        labels: (S,) int64, or None for networks without labels.
        play: how the players take turns on those pictures.
    Returns:
        Scalars by name, on the state's device: both losses, the mean score of real and of generated pictures, and
        whatever penalties and extra updates there were.
    """
    numbers = Numbers.at(config.seed, state.images)
    with seeded_layers(config.seed, state.images, state.device):
        report = play(state, stored, labels, config, numbers)
    target = config.objective.augment_target
    if target is not None:
        state.augment_share = adapted_share(state.augment_share, float(report["real_sign"]), target, len(stored))
        report["augment_share"] = state.augment_share
    values = torch.stack([torch.as_tensor(report[name]) for name in TALLIED]).tolist()  # read off the device at once
    for name, value in zip(TALLIED, values, strict=True):
        state.tally[name] = state.tally.get(name, 0.0) + value
    state.tally["steps"] = state.tally.get("steps", 0.0) + 1
    state.images += len(stored)
    if state.averaged is not None:
        update_average(
            state.averaged,
            state.generator,
            images=state.images,
            step_images=len(stored),
            half_life=config.training.average_half_life_images,
        )
    return report
