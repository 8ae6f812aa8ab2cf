"""Inception-v3 as the original FID has it: the 2015-12-05 TensorFlow graph, in the port that pytorch-fid distributes.

It is not torchvision's Inception-v3: average pools leave the padding out of the mean, the pool in the last block takes
the maximum, and there are 1008 classes. Layers are named as in the port's file; batch normalisation is folded into
the convolutions as they are read.
Source: Szegedy et al. 2015, arXiv:1512.00567; Heusel et al. 2017, arXiv:1706.08500 for its use in FID.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganvas.features.efficientnet import folded

FEATURES, SIZE_PX = 2048, 299
CLASSES = 1008
URL = "https://github.com/mseitzer/pytorch-fid/releases/download/fid_weights/pt_inception-2015-12-05-6726825d.pth"
SHA256 = "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2"


class Layer(NamedTuple):
    """A convolution and its ReLU inside a block; it keeps the size of its maps, or halves it without padding."""

    name: str
    reads: str  # another layer of the block, or "maps", the block's input, or "pool", that input pooled
    channels: int
    kernel: tuple[int, int] = (1, 1)
    stride: int = 1


class Block(NamedTuple):
    """Layers and a pool side by side. What no layer reads is stacked, in this order and the pool last."""

    layers: list[Layer]
    pool: Callable[[Tensor], Tensor]


def average_pool(maps: Tensor) -> Tensor:
    """Mean over 3x3 neighbours; the padding counts as nothing, not as zeros."""
    return F.avg_pool2d(maps, 3, 1, 1, count_include_pad=False)


def max_pool(maps: Tensor) -> Tensor:
    """Maximum over 3x3 neighbours."""
    return F.max_pool2d(maps, 3, 1, 1)


def halving_pool(maps: Tensor) -> Tensor:
    """Maximum over 3x3 neighbours at every second place, without padding."""
    return F.max_pool2d(maps, 3, 2)


def small(pool_channels: int) -> Block:
    """Kernels up to 5x5, for maps of 35x35."""
    layers = [
        Layer("branch1x1", "maps", 64),
        Layer("branch5x5_1", "maps", 48),
        Layer("branch5x5_2", "branch5x5_1", 64, (5, 5)),
        Layer("branch3x3dbl_1", "maps", 64),
        Layer("branch3x3dbl_2", "branch3x3dbl_1", 96, (3, 3)),
        Layer("branch3x3dbl_3", "branch3x3dbl_2", 96, (3, 3)),
        Layer("branch_pool", "pool", pool_channels),
    ]
    return Block(layers, average_pool)


def long(channels: int) -> Block:
    """7x7 kernels split into rows and columns, for maps of 17x17; `channels` of them between the two ends."""
    layers = [
        Layer("branch1x1", "maps", 192),
        Layer("branch7x7_1", "maps", channels),
        Layer("branch7x7_2", "branch7x7_1", channels, (1, 7)),
        Layer("branch7x7_3", "branch7x7_2", 192, (7, 1)),
        Layer("branch7x7dbl_1", "maps", channels),
        Layer("branch7x7dbl_2", "branch7x7dbl_1", channels, (7, 1)),
        Layer("branch7x7dbl_3", "branch7x7dbl_2", channels, (1, 7)),
        Layer("branch7x7dbl_4", "branch7x7dbl_3", channels, (7, 1)),
        Layer("branch7x7dbl_5", "branch7x7dbl_4", 192, (1, 7)),
        Layer("branch_pool", "pool", 192),
    ]
    return Block(layers, average_pool)


def wide(pool: Callable[[Tensor], Tensor]) -> Block:
    """Rows and columns of 3x3 side by side, for maps of 8x8."""
    layers = [
        Layer("branch1x1", "maps", 320),
        Layer("branch3x3_1", "maps", 384),
        Layer("branch3x3_2a", "branch3x3_1", 384, (1, 3)),
        Layer("branch3x3_2b", "branch3x3_1", 384, (3, 1)),
        Layer("branch3x3dbl_1", "maps", 448),
        Layer("branch3x3dbl_2", "branch3x3dbl_1", 384, (3, 3)),
        Layer("branch3x3dbl_3a", "branch3x3dbl_2", 384, (1, 3)),
        Layer("branch3x3dbl_3b", "branch3x3dbl_2", 384, (3, 1)),
        Layer("branch_pool", "pool", 192),
    ]
    return Block(layers, pool)


FIRST_HALVING = [
    Layer("branch3x3", "maps", 384, (3, 3), 2),
    Layer("branch3x3dbl_1", "maps", 64),
    Layer("branch3x3dbl_2", "branch3x3dbl_1", 96, (3, 3)),
    Layer("branch3x3dbl_3", "branch3x3dbl_2", 96, (3, 3), 2),
]
SECOND_HALVING = [
    Layer("branch3x3_1", "maps", 192),
    Layer("branch3x3_2", "branch3x3_1", 320, (3, 3), 2),
    Layer("branch7x7x3_1", "maps", 192),
    Layer("branch7x7x3_2", "branch7x7x3_1", 192, (1, 7)),
    Layer("branch7x7x3_3", "branch7x7x3_2", 192, (7, 1)),
    Layer("branch7x7x3_4", "branch7x7x3_3", 192, (3, 3), 2),
]
BLOCKS = {
    "Mixed_5b": small(32),
    "Mixed_5c": small(64),
    "Mixed_5d": small(64),
    "Mixed_6a": Block(FIRST_HALVING, halving_pool),
    "Mixed_6b": long(128),
    "Mixed_6c": long(160),
    "Mixed_6d": long(160),
    "Mixed_6e": long(192),
    "Mixed_7a": Block(SECOND_HALVING, halving_pool),
    "Mixed_7b": wide(average_pool),
    "Mixed_7c": wide(max_pool),
}


class Mixed(nn.ModuleDict):
    """(B, channels, H, W) -> (B, out_channels, H, W), or half of H and W, by one block of the table."""

    def __init__(self, channels: int, block: Block):
        super().__init__()
        self.block = block
        widths = {"maps": channels, "pool": channels}
        for name, reads, width, kernel, stride in block.layers:
            padding = (kernel[0] // 2, kernel[1] // 2) if stride == 1 else 0
            self[name] = nn.Conv2d(widths[reads], width, kernel, stride, padding)
            widths[name] = width
        read = {layer.reads for layer in block.layers}
        self.outputs = [name for name in [*self, "pool"] if name not in read]
        self.out_channels = sum(widths[name] for name in self.outputs)

    def forward(self, maps: Tensor) -> Tensor:
        found = {"maps": maps, "pool": self.block.pool(maps)}
        for layer in self.block.layers:
            found[layer.name] = F.relu(self[layer.name](found[layer.reads]))
        return torch.cat([found[name] for name in self.outputs], 1)


class FidInception(nn.Module):
    """(B, 3, 299, 299) in [-1, 1] -> (B, 2048) features, each >= 0: the mean over the last map."""

    def __init__(self) -> None:
        super().__init__()
        self.Conv2d_1a_3x3 = nn.Conv2d(3, 32, 3, 2)
        self.Conv2d_2a_3x3 = nn.Conv2d(32, 32, 3)
        self.Conv2d_2b_3x3 = nn.Conv2d(32, 64, 3, padding=1)
        self.Conv2d_3b_1x1 = nn.Conv2d(64, 80, 1)
        self.Conv2d_4a_3x3 = nn.Conv2d(80, 192, 3)
        channels = 192
        for name, block in BLOCKS.items():
            mixed = Mixed(channels, block)
            self.add_module(name, mixed)
            channels = mixed.out_channels
        self.fc = nn.Linear(channels, CLASSES)  # tells these weights from torchvision's, which have 1000 classes

    def forward(self, images: Tensor) -> Tensor:
        maps = F.relu(self.Conv2d_1a_3x3(images))  # (B, 32, 149, 149)
        maps = F.relu(self.Conv2d_2a_3x3(maps))  # (B, 32, 147, 147)
        maps = F.relu(self.Conv2d_2b_3x3(maps))  # (B, 64, 147, 147)
        maps = F.relu(self.Conv2d_3b_1x1(halving_pool(maps)))  # (B, 80, 73, 73)
        maps = F.relu(self.Conv2d_4a_3x3(maps))  # (B, 192, 71, 71)
        maps = halving_pool(maps)  # (B, 192, 35, 35)
        for name in BLOCKS:
            maps = self.get_submodule(name)(maps)  # 35 to 17 at Mixed_6a, to 8 at Mixed_7a
        return maps.mean((2, 3))  # (B, 2048)


def build(tensors: dict[str, Tensor]) -> FidInception:
    """The network with the port's weights, in evaluation mode.

    Args:
        tensors: as the file holds them.
    Raises:
        KeyError, RuntimeError: they are not those of this network.
    """
    with torch.device("meta"):
        network = FidInception()
    for name, layer in network.named_modules():
        if isinstance(layer, nn.Conv2d):
            weight, bias = folded(tensors, f"{name}.conv", f"{name}.bn")
            layer.load_state_dict({"weight": weight, "bias": bias}, assign=True)
    network.fc.load_state_dict({"weight": tensors["fc.weight"], "bias": tensors["fc.bias"]}, assign=True)
    return network.eval().requires_grad_(False)
