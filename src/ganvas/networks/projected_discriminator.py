"""The default discriminator: small looks at what a network that has seen ImageNet makes of a picture.

Heads judge three maps of EfficientNet-Lite0, or, where nothing of ImageNet may be used, one small network judges the
pixels and what is finest in them. A score is a mean over places. Everything that learns is spectrally normalised.

Source: Sauer et al. 2021, arXiv:2111.01007 (judging pretrained features).
"""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganvas.features import efficientnet
from ganvas.networks.feature_matching import FeatureMatching
from ganvas.networks.layers import filtered, resized, with_class
from ganvas.networks.spec import NetworkSpec, ceil_halved
from ganvas.networks.spectral import SpectralConv2d

MAPS = {2: 24, 4: 40, 10: 112}  # channels after these of EfficientNet-Lite0's blocks
HEAD, PIXELS, PIXELS_CAP = 64, 16, 64
SEEN_FROM_PX, SEEN_TO_PX, SHORTEST_SEEN_PX = 64, 128, 32
LEARNED_FROM = 512
FAINT = 1e-3  # a channel that hardly varies is not blown up


class Sight(nn.Module):
    """(B, C, H, W) in [-1, 1] -> three maps of EfficientNet-Lite0, each channel spread as N(0, 1) on the set.

    The network goes where this goes, but is no part of what is trained, saved or counted: its weights are read from
    their package whenever initial weights are set.
    """

    def __init__(self) -> None:
        super().__init__()
        for number, channels in MAPS.items():
            self.register_buffer(f"mean{number}", torch.zeros(1, channels, 1, 1))
            self.register_buffer(f"deviation{number}", torch.ones(1, channels, 1, 1))
        self._hidden = [efficientnet.EfficientNetLite0()]  # a list hides it from parameters and state_dict

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> "Sight":
        self._hidden[0]._apply(fn)
        return super()._apply(fn)

    def reset_buffers(self) -> None:
        """As before anything was learned.

        Raises:
            SettingError, ModelError: the package is not installed, or its weights are damaged.
        """
        self._hidden[0] = efficientnet.build(efficientnet.weights())
        for name, buffer in self.named_buffers():
            buffer.fill_(float(name.startswith("deviation")))

    @torch.no_grad()
    def learn(self, images: Tensor) -> list[Tensor]:
        """Take the spread of each channel from (N, C, H, W) pictures in [-1, 1], and return their maps."""
        every = [torch.cat(maps) for maps in zip(*map(self._maps, images.split(32)), strict=True)]
        for number, maps in zip(MAPS, every, strict=True):
            self.get_buffer(f"mean{number}").copy_(maps.mean((0, 2, 3), keepdim=True))
            self.get_buffer(f"deviation{number}").copy_(maps.std((0, 2, 3), keepdim=True) + FAINT)
        return self._spread(every)

    def _maps(self, images: Tensor) -> list[Tensor]:
        return self._hidden[0].maps(for_lite(images), tuple(MAPS))

    def _spread(self, every: list[Tensor]) -> list[Tensor]:
        return [
            (maps - self.get_buffer(f"mean{number}")) / self.get_buffer(f"deviation{number}")
            for number, maps in zip(MAPS, every, strict=True)
        ]

    def forward(self, images: Tensor) -> list[Tensor]:
        return self._spread(self._maps(images))


class PixelSight(nn.Module):
    """(B, C, H, W) pictures -> one map (B, 2C, H, W): themselves, and what a 3x3 blur takes away, spread as N(0, 1).

    A spectrally normalised network hardly hears the finest detail otherwise, a twentieth of the picture's own spread.
    """

    spread: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("spread", torch.ones(()))

    def reset_buffers(self) -> None:
        self.spread.fill_(1.0)

    def learn(self, images: Tensor) -> list[Tensor]:
        """Take the spread from (N, C, H, W) pictures in [-1, 1], and return their map."""
        self.spread.copy_(finest(images).std() + FAINT)
        return self.forward(images)

    def forward(self, images: Tensor) -> list[Tensor]:
        return [torch.cat((images, finest(images) / self.spread), dim=1)]


def finest(images: Tensor) -> Tensor:
    """(B, C, H, W) pictures less themselves blurred by (1, 2, 1) / 4 along each side."""
    return images - filtered(F.pad(images, (1, 1, 1, 1), mode="replicate"), (1, 2, 1))


class Look(nn.Module):
    """(B, C, h, w) maps or pictures, and labels -> (B,) scores: convolutions, a mean over places, one linear layer.

    Labels are heard as in layers.ScoreHead; the last layer and the vectors of the classes are spectrally normalised
    like the others, so that no score grows with its weights.
    """

    def __init__(self, layers: Sequence[SpectralConv2d], features: int, classes: int):
        super().__init__()
        self.layers = nn.Sequential(*(part for layer in layers for part in (layer, nn.LeakyReLU(0.2))))
        self.score = SpectralConv2d(features, 1, 1, 1, 0, bias=False)  # only differences of scores count
        self.classes = SpectralConv2d(features, classes, 1, 1, 0, bias=False) if classes else None

    def features(self, seen: Tensor) -> Tensor:
        """(B, C, h, w) -> (B, F)."""
        return self.layers(seen).mean((2, 3))

    def forward(self, seen: Tensor, labels: Tensor | None = None) -> Tensor:
        features = self.features(seen)[:, :, None, None]  # (B, F, 1, 1)
        by_class = None if self.classes is None else self.classes(features).flatten(1)  # (B, classes)
        return with_class(self.score(features).flatten(), by_class, labels)


