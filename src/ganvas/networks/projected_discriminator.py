"""The default discriminator: small heads on the frozen features of a network that was trained on ImageNet.

There is a head on each of three maps of EfficientNet-Lite0, or, where no pretrained network may be used, one on the
pixels and their finest detail. A score is a mean over places. Everything that is trained is spectrally normalised.

Source: Sauer et al. 2021, arXiv:2111.01007 (projected GANs).
"""

import copy
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganvas.config import MatchingSettings, StatisticsSettings
from ganvas.features import efficientnet
from ganvas.networks.feature_matching import FeatureMatching
from ganvas.networks.layers import filtered, resized, with_class
from ganvas.networks.spec import NetworkSpec, ceil_halved
from ganvas.networks.spectral import SpectralConv2d
from ganvas.ranks import ALONE, Ranks

MAPS = {2: 24, 4: 40, 10: 112}  # channels after these of EfficientNet-Lite0's blocks
HEAD_CHANNELS = 64  # of a head on frozen features
PIXELS, PIXELS_CAP = 16, 64  # channels of the head on pixels, next to the picture and at most
LONGER_FROM_PX, LONGER_TO_PX, SHORTER_FROM_PX = 64, 128, 32  # sides of what EfficientNet-Lite0 is given


class FrozenFeatures(nn.Module):
    """(B, C, H, W) in [-1, 1] -> three maps of EfficientNet-Lite0, each channel standardised on the set.

    The network moves with this module, but is not trained, saved or counted: its weights are read from their package
    whenever initial weights are set.
    """

    def __init__(self) -> None:
        super().__init__()
        for number, channels in MAPS.items():
            self.register_buffer(f"mean{number}", torch.zeros(1, channels, 1, 1))
            self.register_buffer(f"deviation{number}", torch.ones(1, channels, 1, 1))
        self._hidden = [efficientnet.EfficientNetLite0()]  # a list hides it from parameters and state_dict

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> "FrozenFeatures":
        self._hidden[0]._apply(fn)
        return super()._apply(fn)

    def reset_buffers(self) -> None:
        """As before anything was learned.

        Raises:
            SettingError, ModelError: the package is not installed, or its weights are damaged.
        """
        self._hidden[0] = copy.deepcopy(efficientnet.pretrained())
        for name, buffer in self.named_buffers():
            buffer.fill_(float(name.startswith("deviation")))

    @torch.no_grad()
    def learn(self, images: Tensor, least_deviation: float) -> list[Tensor]:
        """Take mean and deviation of each channel from (N, C, H, W) pictures in [-1, 1], and return their maps."""
        every = [torch.cat(maps) for maps in zip(*map(self._maps, images.split(32)), strict=True)]
        for number, maps in zip(MAPS, every, strict=True):
            self.get_buffer(f"mean{number}").copy_(maps.mean((0, 2, 3), keepdim=True))
            self.get_buffer(f"deviation{number}").copy_(maps.std((0, 2, 3), keepdim=True) + least_deviation)
        return self._standardised(every)

    def _maps(self, images: Tensor) -> list[Tensor]:
        return self._hidden[0].maps(lite_input(images), tuple(MAPS))

    def _standardised(self, every: list[Tensor]) -> list[Tensor]:
        return [
            (maps - self.get_buffer(f"mean{number}")) / self.get_buffer(f"deviation{number}")
            for number, maps in zip(MAPS, every, strict=True)
        ]

    def forward(self, images: Tensor) -> list[Tensor]:
        return self._standardised(self._maps(images))


class PixelFeatures(nn.Module):
    """(B, C, H, W) pictures -> one map (B, 2C, H, W): themselves, and what a 3x3 blur removes, at deviation 1.

    The finest detail has about a twentieth of the picture's deviation: a spectrally normalised network would hardly
    respond to it.
    """

    spread: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("spread", torch.ones(()))

    def reset_buffers(self) -> None:
        self.spread.fill_(1.0)

    def learn(self, images: Tensor, least_deviation: float) -> list[Tensor]:
        """Take the deviation of the detail of (N, C, H, W) pictures in [-1, 1], and return their map."""
        self.spread.copy_(finest(images).std() + least_deviation)
        return self.forward(images)

    def forward(self, images: Tensor) -> list[Tensor]:
        return [torch.cat((images, finest(images) / self.spread), dim=1)]


