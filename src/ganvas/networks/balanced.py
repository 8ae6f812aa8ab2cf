"""A wide DCGAN whose generator enlarges by repeating pixels, for training that keeps the two losses in balance.

At 64x64: generator dense to 4x4x1024, then four times "nearest-neighbour doubling, 5x5 convolution" to 512, 256, 128
and C channels, batch normalisation and ReLU in between, tanh at the end. Discriminator 128 -> 256 -> 512 -> 1024, 5x5
convolutions of stride 2 with leaky ReLU (0.2) and dropout (0.2), no normalisation, one score.

At other sizes the map next to the picture keeps 128 channels, and they double away from it up to 1024.
Sources: Radford et al. 2015, arXiv:1511.06434; Odena et al. 2016, "Deconvolution and checkerboard artifacts",
doi:10.23915/distill.00003 (doubling, then convolution).
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganvas.device import upload
from ganvas.networks.layers import DenseMap, DiscriminatorNetwork, GeneratorNetwork, LatentInput, ToVector
from ganvas.networks.spec import Networks, NetworkSpec, ceil_halved

BASE, CAP = 128, 1024


def build(spec: NetworkSpec) -> Networks:
    """The pair for `spec`."""
    return Networks(_generator(spec), _discriminator(spec))


class DoublingConv2d(nn.Conv2d):
    """Nearest-neighbour doubling followed by a 5x5 convolution: (B, C, h, w) -> (B, C', 2h, 2w).

    After doubling, neighbouring taps of the kernel meet the same pixel. Adding them up first leaves a 3x3 kernel on the
    small map for each of the four pixels that one pixel becomes: 36 products instead of 100, and the same result but
    for rounding. The plain form is in the tests.
    """

    def __init__(self, in_channels: int, out_channels: int):
        super().__init__(in_channels, out_channels, 5)

    def forward(self, input: Tensor) -> Tensor:
        taps = folding(self.weight)  # (25, 36)
        kernels = (self.weight.flatten(2) @ taps).unflatten(2, (4, 3, 3)).transpose(1, 2)  # (C', 4, C, 3, 3)
        bias = None if self.bias is None else self.bias.repeat_interleave(4)
        return F.pixel_shuffle(F.conv2d(input, kernels.flatten(0, 1), bias, padding=1), 2)  # (B, 4C', h, w) -> 2h 2w


def folding(like: Tensor) -> Tensor:
    """(25, 36): which tap of a 5x5 kernel lands on which tap of the 3x3 kernel of each of the four pixels.

    Along one side, the even pixel sees taps 0+1, 2+3 and 4 on its three neighbours; the odd one 0, 1+2 and 3+4.
    """
    even = [[1, 0, 0], [1, 0, 0], [0, 1, 0], [0, 1, 0], [0, 0, 1]]
    odd = [[1, 0, 0], [0, 1, 0], [0, 1, 0], [0, 0, 1], [0, 0, 1]]
    side = upload(torch.tensor([even, odd], dtype=like.dtype), like.device)  # (2, 5, 3)
    return torch.einsum("pya,qxb->yxpqab", side, side).reshape(25, 36)


def _generator(spec: NetworkSpec) -> GeneratorNetwork:
    latent = LatentInput(spec.z_dim, spec.classes)
    channels = spec.pyramid(base=BASE, cap=CAP, levels=spec.doublings)
    body = nn.Sequential(DenseMap(latent.out_features, channels[0], spec.start))
    for wide, next_wide in zip(channels, [*channels[1:], spec.channels], strict=True):
        body.extend([nn.BatchNorm2d(wide), nn.ReLU(inplace=True), DoublingConv2d(wide, next_wide)])  # h w -> 2h 2w
    return GeneratorNetwork(spec, latent, body)


def _discriminator(spec: NetworkSpec) -> DiscriminatorNetwork:
    body, wide = nn.Sequential(), spec.channels
    for next_wide in reversed(spec.pyramid(base=BASE, cap=CAP, levels=spec.doublings)):
        body.append(nn.Conv2d(wide, next_wide, 5, stride=2, padding=2))  # h w -> ceil(h / 2) ceil(w / 2)
        body.extend([nn.LeakyReLU(0.2, inplace=True), nn.Dropout(0.2)])
        wide = next_wide
    area = ceil_halved(spec.height, spec.doublings) * ceil_halved(spec.width, spec.doublings)
    return DiscriminatorNetwork(body.append(ToVector()), wide * area, spec.classes)
