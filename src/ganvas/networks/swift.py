"""The default pair: eigen.py draws, sight.py judges. What each is and why, their own files say."""

from ganvas.networks.pca_generator import EigenGenerator
from ganvas.networks.projected_discriminator import PixelSight, SeeingDiscriminator, Sight
from ganvas.networks.spec import Networks, NetworkSpec


def build(spec: NetworkSpec) -> Networks:
    """The pair for `spec`."""
    return Networks(EigenGenerator(spec), SeeingDiscriminator(spec, Sight()))


def build_blind(spec: NetworkSpec) -> Networks:
    """The same pair with a discriminator that knows nothing of ImageNet."""
    return Networks(EigenGenerator(spec), SeeingDiscriminator(spec, PixelSight()))
