"""Multilayer perceptrons: the first generative adversarial network that most people write.

Generator z -> 256 -> 512 -> 1024 -> H * W * C with leaky ReLU (0.2) and tanh, no normalisation. Discriminator
H * W * C -> 1024 -> 512 -> 256 -> 1 with leaky ReLU (0.2) and dropout (0.3).
Source: Goodfellow et al. 2014, arXiv:1406.2661, in the sizes that became usual for MNIST.
"""

from torch import nn

from ganvas.networks.layers import DenseMap, DiscriminatorNetwork, GeneratorNetwork, LatentInput, ToVector
from ganvas.networks.spec import Networks, NetworkSpec

HIDDEN = (256, 512, 1024)


def build(spec: NetworkSpec) -> Networks:
    """The pair for `spec`. It knows nothing of neighbouring pixels, so that it suits pictures of up to about 32x32."""
    return Networks(_generator(spec), _discriminator(spec))


def _generator(spec: NetworkSpec) -> GeneratorNetwork:
    latent = LatentInput(spec.z_dim, spec.classes)
    body, wide = nn.Sequential(), latent.out_features
    for hidden in map(spec.scaled, HIDDEN):
        body.extend([nn.Linear(wide, hidden), nn.LeakyReLU(0.2, inplace=True)])
        wide = hidden
    body.append(DenseMap(wide, spec.channels, (spec.height, spec.width)))
    return GeneratorNetwork(spec, latent, body)


def _discriminator(spec: NetworkSpec) -> DiscriminatorNetwork:
    body, wide = nn.Sequential(ToVector()), spec.channels * spec.height * spec.width
    for hidden in map(spec.scaled, reversed(HIDDEN)):
        body.extend([nn.Linear(wide, hidden), nn.LeakyReLU(0.2, inplace=True), nn.Dropout(0.3)])
        wide = hidden
    return DiscriminatorNetwork(body, wide, spec.classes)
