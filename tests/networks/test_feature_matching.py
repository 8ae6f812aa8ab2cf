import pytest
import torch
from torch.testing import assert_close

from ganvas.config import MatchingSettings
from ganvas.networks.feature_matching import FeatureMatching
from ganvas.networks.projected_discriminator import map_sizes


@pytest.fixture
def learned():
    """Moments of 32 maps, and those maps."""
    maps = torch.randn(32, 3, 4, 2) * torch.rand(3, 4, 2) + torch.randn(3, 4, 2)
    module = FeatureMatching(3, 4, 2)
    module.learn(maps)
    return module, maps


def test_the_moments_of_a_set_are_its_means_and_variances_number_by_number(learned):
    module, maps = learned
    assert_close(module.mean, maps.mean(0))
    assert_close(module.variance, maps.var(0, correction=0))


def test_drawn_pictures_that_lie_as_the_set_does_match_it(learned):
    module, maps = learned
    for _ in range(3):
        assert float(module.mismatch(maps, MatchingSettings())) < 1e-10


def test_the_averages_are_half_way_after_a_half_life(learned):
    settings = MatchingSettings(half_life_images=64)
    module, maps = learned
    for _ in range(2):
        module.mismatch(maps + 3, settings)
    assert_close(module.drawn_mean, module.mean + 1.5)


def test_where_nothing_is_averaged_value_and_gradient_are_those_of_the_closed_form(learned):
    settings = MatchingSettings(half_life_images=1e-3)
    module, _ = learned
    maps = (2 * torch.randn(16, 3, 4, 2) + 1).requires_grad_()
    deviation = maps.var(0, correction=0).sqrt()
    differences = (maps.mean(0) - module.mean).square() + (deviation - module.variance.sqrt()).square()
    expected = (differences / (module.variance + settings.least_variance)).mean()
    found = module.mismatch(maps, settings)
    assert_close(found, expected)
    assert_close(*(torch.autograd.grad(value, maps)[0] for value in (found, expected)))


def test_following_the_gradient_takes_small_batches_to_the_moments_of_the_set(learned):
    """Batches of 8 say little of a variance; the average over many of them does."""
    settings = MatchingSettings(half_life_images=200)  # shorter than the way takes, or it swings
    module, _ = learned
    shift, scale = torch.ones(3, 4, 2, requires_grad=True), torch.full((3, 4, 2), 2.0, requires_grad=True)
    steps = torch.optim.SGD((shift, scale), lr=0.05)
    for _ in range(3000):
        steps.zero_grad()
        module.mismatch(shift + scale * torch.randn(8, 3, 4, 2), settings).backward()
        steps.step()
    assert_close(shift, module.mean, rtol=0, atol=0.15)
    assert_close(scale.abs(), module.variance.sqrt(), rtol=0, atol=0.15)


@pytest.mark.parametrize(
    ("size", "sizes"),
    [
        ((64, 64), [(24, 16, 16), (40, 8, 8), (112, 4, 4)]),
        ((48, 64), [(24, 12, 16), (40, 6, 8), (112, 3, 4)]),
        ((256, 128), [(24, 32, 16), (40, 16, 8), (112, 8, 4)]),
    ],
)
def test_the_sizes_of_maps_follow_from_that_of_the_pictures(size, sizes):
    assert map_sizes(*size) == sizes
