"""The default: draws on the principal components of the set, sharpened by a small network; made for CPUs.

The generator starts as the eigen line: mean + components x latents, varied and blurred pictures before the first step.
A small residual network sees that picture at every scale and adds what it lacks; its last layer starts at zero. The
latents are the coefficients, so that the first of them move what differs most and nearby latents stay alike.

The discriminator sees with EfficientNet-Lite0: heads on three of its maps, and one small network on the pixels, since
the maps do not mind what an eye does (streaks, dots). A head's score is a mean over places. Blind, there are only
the pixels.

At 64x64 the generator's maps are 8x8x128, 16x16x64, 32x32x32 and 64x64x16, all dense 3x3 convolutions between bilinear
doublings, which cannot leave a checkerboard.

Sources: Turk & Pentland 1991, doi:10.1162/jocn.1991.3.1.71 (eigenfaces); Sauer et al. 2021, arXiv:2111.01007 (a
discriminator on pretrained features); Miyato et al. 2018, arXiv:1802.05957 (spectral normalisation).
"""

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganvas.networks import lite
from ganvas.networks.layers import DenseMap, LatentInput, centre_crop, check_labels
from ganvas.networks.r3gan import LINEAR, Conv2d, Double
from ganvas.networks.spec import Networks, NetworkSpec, ceil_halved
from ganvas.principal import principal_components

BASE, CAP = 16, 128
SIGHTS = {
    "swift": "its discriminator saw through EfficientNet-Lite0, trained on ImageNet",
    "swift-blind": "no pretrained network had a part in its training",
}  # what cards say, by architecture
LARGEST_EIGEN_PX = 96
BRANCH = 0.3
FIRST_ITERATIONS = 15
MAPS = {2: 24, 4: 40, 10: 112}  # channels after these of EfficientNet-Lite0's blocks
HEAD, PIXELS, PIXELS_CAP = 64, 32, 128
SEEN_FROM_PX, SEEN_TO_PX, SHORTEST_SEEN_PX = 64, 128, 32
FAINT = 1e-3  # a channel that hardly varies is not blown up


def build(spec: NetworkSpec) -> Networks:
    """The pair for `spec`."""
    return Networks(EigenGenerator(spec), SeeingDiscriminator(spec, Sight()))


def build_blind(spec: NetworkSpec) -> Networks:
    """The same pair with a discriminator that knows nothing of ImageNet."""
    return Networks(EigenGenerator(spec), SeeingDiscriminator(spec, None))


class Components(nn.Module):
    """(B, Z) latents and labels -> (B, C, h, w) draws on the principal components, kept at up to 96 px a side.

    One mean a class, and one set of components for all. Zero until `learn`; later latents than there are components
    stay unheard.
    """

    mean: Tensor
    axes: Tensor

    def __init__(self, spec: NetworkSpec, size: tuple[int, int]):
        super().__init__()
        self.size, self.channels = size, spec.channels
        numbers = size[0] * size[1] * spec.channels  # in the order (h, w, C)
        self.register_buffer("mean", torch.zeros(max(spec.classes, 1), numbers))
        self.register_buffer("axes", torch.zeros(spec.z_dim, numbers))

    def reset_buffers(self) -> None:
        self.mean.zero_()
        self.axes.zero_()

    @torch.no_grad()
    def learn(self, images: Tensor, labels: Tensor | None, generator: torch.Generator) -> None:
        """From (N, C, h, w) pictures in [-1, 1] of this size and (N,) labels or None."""
        rows = images.permute(0, 2, 3, 1).flatten(1).to(self.mean)  # (N, D)
        groups = torch.zeros(len(rows), dtype=torch.int64) if labels is None else labels
        self.mean.copy_(rows.mean(0).expand_as(self.mean))
        for group in groups.unique().tolist():
            self.mean[group] = rows[groups == group].mean(0)
        centred = rows - self.mean[groups]
        wanted = min(len(self.axes), len(rows) - 1, rows.shape[1])
        self.axes.zero_()
        if wanted > 0:
            axes, deviations = principal_components(centred, wanted, generator)
            self.axes[:wanted] = axes * deviations[:, None]

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        mean = self.mean if labels is None else self.mean[labels]
        return torch.addmm(mean, z, self.axes).unflatten(1, (*self.size, self.channels)).permute(0, 3, 1, 2)