def finest(images: Tensor) -> Tensor:
    """(B, C, H, W) pictures less themselves blurred by (1, 2, 1) / 4 along each side."""
    return images - filtered(F.pad(images, (1, 1, 1, 1), mode="replicate"), (1, 2, 1))


class Head(nn.Module):
    """(B, C, h, w) maps and labels -> (B,) scores: convolutions, a mean over places, one linear layer.

    Labels enter as in layers.ScoreHead. The last layer and the vectors of the classes are spectrally normalised like
    the others, so that no score grows with its weights.
    """

    def __init__(
        self, layers: Sequence[nn.Conv2d], features: int, classes: int, *, convolution: type[nn.Conv2d] = SpectralConv2d
    ):
        super().__init__()
        self.layers = nn.Sequential(*(part for layer in layers for part in (layer, nn.LeakyReLU(0.2))))
        self.score = convolution(features, 1, 1, 1, 0, bias=False)  # only differences of scores count
        self.classes = convolution(features, classes, 1, 1, 0, bias=False) if classes else None

    def features(self, maps: Tensor) -> Tensor:
        """(B, C, h, w) -> (B, F)."""
        return self.layers(maps).mean((2, 3))

    def forward(self, maps: Tensor, labels: Tensor | None = None) -> Tensor:
        features = self.features(maps)[:, :, None, None]  # (B, F, 1, 1)
        by_class = None if self.classes is None else self.classes(features).flatten(1)  # (B, classes)
        return with_class(self.score(features).flatten(), by_class, labels)


