"""One step of training: the discriminator's updates, the generator's, and the rules between them.

Everything random is drawn from generators made for (seed, images shown), so that a step is a pure function of the
state, the pictures and the configuration.
"""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ganvas.config import RunConfig
from ganvas.device import mixed_precision, random_numbers, seeded_layers
from ganvas.objectives import LOSSES, augment, gradient_penalty_at, interpolation_penalty
from ganvas.pixels import to_float
from ganvas.training.average import update_average
from ganvas.training.balance import player_behind
from ganvas.training.state import TrainingState

Report = dict[str, Tensor | float]


@dataclass(frozen=True)
class Numbers:
    """The sources of random numbers of one step, all on the CPU so that every device sees the same."""

    latents: torch.Generator
    augment: torch.Generator
    interpolate: torch.Generator

    @staticmethod
    def at(seed: int, images: int) -> "Numbers":
        """Those of the step that starts when `images` have been shown."""
        return Numbers(*(random_numbers(seed, name, images) for name in ("latents", "augment", "interpolate")))


def images_per_step(config: RunConfig) -> int:
    """Images that one step shows: a batch for every update of the discriminator."""
    return config.training.batch * config.training.discriminator_updates


Play = Callable[[TrainingState, Tensor, Tensor | None, RunConfig, Numbers], Report]


def train_step(state: TrainingState, stored: Tensor, labels: Tensor | None, config: RunConfig, play: Play) -> Report:
    """Train on one step's pictures, move the clock, and say how it went.

    Args:
        state: changed in place.
        stored: (S, H, W, C) uint8, S = images_per_step(config).
        labels: (S,) int64, or None for networks without labels.
        play: how the players take turns on those pictures.
    Returns:
        Scalars by name, on the state's device: both losses, the mean score of real and of generated pictures, and
        whatever penalties and extra updates there were.
    """
    numbers = Numbers.at(config.seed, state.images)
    with seeded_layers(config.seed, state.images, state.device):
        report = play(state, stored, labels, config, numbers)
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


def gan_play(
    state: TrainingState, stored: Tensor, labels: Tensor | None, config: RunConfig, numbers: Numbers
) -> Report:
    """The discriminator's updates, each on its own batch, then one of the generator, then the margin rule."""
    batch = config.training.batch
    real = to_float(stored, state.device)
    labels = None if labels is None else labels.to(state.device)
    report: Report = {}
    for start in range(0, len(stored) - batch, batch):
        part = slice(start, start + batch)
        part_labels = None if labels is None else labels[part]
        with torch.no_grad():
            fake = generate(state, part_labels, batch, config, numbers)
        update_discriminator(state, real[part], fake, part_labels, config, numbers)
    # The last batch's pictures are used by both players, so that the generator draws once for the two.
    real, labels = real[-batch:], None if labels is None else labels[-batch:]
    fake = generate(state, labels, batch, config, numbers)
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
    losses = {name: float(report[f"{name}_loss"]) for name in extra}
    behind = first = player_behind(losses["discriminator"], losses["generator"], margin)
    while behind is not None and behind == first and sum(extra.values()) < config.training.balance_limit:
        with torch.set_grad_enabled(behind == "generator"):
            fake = generate(state, labels, len(real), config, numbers)
        update = update_generator if behind == "generator" else update_discriminator
        losses[behind] = float(update(state, real, fake, labels, config, numbers)[f"{behind}_loss"])
        extra[behind] += 1
        behind = player_behind(losses["discriminator"], losses["generator"], margin)
    return {f"extra_{name}_updates": float(count) for name, count in extra.items()}


def generate(state: TrainingState, labels: Tensor | None, count: int, config: RunConfig, numbers: Numbers) -> Tensor:
    """(count, C, H, W) pictures in [-1, 1] of new latents, by the generator in training."""
    z = sample_latents(count, config, numbers.latents).to(state.device)
    with mixed_precision(state.device):
        return state.generator(z, labels).float()


def sample_latents(count: int, config: RunConfig, numbers: torch.Generator) -> Tensor:
    """(count, Z) latents of the configured distribution, on the CPU."""
    shape = (count, config.network.z_dim)
    if config.network.z_distribution == "uniform":
        return torch.rand(shape, generator=numbers) * 2 - 1
    return torch.randn(shape, generator=numbers)


