"""One step of a GAN: the discriminator's updates, one of the generator, and the margin rule between them."""

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from ganvas.config import RunConfig
from ganvas.data import Batch
from ganvas.training.balance import player_behind
from ganvas.training.state import TrainingState
from ganvas.training.tally import Report
from ganvas.training.updates import (
    Numbers,
    generate,
    pictures_and_labels,
    update_discriminator,
    update_generator,
)


def whole_networks(state: TrainingState, config: RunConfig) -> Iterator[nn.Module]:
    """What may be compiled: both networks, which are called whole.

    What is compiled cannot be differentiated twice, so that a discriminator whose slope is penalised is left as it is.
    """
    objective = config.objective
    yield state.generator
    if not (objective.r1_weight or objective.r2_weight or objective.gradient_penalty_weight):
        yield state.discriminator


def gan_play(state: TrainingState, batch: Batch, config: RunConfig, numbers: Numbers) -> Report:
    """The discriminator's updates, each on its own part of the batch, one of the generator, then the margin rule."""
    count = len(batch.images) // config.training.discriminator_updates
    real, labels = pictures_and_labels(state, batch)
    report: Report = {}
    for start in range(0, len(real) - count, count):
        part = slice(start, start + count)
        part_labels = None if labels is None else labels[part]
        with torch.no_grad():
            fake = generate(state, part_labels, count, config, numbers)
        update_discriminator(state, real[part], fake, part_labels, config, numbers)
    # The last part's pictures are used by both players, so that the generator draws once for the two.
    real, labels = real[-count:], None if labels is None else labels[-count:]
    fake = generate(state, labels, count, config, numbers)
    report |= update_discriminator(state, real, fake.detach(), labels, config, numbers)
    report |= update_generator(state, real, fake, labels, config, numbers)
    if config.training.balance_margin is not None:
        report |= _balance(state, real, labels, config, numbers, report)
    return report


def _balance(
    state: TrainingState, real: Tensor, labels: Tensor | None, config: RunConfig, numbers: Numbers, report: Report
) -> Report:
    """Update the player with the higher loss again, on the same pictures and new latents, until the rule is met."""
    margin = config.training.balance_margin
    assert margin is not None
    extra = {"discriminator": 0, "generator": 0}
    losses = {name: _loss(state, report, name) for name in extra}
    behind = first = player_behind(losses["discriminator"], losses["generator"], margin)
    while behind is not None and behind == first and sum(extra.values()) < config.training.balance_limit:
        with torch.set_grad_enabled(behind == "generator"):
            fake = generate(state, labels, len(real), config, numbers)
        update = update_generator if behind == "generator" else update_discriminator
        losses[behind] = _loss(state, update(state, real, fake, labels, config, numbers), behind)
        extra[behind] += 1
        behind = player_behind(losses["discriminator"], losses["generator"], margin)
    return {f"extra_{name}_updates": float(count) for name, count in extra.items()}


def _loss(state: TrainingState, report: Report, player: str) -> float:
    """Of all ranks, which must decide alike. It is waited for: whose turn the next update is depends on it."""
    return float(state.ranks.mean(torch.as_tensor(report[f"{player}_loss"])))
