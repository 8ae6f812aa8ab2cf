"""Spectral normalisation bounds how fast a discriminator's scores change. Miyato et al. 2018, arXiv:1802.05957."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

FIRST_ITERATIONS = 15


class SpectralConv2d(nn.Conv2d):
    """A convolution whose kernel, as a matrix (out, k * k * in), has the largest singular value 1.

    One power iteration a pass follows it while the layer is in training. torch's own parametrisation says the same, but
    its tensors are made anew on `meta`, where initial weights cannot be set. The matrix is in the order of a
    channels-last weight, of which it copies nothing.
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
        self.left.copy_(F.normalize(self._matrix().sum(1), dim=0))
        for _ in range(FIRST_ITERATIONS):
            self._follow()

    def _matrix(self) -> Tensor:
        return self.weight.permute(0, 2, 3, 1).flatten(1)  # (out, k * k * in)

    @torch.no_grad()
    def _follow(self) -> None:
        matrix = self._matrix()
        self.right.copy_(F.normalize(matrix.T @ self.left, dim=0))
        self.left.copy_(F.normalize(matrix @ self.right, dim=0))

    def forward(self, input: Tensor) -> Tensor:
        if self.training:
            self._follow()
        # Clones, since a later pass changes the buffers before this one's gradient is taken.
        largest = self.left.clone() @ self._matrix() @ self.right.clone()
        return self._conv_forward(input, self.weight / largest, self.bias)
