"""One step of the default recipe: both players are updated on the same frozen features of the same pictures.

Frozen features cost more than the heads on them. Those of generated pictures are computed once a step, those of real
pictures once a run: the discriminator's update scores them, the generator's scores them again with the new heads and
follows the gradient through the frozen network into the picture. With the old heads, which would save a pass of the
heads, it collapses.

Under the discriminator's loss alone a generator soon varies little. Its broad light and its tint are held to those of
its PCA draw, which vary as the set's do, and the features of all that it draws to the set's statistics
(networks/feature_matching.py). A share of what it draws are the step's own pictures, blurred as draws are: their
features should be those of the pictures, so that each of the set has a part in what is drawn.

Once the discriminator was saturated, as it is by flat shapes, there is instance noise (balance.py), and tint is held
harder.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from ganvas.config import OptimizerSettings, ReconstructionSettings, RunConfig
from ganvas.data import Batch
from ganvas.device import mixed_precision
from ganvas.networks.cascade import CascadeDiscriminator, CascadeGenerator, pca_generator
from ganvas.networks.pca_generator import PcaGenerator
from ganvas.networks.projected_discriminator import ProjectedDiscriminator
from ganvas.objectives import LOSSES
from ganvas.pixels import to_float
from ganvas.training.balance import noise_deviation, risen
from ganvas.training.state import TrainingState
from ganvas.training.steps.enlarging import Levels
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


def broad(images: Tensor, tint_weight: float, cells: int = 4) -> Tensor:
    """(B, C, H, W) -> (B, C, cells, cells): how light and opaque a part of a picture is, in the tint of all of it.

    Not the tint of each part: colour may move within a picture. The square of a difference in tint counts `tint_weight`
    times.
    """
    means = F.adaptive_avg_pool2d(images, (cells, cells))
    colours, opacity = means[:, :3], means[:, 3:]
    light = colours.mean(1, keepdim=True)
    tint = (colours - light).mean((2, 3), keepdim=True)
    return torch.cat((light + tint_weight**0.5 * tint, opacity), dim=1)


def swift_play(
    state: TrainingState,
    batch: Batch,
    config: RunConfig,
    numbers: Numbers,
    *,
    anchored: Callable[[Tensor, float, int], Tensor] = broad,
) -> Report:
    """Update the discriminator, then the generator.

    Args:
        anchored: what of a drawn picture is held to its PCA draw; as `broad`.
    """
    generator, discriminator = base_players(state)
    memory = state.memory
    assert isinstance(memory, SwiftMemory)
    noise, anchor, matching = config.noise, config.anchor, config.matching
    assert noise is not None
    assert anchor is not None
    assert matching is not None
    loss_pair, count = LOSSES[config.objective.loss], len(batch.images)
    labels = None if batch.labels is None else batch.labels.to(state.device)
    reconstruction = config.reconstruction or ReconstructionSettings(share=0.0)
    faded = risen(state.images - reconstruction.fades_from_images, reconstruction.fades_over_images)
    own = round(reconstruction.share * (1 - faded) * count)
    deviation = 0.0
    if memory.was_saturated:
        deviation = noise_deviation(memory.discriminator_loss, state.images, noise, lasting=memory.noise_lasts)
    # The set's statistics are of pictures without noise.
    matched = 0.0 if deviation > 0 else risen(state.images - matching.from_images, matching.rise_images)
    with mixed_precision(state.device):
        drawn = draws(state, batch, labels, own, config, numbers)
        unbounded = generator.sharpen(drawn, labels).float()  # (B, C, H, W)
        fake = unbounded.clamp(-1, 1)
        before = numbers.augment.get_state()
        real_features = features_of_real(state, batch, config, numbers, deviation)
        numbers.augment.set_state(before)  # each generated picture is changed as the real one it is compared with
        fake_features = discriminator.feature_maps(shown(fake, state, config, numbers, deviation))

    def scores(features: list[Tensor], labels: Tensor | None) -> Tensor:
        with mixed_precision(state.device):
            return discriminator.scores(features, labels).float().flatten()  # (B * heads,)

    pairs = [torch.cat((one, other.detach())) for one, other in zip(real_features, fake_features, strict=True)]
    pair_labels = None if labels is None else labels.repeat(2)
    real_scores, fake_scores = scores(pairs, pair_labels).chunk(2)  # (B * heads,) each
    discriminator_loss = loss_pair.discriminator(real_scores, fake_scores)
    scale = rate_scale(generator.size, state.spec.multiplier, config.optimizer)
    levels = Levels.at(state, batch, fake.detach(), config, numbers)
    apply(state, "discriminator", discriminator_loss + levels.discriminator_loss(), share=scale)
    with frozen(state.discriminator):
        overshoot = (unbounded - fake.detach()).square().mean()
        tint_weight = anchor.saturated_tint_weight if memory.was_saturated else 1.0
        drift = anchored(fake - drawn.clamp(-1, 1), tint_weight, anchor.cells).square().mean()
        generator_loss = loss_pair.generator(real_scores.detach(), scores(fake_features, labels))
        mismatch = fake.new_zeros(()) if deviation > 0 else discriminator.mismatch(fake_features, matching)
        held = config.objective.out_of_range_weight * overshoot + anchor.weight * drift
        rebuilt = reconstruction_loss(fake_features, real_features, own)
        held = held + matching.weight * matched * mismatch + reconstruction.weight * rebuilt
        share = scale * risen(state.images + count, max(config.optimizer.warmup_images, 1))
        apply(state, "generator", generator_loss + held + levels.generator_loss(), share=share)
    memory.follow(float(discriminator_loss.detach()), state.images, count, noise)
    return {
        "discriminator_loss": discriminator_loss.detach(),
        "generator_loss": generator_loss.detach(),
        "real_score": real_scores.detach().mean(),
        "fake_score": fake_scores.detach().mean(),
        "real_sign": real_sign(real_scores.detach(), fake_scores.detach(), loss_pair.boundary),
        "overshoot": overshoot.detach(),
        "drift": drift.detach(),
        "mismatch": mismatch.detach(),
        "reconstruction": rebuilt.detach(),
        "noise": deviation,
    }


def draws(
    state: TrainingState, batch: Batch, labels: Tensor | None, own: int, config: RunConfig, numbers: Numbers
) -> Tensor:
    """(B, C, h, w): draws of latents, and last the projections of the last `own` pictures of the batch."""
    generator, fresh = base_players(state)[0], len(batch.images) - own
    z = sample_latents(fresh, config, numbers.latents).to(state.device)
    drawn = generator.draw(z, None if labels is None else labels[:fresh])
    if own == 0:
        return drawn
    projected = generator.project(
        base_pictures(state, batch.images[fresh:]), None if labels is None else labels[fresh:]
    )
    return torch.cat((drawn, projected))


def reconstruction_loss(fake_features: Sequence[Tensor], real_features: Sequence[Tensor], own: int) -> Tensor:
    """The mean square by which the features of the last `own` drawn pictures differ from those that they were drawn of;
    the mean over all maps, 0 for none."""
    if own == 0:
        return fake_features[0].new_zeros(())
    every = zip(fake_features, real_features, strict=True)
    return torch.stack([F.mse_loss(fake[-own:], real[-own:]) for fake, real in every]).mean()


def base_players(state: TrainingState) -> tuple[PcaGenerator, ProjectedDiscriminator]:
    """What draws from latents, and what scores that: all there is, or the base of a cascade."""
    discriminator = state.discriminator
    discriminator = discriminator.base if isinstance(discriminator, CascadeDiscriminator) else discriminator
    assert isinstance(discriminator, ProjectedDiscriminator)
    return pca_generator(state.generator), discriminator


def base_pictures(state: TrainingState, images: Tensor) -> Tensor:
    """(B, H, W, C) uint8 -> (B, C, h, w) in [-1, 1], at the size of what is drawn from latents."""
    whole = to_float(images, state.device)
    return state.generator.small(whole) if isinstance(state.generator, CascadeGenerator) else whole


def rate_scale(size: tuple[int, int], multiplier: float, rates: OptimizerSettings) -> float:
    """Learning-rate scale, in (0, 1], by the longer side of what is drawn from latents and the width of the networks.

    A step changes pictures more with each level of the networks: at full rates those of 256 px were overexposed after a
    minute, and those of cars at 128 px did not improve for two.
    """
    side_px = max(size)
    by_size = 1.0 if rates.full_rate_px is None else max(side_px / rates.full_rate_px, 1.0) ** 0.5
    by_width = 1.0 if rates.full_rate_width is None else max(multiplier / rates.full_rate_width, 1.0)
    return 1 / (by_size * by_width)


def features_of_real(
    state: TrainingState, batch: Batch, config: RunConfig, numbers: Numbers, deviation: float
) -> list[Tensor]:
    """The frozen features of the set's pictures; from the cache where there is neither augmentation nor noise."""
    memory = state.memory
    assert isinstance(memory, SwiftMemory)
    features = base_players(state)[1].feature_maps
    with torch.no_grad():
        if deviation > 0 or augmentations(state, config):
            return features(shown(base_pictures(state, batch.images), state, config, numbers, deviation))
        return memory.features.maps(batch, lambda group: features(base_pictures(state, group)))


def shown(images: Tensor, state: TrainingState, config: RunConfig, numbers: Numbers, deviation: float) -> Tensor:
    """(B, C, H, W) pictures after augmentation and under Gaussian noise of that deviation."""
    images = augmented(images, state, config, numbers)
    if deviation == 0:
        return images
    return images + deviation * torch.randn(images.shape, generator=numbers.augment).to(state.device)
