"""Copies: planted ones are found, by features or by pixels; pictures that were only drawn from the same set are not."""

import numpy as np
import pytest
import torch
from torch import Tensor

from ganvas.metrics.copies import (
    FEWEST_TRAINING,
    MOST_COMPARED,
    WORST,
    Copies,
    Share,
    Space,
    chance_of_copies,
    count_copies,
    pixel_rows,
    pixel_space,
)

NO_CHANCE = Share(0.0, 0.0, 0.05)


def drawn(count: int, seed: int, *, side: int = 16, channels: int = 3) -> np.ndarray:
    """(count, side, side, C) uint8: smooth blotches, as varied as eight random waves make them."""
    numbers = np.random.default_rng(seed)
    at = np.arange(side) / side
    images = np.zeros((count, side, side, channels))
    for _ in range(8):
        down, along = numbers.integers(0, 3, 2)
        phase = numbers.uniform(0, 2 * np.pi, (count, 1, 1, channels))
        height = numbers.normal(size=(count, 1, 1, channels))
        images += height * np.sin(2 * np.pi * (down * at[:, None, None] + along * at[:, None]) + phase)
    return (127.5 + 30 * images).clip(0, 255).astype(np.uint8)


def judged(fake: np.ndarray, training: np.ndarray) -> Copies:
    spaces = [pixel_space(training)]
    return count_copies([pixel_rows(fake)], spaces, chance_of_copies(spaces))


def test_held_out_draws_of_the_same_distribution_are_no_copies():
    found = judged(drawn(200, 2), drawn(200, 1))
    assert found.share.value < 0.02
    assert not found.is_copying


def replayed(training: np.ndarray) -> np.ndarray:
    return training.copy()


def mirrored(training: np.ndarray) -> np.ndarray:
    return training[:, :, ::-1].copy()


def noisy(training: np.ndarray) -> np.ndarray:
    noise = np.random.default_rng(5).normal(0, 4, training.shape)
    return (training + noise).round().clip(0, 255).astype(np.uint8)


def brighter(training: np.ndarray) -> np.ndarray:
    return (training.astype(int) + 5).clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize("change", [replayed, mirrored, noisy, brighter])
def test_replayed_training_pictures_are_caught_each_with_its_original(change):
    training = drawn(60, 1)
    found = judged(change(training[20:60]), training)
    assert found.share.value == 1
    assert found.is_copying
    assert all(training_index == 20 + index for index, training_index in found.worst)


@pytest.mark.parametrize("copied", [0, 5, 20, 40])
def test_the_share_is_that_of_the_pictures_that_are_copied(copied):
    training, fresh = drawn(60, 1), drawn(40, 2)
    found = judged(np.concatenate([noisy(training[:copied]), fresh[copied:]]), training)
    assert found.share.value == pytest.approx(copied / 40)
    assert found.share.low <= found.share.value <= found.share.high
    assert found.is_copying == (copied >= 20)  # five of forty could be chance: of sixty none is not yet none at all


def test_the_closest_pairs_come_first():
    training, fake = drawn(60, 1), drawn(30, 2)
    fake[11], fake[3] = training[40], noisy(training[7:8])[0]
    found = judged(fake, training)
    assert found.worst[:2] == ((11, 40), (3, 7))
    assert len(found.worst) == len(found.ratios) == WORST
    assert list(found.ratios) == sorted(found.ratios)
    assert found.ratios[0] < 0.01 < found.ratios[1] < 0.4 < found.ratios[2]


def test_a_copy_in_one_space_is_a_copy_though_the_other_sees_none():
    """Features may miss what pixels show, and the other way round."""
    numbers = torch.Generator().manual_seed(1)
    rows = [torch.randn(50, 8, generator=numbers) for _ in range(2)]
    fresh = [torch.randn(10, 8, generator=numbers) for _ in range(2)]
    spaces = [Space(part, part) for part in rows]
    assert count_copies(fresh, spaces, NO_CHANCE).share.value == 0
    for space in (0, 1):
        fake = [part.clone() for part in fresh]
        fake[space][4] = rows[space][23]
        found = count_copies(fake, spaces, NO_CHANCE)
        assert found.share.value == pytest.approx(1 / 10)
        assert found.worst[0] == (4, 23)


def test_near_duplicates_in_the_set_raise_the_chance_and_so_excuse_copies():
    """Every picture of the second set is there twice, hardly different: a held-out one would look like a copy too."""
    single = drawn(60, 1)
    double = np.concatenate([single, noisy(single)])
    plain, excused = chance_of_copies([pixel_space(single)]), chance_of_copies([pixel_space(double)])
    assert plain.value == 0
    assert excused.value == 1
    assert judged(replayed(single), single).is_copying
    assert not judged(replayed(single), double).is_copying


