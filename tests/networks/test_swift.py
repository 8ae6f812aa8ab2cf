"""What is particular to the default: it starts as the PCA baseline, and scores features of a frozen network."""

import copy
import math

import pytest
import torch
from torch.nn import functional as F
from torch.testing import assert_close

from ganvas.config import MatchingSettings, StatisticsSettings
from ganvas.features import efficientnet as lite
from ganvas.networks import NetworkSpec
from ganvas.networks.pca_generator import Lengths, halved
from ganvas.networks.projected_discriminator import FrozenFeatures, finest, lite_input
from ganvas.networks.spec import DEFAULT_STATISTICS
from ganvas.networks.spectral import SpectralConv2d
from ganvas.training import build_networks

Z_DIM = 8


def pictures(count, channels=3, height=32, width=32, seed=0):
    """(N, C, H, W) in [-1, 1], smooth, the first directions far stronger than the others."""
    numbers = torch.Generator().manual_seed(seed)
    coarse = torch.randn(count, channels, 4, 4, generator=numbers) * torch.linspace(1, 0.1, 16).view(1, 1, 4, 4)
    return F.interpolate(0.3 * coarse, size=(height, width), mode="bilinear").clamp(-1, 1)


def learned(name="swift", images=None, labels=None, classes=0, settings=DEFAULT_STATISTICS, **sizes):
    images = pictures(60, **sizes) if images is None else images
    spec = NetworkSpec(*images.shape[2:], images.shape[1], Z_DIM, classes, multiplier=0.25)
    networks = build_networks(name, spec, "kaiming", torch.Generator().manual_seed(0))
    networks.learn(images, labels, torch.Generator().manual_seed(0), settings)
    return networks


def latents(count, seed=1):
    return torch.randn(count, Z_DIM, generator=torch.Generator().manual_seed(seed))


def test_a_new_generator_draws_the_gaussian_on_the_principal_components():
    images = pictures(400)
    generator = learned(images=images).generator
    drawn = generator.sharpen(generator.draw(latents(4000))).detach()
    assert_close(drawn.mean(0), images.mean(0), atol=0.03, rtol=0)
    rows, draws = images.flatten(1), drawn.flatten(1)
    _, lengths, axes = torch.linalg.svd(rows - rows.mean(0), full_matrices=False)
    along = ((draws - rows.mean(0)) @ axes[:Z_DIM].T).std(0)
    assert_close(along, lengths[:Z_DIM] / (len(rows) - 1) ** 0.5, rtol=0.06, atol=0)


@pytest.mark.parametrize("classes", [0, 3])
def test_a_projection_is_the_nearest_picture_on_the_components(classes):
    images = pictures(60)
    labels = torch.arange(60) % 3 if classes else None
    components = learned(images=images, labels=labels, classes=classes).generator.components
    some = None if labels is None else labels[:9]
    projected = components.project(images[:9], some)
    assert_close(components.project(projected, some), projected, atol=1e-5, rtol=0)
    left = (images[:9] - projected).permute(0, 2, 3, 1).flatten(1)
    assert (left @ components.axes.T).abs().max() < 1e-3  # nothing along them is left
    drawn = components(latents(9), some)
    assert_close(components.project(drawn, some), drawn, atol=1e-4, rtol=0)


def test_a_projection_on_components_that_few_pictures_do_not_have_is_finite():
    images = pictures(3)
    projected = learned(images=images).generator.components.project(images)
    assert_close(projected, images, atol=1e-4, rtol=0)


def test_the_first_latents_move_the_picture_most():
    components = learned().generator.components
    moved = components.axes.square().sum(1)
    assert (moved[:-1] >= moved[1:] - 1e-6).all()
    assert moved[0] > 2 * moved[-1]


def test_latents_of_nothing_draw_the_mean_picture():
    images = pictures(60)
    assert_close(learned(images=images).generator(torch.zeros(1, Z_DIM))[0], images.mean(0), atol=1e-5, rtol=0)


def test_every_class_starts_from_its_own_mean():
    images = pictures(60)
    labels = torch.arange(60) % 3
    generator = learned(images=images, labels=labels, classes=3).generator
    drawn = generator(torch.zeros(3, Z_DIM), torch.arange(3))
    for label in range(3):
        assert_close(drawn[label], images[labels == label].mean(0), atol=1e-5, rtol=0)


@pytest.mark.parametrize("count", [1, 2, 5])
def test_latents_beyond_the_components_of_a_few_pictures_are_unused(count):
    generator = learned(images=pictures(count)).generator
    z = latents(3)
    changed = z.clone()
    changed[:, count - 1 :] = 0
    assert_close(generator(z), generator(changed), atol=1e-5, rtol=0)
    assert generator(z).isfinite().all()


def test_one_picture_repeated_is_drawn_as_it_is():
    images = pictures(1).expand(20, -1, -1, -1)
    assert_close(learned(images=images).generator(latents(3)), images[:3], atol=1e-4, rtol=0)


