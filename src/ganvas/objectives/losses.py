"""Adversarial losses: from the discriminator's scores to the numbers each player minimises.

Pure functions. Nothing here runs a network, draws a random number or logs.
Scores are (B,), any real number, higher means "looks real"; real and fake ones pair up. Every loss is a scalar.
"""

from collections.abc import Callable
from typing import NamedTuple

from torch import Tensor
from torch.nn import functional as F


class Loss(NamedTuple):
    """A matched pair of losses.

    Attributes:
        discriminator: (real_scores, fake_scores) -> scalar.
        generator: (real_scores, fake_scores) -> scalar; real_scores may be None unless generator_sees_real.
        generator_sees_real: whether the generator's loss needs the scores of real pictures.
        boundary: the score that the discriminator takes for undecided; None where only differences count.
    Both raise ValueError if the scores do not pair up: (B, 1) against (B,) would broadcast to (B, B) in silence.
    """

    discriminator: Callable[[Tensor, Tensor], Tensor]
    generator: Callable[[Tensor | None, Tensor], Tensor]
    generator_sees_real: bool = False
    boundary: float | None = None


def bce_discriminator(real_scores: Tensor, fake_scores: Tensor) -> Tensor:
    """Tell real from fake: -mean log sigmoid(real) - mean log(1 - sigmoid(fake)), in nats; 2 ln 2 at a guess.

    The two means are added, not averaged. Source: Goodfellow et al. 2014, arXiv:1406.2661.
    """
    _check_pairs(real_scores, fake_scores)
    return F.softplus(-real_scores).mean() + F.softplus(fake_scores).mean()


def bce_generator(real_scores: Tensor | None, fake_scores: Tensor) -> Tensor:
    """Look real: -mean log sigmoid(fake), in nats, the form that does not saturate; ln 2 at a guess.

    Source: Goodfellow et al. 2014, arXiv:1406.2661.
    """
    _check_pairs(real_scores, fake_scores)
    return F.softplus(-fake_scores).mean()


def lsgan_discriminator(real_scores: Tensor, fake_scores: Tensor) -> Tensor:
    """Score reals 1 and fakes 0: mean (real - 1)^2 / 2 + mean fake^2 / 2.

    Source: Mao et al. 2016, arXiv:1611.04076, with a = 0, b = c = 1.
    """
    _check_pairs(real_scores, fake_scores)
    return 0.5 * (real_scores - 1).square().mean() + 0.5 * fake_scores.square().mean()


def lsgan_generator(real_scores: Tensor | None, fake_scores: Tensor) -> Tensor:
    """Be scored 1: mean (fake - 1)^2 / 2. Source: Mao et al. 2016, arXiv:1611.04076, with c = 1."""
    _check_pairs(real_scores, fake_scores)
    return 0.5 * (fake_scores - 1).square().mean()


def hinge_discriminator(real_scores: Tensor, fake_scores: Tensor) -> Tensor:
    """Score reals above 1 and fakes below -1: mean max(0, 1 - real) + mean max(0, 1 + fake).

    Source: Lim & Ye 2017, arXiv:1705.02894.
    """
    _check_pairs(real_scores, fake_scores)
    return F.relu(1 - real_scores).mean() + F.relu(1 + fake_scores).mean()


def wasserstein_discriminator(real_scores: Tensor, fake_scores: Tensor) -> Tensor:
    """Part the means: mean fake - mean real. Below zero when reals win; unbounded, so it needs a gradient penalty.

    Source: Arjovsky et al. 2017, arXiv:1701.07875.
    """
    _check_pairs(real_scores, fake_scores)
    return fake_scores.mean() - real_scores.mean()


def score_generator(real_scores: Tensor | None, fake_scores: Tensor) -> Tensor:
    """Raise the score: -mean fake, the generator's part of both the hinge and the Wasserstein loss.

    Sources: Lim & Ye 2017, arXiv:1705.02894; Arjovsky et al. 2017, arXiv:1701.07875.
    """
    _check_pairs(real_scores, fake_scores)
    return -fake_scores.mean()


def relativistic_discriminator(real_scores: Tensor, fake_scores: Tensor) -> Tensor:
    """Ask each real picture to outscore the fake it is paired with: mean softplus(fake - real).

    In nats per pair: near 0 when reals win clearly, ln 2 at a tie.
    Source: Jolicoeur-Martineau 2018, arXiv:1807.00734 (paired form); Huang et al. 2024, arXiv:2501.05441.
    """
    _check_pairs(real_scores, fake_scores)
    return F.softplus(fake_scores - real_scores).mean()


def relativistic_generator(real_scores: Tensor | None, fake_scores: Tensor) -> Tensor:
    """Ask each fake to outscore the real picture it is paired with: mean softplus(real - fake), in nats per pair.

    Source: Jolicoeur-Martineau 2018, arXiv:1807.00734 (paired form); Huang et al. 2024, arXiv:2501.05441.
    """
    if real_scores is None:
        raise ValueError("the relativistic loss compares pairs: the generator's part needs real_scores too")
    return relativistic_discriminator(fake_scores, real_scores)


LOSSES: dict[str, Loss] = {
    "bce": Loss(bce_discriminator, bce_generator, boundary=0.0),
    "lsgan": Loss(lsgan_discriminator, lsgan_generator, boundary=0.5),
    "hinge": Loss(hinge_discriminator, score_generator, boundary=0.0),
    "wasserstein": Loss(wasserstein_discriminator, score_generator),
    "relativistic": Loss(relativistic_discriminator, relativistic_generator, generator_sees_real=True),
}


def _check_pairs(real_scores: Tensor | None, fake_scores: Tensor) -> None:
    if fake_scores.ndim != 1 or (real_scores is not None and real_scores.shape != fake_scores.shape):
        real = None if real_scores is None else tuple(real_scores.shape)
        raise ValueError(f"expected real and fake scores of one shape (B,), got {real} and {tuple(fake_scores.shape)}")
