"""The default pair: a generator on principal components and a discriminator on frozen features."""

from ganvas.networks.pca_generator import PcaGenerator
from ganvas.networks.projected_discriminator import FrozenFeatures, PixelFeatures, ProjectedDiscriminator
from ganvas.networks.spec import Networks, NetworkSpec


def build(spec: NetworkSpec) -> Networks:
    """The pair for `spec`."""
    return Networks(PcaGenerator(spec), ProjectedDiscriminator(spec, FrozenFeatures()))


def build_blind(spec: NetworkSpec) -> Networks:
    """The same pair with a discriminator that uses no pretrained network."""
    return Networks(PcaGenerator(spec), ProjectedDiscriminator(spec, PixelFeatures()))
