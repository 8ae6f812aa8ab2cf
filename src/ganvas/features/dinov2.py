"""DINOv2 ViT-S/14: a vision transformer that learned from 142 million pictures without any labels.

Layers are named as in the official file, of the model without registers. Two things are done once, as the weights are
read: the position embedding is resized to the 16x16 patches of a 224-pixel square, and the ImageNet normalisation of
the colours is folded into the patch embedding, which has no padding and so can hold it exactly.
Source: Oquab et al. 2023, arXiv:2304.07193 (Apache-2.0); Dosovitskiy et al. 2020, arXiv:2010.11929 for the transformer.
"""

from collections import OrderedDict

import torch
from torch import Tensor, nn
from torch.nn import functional as F

FEATURES, SIZE_PX = 384, 224
URL = "https://dl.fbaipublicfiles.com/dinov2/dinov2_vits14/dinov2_vits14_pretrain.pth"
SHA256 = "b938bf1bc15cd2ec0feacfe3a1bb553fe8ea9ca46a7e1d8d00217f29aef60cd9"
PATCH_PX, DEPTH, HEADS = 14, 12, 6
GRID, TRAINED_GRID = SIZE_PX // PATCH_PX, 37  # patches on a side: here, and in the file
NORM_EPS = 1e-6
IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of colours in [0, 1]


class Attention(nn.Module):
    """(B, T, F) -> (B, T, F): every token looks at all of them, in 6 heads of 64 features."""

    def __init__(self) -> None:
        super().__init__()
        self.qkv = nn.Linear(FEATURES, 3 * FEATURES)
        self.proj = nn.Linear(FEATURES, FEATURES)

    def forward(self, tokens: Tensor) -> Tensor:
        heads = self.qkv(tokens).unflatten(2, (3, HEADS, -1))  # (B, T, 3, heads, F / heads)
        query, key, value = heads.permute(2, 0, 3, 1, 4)  # each (B, heads, T, F / heads)
        found = F.scaled_dot_product_attention(query, key, value)
        return self.proj(found.transpose(1, 2).flatten(2))  # (B, T, F)


class Scale(nn.Module):
    """A factor for every feature."""

    def __init__(self) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(FEATURES))

    def forward(self, tokens: Tensor) -> Tensor:
        return tokens * self.gamma


class Block(nn.Module):
    """(B, T, F) -> (B, T, F): attention, then a perceptron for each token, both scaled and added to their input."""

    def __init__(self) -> None:
        super().__init__()
        wide = 4 * FEATURES
        layers = [("fc1", nn.Linear(FEATURES, wide)), ("gelu", nn.GELU()), ("fc2", nn.Linear(wide, FEATURES))]
        self.norm1 = nn.LayerNorm(FEATURES, NORM_EPS)
        self.attn = Attention()
        self.ls1 = Scale()
        self.norm2 = nn.LayerNorm(FEATURES, NORM_EPS)
        self.mlp = nn.Sequential(OrderedDict(layers))
        self.ls2 = Scale()

    def forward(self, tokens: Tensor) -> Tensor:
        tokens = tokens + self.ls1(self.attn(self.norm1(tokens)))
        return tokens + self.ls2(self.mlp(self.norm2(tokens)))


class DinoV2Small(nn.Module):
    """(B, 3, 224, 224) in [-1, 1] -> (B, 384) features: the class token, normalised."""

    def __init__(self) -> None:
        super().__init__()
        self.cls_token = nn.Parameter(torch.zeros(1, 1, FEATURES))
        self.pos_embed = nn.Parameter(torch.zeros(1, 1 + GRID**2, FEATURES))
        self.patch_embed = nn.Sequential(OrderedDict(proj=nn.Conv2d(3, FEATURES, PATCH_PX, PATCH_PX)))
        self.blocks = nn.Sequential(*[Block() for _ in range(DEPTH)])
        self.norm = nn.LayerNorm(FEATURES, NORM_EPS)

    def forward(self, images: Tensor) -> Tensor:
        patches = self.patch_embed(images).flatten(2).mT  # (B, 256, 384)
        tokens = torch.cat([self.cls_token.expand(len(images), -1, -1), patches], 1)  # (B, 257, 384)
        return self.norm(self.blocks(tokens + self.pos_embed)[:, 0])  # (B, 384)


def build(tensors: dict[str, Tensor]) -> DinoV2Small:
    """The network with the official weights, in evaluation mode.

    Args:
        tensors: as the file holds them; the mask token, which only training uses, may be missing.
    Raises:
        KeyError, RuntimeError: they are not those of DINOv2 ViT-S/14 without registers.
    """
    with torch.device("meta"):
        network = DinoV2Small()
    weight, bias = normalising(tensors["patch_embed.proj.weight"], tensors["patch_embed.proj.bias"])
    ours = {name: tensor for name, tensor in tensors.items() if name != "mask_token"}
    ours |= {"patch_embed.proj.weight": weight, "patch_embed.proj.bias": bias}
    ours["pos_embed"] = resized(tensors["pos_embed"])
    network.load_state_dict(ours, assign=True)
    return network.eval().requires_grad_(False)


def normalising(weight: Tensor, bias: Tensor) -> tuple[Tensor, Tensor]:
    """The convolution that does to images in [-1, 1] what this one, unpadded, does to ImageNet-normalised ones.

    Args:
        weight: (F, 3, H, W).
        bias: (F,).
    """
    mean, std = (weight.new_tensor(values).view(3, 1, 1) for values in (IMAGENET_MEAN, IMAGENET_STD))
    return weight * (0.5 / std), bias + (weight * ((0.5 - mean) / std)).sum((1, 2, 3))


def resized(embedding: Tensor) -> Tensor:
    """(1, 1 + 37 * 37, F) -> (1, 1 + 16 * 16, F): the patches' part by bicubic interpolation, the class token's as is.

    The official code scales by 16.1 / 37, not 16 / 37, to be safe from rounding. That moves the places sampled, so it
    is done here too.
    """
    grid = embedding[:, 1:].unflatten(1, (TRAINED_GRID, TRAINED_GRID)).permute(0, 3, 1, 2)  # (1, F, 37, 37)
    grid = F.interpolate(grid, scale_factor=(GRID + 0.1) / TRAINED_GRID, mode="bicubic")  # (1, F, 16, 16)
    return torch.cat([embedding[:, :1], grid.flatten(2).mT], 1)