def update_discriminator(
    state: TrainingState, real: Tensor, fake: Tensor, labels: Tensor | None, config: RunConfig, numbers: Numbers
) -> Report:
    """One update of the discriminator on (B, C, H, W) real and generated pictures."""
    objective = config.objective
    pair = torch.cat([augment(images, objective.augment, numbers.augment) for images in (real, fake)])
    pair.requires_grad_(has_slope_penalty(state, config))
    scores = score_pair(state.discriminator, pair, labels, state.device)
    real_scores, fake_scores = scores.chunk(2)
    loss = LOSSES[objective.loss].discriminator(real_scores, fake_scores)
    report: Report = {
        "discriminator_loss": loss.detach(),
        "real_score": real_scores.detach().mean(),
        "fake_score": fake_scores.detach().mean(),
    }
    if pair.requires_grad:
        penalty, slopes = slope_penalty(pair, scores, config)
        loss, report = loss + penalty, report | slopes
    if objective.gradient_penalty_weight > 0:
        mix = torch.rand(len(real), generator=numbers.interpolate).to(state.device)
        seen_real, seen_fake = pair.detach().chunk(2)
        penalty = interpolation_penalty(
            lambda images: score(state.discriminator, images, labels, state.device), seen_real, seen_fake, mix
        )
        loss = loss + objective.gradient_penalty_weight * penalty
        report["gradient_penalty"] = penalty.detach()
    apply(state, "discriminator", loss)
    return report


def has_slope_penalty(state: TrainingState, config: RunConfig) -> bool:
    """Whether R1 or R2 is due in the step that begins now."""
    objective = config.objective
    wanted = objective.r1_weight > 0 or objective.r2_weight > 0
    return wanted and (state.images // images_per_step(config)) % objective.penalty_every == 0


def slope_penalty(pair: Tensor, scores: Tensor, config: RunConfig) -> tuple[Tensor, Report]:
    """What R1 and R2 add to the discriminator's loss, and each before its weight.

    Args:
        pair: (2B, C, H, W), B real pictures followed by B generated ones, requiring grad.
        scores: (2B,), made from them.
    """
    objective = config.objective
    at_real, at_fake = gradient_penalty_at(pair, scores).chunk(2)  # (B,) each
    weighted = objective.r1_weight * at_real.mean() + objective.r2_weight * at_fake.mean()
    report: Report = {"r1_penalty": at_real.detach().mean(), "r2_penalty": at_fake.detach().mean()}
    return objective.penalty_every / 2 * weighted, report


def update_generator(
    state: TrainingState, real: Tensor, fake: Tensor, labels: Tensor | None, config: RunConfig, numbers: Numbers
) -> Report:
    """One update of the generator through the graph of `fake`, (B, C, H, W); the discriminator is left as it is."""
    objective = config.objective
    loss_pair = LOSSES[objective.loss]
    with frozen(state.discriminator):
        fake_scores = score(
            state.discriminator, augment(fake, objective.augment, numbers.augment), labels, state.device
        )
        real_scores = fake_scores.detach()
        if loss_pair.generator_sees_real:
            with torch.no_grad():
                seen = augment(real, objective.augment, numbers.augment)
                real_scores = score(state.discriminator, seen, labels, state.device)
        loss = loss_pair.generator(real_scores, fake_scores)
        apply(state, "generator", loss)
    return {"generator_loss": loss.detach()}


def score(discriminator: nn.Module, images: Tensor, labels: Tensor | None, device: torch.device) -> Tensor:
    """(B,) float32 scores of (B, C, H, W) pictures."""
    with mixed_precision(device):
        return discriminator(images, labels).float()


def score_pair(discriminator: nn.Module, pair: Tensor, labels: Tensor | None, device: torch.device) -> Tensor:
    """(2B,) scores of B real pictures followed by B generated ones.

    One pass does for both, unless the network normalises over the batch: then each kind keeps its own statistics.
    """
    if any(isinstance(module, nn.BatchNorm2d) for module in discriminator.modules()):
        return torch.cat([score(discriminator, images, labels, device) for images in pair.chunk(2)])
    return score(discriminator, pair, None if labels is None else torch.cat([labels, labels]), device)


def apply(state: TrainingState, player: str, loss: Tensor) -> None:
    """One update of `player` down the gradient of `loss`."""
    optimizer = state.optimizers[player]
    optimizer.clear()
    loss.backward()
    optimizer.step()


@contextlib.contextmanager
def frozen(module: nn.Module) -> Iterator[None]:
    """Inside, `module` passes gradients on but computes none for its own weights, which would be thrown away."""
    parameters: Sequence[nn.Parameter] = [p for p in module.parameters() if p.requires_grad]
    for parameter in parameters:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in parameters:
            parameter.requires_grad_(True)
