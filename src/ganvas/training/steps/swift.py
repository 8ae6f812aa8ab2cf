"""One step of the default recipe: both players are updated on the same frozen features of the same pictures.

Frozen features cost more than the heads on them. Those of generated pictures are computed once a step, those of real
pictures once a run: the discriminator's update scores them, the generator's scores them again with the new heads and
follows the gradient through the frozen network into the picture. With the old heads, which would save a pass of the
heads, it collapses.

The heads' slope on those features is penalised: without it they are soon certain of flat shapes, and what they say
leads a generator astray.

Broad light and tint of what is drawn are held to those of its PCA draw, which vary as the set's do. A share of what is
drawn are the step's own pictures, blurred as draws are: each is scored beside the picture that it was, and its broad
colours should be those of the picture, so that each picture of the set has a part in what is drawn. Later the features
of all that is drawn are held to the set's statistics (networks/feature_matching.py).
"""

from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganvas.config import OptimizerSettings, RunConfig
from ganvas.data import Batch
from ganvas.device import mixed_precision, upload
from ganvas.networks.cascade import CascadeDiscriminator, CascadeGenerator, pca_generator
from ganvas.networks.pca_generator import PcaGenerator
from ganvas.networks.projected_discriminator import ProjectedDiscriminator, visible
from ganvas.objectives import LOSSES
from ganvas.training.balance import risen
from ganvas.training.state import TrainingState
from ganvas.training.steps.enlarging import Levels
from ganvas.training.tally import Report
from ganvas.training.updates import (
    Numbers,
    apply,
    augmentations,
    augmented,
    frozen,
    has_slope_penalty,
    pictures,
    real_sign,
    sample_latents,
    slope_penalty,
)


def coarse(images: Tensor, cells: int) -> Tensor:
    """(B, C, H, W) -> (B, C, cells, cells): as large pixels. Colour counts by what it covers of white."""
    return F.adaptive_avg_pool2d(visible(images), (cells, cells))


def broad(images: Tensor, cells: int) -> Tensor:
    """(B, C, H, W) -> (B, C, cells, cells): how light and opaque a part of a picture is, in the tint of all of it.

    Not the tint of each part: colour may move within a picture.
    """
    means = coarse(images, cells)
    colours, opacity = means[:, :3], means[:, 3:]
    light = colours.mean(1, keepdim=True)
    tint = (colours - light).mean((2, 3), keepdim=True)
    return torch.cat((light + tint, opacity), dim=1)


def blocks(state: TrainingState, config: RunConfig) -> Iterator[nn.Module]:
    """What may be compiled: the frozen network, the generator's blocks, and levels; not the heads, as their slope is
    penalised and what is compiled cannot be differentiated twice."""
    generator, discriminator = base_players(state)
    yield discriminator.frozen_features
    yield from generator.residual
    if isinstance(state.generator, CascadeGenerator):
        yield from state.generator.levels


