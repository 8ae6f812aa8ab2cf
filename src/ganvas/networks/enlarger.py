"""Pictures -> pictures of twice the size: what makes a large picture of a small one, learned on crops.

A bilinear doubling, and what it lacks: worked out on the small picture, where a convolution costs a quarter, and laid
out over the large one.

Source: Shi et al. 2016, arXiv:1609.05158 (pixel shuffle); Lim et al. 2017, arXiv:1707.02921 (residual blocks without
normalisation).
"""

from torch import Tensor, nn
from torch.nn import functional as F

from ganvas.networks.layers import Conv2d, Double, Residual

CHANNELS, BLOCKS = 24, 4  # docs/journal.md, 2026-11-30, a level of half the channels
CHANNELS_BEFORE = 48  # of the architecture `cascade`, which the recipe trained until then
RESIDUAL_SCALE = 0.3


class Enlarger(nn.Module):
    """(B, C, h, w), any real numbers -> (B, C, 2h, 2w), any real numbers; bilinear at first."""

    def __init__(self, channels: int, *, wide: int = CHANNELS, blocks: int = BLOCKS):
        super().__init__()
        self.enter = Conv2d(channels, wide, 3, initial_scale=1.0)
        self.residual = nn.ModuleList(Residual(wide, last_scale=RESIDUAL_SCALE) for _ in range(blocks))
        self.out = Conv2d(wide, 4 * channels, 3, initial_scale=0.0)
        self.enlarge = Double()

    def forward(self, images: Tensor) -> Tensor:
        maps = self.enter(images)
        for residual in self.residual:
            maps = residual(maps)
        return self.enlarge(images) + F.pixel_shuffle(self.out(F.leaky_relu(maps, 0.2)), 2)
