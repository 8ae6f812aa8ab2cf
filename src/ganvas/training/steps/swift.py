"""One step of the default recipe: both players judged on one sight of the same pictures.

Seeing is dearer than judging what was seen, so that generated pictures are looked at once a step and real ones once a
run: the discriminator's update judges what was seen, the generator's judges the same again with the new heads and
follows it back through the sight into the picture. With the old heads, which would save that pass, it collapses.

A generator that only has to please soon varies little: its broad light and its tint are held to those of the draw on
the principal components, which vary as the set's do, and all that it draws to the set's statistics
(networks/matching.py). Where the discriminator once was certain of everything, as it is of flat shapes, it is shown
noise (balance.py), and tint is held harder.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from ganvas.config import OptimizerSettings, RunConfig
from ganvas.data import Batch
from ganvas.device import mixed_precision
from ganvas.networks import NetworkSpec
from ganvas.networks.pca_generator import EigenGenerator
from ganvas.networks.projected_discriminator import SeeingDiscriminator
from ganvas.objectives import LOSSES
from ganvas.pixels import to_float
from ganvas.training.balance import noise_deviation, risen
from ganvas.training.state import TrainingState
from ganvas.training.steps.memory import SwiftMemory
from ganvas.training.updates import (
    Numbers,
    Report,
    apply,
    augmentations,
    augmented,
    frozen,
    real_sign,
    sample_latents,
)


def swift_play(state: TrainingState, batch: Batch, config: RunConfig, numbers: Numbers) -> Report:
    """Update the discriminator, then the generator."""
    generator, discriminator = state.generator, state.discriminator
    assert isinstance(generator, EigenGenerator)
    assert isinstance(discriminator, SeeingDiscriminator)
    memory = state.memory
    assert isinstance(memory, SwiftMemory)
    noisy, anchor, matching = config.noise, config.anchor, config.matching
    assert noisy is not None
    assert anchor is not None
    assert matching is not None
    loss_pair, count = LOSSES[config.objective.loss], len(batch.images)
    labels = None if batch.labels is None else batch.labels.to(state.device)
    z = sample_latents(count, config, numbers.latents).to(state.device)
    noise, matched = 0.0, risen(state.images - matching.from_images, matching.rise_images)
    if memory.was_saturated:
        noise = noise_deviation(memory.discriminator_loss, state.images, noisy, lasting=memory.noise_lasts)
        matched = 0.0 if memory.noise_lasts else matched  # what is matched was learned without noise
    with mixed_precision(state.device):
        drawn = generator.draw(z, labels)
        unbounded = generator.sharpen(drawn, labels).float()  # (B, C, H, W)
        fake = unbounded.clamp(-1, 1)
        before = numbers.augment.get_state()
        real_seen = see_real(state, batch, config, numbers, noise)
        numbers.augment.set_state(before)  # each generated picture is changed as the real one it is compared with
        fake_seen = discriminator.see(shown(fake, state, config, numbers, noise))

    def judge(seen: list[Tensor], labels: Tensor | None) -> Tensor:
        with mixed_precision(state.device):
            return discriminator.judge(seen, labels).float().flatten()  # (B * L,)

    pairs = [torch.cat((one, other.detach())) for one, other in zip(real_seen, fake_seen, strict=True)]
    pair_labels = None if labels is None else labels.repeat(2)
    real_scores, fake_scores = judge(pairs, pair_labels).chunk(2)  # (B * L,) each
    discriminator_loss = loss_pair.discriminator(real_scores, fake_scores)
    scale = rate_scale(state.spec, config.optimizer)
    apply(state, "discriminator", discriminator_loss, share=scale)
    with frozen(discriminator):
        overshoot = (unbounded - fake.detach()).square().mean()
        tint_weight = anchor.saturated_tint_weight if memory.was_saturated else 1.0
        drift = broad(fake - drawn.clamp(-1, 1), tint_weight, anchor.cells).square().mean()
        generator_loss = loss_pair.generator(real_scores.detach(), judge(fake_seen, labels))
        mismatch = discriminator.mismatch(fake_seen)
        held = config.objective.out_of_range_weight * overshoot + anchor.weight * drift
        held = held + matching.weight * matched * mismatch
        share = scale * risen(state.images + count, max(config.optimizer.warmup_images, 1))
        apply(state, "generator", generator_loss + held, share=share)
    memory.follow(float(discriminator_loss.detach()), state.images, count, noisy)
    return {
        "discriminator_loss": discriminator_loss.detach(),
        "generator_loss": generator_loss.detach(),
        "real_score": real_scores.detach().mean(),
        "fake_score": fake_scores.detach().mean(),
        "real_sign": real_sign(real_scores.detach(), fake_scores.detach(), loss_pair.boundary),
        "overshoot": overshoot.detach(),
        "drift": drift.detach(),
        "mismatch": mismatch.detach(),
        "noise": noise,
    }


def rate_scale(spec: NetworkSpec, rates: OptimizerSettings) -> float:
    """Learning-rate scale, in (0, 1], by the longer side of the pictures and the width of the networks.

    Each level more multiplies what a step changes: at full rates pictures of 256 px were burnt after a minute, and cars
    at 128 px stood still for two.
    """
    side_px = max(spec.height, spec.width)
    by_size = 1.0 if rates.full_rate_px is None else max(side_px / rates.full_rate_px, 1.0) ** 0.5
    by_width = 1.0 if rates.full_rate_width is None else max(spec.multiplier / rates.full_rate_width, 1.0)
    return 1 / (by_size * by_width)


def broad(images: Tensor, tint_weight: float, cells: int = 4) -> Tensor:
    """(B, C, H, W) -> (B, C, cells, cells): how light and opaque a part of a picture is, in the tint of all of it.

    Not the tint of each part: where a draw has a red stain, a whole thing may become red or none. The square of a
    difference in tint counts `tint_weight` times.
    """
    means = F.adaptive_avg_pool2d(images, (cells, cells))
    colours, opacity = means[:, :3], means[:, 3:]
    light = colours.mean(1, keepdim=True)
    tint = (colours - light).mean((2, 3), keepdim=True)
    return torch.cat((light + tint_weight**0.5 * tint, opacity), dim=1)


def see_real(state: TrainingState, batch: Batch, config: RunConfig, numbers: Numbers, noise: float) -> list[Tensor]:
    """The features of the set's pictures; from memory where nothing changes a picture."""
    discriminator, memory = state.discriminator, state.memory
    assert isinstance(discriminator, SeeingDiscriminator)
    assert isinstance(memory, SwiftMemory)
    see = discriminator.see
    with torch.no_grad():
        if noise > 0 or augmentations(state, config):
            return see(shown(to_float(batch.images, state.device), state, config, numbers, noise))
        return memory.features.maps(batch, lambda group: see(to_float(group, state.device)))


def shown(images: Tensor, state: TrainingState, config: RunConfig, numbers: Numbers, noise: float) -> Tensor:
    """(B, C, H, W) pictures after augmentation and under Gaussian noise of that deviation."""
    images = augmented(images, state, config, numbers)
    if noise == 0:
        return images
    return images + noise * torch.randn(images.shape, generator=numbers.augment).to(state.device)