class SeeingDiscriminator(nn.Module):
    """Pictures and labels -> scores, the mean over a look at each map that is seen; higher means "looks real"."""

    def __init__(self, spec: NetworkSpec, sight: Sight | PixelSight):
        super().__init__()
        self.sight = sight
        sizes = map_sizes(spec.height, spec.width) if isinstance(sight, Sight) else []
        looks = [_look_at_maps(channels, spec.classes) for channels, *_ in sizes] or [_look_at_pixels(spec)]
        self.look = nn.ModuleList(looks)
        self.matching = nn.ModuleList(FeatureMatching(*size) for size in sizes)

    def see(self, images: Tensor) -> list[Tensor]:
        """What is looked at, before any layer that learns."""
        return self.sight(images)

    def judge(self, seen: list[Tensor], labels: Tensor | None = None) -> Tensor:
        """(B, L) scores, one by each look."""
        return torch.stack([look(each, labels) for look, each in zip(self.looks(), seen, strict=True)], dim=1)

    def features(self, images: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, F), what the scores are read from."""
        seen = zip(self.looks(), self.see(images), strict=True)
        return torch.cat([look.features(each) for look, each in seen], dim=1)

    def learn(self, images: Tensor, labels: Tensor | None, generator: torch.Generator) -> None:
        """Take the spread of what is seen, and what to match, from some of (N, C, H, W) pictures in [-1, 1].

        They are from all over the set, which may be sorted by what it shows.
        """
        some = images[torch.linspace(0, len(images) - 1, min(len(images), LEARNED_FROM)).long()]
        for matching, maps in zip(self.matching, self.sight.learn(some), strict=False):
            cast("FeatureMatching", matching).learn(maps)

    def mismatch(self, seen: Sequence[Tensor]) -> Tensor:
        """By how many deviations drawn pictures, seen as in `see`, differ from the set on the whole: a root of squares.

        Not the squares themselves, which outweigh the scores where a set is hard. 0 where only pixels are seen.
        """
        every = zip(cast("list[FeatureMatching]", list(self.matching)), seen, strict=False)
        found = [matching.mismatch(maps) for matching, maps in every]
        return torch.stack(found).sum().clamp(min=1e-6).sqrt() if found else seen[0].new_zeros(())

    def forward(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        return self.judge(self.see(images), labels).mean(1)  # (B,)

    def looks(self) -> list[Look]:
        """One for each map that is seen."""
        return cast("list[Look]", list(self.look))


def _look_at_maps(channels: int, classes: int) -> Look:
    """Over (B, C, h, w) maps at half their size."""
    layers = (SpectralConv2d(channels, HEAD, 1, 1, 0), SpectralConv2d(HEAD, HEAD, 4, 2, 1))
    return Look([*layers, SpectralConv2d(HEAD, HEAD, 3, 1, 1)], HEAD, classes)


def _look_at_pixels(spec: NetworkSpec) -> Look:
    """Over pictures and their detail, halved until they are about 8 px: patches of a quarter of the picture."""
    widths = spec.pyramid(base=PIXELS, cap=PIXELS_CAP, levels=max(spec.doublings - 1, 1))[::-1]
    layers = [SpectralConv2d(wide, narrow, 4, 2, 1) for wide, narrow in pairwise((2 * spec.channels, *widths))]
    return Look([*layers, SpectralConv2d(widths[-1], widths[-1], 3, 1, 1)], widths[-1], spec.classes)


def for_lite(images: Tensor) -> Tensor:
    """(B, C, H, W) in [-1, 1] -> (B, 3, H', W'): three channels, longer side 64 to 128 px, shorter at least 32."""
    if images.shape[1] == 4:
        opacity = (images[:, 3:] + 1) / 2
        images = images[:, :3] * opacity + (1 - opacity)  # over white
    images = images.expand(-1, 3, -1, -1)
    size = seen_size(*images.shape[2:])
    return images if size == images.shape[2:] else resized(images, size)


def seen_size(height: int, width: int) -> tuple[int, int]:
    """(H', W') at which pictures of this size are seen."""
    shortest, longest = sorted((height, width))
    scale = max(min(max(longest, SEEN_FROM_PX), SEEN_TO_PX) / longest, SHORTEST_SEEN_PX / shortest)
    return round(height * scale), round(width * scale)


def map_sizes(height: int, width: int) -> list[tuple[int, int, int]]:
    """(C, h, w) of each of MAPS, for pictures of this size."""
    halvings = [1 + sum(stride == 2 for _, stride, *_ in efficientnet.BLOCKS[: number + 1]) for number in MAPS]
    sizes = [[ceil_halved(side, times) for side in seen_size(height, width)] for times in halvings]
    return [(channels, h, w) for channels, (h, w) in zip(MAPS.values(), sizes, strict=True)]
