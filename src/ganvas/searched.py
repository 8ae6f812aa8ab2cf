"""What `ganvas tune` searches: for every recipe the settings that decide most, each with its range and the reason.

The defaults lie within every range and are always tried first. What only an eye can judge is not here, since KD would
choose it wrongly: `statistics.length_share` makes pictures less varied than the set on purpose (journal, 2026-11-30,
orthogonal steps).
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Span:
    """A number from `low` to `high`.

    reason: why it is searched, and there. is_log: in ratios, as for rates and weights. is_whole: whole numbers only.
    also: settings that always have the same value.
    """

    low: float
    high: float
    reason: str
    is_log: bool = True
    is_whole: bool = False
    also: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.low:g} to {self.high:g}{', in ratios' if self.is_log else ''}"


@dataclass(frozen=True)
class Choice:
    """One of some values, as `--set` takes them."""

    options: tuple[str | float, ...]
    reason: str
    also: tuple[str, ...] = ()

    def __str__(self) -> str:
        return " or ".join(str(option) or "none" for option in self.options)


Searched = Mapping[str, Span | Choice]

_RATES_APART = "each player's own: their ratio decides who wins"
_BATCH = "updates are scarce on a CPU: small batches give more of them, large ones steadier ones (journal, 2026-11-21)"
_AUGMENT = "few pictures want more of it, many less (Zhao et al. 2020, arXiv:2006.10738)"
_BETA1 = "0.5 is DCGAN's for this reason; 0 is usual with penalties (Gulrajani et al. 2017, arXiv:1704.00028)"
_WIDTH = "narrow networks show more images in the same time"
_HALF_LIFE = "longer is steadier, and later"
_PENALTY = "flat shapes want a smoother discriminator than photographs (journal, 2026-11-30, a penalty for noise)"


def _rates(usual: float) -> dict[str, Span | Choice]:
    """Both learning rates, to a quarter and to four times the recipe's."""
    span = Span(usual / 4, usual * 4, _RATES_APART)
    return {"optimizer.generator_rate": span, "optimizer.discriminator_rate": span}


def _batch(*options: int) -> dict[str, Span | Choice]:
    return {"training.batch": Choice(options, _BATCH)}


_AUGMENTS = Choice(("color,translation,cutout", "tint,translation", "translation", ""), _AUGMENT)
_HALF_LIVES = Span(500, 8000, _HALF_LIFE, is_whole=True)

SEARCHED: dict[str, Searched] = {
    "swift": {
        **_rates(1e-3),
        "objective.r1_weight": Span(0.03, 3.0, _PENALTY, also=("objective.r2_weight",)),
        "matching.weight": Span(
            0.3, 30.0, "what makes pictures as varied as the set, against what the discriminator asks"
        ),
        "reconstruction.share": Span(
            0.0, 0.75, "rare kinds of a varied set need it, a set of one kind does not", is_log=False
        ),
        **_batch(8, 16, 32),
    },
    "quick": {
        **_rates(4e-4),
        "objective.augment": _AUGMENTS,
        "network.width": Span(0.25, 1.0, _WIDTH),
        "training.average_half_life_images": _HALF_LIVES,
        **_batch(8, 16, 32),
    },
    "mlp": {**_rates(2e-4), "network.width": Span(0.5, 2.0, _WIDTH), **_batch(32, 64, 128)},
    "dcgan28": {
        **_rates(2e-4),
        "optimizer.beta1": Span(0.0, 0.9, _BETA1, is_log=False),
        "network.width": Span(0.5, 2.0, _WIDTH),
        **_batch(16, 32, 64, 128),
    },
    "balanced": {
        "optimizer.generator_rate": Span(2e-5, 8e-4, "the original's is slow; four of the others are at 2e-4"),
        "optimizer.discriminator_rate": Span(2e-5, 8e-4, "likewise"),
        "training.balance_margin": Span(0.02, 0.5, "how far one player may lead"),
        "network.width": Span(0.25, 1.0, _WIDTH),
        **_batch(16, 32, 64),
    },
    "vaegan": {
        **_rates(2e-4),
        "objective.reconstruction_weight": Span(0.5, 50.0, "rebuilding against fooling, for the decoder"),
        **_batch(8, 16, 32),
    },
    "dcgan": {
        **_rates(2e-4),
        "optimizer.beta1": Span(0.0, 0.9, _BETA1, is_log=False),
        "network.width": Span(0.25, 1.0, _WIDTH),
        **_batch(16, 32, 64, 128),
    },
    "lsgan": {
        **_rates(2e-4),
        "optimizer.beta1": Span(0.0, 0.95, _BETA1, is_log=False),
        "network.width": Span(0.25, 1.0, _WIDTH),
        **_batch(16, 32, 64),
    },
    "wgan-gp": {
        **_rates(4e-4),
        "objective.gradient_penalty_weight": Span(1.0, 100.0, "the paper's is 10, for far longer runs"),
        "training.discriminator_updates": Span(
            1, 5, "the paper's 5 make it slow on a CPU", is_log=False, is_whole=True
        ),
        **_batch(8, 16, 32),
    },
    "r3gan": {
        **_rates(4e-4),
        "objective.r1_weight": Span(0.1, 10.0, _PENALTY, also=("objective.r2_weight",)),
        "objective.augment": _AUGMENTS,
        "training.average_half_life_images": _HALF_LIVES,
        **_batch(8, 16, 32),
    },
}
