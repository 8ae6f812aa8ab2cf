"""The players: one file per architecture, each with a function from a NetworkSpec to a pair of modules.

To add one, write `build(spec)` in a file of its own and give it a line in ARCHITECTURES.
"""

from collections.abc import Callable

import torch

from ganvas.errors import SettingError
from ganvas.networks import balanced, dcgan, dcgan28, mlp, r3gan, swift, vaegan
from ganvas.networks.spec import Networks, NetworkSpec
from ganvas.networks.weights import Weights, initialise

__all__ = ["ARCHITECTURES", "NetworkSpec", "Networks", "build_networks"]

ARCHITECTURES: dict[str, Callable[[NetworkSpec], Networks]] = {
    "mlp": mlp.build,
    "dcgan28": dcgan28.build,
    "balanced": balanced.build,
    "dcgan": dcgan.build,
    "dcgan-critic": dcgan.build_critic,
    "vaegan": vaegan.build,
    "r3gan": r3gan.build,
    "swift": swift.build,
    "swift-blind": swift.build_blind,
}


def build_networks(name: str, spec: NetworkSpec, weights: Weights, generator: torch.Generator) -> Networks:
    """The networks of architecture `name` on the CPU, in training mode, with initial weights drawn from `generator`.

    Nothing else is random: one seed gives the same weights wherever the networks are moved afterwards.

    Raises:
        SettingError: there is no architecture `name`.
        ValueError: `generator` is not on the CPU.
    """
    if name not in ARCHITECTURES:
        raise SettingError(f"there is no architecture {name!r}; there are {', '.join(ARCHITECTURES)}")
    if generator.device.type != "cpu":
        raise ValueError(f"expected a random generator on the CPU, got one on {generator.device}")
    with torch.device("meta"):
        networks = ARCHITECTURES[name](spec)
    for network in filter(None, (networks.generator, networks.discriminator, networks.encoder)):
        network.to_empty(device="cpu")
        initialise(network, weights, generator)
    return networks
