"""The only crossing between stored pictures and pictures that networks see.

Stored:  uint8, (B, H, W, C), 0 to 255, as files and the cache hold them.
Seen:    float32, (B, C, H, W), -1 to 1, channels-last in memory, which is the layout CPU convolutions are fastest in.
C is 1 (grey), 3 (RGB) or 4 (RGBA, not premultiplied).
"""

import numpy as np
import torch
from torch import Tensor


def to_float(stored: Tensor, device: torch.device | str = "cpu") -> Tensor:
    """(B, H, W, C) uint8 in [0, 255] -> (B, C, H, W) float32 in [-1, 1] on `device`, channels-last in memory.

    Raises:
        ValueError: `stored` is not uint8 with four dimensions.
    """
    if stored.dtype != torch.uint8 or stored.ndim != 4:
        raise ValueError(f"expected uint8 (B, H, W, C), got {stored.dtype} {tuple(stored.shape)}")
    return stored.to(device).permute(0, 3, 1, 2).to(torch.float32).mul_(2 / 255).sub_(1)


def levels_to_float(levels: np.ndarray) -> Tensor:
    """(H, W, C) levels from 0 to 255, whole or not -> (1, C, H, W) float32 in [-1, 1]."""
    return torch.from_numpy((np.asarray(levels, np.float64) / 127.5 - 1).astype(np.float32)).permute(2, 0, 1)[None]


def to_levels(images: Tensor) -> Tensor:
    """(B, C, H, W) float in [-1, 1] -> (B, H, W, C) uint8 in [0, 255]; what lies outside is clamped.

    Raises:
        ValueError: `images` does not have four dimensions.
    """
    if images.ndim != 4:
        raise ValueError(f"expected (B, C, H, W), got {tuple(images.shape)}")
    levels = images.to(torch.float32).add(1).mul(127.5).round().clamp(0, 255)
    return levels.to(torch.uint8).permute(0, 2, 3, 1)


def to_uint8(images: Tensor) -> np.ndarray:
    """What `to_levels` gives, as an array."""
    return to_levels(images.detach()).contiguous().cpu().numpy()
