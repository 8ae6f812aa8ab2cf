"""One step of the VAE-GAN: encoder, decoder and discriminator, each with its own part of the loss.

x is a real picture, q its encoding, x' the picture rebuilt from q and x'' one drawn from a free latent. The
discriminator tells x from x' and x''; the encoder minimises the prior's divergence and the reconstruction; the
decoder, which is the generator, minimises the reconstruction and fools the discriminator. The reconstruction is
judged in the discriminator's middle features, not in pixels. Source: Larsen et al. 2016, arXiv:1512.09300, algorithm 1.
"""

import torch
from torch import Tensor

from ganvas.config import RunConfig
from ganvas.data import Batch
from ganvas.device import mixed_precision, random_numbers, upload
from ganvas.networks.vaegan import MiddleDiscriminator
from ganvas.objectives import LOSSES, kl_divergence, reparameterise
from ganvas.training.state import TrainingState
from ganvas.training.tally import Report
from ganvas.training.updates import (
    Numbers,
    apply,
    augmented,
    frozen,
    has_slope_penalty,
    pictures_and_labels,
    real_sign,
    sample_latents,
    score,
    score_pair,
    slope_penalty,
)


def vaegan_play(state: TrainingState, batch: Batch, config: RunConfig, numbers: Numbers) -> Report:
    """Update the discriminator, then encoder and decoder."""
    assert state.encoder is not None
    real, labels = pictures_and_labels(state, batch)
    with mixed_precision(state.device, config.precision):
        mean, log_variance = (part.float() for part in state.encoder(real))  # (B, Z) each
    encode = random_numbers(config.seed, "encode", state.images)
    noise = state.ranks.drawn(len(mean), lambda whole: torch.randn((whole, mean.shape[1]), generator=encode))
    encoded = reparameterise(mean, log_variance, upload(noise, state.device))  # (B, Z)
    free = state.ranks.drawn(len(real), lambda whole: sample_latents(whole, config, numbers.latents))
    free = upload(free, state.device)
    with mixed_precision(state.device, config.precision):
        rebuilt, drawn = (state.generator(z, labels).float() for z in (encoded, free))  # (B, C, H, W) each
    report = _update_discriminator(state, (real, rebuilt.detach(), drawn.detach()), labels, config, numbers)
    with frozen(state.discriminator):
        report |= _update_encoder_and_decoder(
            state, (real, rebuilt, drawn), (mean, log_variance), labels, config, numbers
        )
    return report


def _update_discriminator(
    state: TrainingState, pictures: tuple[Tensor, ...], labels: Tensor | None, config: RunConfig, numbers: Numbers
) -> Report:
    loss_pair = LOSSES[config.objective.loss]
    seen = [augmented(images, state, config, numbers) for images in pictures]
    pair = torch.cat([seen[0], seen[2]]).requires_grad_(has_slope_penalty(state, config))
    scores = score_pair(state.discriminator, pair, labels, config.precision)
    real_scores, drawn_scores = scores.chunk(2)
    rebuilt_scores = score(state.discriminator, seen[1], labels, config.precision)
    against = [loss_pair.discriminator(real_scores, fake) for fake in (rebuilt_scores, drawn_scores)]
    loss = torch.stack(against).mean()
    report: Report = {
        "discriminator_loss": loss.detach(),
        "real_score": real_scores.detach().mean(),
        "fake_score": drawn_scores.detach().mean(),
        "real_sign": real_sign(real_scores.detach(), drawn_scores.detach(), loss_pair.boundary, state.ranks),
        "rebuilt_score": rebuilt_scores.detach().mean(),
    }
    if pair.requires_grad:
        penalty, slopes = slope_penalty([pair], scores, config)
        loss, report = loss + penalty, report | slopes
    apply(state, "discriminator", loss)
    return report


def _update_encoder_and_decoder(
    state: TrainingState,
    pictures: tuple[Tensor, Tensor, Tensor],
    prior: tuple[Tensor, Tensor],
    labels: Tensor | None,
    config: RunConfig,
    numbers: Numbers,
) -> Report:
    real, rebuilt, drawn = pictures
    discriminator = state.discriminator
    assert isinstance(discriminator, MiddleDiscriminator)
    with mixed_precision(state.device, config.precision):
        with torch.no_grad():
            wanted = discriminator.middle(real).float()  # (B, F)
        rebuilt_scores, found = (part.float() for part in discriminator.scores_and_middle(rebuilt, labels))
    drawn_scores = score(discriminator, augmented(drawn, state, config, numbers), labels, config.precision)
    # In units of the features' own spread; else a discriminator with small features would make every picture alike.
    unexplained = (found - wanted).square().mean() / state.ranks.variance(wanted)  # 1: no better than the mean picture
    nats = unexplained * wanted.shape[1] / 2
    divergence = kl_divergence(*prior)
    loss_pair = LOSSES[config.objective.loss]
    fooled = [loss_pair.generator(scores.detach(), scores) for scores in (rebuilt_scores, drawn_scores)]
    fooling = torch.stack(fooled).mean()
    decoding = config.objective.reconstruction_weight * unexplained + fooling
    _descend(state, {"encoder": nats + divergence, "generator": decoding})
    return {
        "generator_loss": fooling.detach(),
        "reconstruction_loss": unexplained.detach(),
        "kl_loss": divergence.detach(),
    }


def _descend(state: TrainingState, losses: dict[str, Tensor]) -> None:
    """Update every player in `losses` by its own loss alone, though the losses share one graph."""
    modules = state.modules()
    gradients = {}
    for player, loss in losses.items():
        parameters = list(modules[player].parameters())
        gradients[player] = torch.autograd.grad(loss, parameters, retain_graph=True)
    for player in losses:
        for parameter, gradient in zip(modules[player].parameters(), gradients[player], strict=True):
            parameter.grad = gradient
        state.ranks.average_gradients(state.optimizers[player].weights)
        state.optimizers[player].step()
        state.optimizers[player].clear()
