"""From N(0, I) to how a set's pictures lie along its principal components, which is not normal at all.

Independent normal coefficients draw pictures that no camera took: every component is at work in each, where real
pictures have a few large ones, and those together. A small network moves latents along a field of velocities for a
unit of time; it begins as the identity and stays near it, so that the first latents still move what differs most.

Source: Lipman et al. 2022, arXiv:2210.02747 (flow matching, the straight paths between noise and data).
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

WIDTH, FREQUENCIES = 256, 4
STEPS = 8
REPEATS = 8  # of each picture in a batch, with other noise and at other times
FORGET = 0.01
LEAST_VARIANCE = 0.25


class LatentFlow(nn.Module):
    """(B, Z) draws of N(0, I) -> (B, Z) coefficients as the set's pictures have them, each of variance 1."""

    variance: Tensor

    def __init__(self, z_dim: int):
        super().__init__()
        self.latent = nn.Linear(z_dim, WIDTH)
        self.time = nn.Linear(2 * FREQUENCIES, WIDTH, bias=False)
        self.middle = nn.Linear(WIDTH, WIDTH)
        self.last = nn.Linear(WIDTH, z_dim)
        vars(self.time)["initial_scale"] = 0.3
        vars(self.last)["initial_scale"] = 0.0
        self.register_buffer("variance", torch.ones(z_dim))

    def reset_buffers(self) -> None:
        self.variance.fill_(1.0)

    def velocity(self, z: Tensor, waves: Tensor) -> Tensor:
        """(B, Z) latents on their way, and waves of the times that they are at, (B or 1, 2 * FREQUENCIES) -> (B, Z)."""
        hidden = F.silu(self.latent(z) + self.time(waves))  # (B, WIDTH)
        return self.last(F.silu(self.middle(hidden)))

    def forward(self, z: Tensor) -> Tensor:
        return self._moved(z) * self.variance.clamp_min(LEAST_VARIANCE).rsqrt()

    def _moved(self, z: Tensor) -> Tensor:
        for step in range(STEPS):
            time = torch.tensor([[(step + 0.5) / STEPS]], device=z.device, dtype=z.dtype)
            z = z + self.velocity(z, waves(time)) * (1 / STEPS)
        return z

    def loss(self, codes: Tensor, numbers: torch.Generator) -> Tensor:
        """How far the velocities are from those of straight lines between noise and (B, Z) coefficients of pictures.

        A scalar, the mean square over all numbers; 0 cannot be reached, since lines cross. The variance of what comes
        out, which falls short of 1 as long as there is much to learn, is followed on the way.

        Args:
            numbers: on the CPU.
        """
        ends = codes.repeat(REPEATS, 1)
        starts = torch.randn(ends.shape, generator=numbers).to(ends)
        times = torch.rand(len(ends), 1, generator=numbers).to(ends)
        way = ends - starts
        with torch.no_grad():
            self.variance.lerp_(self._moved(starts[: len(codes)]).square().mean(0), FORGET)
        return (self.velocity(starts + times * way, waves(times)) - way).square().mean()


def waves(times: Tensor) -> Tensor:
    """(B, 1) times from 0 to 1 -> (B, 2 * FREQUENCIES)."""
    angles = times * math.pi * torch.arange(1, FREQUENCIES + 1, device=times.device, dtype=times.dtype)
    return torch.cat((angles.sin(), angles.cos()), dim=1)
