"""The default generator: draws on the principal components of the set, sharpened by a small network.

It starts as the PCA baseline: mean + components x latents, varied and blurred pictures before the first step. A small
residual network has that picture at every scale as its only input and adds what it lacks; its last layer starts at
zero. The latents are the coefficients, so that the first of them move what differs most and nearby latents stay alike.

At 64x64 the maps are 4x4x128, 8x8x128, 16x16x64, 32x32x32 and 64x64x16, all dense 3x3 convolutions between bilinear
doublings, which cannot leave a checkerboard. On the smallest map, at most 5 px on its shorter side, every place depends
on the whole picture: without it both eyes are drawn well, but not as a pair.

Source of the start: Turk & Pentland 1991, doi:10.1162/jocn.1991.3.1.71 (eigenfaces).
"""

import math
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganvas.config import StatisticsSettings
from ganvas.networks.layers import LINEAR, Conv2d, Double, Residual, check_labels, resized
from ganvas.networks.pca import principal_components
from ganvas.networks.spec import NetworkSpec

BASE, CAP = 16, 128
COARSEST_PX = 5
LARGEST_PCA_PX = 96
LENGTH_DEVIATION = 0.5**0.5  # of the length of N(0, I), whatever the dimension
MOST_DEVIATIONS = 2.5  # of a latent's length, beyond which coefficients grow or shrink no faster than latents
SHORTEST = 1e-3
HALVINGS = 60  # of an interval of lengths: to the last bit
RESIDUAL_SCALE = 0.3  # of the initial weights of each block's last layer


class Lengths(nn.Module):
    """(B, Z) latents -> (B, Z) coefficients: the same directions, at lengths that vary as those of the set do.

    A picture of little contrast has small coefficients all through, one of much has large ones: with 64 of them the
    length of a photograph's varies three times as much as that of N(0, I), whose draws are all of the same contrast.
    A normal latent's length is all but normal itself, at a deviation of sqrt(1/2); that of a coefficient is taken to be
    log-normal. The identity until `learn`.

    Source: docs/journal.md, 2026-11-29, what latents lack.
    """

    usual: Tensor
    shift: Tensor
    stretch: Tensor

    def __init__(self) -> None:
        super().__init__()
        for name in ("usual", "shift", "stretch"):
            self.register_buffer(name, torch.zeros(()))

    def reset_buffers(self) -> None:
        for buffer in self.buffers():
            buffer.zero_()

    def learn(self, coefficients: Tensor, share: float) -> None:
        """From (N, Z) coefficients, whitened, to be `share` as long as those."""
        logs = coefficients.norm(dim=1).clamp(min=SHORTEST).log()
        self.usual.fill_((coefficients.shape[1] - 0.5) ** 0.5)
        self.shift.copy_(logs.mean() - self.usual.log() + math.log(share))
        self.stretch.copy_(logs.std() - LENGTH_DEVIATION / self.usual)

    def forward(self, z: Tensor) -> Tensor:
        return z * self._factor(z.norm(dim=1, keepdim=True))

    def latents(self, coefficients: Tensor) -> Tensor:
        """(B, Z) coefficients -> the (B, Z) latents that have them, by halving an interval of lengths."""
        wanted = coefficients.double().norm(dim=1, keepdim=True)  # (B, 1)
        shortest = torch.zeros_like(wanted)
        longest = wanted / (self.shift - MOST_DEVIATIONS * self.stretch.abs()).exp()
        for _ in range(HALVINGS):
            middle = (shortest + longest) / 2
            is_short = middle * self._factor(middle) < wanted
            shortest, longest = torch.where(is_short, middle, shortest), torch.where(is_short, longest, middle)
        return (coefficients * (longest / wanted.clamp(min=torch.finfo(wanted.dtype).tiny))).to(coefficients)

    def _factor(self, lengths: Tensor) -> Tensor:
        """(B, 1) lengths of latents -> (B, 1), what makes them those of coefficients."""
        deviations = (lengths - self.usual) / LENGTH_DEVIATION
        return (self.shift + self.stretch * deviations.clamp(-MOST_DEVIATIONS, MOST_DEVIATIONS)).exp()


