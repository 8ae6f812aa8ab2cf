"""One update of one player: its loss, its penalties, the step down their gradient. Whose turn it is, step.py says."""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ganvas.config import Precision, RunConfig
from ganvas.data import Batch
from ganvas.device import mixed_precision, random_numbers, upload
from ganvas.objectives import LOSSES, augment, gradient_penalty_at, interpolation_penalty
from ganvas.pixels import to_float
from ganvas.ranks import ALONE, Ranks
from ganvas.training.state import TrainingState
from ganvas.training.tally import Report


@dataclass(frozen=True)
class Numbers:
    """The sources of random numbers of one step, all on the CPU so that every device sees the same.

    Every rank draws those of the whole batch, so that all go on alike.
    """

    latents: torch.Generator
    augment: torch.Generator
    interpolate: torch.Generator
    crops: torch.Generator

    @staticmethod
    def at(seed: int, images: int) -> "Numbers":
        """Those of the step that starts when `images` have been shown."""
        return Numbers(*(random_numbers(seed, name, images) for name in ("latents", "augment", "interpolate", "crops")))


def pictures_and_labels(state: TrainingState, batch: Batch) -> tuple[Tensor, Tensor | None]:
    """(B, C, H, W) in [-1, 1] and (B,), or None where there are no labels, on the state's device."""
    return pictures(state, batch.images), None if batch.labels is None else upload(batch.labels, state.device)


def pictures(state: TrainingState, stored: Tensor) -> Tensor:
    """(B, H, W, C) uint8 on the CPU -> (B, C, H, W) in [-1, 1] on the state's device."""
    return to_float(upload(stored, state.device), state.device)


def generate(state: TrainingState, labels: Tensor | None, count: int, config: RunConfig, numbers: Numbers) -> Tensor:
    """(count, C, H, W) pictures in [-1, 1] of new latents, by the generator in training; of this rank alone."""
    z = state.ranks.drawn(count, lambda whole: sample_latents(whole, config, numbers.latents))
    with mixed_precision(state.device, config.precision):
        return state.generator(upload(z, state.device), labels).float()


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
    pair = torch.cat([augmented(images, state, config, numbers) for images in (real, fake)])
    pair.requires_grad_(has_slope_penalty(state, config))
    scores = score_pair(state.discriminator, pair, labels, config.precision)
    real_scores, fake_scores = scores.chunk(2)
    loss = LOSSES[objective.loss].discriminator(real_scores, fake_scores)
    report: Report = {
        "discriminator_loss": loss.detach(),
        "real_score": real_scores.detach().mean(),
        "fake_score": fake_scores.detach().mean(),
        "real_sign": real_sign(
            real_scores.detach(), fake_scores.detach(), LOSSES[objective.loss].boundary, state.ranks
        ),
    }
    if pair.requires_grad:
        penalty, slopes = slope_penalty([pair], scores, config)
        loss, report = loss + penalty, report | slopes
    if objective.gradient_penalty_weight > 0:
        mix = state.ranks.drawn(len(real), lambda whole: torch.rand(whole, generator=numbers.interpolate))
        seen_real, seen_fake = pair.detach().chunk(2)
        penalty = interpolation_penalty(
            lambda images: score(state.discriminator, images, labels, config.precision),
            seen_real,
            seen_fake,
            upload(mix, state.device),
        )
        loss = loss + objective.gradient_penalty_weight * penalty
        report["gradient_penalty"] = penalty.detach()
    apply(state, "discriminator", loss)
    return report


def augmented(images: Tensor, state: TrainingState, config: RunConfig, numbers: Numbers) -> Tensor:
    """(B, C, H, W) pictures as the discriminator is shown them."""
    names, share = augmentations(state, config), state.augment_share
    return augment(images, names, numbers.augment, share=share, strengths=config.augmentation, ranks=state.ranks)


def augmentations(state: TrainingState, config: RunConfig) -> tuple[str, ...]:
    """The names of what is done to pictures before the discriminator is shown them."""
    return config.objective.augment or (config.objective.rescue_augment if state.rescues else ())


def real_sign(real_scores: Tensor, fake_scores: Tensor, boundary: float | None, ranks: Ranks = ALONE) -> Tensor:
    """Mean sign, in [-1, 1], of (B,) scores of real pictures about the boundary between real and fake.

    Near 1 for a discriminator that has learned its pictures by heart. Where only differences of scores count, the
    boundary is half-way between the two means, of the pictures of all `ranks`.
    """
    middle = ranks.mean((real_scores.mean() + fake_scores.mean()) / 2) if boundary is None else boundary
    return (real_scores - middle).sign().mean()


def has_slope_penalty(state: TrainingState, config: RunConfig) -> bool:
    """Whether R1 or R2 is due in the step that begins now."""
    objective = config.objective
    wanted = objective.r1_weight > 0 or objective.r2_weight > 0
    return wanted and (state.images // config.training.step_images) % objective.penalty_every == 0


def slope_penalty(inputs: Sequence[Tensor], scores: Tensor, config: RunConfig) -> tuple[Tensor, Report]:
    """What R1 and R2 add to the discriminator's loss, and each before its weight.

    Args:
        inputs: (2B, C, H, W) each, requiring grad: B real pictures, or maps of them, followed by B generated ones.
        scores: (2B,), made from them.
    """
    objective = config.objective
    at_real, at_fake = gradient_penalty_at(inputs, scores).chunk(2)  # (B,) each
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
        fake_scores = score(state.discriminator, augmented(fake, state, config, numbers), labels, config.precision)
        real_scores = fake_scores.detach()
        if loss_pair.generator_sees_real:
            with torch.no_grad():
                seen = augmented(real, state, config, numbers)
                real_scores = score(state.discriminator, seen, labels, config.precision)
        loss = loss_pair.generator(real_scores, fake_scores)
        apply(state, "generator", loss)
    return {"generator_loss": loss.detach()}


def score(discriminator: nn.Module, images: Tensor, labels: Tensor | None, precision: Precision) -> Tensor:
    """(B,) float32 scores of (B, C, H, W) pictures."""
    with mixed_precision(images.device, precision):
        return discriminator(images, labels).float()


def score_pair(discriminator: nn.Module, pair: Tensor, labels: Tensor | None, precision: Precision) -> Tensor:
    """(2B,) scores of B real pictures followed by B generated ones.

    One pass does for both, unless the network normalises over the batch: then each kind keeps its own statistics.
    """
    if any(isinstance(module, nn.BatchNorm2d) for module in discriminator.modules()):
        return torch.cat([score(discriminator, images, labels, precision) for images in pair.chunk(2)])
    return score(discriminator, pair, None if labels is None else torch.cat([labels, labels]), precision)


def apply(state: TrainingState, player: str, loss: Tensor, *, share: float = 1.0) -> None:
    """One update of `player` down the gradient of the mean of all ranks' `loss`, at that share of its learning rate."""
    optimizer = state.optimizers[player]
    optimizer.clear()
    loss.backward()
    state.ranks.average_gradients(optimizer.weights)
    optimizer.step(share)


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