def test_the_chance_without_held_out_pictures_is_that_of_leaving_each_out():
    training = drawn(40, 1)
    training[5] = noisy(training[4:5])[0]
    expected = 0
    for index in range(40):
        rest = np.delete(training, index, axis=0)
        expected += judged(training[index : index + 1], rest).share.value
    assert chance_of_copies([pixel_space(training)]).value == pytest.approx(expected / 40) == pytest.approx(2 / 40)


def test_the_chance_of_held_out_pictures_is_theirs():
    training = drawn(60, 1)
    held_out = np.concatenate([noisy(training[:3]), drawn(9, 2)])
    assert chance_of_copies([pixel_space(training)], [pixel_rows(held_out)]).value == pytest.approx(3 / 12)


def test_the_chance_is_of_no_more_than_the_first_pictures():
    """Only among the later ones are there duplicates, and these are not counted, but compared with."""
    rows = torch.randn(MOST_COMPARED + 100, 16, generator=torch.Generator().manual_seed(1))
    rows[-50:] = rows[-100:-50]
    assert chance_of_copies([Space(rows, rows)]).value == 0
    assert chance_of_copies([Space(rows.flip(0), rows.flip(0))]).value == pytest.approx(100 / MOST_COMPARED)


def test_few_copies_of_few_pictures_prove_nothing():
    assert not Copies(Share(0.1, 0.02, 0.3), Share(0.0, 0.0, 0.1), (), ()).is_copying
    assert Copies(Share(0.5, 0.2, 0.8), Share(0.0, 0.0, 0.1), (), ()).is_copying


def test_in_a_set_of_one_picture_again_and_again_everything_is_expected_to_repeat():
    same = np.repeat(drawn(1, 1), 20, axis=0)
    found = judged(same, same)
    assert (found.share.value, found.chance.value) == (1, 1)
    assert not found.is_copying


@pytest.mark.parametrize("level", [0, 255])
def test_sets_of_constant_pictures_give_numbers(level):
    same = np.full((20, 16, 16, 1), level, np.uint8)
    found = judged(same, same)
    assert found.share.value == 1
    assert np.isfinite(found.ratios).all()


def test_too_few_training_pictures_are_refused():
    few = [pixel_space(drawn(FEWEST_TRAINING - 1, 1))]
    enough = [pixel_space(drawn(FEWEST_TRAINING, 1))]
    with pytest.raises(ValueError, match="expected more than"):
        chance_of_copies(few)
    assert chance_of_copies(enough).high < 1
    with pytest.raises(ValueError, match="expected more than"):
        count_copies([pixel_rows(drawn(3, 2))], [pixel_space(drawn(FEWEST_TRAINING - 2, 1))], NO_CHANCE)


def test_spaces_that_do_not_pair_up_are_refused():
    space = pixel_space(drawn(20, 1))
    with pytest.raises(ValueError, match="zip"):
        count_copies([space.upright], [space, space], NO_CHANCE)


@pytest.mark.parametrize(
    ("shape", "length"), [((16, 16, 3), 768), ((16, 16, 1), 256), ((64, 64, 3), 3072), ((128, 20, 4), 32 * 20 * 4)]
)
def test_pixels_are_compared_at_32_px_at_most(shape, length):
    assert pixel_rows(np.zeros((2, *shape), np.uint8)).shape == (2, length)


def test_pixel_rows_are_means_over_what_a_small_pixel_covers_from_0_to_1():
    images = np.zeros((1, 64, 64, 1), np.uint8)
    images[0, :2, 2:4] = 255
    images[0, 0, 0] = 51
    rows: Tensor = pixel_rows(images)[0]
    assert rows[1].item() == 1
    assert rows[0].item() == pytest.approx(0.2 / 4)
    assert rows.sum().item() == pytest.approx(1.05)


def test_pixel_rows_are_the_same_however_many_pictures_come_together():
    images = drawn(150, 1)
    assert torch.equal(pixel_rows(images), torch.cat([pixel_rows(one[None]) for one in images]))


def test_the_mirrored_rows_are_those_of_the_pictures_turned_left_to_right():
    images = drawn(4, 1)
    space = pixel_space(images)
    assert torch.equal(space.mirrored, pixel_rows(images[:, :, ::-1].copy()))
    assert torch.equal(pixel_space(images[:, :, ::-1]).mirrored, space.upright)