def swift_play(state: TrainingState, batch: Batch, config: RunConfig, numbers: Numbers) -> Report:
    """Update the discriminator, then the generator."""
    generator, discriminator = base_players(state)
    anchor, matching, reconstruction = config.anchor, config.matching, config.reconstruction
    assert anchor is not None
    assert matching is not None
    assert reconstruction is not None
    loss_pair, ranks = LOSSES[config.objective.loss], state.ranks
    count = len(batch.images) * ranks.count  # of all ranks
    labels = None if batch.labels is None else upload(batch.labels, state.device)
    faded = risen(state.images - reconstruction.fades_from_images, reconstruction.fades_over_images)
    fresh = count - round(reconstruction.share * (1 - faded) * count)
    mine = ranks.mine_of(fresh)
    own = base_pictures(state, batch.images[mine:])  # the last of the batch; the others are drawn of latents
    with mixed_precision(state.device, config.precision):
        drawn = draws(state, labels, own, fresh, config, numbers)
        unbounded = generator.sharpen(drawn, labels).float()  # (B, C, H, W)
        fake = unbounded.clamp(-1, 1)
        before = numbers.augment.get_state()
        real_features = features_of_real(state, batch, config, numbers)
        numbers.augment.set_state(before)  # each generated picture is changed as the real one it is compared with
        fake_features = discriminator.feature_maps(augmented(fake, state, config, numbers))

    def scores(features: list[Tensor], labels: Tensor | None) -> Tensor:
        with mixed_precision(state.device, config.precision):
            return discriminator.scores(features, labels).float()  # (B, heads)

    pairs = [torch.cat((one, other.detach())) for one, other in zip(real_features, fake_features, strict=True)]
    for pair in pairs:
        pair.requires_grad_(has_slope_penalty(state, config))
    pair_scores = scores(pairs, None if labels is None else labels.repeat(2))  # (2B, heads)
    real_scores, fake_scores = pair_scores.flatten().chunk(2)  # (B * heads,) each
    discriminator_loss = loss_pair.discriminator(real_scores, fake_scores)
    penalty, slopes = slope_penalty(pairs, pair_scores.sum(1), config) if pairs[0].requires_grad else (0.0, {})
    scale = rate_scale(generator.size, state.spec.multiplier, config.optimizer)
    levels = Levels.at(state, batch, fake.detach(), config, numbers)
    apply(state, "discriminator", discriminator_loss + penalty + levels.discriminator_loss(), share=scale)
    with frozen(state.discriminator):
        generator_loss = loss_pair.generator(real_scores.detach(), scores(fake_features, labels).flatten())
        overshoot = (unbounded - fake.detach()).square().mean()
        drift = (broad(fake, anchor.cells) - broad(drawn.clamp(-1, 1), anchor.cells)).square().mean()
        matched = risen(state.images - matching.from_images, matching.rise_images)
        mismatch = discriminator.mismatch(fake_features, matching, ranks)
        displaced = coarse_difference(fake[mine:], own, reconstruction.coarse_cells)
        displaced = ranks.weight(len(own), count - fresh) * displaced
        held = (
            config.objective.out_of_range_weight * overshoot
            + anchor.weight * drift
            + matching.weight * matched * mismatch
            + reconstruction.coarse_weight * displaced
        )
        share = scale * risen(state.images + count, max(config.optimizer.warmup_images, 1))
        apply(state, "generator", generator_loss + held + levels.generator_loss(), share=share)
    levels.agree(ranks)
    return slopes | {
        "discriminator_loss": discriminator_loss.detach(),
        "generator_loss": generator_loss.detach(),
        "real_score": real_scores.detach().mean(),
        "fake_score": fake_scores.detach().mean(),
        "real_sign": real_sign(real_scores.detach(), fake_scores.detach(), loss_pair.boundary, ranks),
        "overshoot": overshoot.detach(),
        "drift": drift.detach(),
        "mismatch": mismatch.detach(),
        "coarse_difference": displaced.detach(),
    }


def draws(
    state: TrainingState, labels: Tensor | None, own: Tensor, fresh: int, config: RunConfig, numbers: Numbers
) -> Tensor:
    """(B, C, h, w): this rank's of `fresh` draws of latents, and last the projections of `own`, (K, C, h, w) pictures.

    Latents are as long here as the set's coefficients are, so that the generator learns all that it may be asked for.
    """
    assert config.statistics is not None
    generator = base_players(state)[0]
    z = upload(state.ranks.mine(sample_latents(fresh, config, numbers.latents)), state.device)
    whole = 1 / config.statistics.length_share
    drawn = generator.draw(z, None if labels is None else labels[: len(z)], length=whole)
    if len(own) == 0:
        return drawn
    return torch.cat((drawn, generator.project(own, None if labels is None else labels[len(z) :])))


def coarse_difference(fake: Tensor, real: Tensor, cells: int) -> Tensor:
    """The mean square by which (K, C, H, W) drawn pictures, seen as `cells` by `cells` large pixels, differ from those
    that they were drawn of; 0 for none."""
    return F.mse_loss(coarse(fake, cells), coarse(real, cells)) if len(real) else fake.new_zeros(())


def base_players(state: TrainingState) -> tuple[PcaGenerator, ProjectedDiscriminator]:
    """What draws from latents, and what scores that: all there is, or the base of a cascade."""
    discriminator = state.discriminator
    discriminator = discriminator.base if isinstance(discriminator, CascadeDiscriminator) else discriminator
    assert isinstance(discriminator, ProjectedDiscriminator)
    return pca_generator(state.generator), discriminator


def base_pictures(state: TrainingState, images: Tensor) -> Tensor:
    """(B, H, W, C) uint8 -> (B, C, h, w) in [-1, 1], at the size of what is drawn from latents."""
    whole = pictures(state, images)
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


def features_of_real(state: TrainingState, batch: Batch, config: RunConfig, numbers: Numbers) -> list[Tensor]:
    """The frozen features of the set's pictures; from the cache where they are not augmented."""
    features = base_players(state)[1].feature_maps
    with torch.no_grad():
        if augmentations(state, config):
            return features(augmented(base_pictures(state, batch.images), state, config, numbers))
        return state.features.maps(batch, lambda group: features(base_pictures(state, group)))
