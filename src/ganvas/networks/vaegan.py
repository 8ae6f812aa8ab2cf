"""VAE-GAN: an encoder learns latents, and the discriminator's own features say how alike two pictures are.

The decoder is DCGAN's generator and the discriminator is DCGAN's; the encoder has the same stages as the discriminator
and ends in the mean and log-variance of each latent number.
Source: Larsen et al. 2016, arXiv:1512.09300.
"""

from torch import Tensor, nn

from ganvas.networks import dcgan
from ganvas.networks.layers import ScoreHead, ToVector
from ganvas.networks.spec import Networks, NetworkSpec


def build(spec: NetworkSpec) -> Networks:
    """Decoder, discriminator and encoder for `spec`."""
    return Networks(dcgan.generator(spec), MiddleDiscriminator(spec), Encoder(spec))


class MiddleDiscriminator(nn.Module):
    """DCGAN's discriminator, which also shows the map before its last stage: reconstructions are compared there."""

    def __init__(self, spec: NetworkSpec):
        super().__init__()
        *early, last = dcgan.stages(spec)
        self.early = nn.Sequential(*early)
        self.last = nn.Sequential(last, ToVector())
        self.flatten = ToVector()
        self.head = ScoreHead(dcgan.in_features(spec), spec.classes, bias=False)

    def middle(self, images: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, F), all numbers of the map before the last stage."""
        return self.flatten(self.early(images))

    def features(self, images: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, F), what the score is read from."""
        return self.last(self.early(images))

    def forward(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        return self.head(self.features(images), labels)  # (B, C, H, W) -> (B, F) -> (B,)

    def scores_and_middle(self, images: Tensor, labels: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """(B, C, H, W) -> scores (B,) and what `middle` gives (B, F), for the price of the scores."""
        middle = self.early(images)  # (B, C', h, w)
        return self.head(self.last(middle), labels), self.flatten(middle)  # (B,), (B, F)


class Encoder(nn.Module):
    """Pictures -> a normal distribution over latents for each."""

    def __init__(self, spec: NetworkSpec):
        super().__init__()
        self.body = dcgan.stages(spec).append(ToVector())
        self.mean = nn.Linear(dcgan.in_features(spec), spec.z_dim)
        self.log_variance = nn.Linear(dcgan.in_features(spec), spec.z_dim)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """(B, C, H, W) in [-1, 1] -> mean (B, Z), log-variance (B, Z), natural logarithm."""
        features = self.body(images)  # (B, F)
        return self.mean(features), self.log_variance(features)  # (B, Z), (B, Z)
