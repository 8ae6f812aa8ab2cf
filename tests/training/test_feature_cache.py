"""Remembered maps are those that a look would make, bit for bit, whatever they were looked at beside."""

import pytest
import torch

from ganvas.networks.projected_discriminator import Sight
from ganvas.pixels import to_float
from ganvas.training import feature_cache as remembered
from ganvas.training.feature_cache import AT_ONCE, Remembered


@pytest.fixture(scope="module")
def sight():
    one = Sight()
    one.reset_buffers()
    return one.to(memory_format=torch.channels_last)


def pictures(count, height=64, width=64):
    numbers = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (count, height, width, 3), dtype=torch.uint8, generator=numbers)


@pytest.mark.parametrize(("height", "width"), [(64, 64), (48, 64), (28, 28), (128, 96)])
def test_a_picture_has_the_same_bits_whatever_it_was_looked_at_beside(sight, height, width):
    stored = pictures(2 * AT_ONCE + 5, height, width)

    def look(group):
        return sight(to_float(group))

    def bits(memory, order, at_once):
        found = {}
        for start in range(0, len(order), at_once):
            group = order[start : start + at_once]
            maps = memory.maps(stored[group], look)
            found |= {place: [one[row] for one in maps] for row, place in enumerate(group)}
        return found

    places = list(range(len(stored)))
    first, second = bits(Remembered(), places, 16), bits(Remembered(), places[::-1], 7)
    assert all(torch.equal(a, b) for place in places for a, b in zip(first[place], second[place], strict=True))


def test_what_is_remembered_is_what_was_seen_and_is_seen_once(sight):
    stored, looked = pictures(6), []

    def look(group):
        looked.append(len(group))
        return sight(to_float(group))

    memory = Remembered()
    first = memory.maps(stored, look)
    again = memory.maps(stored[[3, 1, 3]], look)
    assert looked == [AT_ONCE]
    for maps, seen, once_more in zip(first, look(stored), again, strict=True):
        torch.testing.assert_close(maps, seen, rtol=1e-3, atol=1e-4)  # of another number at once
        assert torch.equal(once_more, maps[[3, 1, 3]])
        assert once_more.is_contiguous(memory_format=torch.channels_last)


def test_no_more_is_kept_than_memory_is_given_to(monkeypatch):
    monkeypatch.setattr(remembered, "LARGEST_BYTES", 3 * 4 * 4)
    memory = Remembered()
    stored = pictures(5, 2, 2)
    maps = memory.maps(stored, lambda group: [to_float(group)[:, :1]])
    assert len(memory) == 3
    assert torch.equal(maps[0], to_float(stored)[:, :1])
