"""Layers that compute over a batch, for a batch of which every rank has a part (ranks.py).

torch.nn.SyncBatchNorm does the same on GPUs alone, and cannot be differentiated twice.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganvas.ranks import Ranks


class SynchronisedBatchNorm2d(nn.BatchNorm2d):
    """Batch normalisation by mean and variance of the pictures of all ranks, each of which has as many."""

    def __init__(self, layer: nn.BatchNorm2d, ranks: Ranks):
        super().__init__(layer.num_features, layer.eps, layer.momentum, device="meta")
        self.weight, self.bias = layer.weight, layer.bias
        self.running_mean, self.running_var = layer.running_mean, layer.running_var
        self.num_batches_tracked = layer.num_batches_tracked
        self.ranks = ranks

    def forward(self, input: Tensor) -> Tensor:
        if not self.training:
            return super().forward(input)
        maps = input.float()
        mean = self.ranks.mean_with_gradient(maps.mean((0, 2, 3)))  # (C,)
        centred = maps - mean[:, None, None]
        variance = self.ranks.mean_with_gradient(centred.square().mean((0, 2, 3)))  # (C,)
        self._remember(mean, variance, self.ranks.count * maps.numel() // maps.shape[1])
        scale = self.weight * (variance + self.eps).rsqrt()
        return (centred * scale[:, None, None] + self.bias[:, None, None]).to(input.dtype)

    @torch.no_grad()
    def _remember(self, mean: Tensor, variance: Tensor, count: int) -> None:
        """Move the running averages; count: numbers that each was computed from."""
        assert self.running_mean is not None
        assert self.running_var is not None
        assert self.num_batches_tracked is not None
        assert self.momentum is not None
        self.num_batches_tracked.add_(1)
        self.running_mean.lerp_(mean, self.momentum)
        self.running_var.lerp_(variance * (count / max(count - 1, 1)), self.momentum)


class SharedDropout(nn.Dropout):
    """Dropout by the numbers of the whole batch, of which each rank keeps those of its pictures."""

    def __init__(self, layer: nn.Dropout, ranks: Ranks):
        super().__init__(layer.p)
        self.ranks = ranks

    def forward(self, input: Tensor) -> Tensor:
        if not self.training:
            return input
        # Of the memory layout that the whole batch would have, which is the order the numbers are drawn in.
        whole = torch.ones_like(input.detach()).repeat(self.ranks.count, *[1] * (input.ndim - 1))
        if input.ndim == 4 and input.is_contiguous(memory_format=torch.channels_last):
            whole = whole.contiguous(memory_format=torch.channels_last)
        return input * self.ranks.mine(F.dropout(whole, self.p))


def synchronise(network: nn.Module, ranks: Ranks) -> None:
    """Replace, inside `network`, each layer that computes over a batch by one that does over those of all ranks."""
    if ranks.count == 1:
        return
    for parent in list(network.modules()):
        for name, layer in parent.named_children():
            if isinstance(layer, nn.BatchNorm2d):
                setattr(parent, name, SynchronisedBatchNorm2d(layer, ranks))
            elif isinstance(layer, nn.Dropout):
                setattr(parent, name, SharedDropout(layer, ranks))
