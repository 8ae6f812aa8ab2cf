"""Feature matching: the maps of all that is drawn should lie as those of the set do, in mean and deviation.

A discriminator scores one picture at a time and cannot tell that all of them lack something. A batch is too few
pictures to tell; a moving average over the last thousands is not.

Source: Salimans et al. 2016, arXiv:1606.03498 (feature matching); dos Santos et al. 2019, arXiv:1904.02762
(moments of pretrained features, by moving averages).
"""

import torch
from torch import Tensor, nn

from ganvas.config import MatchingSettings
from ganvas.ranks import ALONE, Ranks


class FeatureMatching(nn.Module):
    """Mean and variance of each number of a (C, h, w) map: of the set's pictures, and of those drawn lately."""

    mean: Tensor
    variance: Tensor
    drawn_mean: Tensor
    drawn_variance: Tensor

    def __init__(self, channels: int, height: int, width: int):
        super().__init__()
        for name in ("mean", "variance", "drawn_mean", "drawn_variance"):
            self.register_buffer(name, torch.zeros(channels, height, width))

    def reset_buffers(self) -> None:
        for buffer in self.buffers():
            buffer.zero_()

    @torch.no_grad()
    def learn(self, maps: Tensor) -> None:
        """Take the set's from (N, C, h, w) maps of its pictures; what is drawn is taken to have them too."""
        self.mean.copy_(maps.mean(0))
        self.variance.copy_(maps.var(0, correction=0))
        self.drawn_mean.copy_(self.mean)
        self.drawn_variance.copy_(self.variance)

    def mismatch(self, maps: Tensor, settings: MatchingSettings, ranks: Ranks = ALONE) -> Tensor:
        """Mean square by which the moments of what is drawn differ from the set's, in deviations of the set.

        The averages move by what (B, C, h, w) maps of drawn pictures are worth; the gradient is that of a batch which
        stands for all that the averages remember. Of a batch that is parted among `ranks` all move the averages.
        """
        rate = 1 - 0.5 ** (ranks.count * len(maps) / settings.half_life_images)
        with torch.no_grad():
            self.drawn_mean.lerp_(ranks.mean(maps.mean(0)), rate)
        squares = (maps - self.drawn_mean).square().mean(0)
        with torch.no_grad():
            self.drawn_variance.lerp_(ranks.mean(squares), rate)
        mean = with_value(maps.mean(0), self.drawn_mean)
        deviation = with_value(squares, self.drawn_variance).clamp(min=1e-6).sqrt()
        differences = (mean - self.mean).square() + (deviation - self.variance.sqrt()).square()
        return (differences / (self.variance + settings.least_variance)).mean()


def with_value(values: Tensor, value: Tensor) -> Tensor:
    """A copy of `value` whose gradient goes to `values`."""
    return values + (value - values).detach()
