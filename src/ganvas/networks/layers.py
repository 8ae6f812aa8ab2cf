"""What the architectures share: the way in for latents and labels, blocks, the way out to pictures and to scores.

A map and a vector hold the same numbers in the order (h, w, C), so that going between them copies nothing when the
map is channels-last in memory.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganvas.device import upload
from ganvas.networks.spec import NetworkSpec

CLASS_DIM = 50
LINEAR = math.sqrt(0.5)  # undoes He's factor for the ReLU, where none comes before


def centre_crop(images: Tensor, height: int, width: int) -> Tensor:
    """(B, C, >= H, >= W) -> (B, C, H, W); an odd pixel is taken off the bottom and the right."""
    top, left = (images.shape[2] - height) // 2, (images.shape[3] - width) // 2
    return images[:, :, top : top + height, left : left + width]


def resized(images: Tensor, size: Sequence[int]) -> Tensor:
    """(B, C, h, w) -> (B, C, *size): means when a whole number of times smaller, else interpolated."""
    height, width = images.shape[2:]
    if (height, width) == tuple(size):
        return images
    if height % size[0] == 0 and width % size[1] == 0:
        return F.avg_pool2d(images, (height // size[0], width // size[1]))
    return F.interpolate(images, size=tuple(size), mode="bilinear", align_corners=False)


def filtered(maps: Tensor, side: Sequence[float], *, stride: int = 1, padding: int = 0) -> Tensor:
    """Each channel of (B, C, h, w) under the kernel whose rows and columns are `side`, scaled to sum to 1."""
    weights = upload(torch.tensor(side, dtype=maps.dtype), maps.device) / sum(side)
    kernel = (weights[:, None] * weights).expand(maps.shape[1], 1, -1, -1)
    return F.conv2d(maps, kernel, stride=stride, padding=padding, groups=maps.shape[1])


def check_labels(labels: Tensor | None, classes: int) -> None:
    """Raises ValueError if a conditional network was called without labels, or an unconditional one with them."""
    if classes and labels is None:
        raise ValueError(f"this network is conditional: expected labels from 0 to {classes - 1}, got None")
    if not classes and labels is not None:
        raise ValueError(f"this network has no classes: expected labels None, got {tuple(labels.shape)}")


class ToVector(nn.Module):
    """(B, C, h, w) -> (B, h * w * C)."""

    def forward(self, maps: Tensor) -> Tensor:
        return maps.permute(0, 2, 3, 1).flatten(1)  # (B, h * w * C)


class Conv2d(nn.Conv2d):
    """A convolution that keeps the size of its map, and whose initial weights are multiplied by `initial_scale`."""

    def __init__(self, in_channels: int, out_channels: int, kernel: int, *, initial_scale: float):
        super().__init__(in_channels, out_channels, kernel, padding=kernel // 2)
        self.initial_scale = initial_scale


class Residual(nn.Module):
    """(B, C, h, w) -> the same shape; the identity at first, or near it where `last_scale` is small."""

    def __init__(self, channels: int, *, last_scale: float = 0.0):
        super().__init__()
        self.first = Conv2d(channels, channels, 3, initial_scale=1.0)
        self.last = Conv2d(channels, channels, 3, initial_scale=last_scale)

    def forward(self, maps: Tensor) -> Tensor:
        branch = self.first(F.leaky_relu(maps, 0.2))
        return maps + self.last(F.leaky_relu_(branch, 0.2))


class Double(nn.Module):
    """(B, C, h, w) -> (B, C, 2h, 2w), bilinear."""

    def forward(self, maps: Tensor) -> Tensor:
        return F.interpolate(maps, scale_factor=2, mode="bilinear", align_corners=False)  # (B, C, 2h, 2w)


class LatentInput(nn.Module):
    """z, and for a conditional generator a learned vector of the class behind it.

    The vector has min(z_dim, 50) numbers and begins as N(0, 1), like z, so that both have the same weight at first.
    Source: Mirza & Osindero 2014, arXiv:1411.1784 (the class as a further input of the generator).
    """

    def __init__(self, z_dim: int, classes: int):
        super().__init__()
        self.z_dim = z_dim
        self.classes = nn.Embedding(classes, min(z_dim, CLASS_DIM)) if classes else None
        self.out_features = z_dim + (self.classes.embedding_dim if self.classes else 0)

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        check_labels(labels, self.classes.num_embeddings if self.classes else 0)
        if z.ndim != 2 or z.shape[1] != self.z_dim:
            raise ValueError(f"expected latents (B, {self.z_dim}), got {tuple(z.shape)}")
        if self.classes is None:
            return z  # (B, Z)
        return torch.cat((z, self.classes(labels)), dim=1)  # (B, Z + embedding)


class DenseMap(nn.Module):
    """(B, in_features) -> (B, C, h, w): a linear layer whose outputs are laid out as a map.

    The transposed convolution of a 1x1 map is the same thing; as one matrix product it is several times faster on CPUs.
    """

    def __init__(
        self, in_features: int, channels: int, size: tuple[int, int], *, bias: bool = True, initial_scale: float = 1.0
    ):
        super().__init__()
        self.shape = (*size, channels)  # (h, w, C)
        self.linear = nn.Linear(in_features, size[0] * size[1] * channels, bias=bias)
        vars(self.linear)["initial_scale"] = initial_scale

    def forward(self, vectors: Tensor) -> Tensor:
        return self.linear(vectors).unflatten(1, self.shape).permute(0, 3, 1, 2)  # (B, F) -> (B, C, h, w)


class GeneratorNetwork(nn.Module):
    """Latents and labels -> pictures in [-1, 1]: the latent's way in, `body`, a crop to size, tanh.

    Args:
        latent: its out_features is what `body` takes.
        body: (B, latent.out_features) -> (B, C, at least H, at least W), any real numbers.
    """

    def __init__(self, spec: NetworkSpec, latent: LatentInput, body: nn.Module):
        super().__init__()
        self.height, self.width = spec.height, spec.width
        self.latent = latent
        self.body = body

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        images = self.body(self.latent(z, labels))  # (B, Z) -> (B, C, >= H, >= W)
        return torch.tanh(centre_crop(images, self.height, self.width))  # (B, C, H, W)


def with_class(scores: Tensor, by_class: Tensor | None, labels: Tensor | None) -> Tensor:
    """(B,) scores plus that one of (B, classes) which each label names.

    Raises:
        ValueError: labels without classes, or classes without labels.
    """
    check_labels(labels, 0 if by_class is None else by_class.shape[1])
    if by_class is None or labels is None:
        return scores
    return scores + by_class.gather(1, labels.unsqueeze(1)).squeeze(1)  # (B,)


class ScoreHead(nn.Module):
    """(B, F) features -> (B,) scores: one linear layer, plus the features' product with a learned vector of the class.

    Source: Miyato & Koyama 2018, arXiv:1802.05637. Their embedding V is kept as a linear layer with one row per class,
    whose column of the label is picked: the same numbers, with the initial weights of any other layer.
    """

    def __init__(self, in_features: int, classes: int, *, bias: bool = True):
        super().__init__()
        self.linear = nn.Linear(in_features, 1, bias=bias)
        self.classes = nn.Linear(in_features, classes, bias=False) if classes else None

    def forward(self, features: Tensor, labels: Tensor | None = None) -> Tensor:
        by_class = None if self.classes is None else self.classes(features)  # (B, F) -> (B, classes)
        return with_class(self.linear(features).squeeze(1), by_class, labels)  # (B, F) -> (B,)


class DiscriminatorNetwork(nn.Module):
    """Pictures and labels -> scores; higher means "looks real".

    Args:
        body: (B, C, H, W) -> (B, in_features), what the score is read from.
        bias: of the score.
    """

    def __init__(self, body: nn.Module, in_features: int, classes: int, *, bias: bool = True):
        super().__init__()
        self.body = body
        self.head = ScoreHead(in_features, classes, bias=bias)

    def features(self, images: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, F), what the score is read from."""
        return self.body(images)

    def forward(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        return self.head(self.features(images), labels)  # (B, C, H, W) -> (B, F) -> (B,)
