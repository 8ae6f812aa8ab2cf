"""The architectures: one row says all that differs between them. Nothing else asks which one a run has.

To add one, write `build(spec)` in a file of `ganvas.networks`, and a line here.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import torch
from torch import nn

from ganvas.config import RunConfig
from ganvas.errors import SettingError
from ganvas.networks import Networks, NetworkSpec, balanced, dcgan, dcgan28, mlp, r3gan, swift, vaegan
from ganvas.networks.initial import Weights, initialise
from ganvas.training.state import TrainingState
from ganvas.training.step import Play
from ganvas.training.steps.gan import gan_play, whole_networks
from ganvas.training.steps.swift import blocks, swift_play
from ganvas.training.steps.vaegan import vaegan_play


@dataclass(frozen=True)
class Architecture:
    """How networks are built and trained.

    build: the pair, and an encoder where there is one. step: how the players take turns. compiled: the parts that
        PyTorch's compiler may make kernels for; None where a step goes back through one graph more than once.
    starts_at_pca: the generator is a PcaGenerator, whose first pictures are draws from the set's principal components.
    disclosure: what cards say of pretrained networks that had a part in training; "": nothing needs to be said.
    features: the extractors (names in features.EXTRACTORS) of the network that its discriminator uses, so that scores
        by them are not independent.
    needs: optional sections of RunConfig that its step uses. refuses: settings that its step does not use.
    """

    build: Callable[[NetworkSpec], Networks]
    step: Play = gan_play
    compiled: Callable[[TrainingState, RunConfig], Iterable[nn.Module]] | None = whole_networks
    starts_at_pca: bool = False
    disclosure: str = ""
    features: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    refuses: tuple[str, ...] = ()


_SWIFT_ALONE = (
    "objective.out_of_range_weight",
    "optimizer.warmup_images",
    "optimizer.full_rate_px",
    "optimizer.full_rate_width",
)
_SWIFT = Architecture(
    swift.build,
    swift_play,
    blocks,
    starts_at_pca=True,
    disclosure="its discriminator saw through EfficientNet-Lite0, trained on ImageNet",
    features=("lite", "multiscale"),
    needs=("statistics", "anchor", "matching", "reconstruction"),
    refuses=(
        "training.balance_margin",
        "training.discriminator_updates",
        "objective.gradient_penalty_weight",
    ),
)
_SWIFT_BLIND = replace(
    _SWIFT,
    build=swift.build_blind,
    disclosure="no pretrained network had a part in its training",
    features=(),
)
_CASCADE_NEEDS = (*_SWIFT.needs, "enlarging")

ARCHITECTURES: dict[str, Architecture] = {
    "mlp": Architecture(mlp.build, refuses=_SWIFT_ALONE),
    "dcgan28": Architecture(dcgan28.build, refuses=_SWIFT_ALONE),
    "balanced": Architecture(balanced.build, refuses=_SWIFT_ALONE),
    "dcgan": Architecture(dcgan.build, refuses=_SWIFT_ALONE),
    "dcgan-critic": Architecture(dcgan.build_critic, refuses=_SWIFT_ALONE),
    "vaegan": Architecture(
        vaegan.build,
        vaegan_play,
        None,
        refuses=("training.balance_margin", "objective.gradient_penalty_weight", *_SWIFT_ALONE),
    ),
    "r3gan": Architecture(r3gan.build, refuses=_SWIFT_ALONE),
    "cascade-narrow": replace(_SWIFT, build=swift.build_cascade, needs=_CASCADE_NEEDS),
    "cascade-narrow-blind": replace(_SWIFT_BLIND, build=swift.build_blind_cascade, needs=_CASCADE_NEEDS),
    # What the recipe swift trained before, last first: runs and models of then go on.
    "cascade": replace(_SWIFT, build=swift.build_wide_cascade, needs=_CASCADE_NEEDS),
    "cascade-blind": replace(_SWIFT_BLIND, build=swift.build_blind_wide_cascade, needs=_CASCADE_NEEDS),
    "swift": _SWIFT,
    "swift-blind": _SWIFT_BLIND,
}


def architecture(name: str) -> Architecture:
    """The row of that name.

    Raises:
        SettingError: there is none; names those that there are.
    """
    if name not in ARCHITECTURES:
        raise SettingError(f"there is no architecture {name!r}; there are {', '.join(ARCHITECTURES)}")
    return ARCHITECTURES[name]


def build_networks(name: str, spec: NetworkSpec, weights: Weights, generator: torch.Generator) -> Networks:
    """The networks of architecture `name` on the CPU, in training mode, with initial weights drawn from `generator`.

    Nothing else is random: one seed gives the same weights wherever the networks are moved afterwards.

    Raises:
        SettingError: there is no architecture `name`.
        ValueError: `generator` is not on the CPU.
    """
    build = architecture(name).build
    if generator.device.type != "cpu":
        raise ValueError(f"expected a random generator on the CPU, got one on {generator.device}")
    with torch.device("meta"):
        networks = build(spec)
    for network in filter(None, (networks.generator, networks.discriminator, networks.encoder)):
        network.to_empty(device="cpu")
        initialise(network, weights, generator)
    return networks
