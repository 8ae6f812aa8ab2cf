"""Pictures made without a network: evenly drawn noise, and the Gaussian of the set whatever the set is."""

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from ganvas.metrics.baselines import noise_pictures, pca_pictures

BASELINES = {
    "noise": lambda images, count, generator: noise_pictures(images.shape[1:], count, generator),
    "eigen": pca_pictures,
}


def gaussian_pictures(count: int, shape: tuple[int, int, int], deviations: Tensor) -> Tensor:
    """(N, H, W, C) uint8 around 128, with deviations along len(deviations) orthonormal axes of the pixels."""
    generator = torch.Generator().manual_seed(7)
    pixels = int(np.prod(shape))
    axes = torch.linalg.qr(torch.randn(pixels, len(deviations), generator=generator)).Q
    rows = 128 + (torch.randn(count, len(deviations), generator=generator) * deviations) @ axes.T
    assert 0 <= rows.min() < rows.max() <= 255
    return rows.round().to(torch.uint8).view(count, *shape)


def covariance(images: Tensor) -> Tensor:
    return torch.cov(images.flatten(1).double().T)


@pytest.mark.parametrize("name", BASELINES)
@pytest.mark.parametrize("shape", [(16, 16, 1), (16, 20, 3), (8, 4, 4)])
def test_pictures_have_the_shape_of_the_set_and_come_from_the_generator_alone(name, shape, generator):
    images = torch.randint(256, (9, *shape), generator=generator, dtype=torch.uint8)
    first, again, other = (BASELINES[name](images, 5, torch.Generator().manual_seed(seed)) for seed in (3, 3, 4))
    assert first.shape == (5, *shape)
    assert first.dtype == torch.uint8
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert (first[0] != first[1]).any()


def test_noise_has_every_grey_level_equally_often_and_pixels_know_nothing_of_each_other(generator):
    images = noise_pictures((16, 16, 1), 400, generator)
    counts = torch.bincount(images.flatten().long(), minlength=256).double()
    chi_square = ((counts - 400) ** 2 / 400).sum()  # 255 on average, deviation 22.6
    assert 255 - 4 * 22.6 < chi_square < 255 + 4 * 22.6
    correlations = torch.corrcoef(images.flatten(1).double().T).triu(1)
    assert correlations.abs().max() < 5 / 400**0.5
    assert correlations.sum().abs() < 4 * (256 * 255 / 2 / 400) ** 0.5


@pytest.mark.parametrize("components", [3, 256])
def test_many_draws_have_the_mean_and_the_covariance_of_the_set(components, generator):
    images = gaussian_pictures(300, (4, 4, 2), torch.tensor([40.0, 25.0, 10.0]))
    draws = pca_pictures(images, 20_000, generator, components=components)
    assert_close(draws.double().mean(0), images.double().mean(0), atol=0.7, rtol=0)
    scale = covariance(images).diagonal().max().item()
    assert_close(covariance(draws), covariance(images), atol=0.05 * scale, rtol=0)


def test_draws_lie_on_as_many_components_as_asked_and_on_the_longest(generator):
    images = gaussian_pictures(200, (4, 4, 2), torch.tensor([40.0, 25.0, 10.0, 5.0]))
    variances = torch.linalg.eigvalsh(covariance(pca_pictures(images, 5000, generator, components=2))).flip(0)
    expected = torch.linalg.eigvalsh(covariance(images)).flip(0)
    assert_close(variances[:2], expected[:2], atol=0, rtol=0.1)
    assert (variances[2:] < 1).all()  # what rounding to grey levels leaves: 1/12


def test_components_of_much_the_same_length_are_told_apart(generator):
    images = gaussian_pictures(90, (8, 8, 1), 60 / torch.arange(1, 61).float() ** 0.5)
    expected, found = covariance(images), covariance(pca_pictures(images, 20_000, generator))
    assert (found - expected).norm() < 0.06 * expected.norm()


def test_the_randomized_components_are_those_of_the_exact_decomposition(generator):
    """A slowly falling spectrum of more rows than are looked for, which a plain random span would get wrong."""
    lengths = 60 / torch.arange(1, 61).float() ** 0.5
    images = gaussian_pictures(90, (8, 8, 1), lengths)
    expected = torch.linalg.eigvalsh(covariance(images)).flip(0)[:10].sum()
    drawn = covariance(pca_pictures(images, 5000, generator, components=10)).trace() - 64 / 12  # of rounding
    assert drawn.item() == pytest.approx(expected.item(), rel=0.05)


@pytest.mark.parametrize("count", [2, 3, 5])
def test_a_tiny_set_has_one_component_fewer_than_pictures(count, generator):
    images = torch.randint(110, 140, (count, 8, 8, 3), generator=generator, dtype=torch.uint8)
    draws = pca_pictures(images, 500, generator)
    variances = torch.linalg.eigvalsh(covariance(draws)).flip(0)
    assert (variances[: count - 1] > 100).all()
    assert variances[count - 1 :].sum() < 192 / 6  # twice what rounding to grey levels leaves


def test_draws_of_two_pictures_lie_on_the_line_through_them(generator):
    images = torch.stack([torch.full((4, 4, 1), level, dtype=torch.uint8) for level in (100, 140)])
    draws = pca_pictures(images, 4000, generator).double()
    assert (draws == draws[:, :1, :1]).all()
    assert draws[:, 0, 0].mean().item() == pytest.approx(120, abs=2)
    assert draws[:, 0, 0].std().item() == pytest.approx(800**0.5, rel=0.05)  # 20^2 + 20^2 over 2 - 1


def test_a_set_of_equal_pictures_is_drawn_as_it_is(generator):
    picture = torch.randint(256, (8, 8, 3), generator=generator, dtype=torch.uint8)
    draws = pca_pictures(picture.expand(6, -1, -1, -1), 4, generator)
    assert torch.equal(draws, picture.expand(4, -1, -1, -1))


def test_draws_beyond_black_and_white_are_clipped_and_do_not_wrap_around(generator):
    images = torch.zeros(20, 4, 4, 1, dtype=torch.uint8)
    images[:10] = 255
    draws = pca_pictures(images, 2000, generator).flatten()
    share_of_black = (draws == 0).double().mean().item()
    deviation = torch.tensor([0.0, 255.0]).repeat(10).std().item()
    below = torch.distributions.Normal(127.5, deviation).cdf(torch.tensor(0.5)).item()
    assert share_of_black == pytest.approx(below, abs=0.04)
    assert (draws == 255).double().mean().item() == pytest.approx(below, abs=0.04)


def test_draws_are_rounded_to_the_nearest_grey_level_and_not_down(generator):
    images = torch.stack([torch.full((4, 4, 1), level, dtype=torch.uint8) for level in (100, 101)])
    assert pca_pictures(images, 4000, generator).double().mean().item() == pytest.approx(100.5, abs=0.06)


@pytest.mark.parametrize("count", [0, 1])
def test_a_set_without_variance_has_no_components(count, generator):
    with pytest.raises(ValueError, match="expected two pictures or more"):
        pca_pictures(torch.zeros(count, 4, 4, 3, dtype=torch.uint8), 5, generator)