@pytest.mark.parametrize(("height", "width"), [(28, 28), (44, 72), (100, 36), (128, 96)])
def test_components_are_laid_where_the_pictures_are_at_every_size(height, width):
    images = pictures(30, height=height, width=width)
    drawn = learned(images=images).generator(torch.zeros(1, Z_DIM))[0]
    assert (drawn - images.mean(0)).abs().max() < 0.1  # the largest are kept at half their size


@pytest.mark.parametrize(("height", "width"), [(64, 48), (28, 44), (100, 68), (16, 16)])
def test_one_corner_is_drawn_in_the_knowledge_of_the_other(height, width):
    generator = learned(height=height, width=width).generator
    torch.nn.init.normal_(generator.out.weight, generator=torch.Generator().manual_seed(0))
    drawn = generator.draw(latents(1)).requires_grad_()
    (slope,) = torch.autograd.grad(generator.sharpen(drawn)[0, :, -1, -1].sum(), drawn)
    assert slope[0, :, :4, :4].any()


@pytest.mark.parametrize(("height", "width"), [(6, 4), (5, 4), (3, 7)])
def test_halving_takes_means_and_counts_an_odd_side_twice(height, width):
    rows = torch.arange(float(height)).view(1, 1, -1, 1).expand(1, 1, height, width)
    expected = [(row + min(row + 1, height - 1)) / 2 for row in range(0, height, 2)]
    assert_close(halved(rows)[0, 0], torch.tensor(expected).view(-1, 1).expand(-1, -(-width // 2)))
    assert_close(halved(rows.mT), halved(rows).mT)


def test_pixels_out_of_range_are_cut_off():
    generator = learned().generator
    z = 50 * latents(4)
    unbounded = generator.sharpen(generator.draw(z))
    assert unbounded.abs().max() > 1
    assert_close(generator(z), unbounded.clamp(-1, 1))


def test_classes_that_start_from_one_mean_can_still_be_sharpened_apart():
    images = pictures(30).repeat(2, 1, 1, 1)
    generator = learned(images=images, labels=torch.arange(60) // 30, classes=2).generator
    torch.nn.init.normal_(generator.out.weight, generator=torch.Generator().manual_seed(0))
    one, other = (generator(latents(3), torch.full((3,), label)) for label in range(2))
    assert (one - other).abs().mean() > 0.01
    with pytest.raises(ValueError, match="conditional"):
        generator(latents(3))


@pytest.mark.parametrize("value", [-1.0, 0.3])
def test_a_flat_picture_has_no_detail(value):
    assert_close(finest(torch.full((1, 3, 8, 8), value)), torch.zeros(1, 3, 8, 8), atol=1e-6, rtol=0)


def test_detail_is_what_the_neighbours_do_not_tell():
    images = torch.zeros(1, 1, 5, 5)
    images[0, 0, 2, 2] = 1.0
    weights = torch.tensor([0.25, 0.5, 0.25])
    assert_close(finest(images)[0, 0, 1:4, 1:4], images[0, 0, 1:4, 1:4] - weights[:, None] * weights)


def test_detail_is_spread_evenly_on_the_set():
    images = pictures(60) + 0.05 * torch.randn(60, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    maps = learned("swift-blind", images=images).discriminator.feature_maps(images)[0]
    assert_close(maps[:, :3], images)
    assert_close(maps[:, 3:].std(), torch.tensor(1.0), rtol=0.05, atol=0)


def test_the_frozen_network_is_no_part_of_what_is_trained_or_saved():
    frozen = learned().discriminator.frozen_features
    assert not list(frozen.parameters())
    assert set(frozen.state_dict()) == {f"{kind}{number}" for kind in ("mean", "deviation") for number in (2, 4, 10)}


def test_the_frozen_network_goes_where_its_discriminator_goes_and_copies_are_apart():
    discriminator = learned().discriminator
    other = copy.deepcopy(discriminator).to("meta")
    assert other(torch.empty(2, 3, 32, 32, device="meta")).shape == (2,)
    assert discriminator(pictures(2)).isfinite().all()


def test_what_is_matched_is_taken_from_all_over_a_sorted_set():
    images = 0.3 * pictures(240) + torch.linspace(-0.6, 0.6, 240)[:, None, None, None]  # from dark to bright
    discriminator = learned(images=images, settings=StatisticsSettings(feature_pictures=60)).discriminator
    with torch.no_grad():
        maps = discriminator.feature_maps(images)
    for matching, every in zip(discriminator.matching, maps, strict=True):
        assert (matching.mean - every.mean(0)).abs().mean() < 0.1
        assert_close(matching.variance.mean(), every.var(0, correction=0).mean(), atol=0, rtol=0.1)


def test_features_are_standardised_on_the_set():
    images = pictures(60)
    for maps in learned(images=images).discriminator.feature_maps(images):
        assert maps.mean((0, 2, 3)).abs().max() < 1e-3
        assert (maps.std((0, 2, 3)) - 1).abs().median() < 0.01


def test_frozen_features_are_those_of_the_network_of_the_package():
    images = pictures(3, height=64, width=64)
    frozen = FrozenFeatures()
    frozen.reset_buffers()
    network = lite.pretrained()
    assert_close(frozen(images), network.maps(images, (2, 4, 10)))
    assert network.maps(images, (15,))[0].shape == (3, 320, 2, 2)


def test_the_frozen_network_is_given_three_channels_of_a_bearable_size():
    assert lite_input(torch.zeros(2, 1, 28, 28)).shape == (2, 3, 64, 64)
    assert lite_input(torch.zeros(2, 3, 256, 192)).shape == (2, 3, 128, 96)
    assert lite_input(torch.zeros(2, 3, 16, 256)).shape == (2, 3, 32, 512)
    transparent = torch.full((1, 4, 64, 64), -1.0)
    assert (lite_input(transparent) == 1).all()  # white


def test_a_spectral_convolution_follows_the_largest_singular_value_while_it_trains():
    layer = SpectralConv2d(5, 7, 3, 1, 1)
    layer.reset_buffers()
    layer.weight.data[0] *= 2  # parts the largest singular value from the next: the closer they are, the slower
    images = torch.randn(1, 5, 6, 6, generator=torch.Generator().manual_seed(0))
    for _ in range(200):
        layer(images)
    largest = torch.linalg.matrix_norm(layer.weight.flatten(1), 2)
    expected = torch.nn.functional.conv2d(images, layer.weight / largest, layer.bias, padding=1)
    assert_close(layer.eval()(images), expected, rtol=1e-4, atol=1e-4)
    before = {name: tensor.clone() for name, tensor in layer.state_dict().items()}
    layer(images)
    assert all(torch.equal(tensor, before[name]) for name, tensor in layer.state_dict().items())


@pytest.mark.parametrize(("name", "heads"), [("swift", 3), ("swift-blind", 1)])
def test_there_is_a_head_on_each_map_and_blind_one_on_the_pixels(name, heads):
    discriminator = learned(name).discriminator
    maps = discriminator.feature_maps(pictures(2))
    assert discriminator.scores(maps).shape == (2, heads)
    assert discriminator.mismatch(maps, MatchingSettings()).shape == ()


@pytest.mark.parametrize("name", ["swift", "swift-blind"])
def test_no_score_grows_with_the_weights_that_it_is_read_with_nor_with_those_of_its_class(name):
    labels = torch.arange(60) % 3
    discriminator = learned(name, labels=labels, classes=3).discriminator.eval()
    images = pictures(6)
    before = discriminator(images, labels[:6])
    with torch.no_grad():
        for head in discriminator.heads:
            head.score.weight.mul_(7)
            head.classes.weight.mul_(7)
    assert_close(discriminator(images, labels[:6]), before)
    assert (discriminator(images, labels[1:7]) != before).all()


@pytest.mark.parametrize("share", [1.0, 0.9])
def test_latents_are_given_the_lengths_of_the_sets_coefficients(share):
    """Those here are log-normal about 5, a tenth either way; directions stay."""
    generator = torch.Generator().manual_seed(0)
    wanted = (math.log(5) + 0.1 * torch.randn(4000, 1, generator=generator)).exp()
    lengths = Lengths()
    lengths.learn(F.normalize(torch.randn(4000, 64, generator=generator)) * wanted, share)
    z = torch.randn(4000, 64, generator=generator)
    coefficients = lengths(z)
    assert_close(F.normalize(coefficients), F.normalize(z))
    logs = coefficients.norm(dim=1).log()
    assert float(logs.mean()) == pytest.approx(math.log(5 * share), abs=0.01)
    assert float(logs.std()) == pytest.approx(0.1, rel=0.05)


@pytest.mark.parametrize("spread", [0.05, 0.2, 0.6])
def test_latents_of_coefficients_have_them(spread):
    generator = torch.Generator().manual_seed(0)
    wanted = (torch.randn(500, 1, generator=generator) * spread).exp() * 6
    coefficients = F.normalize(torch.randn(500, 64, generator=generator)) * wanted
    lengths = Lengths()
    lengths.learn(coefficients, 0.81)
    for scale in (1e-3, 0.81, 5.0):
        assert_close(lengths(lengths.latents(scale * coefficients)), scale * coefficients, rtol=1e-4, atol=1e-6)
    assert torch.isfinite(lengths.latents(0 * coefficients)).all()


def test_lengths_are_the_identity_until_they_are_learned():
    z = torch.randn(5, 8)
    lengths = Lengths()
    lengths.reset_buffers()
    assert_close(lengths(z), z)
