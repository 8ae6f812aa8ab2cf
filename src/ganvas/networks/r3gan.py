"""A small residual network without normalisation, for the relativistic loss with R1 and R2, sized for a CPU.

One residual block per resolution: two dense 3x3 convolutions, each after a leaky ReLU (0.2); the second starts at zero,
so that a new network is a stack of linear resamplings and learns from there. At 64x64: 4x4x256, 8x8x128, 16x16x64,
32x32x32 and 64x64x16 in both networks, at about as many products a picture as DCGAN. At other sizes the map of
the picture's own size keeps 16 channels, and they double away from it up to 256.

Resampling is fixed and bilinear, so that it cannot leave a checkerboard: a map is doubled by interpolation and halved
by the same kernel turned round, which also removes what the smaller map cannot hold. Channels change by 1x1
convolutions on the smaller map.

After Huang et al. 2024, arXiv:2501.05441, which uses grouped convolutions and an inverted bottleneck (slow on CPUs) and
many more channels. Start with "kaiming" weights: nothing normalises what N(0, 0.02) would let fade.
"""

from itertools import pairwise

from torch import Tensor, nn

from ganvas.networks.layers import (
    LINEAR,
    Conv2d,
    DenseMap,
    DiscriminatorNetwork,
    Double,
    GeneratorNetwork,
    LatentInput,
    Residual,
    ToVector,
    filtered,
)
from ganvas.networks.spec import Networks, NetworkSpec

BASE, CAP = 16, 256
FAINT = 0.1  # pictures begin near mid-grey, where tanh still passes gradients on


def build(spec: NetworkSpec) -> Networks:
    """The pair for `spec`."""
    return Networks(_generator(spec), _discriminator(spec))


class Halve(nn.Module):
    """(B, C, h, w) -> (B, C, h // 2, w // 2), anti-aliased: the kernel (1, 3, 3, 1) / 8 along each side."""

    def forward(self, maps: Tensor) -> Tensor:
        return filtered(maps, (1, 3, 3, 1), stride=2, padding=1)  # (B, C, h // 2, w // 2)


def _generator(spec: NetworkSpec) -> GeneratorNetwork:
    latent = LatentInput(spec.z_dim, spec.classes)
    channels = spec.pyramid(base=BASE, cap=CAP, levels=spec.doublings + 1)
    body = nn.Sequential(DenseMap(latent.out_features, channels[0], spec.start), Residual(channels[0]))
    for wide, next_wide in pairwise(channels):
        body.extend([Conv2d(wide, next_wide, 1, initial_scale=LINEAR), Double(), Residual(next_wide)])  # h w -> 2h 2w
    body.extend([nn.LeakyReLU(0.2), Conv2d(channels[-1], spec.channels, 3, initial_scale=FAINT)])
    return GeneratorNetwork(spec, latent, body)


def _discriminator(spec: NetworkSpec) -> DiscriminatorNetwork:
    channels = spec.pyramid(base=BASE, cap=CAP, levels=spec.doublings + 1)[::-1]
    body = nn.Sequential(Conv2d(spec.channels, channels[0], 3, initial_scale=LINEAR), Residual(channels[0]))
    for wide, next_wide in pairwise(channels):
        body.extend([Halve(), Conv2d(wide, next_wide, 1, initial_scale=LINEAR), Residual(next_wide)])  # h w -> h // 2
    body.extend([nn.LeakyReLU(0.2), ToVector()])
    area = (spec.height >> spec.doublings) * (spec.width >> spec.doublings)
    return DiscriminatorNetwork(body, channels[-1] * area, spec.classes)
