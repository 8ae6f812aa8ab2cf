"""One step of training: the discriminator's updates, the generator's, and the rules between them.

Everything random is drawn from generators made for (seed, images shown), so that a step is a pure function of the
state, the pictures and the configuration.
"""

from collections.abc import Callable

import torch

from ganvas.config import RunConfig
from ganvas.data import Batch
from ganvas.device import seeded_layers
from ganvas.training.balance import adapted_share
from ganvas.training.ema import update_average
from ganvas.training.state import TrainingState
from ganvas.training.updates import Numbers, Report

TALLIED = ("discriminator_loss", "generator_loss", "real_score", "fake_score", "real_sign")
Play = Callable[[TrainingState, Batch, RunConfig, Numbers], Report]
"""How the players take turns on the pictures of one step."""


def train_step(state: TrainingState, batch: Batch, config: RunConfig, play: Play) -> Report:
    """Train on one step's pictures, move the clock, and say how it went.

    Args:
        state: changed in place.
        batch: this rank's pictures of all the discriminator's updates; every rank has as many.
        play: how the players take turns on those pictures.
    Returns:
        Scalars by name, on the state's device: both losses, the mean score of real and of generated pictures, and
        whatever penalties and extra updates there were; of the whole batch, though each rank has a part of it.
    """
    numbers, ranks = Numbers.at(config.seed, state.images), state.ranks
    count = len(batch.images) * ranks.count  # of all ranks
    with seeded_layers(config.seed, state.images, state.device):
        report = play(state, batch, config, numbers)
    report = ranks.mean_numbers(report)
    target, over_images = config.objective.augment_target, config.objective.augment_adapting_images
    if target is not None:
        state.augment_share = adapted_share(state.augment_share, float(report["real_sign"]), target, count, over_images)
        report["augment_share"] = state.augment_share
    values = torch.stack([torch.as_tensor(report[name]) for name in TALLIED]).tolist()  # read off the device at once
    for name, value in zip(TALLIED, values, strict=True):
        state.tally[name] = state.tally.get(name, 0.0) + value
    state.tally["steps"] = state.tally.get("steps", 0.0) + 1
    state.images += count
    if state.averaged is not None:
        update_average(
            state.averaged,
            state.generator,
            images=state.images,
            step_images=count,
            settings=config.training,
        )
    return report
