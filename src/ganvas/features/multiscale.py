"""The features that runs are judged by: how fine a picture is, and where in it everything stands.

EfficientNet-Lite0's last features are means over the picture. They tell blur and grain, and hardly notice that an eye
has moved or that two halves do not belong together: of faces at 128 px, both eyes out of place by 6 px count a tenth of
a blur of 1 px. So the map after an early block is taken too, cell by cell, of the picture made small, where fine
texture is gone and only shapes are left (docs/scores.md, what the judge sees).
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganvas.features import efficientnet
from ganvas.features.efficientnet import EfficientNetLite0

TITLE = "EfficientNet-Lite0 at three scales, the smaller ones by place"
SMALL_PX = 64, 32
SEEN_PX = 64  # that small pictures are enlarged to: the least that the network tells shapes at
BLOCK, CELLS = 4, 8  # its map is 8x8 for SEEN_PX
PLACES_WEIGHT = 0.8  # of 1: with it PCA baselines of photographs differ from their sets about alike by both kinds


class MultiscaleLite(nn.Module):
    """(B, 3, S, S) in [-1, 1] -> (B, 1280 + 2 * 2560) features of length 1. S is 32 or more."""

    def __init__(self, lite: EfficientNetLite0):
        super().__init__()
        self.lite = lite

    def forward(self, images: Tensor) -> Tensor:
        images = images.contiguous(memory_format=torch.channels_last)  # a third of the time on CPUs
        whole = F.normalize(self.lite(images), dim=1)
        places = [self._by_place(images, side_px) for side_px in SMALL_PX]
        weight = PLACES_WEIGHT / len(places)
        parts = [(1 - PLACES_WEIGHT) ** 0.5 * whole, *(weight**0.5 * each for each in places)]
        return torch.cat(parts, dim=1)

    def _by_place(self, images: Tensor, side_px: int) -> Tensor:
        """(B, 3, S, S) -> (B, 2560) of length 1: every cell of the map counts alike, whatever its contrast."""
        if images.shape[2] > side_px:
            images = F.interpolate(images, (side_px, side_px), mode="bicubic", antialias=True)
        if images.shape[2] < SEEN_PX:
            images = F.interpolate(images, (SEEN_PX, SEEN_PX), mode="bicubic", align_corners=False)
        maps = self.lite.maps(images.clamp(-1, 1), (BLOCK,))[0]  # (B, 40, 8, 8), larger where S is between
        return F.normalize(F.normalize(F.adaptive_avg_pool2d(maps, CELLS), dim=1).flatten(1), dim=1)


def build(tensors: dict[str, Tensor]) -> MultiscaleLite:
    """As efficientnet.build, from the same weights."""
    return MultiscaleLite(efficientnet.build(tensors)).eval()