class Components(nn.Module):
    """(B, Z) latents and labels -> (B, C, h, w) draws on the principal components, kept at up to 96 px a side.

    One mean a class, and one set of components for all. Zero until `learn`; later latents than there are components
    are unused.

    Args:
        has_lengths: whether latents are given the lengths of the set's coefficients; false in models of before.
    """

    mean: Tensor
    axes: Tensor

    def __init__(self, spec: NetworkSpec, size: tuple[int, int], *, has_lengths: bool = False):
        super().__init__()
        self.lengths = Lengths() if has_lengths else None
        self.size, self.channels = size, spec.channels
        numbers = size[0] * size[1] * spec.channels  # in the order (h, w, C)
        self.register_buffer("mean", torch.zeros(max(spec.classes, 1), numbers))
        self.register_buffer("axes", torch.zeros(spec.z_dim, numbers))

    def reset_buffers(self) -> None:
        self.mean.zero_()
        self.axes.zero_()

    @torch.no_grad()
    def learn(
        self, images: Tensor, labels: Tensor | None, generator: torch.Generator, *, length_share: float = 1.0
    ) -> None:
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
            if self.lengths is not None:
                self.lengths.learn(centred @ axes.T / deviations, length_share)

    def project(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        """(B, C, h, w) pictures of this size and labels -> (B, C, h, w): the nearest pictures on the components."""
        return self._pictures(self.coefficients(images, labels), labels)

    def latents(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        """(B, C, h, w) pictures of this size and labels -> (B, Z): the latents whose draws are nearest to them."""
        coefficients = self.coefficients(images, labels)
        return coefficients if self.lengths is None else self.lengths.latents(coefficients)

    def coefficients(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        """(B, C, h, w) pictures of this size and labels -> (B, Z): where they lie along each component."""
        rows = images.permute(0, 2, 3, 1).flatten(1)  # (B, D)
        squares = self.axes.square().sum(1).clamp(min=torch.finfo(self.axes.dtype).tiny)
        return (rows - self._means(labels)) @ self.axes.T / squares

    def forward(self, z: Tensor, labels: Tensor | None = None, *, length: float = 1.0) -> Tensor:
        """Args: length: what coefficients are multiplied with."""
        return self._pictures(length * (z if self.lengths is None else self.lengths(z)), labels)

    def _means(self, labels: Tensor | None) -> Tensor:
        return self.mean if labels is None else self.mean.index_select(0, labels)

    def _pictures(self, coefficients: Tensor, labels: Tensor | None) -> Tensor:
        rows = torch.addmm(self._means(labels), coefficients, self.axes)
        return rows.unflatten(1, (*self.size, self.channels)).permute(0, 3, 1, 2)


class PcaGenerator(nn.Module):
    """Latents and labels -> pictures in [-1, 1]: a draw on the components, then that draw sharpened.

    The draw is the network's only input, and with labels a learned vector of the class.

    Args:
        coarsest_px: of the smallest map's shorter side, at most.
        has_lengths: as of Components.

    eigen: the first convolution at each size of the draw; shipped models have its weights under this name.
    """

    def __init__(self, spec: NetworkSpec, *, coarsest_px: int = COARSEST_PX, has_lengths: bool = False):
        super().__init__()
        self.size = spec.height, spec.width
        halvings = max(math.ceil(math.log2(max(self.size) / LARGEST_PCA_PX)), 0)
        size = spec.height >> halvings, spec.width >> halvings
        self.components = Components(spec, size, has_lengths=has_lengths)
        levels = math.ceil(math.log2(min(self.size) / coarsest_px)) + 1
        channels = spec.pyramid(base=BASE, cap=CAP, levels=levels)
        self.classes = nn.Embedding(spec.classes, channels[0]) if spec.classes else None
        # Shipped models have their weights under the name eigen.
        self.eigen = nn.ModuleList(Conv2d(spec.channels, each, 3, initial_scale=1.0) for each in channels)
        self.narrow = nn.ModuleList(Conv2d(a, b, 1, initial_scale=LINEAR) for a, b in pairwise(channels))
        self.enlarge = Double()
        self.residual = nn.ModuleList(Residual(each, last_scale=RESIDUAL_SCALE) for each in channels)
        self.out = Conv2d(channels[-1], spec.channels, 3, initial_scale=0.0)

    def learn(
        self, images: Tensor, labels: Tensor | None, generator: torch.Generator, settings: StatisticsSettings
    ) -> None:
        """Take the principal components of (N, C, H, W) pictures in [-1, 1] and their labels or None."""
        small = resized(images, self.components.size)
        self.components.learn(small, labels, generator, length_share=settings.length_share)

    def draw(self, z: Tensor, labels: Tensor | None = None, *, length: float = 1.0) -> Tensor:
        """(B, Z) -> (B, C, H, W), any real numbers: the draw on the components. length: as of theirs."""
        check_labels(labels, self.classes.num_embeddings if self.classes else 0)
        return resized(self.components(z, labels, length=length), self.size)

    def latents(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        """(B, C, H, W) pictures -> (B, Z): the latents whose draws on the components are nearest to them."""
        return self.components.latents(resized(images, self.components.size), labels)

    def project(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        """(B, C, H, W) pictures -> the same shape: as near to each as a draw on the components comes."""
        return resized(self.components.project(resized(images, self.components.size), labels), self.size)

    def sharpen(self, drawn: Tensor, labels: Tensor | None = None) -> Tensor:
        """What `draw` returned -> the same shape, any real numbers."""
        pyramid = [drawn.clamp(-1, 1)]
        while len(pyramid) < len(self.eigen):
            pyramid.insert(0, halved(pyramid[0]))
        inputs = [convolution(level) for convolution, level in zip(self.eigen, pyramid, strict=True)]
        maps = inputs[0] if self.classes is None else inputs[0] + self.classes(labels)[:, :, None, None]
        maps = self.residual[0](maps)
        for each, narrow, residual in zip(inputs[1:], self.narrow, self.residual[1:], strict=True):
            height, width = each.shape[2:]
            maps = residual(each + self.enlarge(narrow(maps))[:, :, :height, :width])  # (B, C, h, w) -> (B, C', 2h, 2w)
        return drawn + self.out(F.leaky_relu(maps, 0.2))

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        return self.sharpen(self.draw(z, labels), labels).clamp(-1, 1)


def halved(images: Tensor) -> Tensor:
    """(B, C, h, w) -> (B, C, ceil(h / 2), ceil(w / 2)): means of four; an odd last row or column counts twice."""
    height, width = images.shape[2:]
    if height % 2 or width % 2:
        images = F.pad(images, (0, width % 2, 0, height % 2), mode="replicate")
    return F.avg_pool2d(images, 2)