class ProjectedDiscriminator(nn.Module):
    """Pictures and labels -> scores, the mean over the heads; higher means "looks real".

    Args:
        frozen_features: pictures -> a map for each head; nothing in it is trained.
        convolution: of the heads; its arguments are those of SpectralConv2d.
    """

    def __init__(
        self,
        spec: NetworkSpec,
        frozen_features: FrozenFeatures | PixelFeatures,
        *,
        convolution: type[nn.Conv2d] = SpectralConv2d,
    ):
        super().__init__()
        self.frozen_features = frozen_features
        self.heads = heads_on(frozen_features, spec, convolution)
        sizes = map_sizes(spec.height, spec.width) if isinstance(frozen_features, FrozenFeatures) else []
        self.matching = nn.ModuleList(FeatureMatching(*size) for size in sizes)

    def feature_maps(self, images: Tensor) -> list[Tensor]:
        """(B, C, H, W) in [-1, 1] -> the frozen (B, C', h, w) maps, one for each head."""
        return self.frozen_features(images)

    def scores(self, maps: list[Tensor], labels: Tensor | None = None) -> Tensor:
        """What `feature_maps` gives -> (B, heads)."""
        return scores_of(self._heads(), maps, labels)

    def features(self, images: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, F), what the scores are read from."""
        pairs = zip(self._heads(), self.feature_maps(images), strict=True)
        return torch.cat([head.features(maps) for head, maps in pairs], dim=1)

    def learn(
        self, images: Tensor, labels: Tensor | None, generator: torch.Generator, settings: StatisticsSettings
    ) -> None:
        """Take the statistics of the frozen features from some of (N, C, H, W) pictures in [-1, 1].

        They are evenly spread over the set, which may be sorted by what it shows.
        """
        some = images[torch.linspace(0, len(images) - 1, min(len(images), settings.feature_pictures)).long()]
        learned = self.frozen_features.learn(some, settings.least_deviation)
        for matching, maps in zip(self.matching, learned, strict=False):
            cast("FeatureMatching", matching).learn(maps)

    def mismatch(self, maps: Sequence[Tensor], settings: MatchingSettings, ranks: Ranks = ALONE) -> Tensor:
        """By how many deviations the features of drawn pictures differ from the set's: a root of squares.

        Not the squares themselves, which outweigh the scores where a set is hard. 0 where there is a head on pixels
        only.
        """
        every = zip(cast("list[FeatureMatching]", list(self.matching)), maps, strict=False)
        found = [matching.mismatch(each, settings, ranks) for matching, each in every]
        return torch.stack(found).sum().clamp(min=1e-6).sqrt() if found else maps[0].new_zeros(())

    def forward(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        return self.scores(self.feature_maps(images), labels).mean(1)  # (B,)

    def _heads(self) -> list[Head]:
        return cast("list[Head]", list(self.heads))


def heads_on(
    frozen_features: FrozenFeatures | PixelFeatures,
    spec: NetworkSpec,
    convolution: type[nn.Conv2d] = SpectralConv2d,
) -> nn.ModuleList:
    """One head for each map of the features of such pictures."""
    if isinstance(frozen_features, PixelFeatures):
        return nn.ModuleList([_pixel_head(spec, convolution)])
    return nn.ModuleList(_map_head(channels, spec.classes, convolution) for channels in MAPS.values())


def scores_of(heads: Sequence[Head], maps: Sequence[Tensor], labels: Tensor | None) -> Tensor:
    """A map for each head and labels -> (B, heads)."""
    return torch.stack([head(each, labels) for head, each in zip(heads, maps, strict=True)], dim=1)


def _map_head(channels: int, classes: int, convolution: type[nn.Conv2d]) -> Head:
    """Over (B, C, h, w) maps at half their size."""
    wide = HEAD_CHANNELS
    layers = (convolution(channels, wide, 1, 1, 0), convolution(wide, wide, 4, 2, 1), convolution(wide, wide, 3, 1, 1))
    return Head(layers, wide, classes, convolution=convolution)


def _pixel_head(spec: NetworkSpec, convolution: type[nn.Conv2d]) -> Head:
    """Over pictures and their detail, halved until they are about 8 px: patches of a quarter of the picture."""
    widths = spec.pyramid(base=PIXELS, cap=PIXELS_CAP, levels=max(spec.doublings - 1, 1))[::-1]
    layers = [convolution(wide, narrow, 4, 2, 1) for wide, narrow in pairwise((2 * spec.channels, *widths))]
    layers.append(convolution(widths[-1], widths[-1], 3, 1, 1))
    return Head(layers, widths[-1], spec.classes, convolution=convolution)


def lite_input(images: Tensor) -> Tensor:
    """(B, C, H, W) in [-1, 1] -> (B, 3, H', W'): three channels, opacity laid on white, of `input_size`."""
    images = visible(images)[:, :3].expand(-1, 3, -1, -1)
    size = input_size(*images.shape[2:])
    return images if size == images.shape[2:] else resized(images, size)


def visible(images: Tensor) -> Tensor:
    """(B, C, H, W) in [-1, 1] -> the same shape: colours laid on white by their opacity, which is kept beside them."""
    if images.shape[1] != 4:
        return images
    opacity = (images[:, 3:] + 1) / 2
    return torch.cat((images[:, :3] * opacity + (1 - opacity), images[:, 3:]), dim=1)


def input_size(height: int, width: int) -> tuple[int, int]:
    """(H', W') for EfficientNet-Lite0: the longer side 64 to 128 px, the shorter at least 32."""
    shorter, longer = sorted((height, width))
    scale = max(min(max(longer, LONGER_FROM_PX), LONGER_TO_PX) / longer, SHORTER_FROM_PX / shorter)
    return round(height * scale), round(width * scale)


def map_sizes(height: int, width: int) -> list[tuple[int, int, int]]:
    """(C, h, w) of each of MAPS, for pictures of this size."""
    halvings = [1 + sum(stride == 2 for _, stride, *_ in efficientnet.BLOCKS[: number + 1]) for number in MAPS]
    sizes = [[ceil_halved(side, times) for side in input_size(height, width)] for times in halvings]
    return [(channels, h, w) for channels, (h, w) in zip(MAPS.values(), sizes, strict=True)]
