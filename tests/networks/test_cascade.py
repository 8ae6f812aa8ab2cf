"""Large pictures as small ones that are doubled: sizes, crops, and what is drawn before anything was learned."""

from itertools import pairwise

import pytest
import torch
from torch.nn import functional as F
from torch.testing import assert_close

from ganvas.networks import NetworkSpec
from ganvas.networks.cascade import BASE_PX, base_of, cropped, pyramid
from ganvas.networks.enlarger import Enlarger
from ganvas.settings import LARGEST_PX, SMALLEST_PX, STEP_PX
from ganvas.training import ARCHITECTURES, build_networks

Z_DIM = 6


def numbers(seed=0):
    return torch.Generator().manual_seed(seed)


def random(*shape, seed=0):
    return torch.randn(*shape, generator=numbers(seed))


def cascade(height, width, **more):
    spec = NetworkSpec(height, width, 3, Z_DIM, multiplier=0.125, **more)
    networks = build_networks("cascade-narrow", spec, "kaiming", numbers())
    images = networks.seen(random(12, 3, height, width).tanh())
    networks.learn(images, torch.arange(12) % 3 if spec.classes else None, numbers())
    return networks


@pytest.mark.parametrize(
    ("size", "base", "levels"),
    [
        ((64, 64), (64, 64), 0),
        ((28, 28), (28, 28), 0),
        ((128, 128), (64, 64), 1),
        ((68, 68), (36, 36), 1),
        ((192, 256), (48, 64), 2),
        ((100, 36), (52, 20), 1),
        ((16, 256), (16, 64), 2),
        ((1024, 1024), (64, 64), 4),
    ],
)
def test_what_is_drawn_from_latents_is_64_px_at_most_and_doubled_as_often_as_it_takes(size, base, levels):
    found, times = base_of(NetworkSpec(*size, 3, Z_DIM))
    assert ((found.height, found.width), times) == (base, levels)


def test_the_base_is_a_picture_size_that_covers_every_size_when_it_is_doubled():
    for side in range(SMALLEST_PX, LARGEST_PX + 1, STEP_PX):
        base, levels = base_of(NetworkSpec(side, SMALLEST_PX, 3, Z_DIM))
        assert side <= base.height << levels < side + (STEP_PX << levels)
        assert base.height <= BASE_PX
        assert levels == 0 or side > BASE_PX << (levels - 1)


def test_each_size_of_a_pyramid_is_the_mean_of_four_of_the_next():
    images = random(2, 3, 96, 128)
    every = pyramid(images, (24, 32), 2)
    assert [each.shape[2:] for each in every] == [(24, 32), (48, 64), (96, 128)]
    assert every[-1] is images
    for small, large in pairwise(every):
        parts = [large[:, :, down::2, across::2] for down in range(2) for across in range(2)]
        assert_close(small, torch.stack(parts).mean(0))


def test_where_the_base_doubled_is_larger_than_the_pictures_their_edge_is_repeated():
    images = random(1, 1, 100, 36)
    whole = pyramid(images, (52, 20), 1)[-1]
    assert_close(whole[:, :, :100, :36], images)
    assert_close(whole[:, :, 100:, :36], images[:, :, -1:].expand(-1, -1, 4, -1))
    assert_close(whole[:, :, :100, 36:], images[..., -1:].expand(-1, -1, -1, 4))


