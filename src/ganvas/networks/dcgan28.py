"""The DCGAN of introductions to MNIST: 5x5 kernels, and no batch normalisation in the discriminator.

At 28x28: generator dense to 7x7x256 -> 14x14x128 -> 28x28xC, transposed 5x5 convolutions of stride 2 with batch
normalisation and ReLU, then tanh. Discriminator 64 -> 128 -> 256 (14x14, 7x7, 4x4), 5x5 convolutions of stride 2 with
leaky ReLU (0.2), one score.

At other sizes the generator's map next to the picture keeps 128 channels and the discriminator's 64; they double away
from it up to 512. The discriminator halves until the shorter side is at most 4.
Source: Radford et al. 2015, arXiv:1511.06434, in the sizes of the usual tutorials.
"""

from torch import nn

from ganvas.networks.layers import DenseMap, DiscriminatorNetwork, GeneratorNetwork, LatentInput, ToVector
from ganvas.networks.spec import Networks, NetworkSpec, ceil_halved

GENERATOR_BASE, DISCRIMINATOR_BASE, CAP = 128, 64, 512


def build(spec: NetworkSpec) -> Networks:
    """The pair for `spec`."""
    return Networks(_generator(spec), _discriminator(spec))


def _generator(spec: NetworkSpec) -> GeneratorNetwork:
    latent = LatentInput(spec.z_dim, spec.classes)
    channels = spec.pyramid(base=GENERATOR_BASE, cap=CAP, levels=spec.doublings)
    body = nn.Sequential(DenseMap(latent.out_features, channels[0], spec.start, bias=False))
    for wide, next_wide in zip(channels, [*channels[1:], spec.channels], strict=True):
        body.extend([nn.BatchNorm2d(wide), nn.ReLU(inplace=True)])
        # h w -> 2h 2w
        body.append(nn.ConvTranspose2d(wide, next_wide, 5, stride=2, padding=2, output_padding=1, bias=False))
    return GeneratorNetwork(spec, latent, body)


def _discriminator(spec: NetworkSpec) -> DiscriminatorNetwork:
    halvings = (min(spec.height, spec.width) // 4 - 1).bit_length()
    body, wide = nn.Sequential(), spec.channels
    for next_wide in reversed(spec.pyramid(base=DISCRIMINATOR_BASE, cap=CAP, levels=halvings)):
        body.append(nn.Conv2d(wide, next_wide, 5, stride=2, padding=2))  # h w -> ceil(h / 2) ceil(w / 2)
        body.append(nn.LeakyReLU(0.2, inplace=True))
        wide = next_wide
    area = ceil_halved(spec.height, halvings) * ceil_halved(spec.width, halvings)
    return DiscriminatorNetwork(body.append(ToVector()), wide * area, spec.classes)
