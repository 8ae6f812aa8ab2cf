"""DCGAN: convolutions with stride instead of pooling, batch normalisation, no hidden dense layers.

At 64x64: generator 4x4x512 -> 8x8x256 -> 16x16x128 -> 32x32x64 -> 64x64xC, transposed 4x4 convolutions of stride 2 with
batch normalisation and ReLU, then tanh. Discriminator 64 -> 128 -> 256 -> 512, 4x4 convolutions of stride 2 with batch
normalisation except on the first, leaky ReLU (0.2), one score. No biases anywhere. With 3 channels and z of 100 that is
3,576,704 and 2,765,568 parameters, the same as PyTorch's DCGAN tutorial, whose first and last convolution are dense
layers here.

At other sizes the map next to the picture keeps 64 channels, and they double away from it up to 512: 128x128 is
4x4x512 -> 512 -> 256 -> 128 -> 64 -> C, 28x28 is 7x7x128 -> 64 -> C.

The critic is for the gradient penalty of Wasserstein GANs, which is defined per picture: layer normalisation takes the
place of batch normalisation in the discriminator, since that mixes the pictures of a batch.
Sources: Radford et al. 2015, arXiv:1511.06434; Gulrajani et al. 2017, arXiv:1704.00028 (the critic).
"""

from collections.abc import Callable

from torch import nn

from ganvas.networks.layers import DenseMap, DiscriminatorNetwork, GeneratorNetwork, LatentInput, ToVector
from ganvas.networks.spec import Networks, NetworkSpec
from ganvas.networks.strided import StridedConv2d, StridedConvTranspose2d

BASE, CAP = 64, 512


def build(spec: NetworkSpec) -> Networks:
    """The pair for `spec`."""
    body = stages(spec).append(ToVector())
    return Networks(generator(spec), DiscriminatorNetwork(body, in_features(spec), spec.classes, bias=False))


def build_critic(spec: NetworkSpec) -> Networks:
    """DCGAN's generator, and a critic whose score of a picture does not depend on the rest of the batch."""
    body = stages(spec, normalisation=layer_norm).append(ToVector())
    return Networks(generator(spec), DiscriminatorNetwork(body, in_features(spec), spec.classes, bias=False))


def generator(spec: NetworkSpec) -> GeneratorNetwork:
    """z -> start map -> one transposed convolution per doubling."""
    latent = LatentInput(spec.z_dim, spec.classes)
    channels = spec.pyramid(base=BASE, cap=CAP, levels=spec.doublings)
    body = nn.Sequential(DenseMap(latent.out_features, channels[0], spec.start, bias=False))
    for wide, next_wide in zip(channels, [*channels[1:], spec.channels], strict=True):
        body.extend([nn.BatchNorm2d(wide), nn.ReLU(inplace=True)])
        body.append(StridedConvTranspose2d(wide, next_wide))  # h w -> 2h 2w
    return GeneratorNetwork(spec, latent, body)


def stages(spec: NetworkSpec, *, normalisation: Callable[[int], nn.Module] = nn.BatchNorm2d) -> nn.Sequential:
    """One stage per halving: convolution, normalisation except in the first, leaky ReLU. (h, w) -> (h // 2, w // 2)."""
    body, wide = nn.Sequential(), spec.channels
    for next_wide in reversed(spec.pyramid(base=BASE, cap=CAP, levels=spec.doublings)):
        stage = nn.Sequential(StridedConv2d(wide, next_wide))
        if len(body):
            stage.append(normalisation(next_wide))
        body.append(stage.append(nn.LeakyReLU(0.2, inplace=True)))
        wide = next_wide
    return body


def in_features(spec: NetworkSpec) -> int:
    """Numbers in the map that `stages` ends with."""
    smallest = spec.pyramid(base=BASE, cap=CAP, levels=spec.doublings)[0]
    return smallest * (spec.height >> spec.doublings) * (spec.width >> spec.doublings)


def layer_norm(channels: int) -> nn.GroupNorm:
    """Layer normalisation of a map: over all of one picture's channels and pixels."""
    return nn.GroupNorm(1, channels)