def test_crops_are_squares_of_each_picture_at_places_of_their_own():
    places = torch.arange(40.0 * 50).view(1, 1, 40, 50).expand(300, 1, 40, 50)
    crops = cropped(places, 16, numbers())
    assert crops.shape == (300, 1, 16, 16)
    corners = crops[:, 0, 0, 0].long()
    for crop, corner in zip(crops[:, 0], corners.tolist(), strict=True):
        top, left = divmod(corner, 50)
        assert torch.equal(crop, places[0, 0, top : top + 16, left : left + 16])
    assert {0, 24} <= set((corners // 50).tolist())
    assert {0, 34} <= set((corners % 50).tolist())
    low = cropped(places[:, :, :8], 16, numbers())  # no higher than that
    assert low.shape == (300, 1, 8, 16)
    assert torch.equal(low[:, 0, :, 0] // 50, places[:, 0, :8, 0] // 50)


def test_a_new_enlarger_doubles_bilinearly():
    enlarger = Enlarger(3).eval()
    with torch.no_grad():
        enlarger.out.weight.zero_()
        enlarger.out.bias.zero_()
    images = random(2, 3, 8, 12)
    assert_close(enlarger(images), F.interpolate(images, scale_factor=2, mode="bilinear", align_corners=False))


def test_what_is_enlarged_depends_on_its_surroundings_alone():
    """So that what is learned on crops holds for whole pictures: away from the edge both are the same."""
    networks = cascade(96, 96)
    (level,) = networks.generator.levels
    torch.nn.init.normal_(level.out.weight, 0, 0.1, generator=numbers())
    images = random(1, 3, 48, 48)
    whole, crop = level(images), level(images[:, :, 8:40, 8:40])
    reach = 11  # convolutions of 3 px: 1 in, 2 in each of 4 blocks, 1 out, and 1 of the bilinear doubling
    inside = slice(2 * reach, 64 - 2 * reach)
    assert_close(
        crop[:, :, inside, inside], whole[:, :, 16 : 16 + 64, 16 : 16 + 64][:, :, inside, inside], atol=1e-5, rtol=0
    )


def test_a_new_cascade_draws_what_its_base_draws_doubled():
    generator = cascade(100, 36).generator
    z = random(3, Z_DIM)
    base = generator.base(z)
    assert base.shape == (3, 3, 52, 20)
    doubled = F.interpolate(base, scale_factor=2, mode="bilinear", align_corners=False)
    assert_close(generator(z), doubled[:, :, :100, :36])


def test_every_level_has_a_part_in_what_is_drawn():
    generator = cascade(256, 256).generator
    before = generator(random(1, Z_DIM))
    for level in generator.levels:
        torch.nn.init.normal_(level.out.weight, 0, 0.1, generator=numbers())
        after = generator(random(1, Z_DIM))
        assert not torch.equal(after, before)
        before = after


def test_labels_reach_what_is_drawn_and_scored_through_the_base():
    networks = cascade(96, 96, classes=3)
    z, images = random(2, Z_DIM), random(2, 3, 96, 96)
    zeros, twos = torch.zeros(2, dtype=torch.int64), torch.full((2,), 2)
    assert not torch.equal(networks.generator(z, zeros), networks.generator(z, twos))
    discriminator = networks.discriminator.eval()
    assert not torch.equal(discriminator(images, zeros), discriminator(images, twos))


@pytest.mark.parametrize(("name", "channels"), [("cascade-narrow", 24), ("cascade", 48)])
def test_levels_are_as_wide_as_those_of_the_models_that_name_them(name, channels):
    """A shipped model names its architecture alone, so that the widths of one can never change."""
    networks = build_networks(name, NetworkSpec(128, 128, 3, Z_DIM), "kaiming", numbers())
    (level,) = networks.generator.levels
    assert level.enter.weight.shape == (channels, 3, 3, 3)


@pytest.mark.parametrize("name", [name for name in ARCHITECTURES if name.startswith("cascade")])
def test_the_heads_of_each_level_score_its_crops(name):
    networks = build_networks(name, NetworkSpec(192, 128, 3, Z_DIM, multiplier=0.125), "kaiming", numbers())
    discriminator = networks.discriminator
    maps = discriminator.base.feature_maps(random(2, 3, 64, 64))
    scores = [discriminator.level_scores(number, maps) for number in range(2)]
    assert [each.shape for each in scores] == [(2, 1 if name.endswith("blind") else 3)] * 2
    assert not torch.equal(*scores)
