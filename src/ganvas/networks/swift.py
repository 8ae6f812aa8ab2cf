"""The default pair: a generator on principal components and a discriminator on frozen features."""

from ganvas.networks.cascade import CascadeDiscriminator, CascadeGenerator
from ganvas.networks.pca_generator import PcaGenerator
from ganvas.networks.projected_discriminator import FrozenFeatures, PixelFeatures, ProjectedDiscriminator
from ganvas.networks.spec import Networks, NetworkSpec


def build(spec: NetworkSpec) -> Networks:
    """The pair for `spec`."""
    return Networks(PcaGenerator(spec), ProjectedDiscriminator(spec, FrozenFeatures()))


def build_blind(spec: NetworkSpec) -> Networks:
    """The same pair with a discriminator that uses no pretrained network."""
    return Networks(PcaGenerator(spec), ProjectedDiscriminator(spec, PixelFeatures()))


def build_cascade(spec: NetworkSpec) -> Networks:
    """The pair at 64 px or less, with levels that double its pictures."""
    return _cascade(spec, FrozenFeatures())


def build_blind_cascade(spec: NetworkSpec) -> Networks:
    """The same with a discriminator that uses no pretrained network."""
    return _cascade(spec, PixelFeatures())


def _cascade(spec: NetworkSpec, frozen_features: FrozenFeatures | PixelFeatures) -> Networks:
    generator = CascadeGenerator(spec)
    return Networks(generator, CascadeDiscriminator(spec, frozen_features), seen=generator.small)