class Residual(nn.Module):
    """(B, C, h, w) -> the same shape; nearly the identity at first."""

    def __init__(self, channels: int):
        super().__init__()
        self.first = Conv2d(channels, channels, 3, initial_scale=1.0)
        self.last = Conv2d(channels, channels, 3, initial_scale=BRANCH)

    def forward(self, maps: Tensor) -> Tensor:
        branch = self.first(F.leaky_relu(maps, 0.2))
        return maps + self.last(F.leaky_relu_(branch, 0.2))


class EigenGenerator(nn.Module):
    """Latents and labels -> pictures in [-1, 1]; `unbounded` is the same before what sticks out is cut off."""

    def __init__(self, spec: NetworkSpec):
        super().__init__()
        self.height, self.width = spec.height, spec.width
        doublings = max(spec.doublings - 1, 1)
        start = ceil_halved(spec.height, doublings), ceil_halved(spec.width, doublings)
        self.canvas = start[0] << doublings, start[1] << doublings
        halvings = max(math.ceil(math.log2(max(self.canvas) / LARGEST_EIGEN_PX)), 0)
        self.components = Components(spec, (self.canvas[0] >> halvings, self.canvas[1] >> halvings))
        self.latent = LatentInput(spec.z_dim, spec.classes)
        channels = spec.pyramid(base=BASE, cap=CAP, levels=doublings + 1)
        self.start = DenseMap(self.latent.out_features, channels[0], start, initial_scale=LINEAR)
        self.narrow = nn.ModuleList(Conv2d(a, b, 1, initial_scale=LINEAR) for a, b in pairwise(channels))
        self.enlarge = Double()
        self.eigen = nn.ModuleList(Conv2d(spec.channels, each, 3, initial_scale=1.0) for each in channels)
        self.residual = nn.ModuleList(Residual(each) for each in channels)
        self.out = Conv2d(channels[-1], spec.channels, 3, initial_scale=0.0)

    def learn(self, images: Tensor, labels: Tensor | None, generator: torch.Generator) -> None:
        """Take the principal components of (N, C, H, W) pictures in [-1, 1] and their labels or None."""
        spare = self.canvas[0] - self.height, self.canvas[1] - self.width
        sides = (spare[1] // 2, spare[1] - spare[1] // 2, spare[0] // 2, spare[0] - spare[0] // 2)
        padded = F.pad(images, sides, mode="replicate")
        self.components.learn(_resized(padded, self.components.size), labels, generator)

    def unbounded(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """(B, C, H, W), any real numbers."""
        maps = self.start(self.latent(z, labels))
        drawn = self.components(z, labels)  # (B, C, h, w)
        seen = drawn.clamp(-1, 1)
        for level, (see, residual) in enumerate(zip(self.eigen, self.residual, strict=True)):
            if level > 0:
                maps = self.enlarge(self.narrow[level - 1](maps))
            maps = residual(maps + see(_resized(seen, maps.shape[2:])))
        added = self.out(F.leaky_relu(maps, 0.2))
        return centre_crop(_resized(drawn, self.canvas) + added, self.height, self.width)

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        return self.unbounded(z, labels).clamp(-1, 1)


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
        self._hidden = [lite.EfficientNetLite0()]  # a list hides it from parameters and state_dict

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> "Sight":
        self._hidden[0]._apply(fn)
        return super()._apply(fn)

    def reset_buffers(self) -> None:
        """As before anything was learned.

        Raises:
            SettingError, ModelError: the package is not installed, or its weights are damaged.
        """
        self._hidden[0] = lite.build(lite.weights())
        for name, buffer in self.named_buffers():
            buffer.fill_(float(name.startswith("deviation")))

    @torch.no_grad()
    def learn(self, images: Tensor) -> None:
        """Take the spread of each channel from (N, C, H, W) pictures in [-1, 1]."""
        every = [torch.cat(maps) for maps in zip(*map(self._maps, images.split(32)), strict=True)]
        for number, maps in zip(MAPS, every, strict=True):
            self.get_buffer(f"mean{number}").copy_(maps.mean((0, 2, 3), keepdim=True))
            self.get_buffer(f"deviation{number}").copy_(maps.std((0, 2, 3), keepdim=True) + FAINT)

    def _maps(self, images: Tensor) -> list[Tensor]:
        return self._hidden[0].maps(as_seen(images), tuple(MAPS))

    def forward(self, images: Tensor) -> list[Tensor]:
        return [
            (maps - self.get_buffer(f"mean{number}")) / self.get_buffer(f"deviation{number}")
            for number, maps in zip(MAPS, self._maps(images), strict=True)
        ]


class SpectralConv2d(nn.Conv2d):
    """A convolution whose kernel, as a matrix (out, in * k * k), has the largest singular value 1.

    One power iteration a pass follows it while the layer is in training. torch's own parametrisation says the same, but
    its tensors are made anew on `meta`, where initial weights cannot be set.
    """

    left: Tensor
    right: Tensor

    def __init__(self, channels: int, out_channels: int, kernel: int, stride: int, padding: int, *, bias: bool = True):
        super().__init__(channels, out_channels, kernel, stride, padding, bias=bias)
        self.register_buffer("left", torch.zeros(out_channels))
        self.register_buffer("right", torch.zeros(channels * kernel * kernel))

    @torch.no_grad()
    def reset_buffers(self) -> None:
        """Any direction that is not orthogonal to the largest one will do to start from."""
        self.left.copy_(F.normalize(self.weight.flatten(1).sum(1), dim=0))
        for _ in range(FIRST_ITERATIONS):
            self._follow()

    @torch.no_grad()
    def _follow(self) -> None:
        matrix = self.weight.flatten(1)  # (out, in * k * k)
        self.right.copy_(F.normalize(matrix.T @ self.left, dim=0))
        self.left.copy_(F.normalize(matrix @ self.right, dim=0))

    def forward(self, input: Tensor) -> Tensor:
        if self.training:
            self._follow()
        # Clones, since a later pass changes the buffers before this one's gradient is taken.
        largest = self.left.clone() @ self.weight.flatten(1) @ self.right.clone()
        return self._conv_forward(input, self.weight / largest, self.bias)


class Look(nn.Module):
    """(B, C, h, w) maps or pictures, and labels -> (B,) scores: convolutions, a mean over places, one linear layer.

    Labels are heard as in layers.ScoreHead; the last layer is spectrally normalised like the others.
    """

    def __init__(self, layers: Sequence["SpectralConv2d"], features: int, classes: int):
        super().__init__()
        self.layers = nn.Sequential(*(part for layer in layers for part in (layer, nn.LeakyReLU(0.2))))
        self.score = SpectralConv2d(features, 1, 1, 1, 0, bias=False)  # only differences of scores count
        self.classes = nn.Linear(features, classes, bias=False) if classes else None

    def features(self, seen: Tensor) -> Tensor:
        """(B, C, h, w) -> (B, F)."""
        return self.layers(seen).mean((2, 3))

    def forward(self, seen: Tensor, labels: Tensor | None = None) -> Tensor:
        check_labels(labels, self.classes.out_features if self.classes else 0)
        features = self.features(seen)
        scores = self.score(features[:, :, None, None]).flatten()  # (B,)
        if self.classes is None or labels is None:
            return scores
        return scores + self.classes(features).gather(1, labels.unsqueeze(1)).squeeze(1)  # (B,)


class SeeingDiscriminator(nn.Module):
    """Pictures and labels -> scores, the mean over several looks; higher means "looks real".

    Args:
        sight: None: there is one look, at the pixels.
    """

    def __init__(self, spec: NetworkSpec, sight: Sight | None):
        super().__init__()
        self.sight = sight
        self.look = nn.ModuleList(
            _look_at_maps(channels, spec.classes) for channels in (MAPS.values() if sight else ())
        )
        self.look.append(_look_at_pixels(spec))

    def see(self, images: Tensor) -> list[Tensor]:
        """What is looked at, before any layer that learns: the maps, then the picture itself."""
        return [*(self.sight(images) if self.sight else ()), images]

    def judge(self, seen: list[Tensor], labels: Tensor | None = None) -> Tensor:
        """(B, L) scores, one by each look."""
        return torch.stack([look(each, labels) for look, each in zip(self._looks(), seen, strict=True)], dim=1)

    def features(self, images: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, F), what the scores are read from."""
        seen = zip(self._looks(), self.see(images), strict=True)
        return torch.cat([look.features(each) for look, each in seen], dim=1)

    def learn(self, images: Tensor, labels: Tensor | None, generator: torch.Generator) -> None:
        """Take the spread of what is seen from at most 512 of (N, C, H, W) pictures in [-1, 1]."""
        if self.sight is not None:
            self.sight.learn(images[:512])

    def forward(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        return self.judge(self.see(images), labels).mean(1)  # (B,)

    def _looks(self) -> list[Look]:
        return cast("list[Look]", list(self.look))


def _look_at_maps(channels: int, classes: int) -> Look:
    """Over (B, C, h, w) maps at half their size."""
    layers = (SpectralConv2d(channels, HEAD, 1, 1, 0), SpectralConv2d(HEAD, HEAD, 4, 2, 1))
    return Look([*layers, SpectralConv2d(HEAD, HEAD, 3, 1, 1)], HEAD, classes)


def _look_at_pixels(spec: NetworkSpec) -> Look:
    """Over pictures, halved until they are about 8 px: patches of a quarter of the picture."""
    widths = spec.pyramid(base=PIXELS, cap=PIXELS_CAP, levels=max(spec.doublings - 1, 1))[::-1]
    layers = [SpectralConv2d(wide, narrow, 4, 2, 1) for wide, narrow in pairwise((spec.channels, *widths))]
    return Look([*layers, SpectralConv2d(widths[-1], widths[-1], 3, 1, 1)], widths[-1], spec.classes)


def as_seen(images: Tensor) -> Tensor:
    """(B, C, H, W) in [-1, 1] -> (B, 3, H', W'): three channels, longer side 64 to 128 px, shorter at least 32."""
    if images.shape[1] == 4:
        opacity = (images[:, 3:] + 1) / 2
        images = images[:, :3] * opacity + (1 - opacity)  # over white
    images = images.expand(-1, 3, -1, -1)
    shortest, longest = sorted(images.shape[2:])
    scale = max(min(max(longest, SEEN_FROM_PX), SEEN_TO_PX) / longest, SHORTEST_SEEN_PX / shortest)
    return images if scale == 1 else _resized(images, [round(side * scale) for side in images.shape[2:]])


def _resized(images: Tensor, size: Sequence[int]) -> Tensor:
    """(B, C, h, w) -> (B, C, *size): means when a whole number of times smaller, else interpolated."""
    height, width = images.shape[2:]
    if (height, width) == tuple(size):
        return images
    if height % size[0] == 0 and width % size[1] == 0:
        return F.avg_pool2d(images, (height // size[0], width // size[1]))
    return F.interpolate(images, size=tuple(size), mode="bilinear", align_corners=False)
