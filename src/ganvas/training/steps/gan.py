"""One step of a GAN: the discriminator's updates, one of the generator, and the margin rule between them."""

import torch
from torch import Tensor

from ganvas.config import RunConfig
from ganvas.data import Batch
from ganvas.pixels import to_float
from ganvas.training.balance import player_behind
from ganvas.training.state import TrainingState
from ganvas.training.updates import Numbers, Report, generate, update_discriminator, update_generator


def gan_play(state: TrainingState, batch: Batch, config: RunConfig, numbers: Numbers) -> Report:
    """The discriminator's updates, each on its own part of the batch, one of the generator, then the margin rule."""
    count = len(batch.images) // config.training.discriminator_updates
    real = to_float(batch.images, state.device)
    labels = None if batch.labels is None else batch.labels.to(state.device)
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
    """Of all ranks, which must decide alike."""
    return float(state.ranks.mean(torch.as_tensor(report[f"{player}_loss"])))
