"""The default pair: a generator on principal components and a discriminator on frozen features."""

from ganvas.networks.cascade import CascadeDiscriminator, CascadeGenerator
from ganvas.networks.enlarger import CHANNELS, CHANNELS_BEFORE
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
    return _cascade(spec, FrozenFeatures(), CHANNELS)


def build_blind_cascade(spec: NetworkSpec) -> Networks:
    """The same with a discriminator that uses no pretrained network."""
    return _cascade(spec, PixelFeatures(), CHANNELS)


def build_wide_cascade(spec: NetworkSpec) -> Networks:
    """As `build_cascade`, with levels of twice the channels."""
    return _cascade(spec, FrozenFeatures(), CHANNELS_BEFORE)


def build_blind_wide_cascade(spec: NetworkSpec) -> Networks:
    """As `build_blind_cascade`, with levels of twice the channels."""
    return _cascade(spec, PixelFeatures(), CHANNELS_BEFORE)


def _cascade(spec: NetworkSpec, frozen_features: FrozenFeatures | PixelFeatures, level_channels: int) -> Networks:
    generator = CascadeGenerator(spec, level_channels)
    return Networks(generator, CascadeDiscriminator(spec, frozen_features), seen=generator.small)
