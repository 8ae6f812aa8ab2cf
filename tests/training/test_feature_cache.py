"""Cached features are those that are computed anew, bit for bit, whatever they were computed beside."""

import pytest
import torch

from ganvas.data import Batch
from ganvas.networks.projected_discriminator import Sight
from ganvas.pixels import to_float
from ganvas.training.feature_cache import AT_ONCE, FeatureCache


@pytest.fixture(scope="module")
def lite():
    """A function: uint8 pictures -> their maps by EfficientNet-Lite0."""
    network = Sight()
    network.reset_buffers()
    network = network.to(memory_format=torch.channels_last)
    return lambda images: network(to_float(images))


def pictures(count, height=64, width=64):
    numbers = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (count, height, width, 3), dtype=torch.uint8, generator=numbers)


def batch_of(images, places, mirrored=()):
    """The pictures in these places of `images`, those of them in `mirrored` mirrored."""
    indices = torch.tensor(list(places))
    flipped = torch.tensor([place in mirrored for place in places])
    shown = torch.where(flipped[:, None, None, None], images[indices].flip(2), images[indices])
    return Batch(shown, None, indices, flipped)


@pytest.mark.parametrize(("height", "width"), [(64, 64), (48, 64), (28, 28), (128, 96)])
def test_a_picture_has_the_same_bits_whatever_it_was_computed_beside(lite, height, width):
    images = pictures(2 * AT_ONCE + 5, height, width)

    def bits(cache, order, at_once):
        found = {}
        for start in range(0, len(order), at_once):
            group = order[start : start + at_once]
            maps = cache.maps(batch_of(images, group), lite)
            found |= {place: [each[row] for each in maps] for row, place in enumerate(group)}
        return found

    places = list(range(len(images)))
    first, second = bits(FeatureCache(), places, 16), bits(FeatureCache(), places[::-1], 7)
    assert all(torch.equal(a, b) for place in places for a, b in zip(first[place], second[place], strict=True))


def test_features_are_computed_once_and_found_by_the_place_of_their_picture(lite):
    images, computed = pictures(6), []

    def extract(group):
        computed.append(len(group))
        return lite(group)

    cache = FeatureCache()
    first = cache.maps(batch_of(images, [5, 4, 3, 2, 1, 0]), extract)
    again = cache.maps(batch_of(images, [3, 1, 3]), extract)
    assert computed == [AT_ONCE]
    for cached, anew, once_more in zip(first, lite(images.flip(0)), again, strict=True):
        torch.testing.assert_close(cached, anew, rtol=1e-3, atol=1e-4)  # of another number at once
        assert torch.equal(once_more, cached[[2, 4, 2]])
        assert once_more.is_contiguous(memory_format=torch.channels_last)


def test_a_mirrored_picture_has_features_of_its_own():
    images, cache = pictures(2, 2, 2), FeatureCache()
    for mirrored in ((), (1,), (0, 1), ()):
        batch = batch_of(images, [0, 1], mirrored)
        assert torch.equal(cache.maps(batch, lambda group: [to_float(group)])[0], to_float(batch.images))
    assert len(cache) == 4


def test_no_more_is_kept_than_memory_is_given_to():
    cache, images = FeatureCache(largest_bytes=3 * 4 * 4), pictures(5, 2, 2)
    maps = cache.maps(batch_of(images, range(5)), lambda group: [to_float(group)[:, :1]])
    assert len(cache) == 3
    assert torch.equal(maps[0], to_float(images)[:, :1])
