"""DCGAN's two convolutions, 4x4 with stride 2, which have a quicker form on the smallest maps of a CPU.

On 4x4 maps the convolution kernels of CPUs leave their vector units half empty. There each is one matrix product over
patches instead: the same sums in another order, so that results agree to rounding. Everywhere else, and when drawing,
they are PyTorch's own layers. bench/step.py measures what they bring.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

SMALL_PX = 4


class StridedConv2d(nn.Conv2d):
    """(B, C, h, w) -> (B, C', h / 2, w / 2) for even h and w, without bias."""

    def __init__(self, in_channels: int, out_channels: int):
        super().__init__(in_channels, out_channels, 4, stride=2, padding=1, bias=False)

    def forward(self, input: Tensor) -> Tensor:
        height, width = input.shape[2] // 2, input.shape[3] // 2
        if not _is_small(self, input, height, width) or input.shape[2] % 2 or input.shape[3] % 2:
            return super().forward(input)
        padded = F.pad(input.permute(0, 2, 3, 1), (0, 0, 1, 1, 1, 1))  # (B, 2h + 2, 2w + 2, C)
        taps = [padded[:, y : y + 2 * height : 2, x : x + 2 * width : 2] for y in range(4) for x in range(4)]
        patches = torch.stack(taps, dim=3).flatten(3)  # (B, h, w, 16 C)
        kernels = self.weight.permute(2, 3, 1, 0).flatten(0, 2)  # (16 C, C')
        return (patches @ kernels).permute(0, 3, 1, 2)  # (B, C', h, w)


class StridedConvTranspose2d(nn.ConvTranspose2d):
    """(B, C, h, w) -> (B, C', 2h, 2w), without bias."""

    def __init__(self, in_channels: int, out_channels: int):
        super().__init__(in_channels, out_channels, 4, stride=2, padding=1, bias=False)

    def forward(self, input: Tensor, output_size: list[int] | None = None) -> Tensor:
        height, width = input.shape[2:]
        if output_size is not None or not _is_small(self, input, height, width):
            return super().forward(input, output_size)
        patches = input.permute(0, 2, 3, 1).flatten(1, 2) @ self.weight.flatten(1)  # (B, h w, C' 16)
        maps = F.fold(patches.transpose(1, 2), (2 * height, 2 * width), 4, padding=1, stride=2)  # (B, C', 2h, 2w)
        return maps.contiguous(memory_format=torch.channels_last)


def _is_small(layer: nn.Module, maps: Tensor, height: int, width: int) -> bool:
    return layer.training and maps.device.type == "cpu" and max(height, width) <= SMALL_PX
