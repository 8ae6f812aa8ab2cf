"""The stream of batches is a pure function of the pictures shown so far."""

import time

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from ganvas.data import BatchStream, DoctorReport, PictureSet, contact_indices

REPORT = DoctorReport("x", 0, 0, 4, 4, 1, "crop", {}, (), (), 0, (), "", 0.0)


def numbered(count: int, channels: int = 1, side: int = 4) -> PictureSet:
    """Picture i is filled with i, apart from its left column, and has label i."""
    images = np.empty((count, side, side, channels), np.uint8)
    images[:] = (np.arange(count) % 251).reshape(-1, 1, 1, 1)
    images[:, :, 0] = 255
    return PictureSet(images, np.arange(count), (), "key", REPORT)


COUNTS = st.integers(1, 90)


@given(COUNTS, st.integers(0, 2**32 - 1), st.integers(0, 5))
def test_every_pass_is_a_permutation(count, seed, number):
    chosen = BatchStream(numbered(count), 1, seed).indices(number * count, count)
    assert_array_equal(np.sort(chosen), np.arange(count))


@given(COUNTS, st.integers(0, 1000), st.lists(st.integers(1, 40), min_size=1, max_size=6))
def test_it_restarts_anywhere_and_batches_of_any_size_join_up(count, start, sizes):
    stream = BatchStream(numbered(count), 8, seed=3)
    whole = stream.indices(start, sum(sizes))
    starts = start + np.cumsum([0, *sizes[:-1]])
    pieces = [
        BatchStream(numbered(count), 8, seed=3).indices(int(at), size) for at, size in zip(starts, sizes, strict=True)
    ]
    assert_array_equal(np.concatenate(pieces), whole)


@given(COUNTS, st.sampled_from([2, 3, 4]), st.integers(0, 500), st.integers(1, 20))
def test_the_ranks_together_show_exactly_what_one_would(count, world_size, start, share):
    pictures = numbered(count)
    alone = BatchStream(pictures, world_size, seed=1).indices(start, share * world_size)
    together = np.empty_like(alone)
    for rank in range(world_size):
        part = BatchStream(pictures, world_size, 1, rank, world_size).indices(start, share * world_size)
        assert part.shape == (share,)
        together[rank::world_size] = part
    assert_array_equal(together, alone)


def test_seeds_and_passes_differ():
    stream = BatchStream(numbered(60), 60, seed=0)
    orders = [stream.indices(0, 60), stream.indices(60, 60), BatchStream(numbered(60), 60, seed=1).indices(0, 60)]
    assert len({order.tobytes() for order in orders}) == 3


def test_the_order_is_this_one_for_good():
    assert BatchStream(numbered(10), 10, seed=0).indices(0, 10).tolist() == [0, 8, 9, 3, 7, 5, 1, 2, 6, 4]


def test_a_set_smaller_than_a_batch_is_shown_again_and_again():
    chosen = BatchStream(numbered(3), 64, seed=5).indices(1, 64)
    assert np.ptp(np.bincount(chosen)) <= 2


def test_pictures_come_with_their_labels():
    images, labels = BatchStream(numbered(20), 8, seed=2).batch_at(40)
    assert (images.shape, images.dtype) == ((8, 4, 4, 1), torch.uint8)
    assert labels.dtype == torch.int64
    assert_array_equal(images[:, 1, 1, 0].numpy(), labels.numpy())


def test_a_batch_may_be_changed_without_harm_to_the_pictures():
    pictures = numbered(8)
    BatchStream(pictures, 8, seed=0).batch_at(0)[0].zero_()
    assert_array_equal(pictures.images, numbered(8).images)


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_mirroring_turns_about_half_and_is_the_same_after_a_restart(channels):
    stream = BatchStream(numbered(40, channels), 400, seed=4, mirror=True)
    images, labels = stream.batch_at(0)
    mirrored = (images[:, 0, -1, 0] == 255).numpy()
    assert 150 < mirrored.sum() < 250
    plain, same = BatchStream(numbered(40, channels), 400, seed=4).batch_at(0)
    assert_array_equal(labels.numpy(), same.numpy())
    assert_array_equal(images[mirrored].flip(2).numpy(), plain[mirrored].numpy())
    assert_array_equal(images[~mirrored].numpy(), plain[~mirrored].numpy())
    assert_array_equal(stream.batch_at(123, 50)[0].numpy(), images[123:173].numpy())


def test_mirroring_is_the_same_on_several_ranks():
    alone = BatchStream(numbered(40), 12, seed=4, mirror=True).batch_at(7)[0]
    parts = [BatchStream(numbered(40), 12, 4, rank, 3, mirror=True).batch_at(7)[0] for rank in range(3)]
    assert_array_equal(torch.stack(parts, 1).flatten(0, 1).numpy(), alone.numpy())


@pytest.mark.parametrize(("rank", "world_size", "batch"), [(2, 2, 8), (-1, 2, 8), (0, 3, 8), (0, 1, 0)])
def test_ranks_and_batches_that_do_not_fit_are_a_wrong_call(rank, world_size, batch):
    with pytest.raises(ValueError, match="rank"):
        BatchStream(numbered(9), batch, 0, rank, world_size)


def test_a_batch_costs_far_less_than_a_training_step():
    stream = BatchStream(numbered(1000, channels=3, side=64), 64, seed=0, mirror=True)
    stream.batch_at(0)
    seconds = []
    for step in range(1, 40):
        started = time.perf_counter()
        stream.batch_at(64 * step)
        seconds.append(time.perf_counter() - started)
    assert min(seconds) < 0.002


@settings(deadline=None)
@given(st.integers(1, 500), st.integers(1, 100))
def test_contact_indices_are_distinct_and_evenly_spread(count, limit):
    chosen = contact_indices(numbered(count, side=1), limit)
    assert len(set(chosen.tolist())) == min(count, limit)
    assert chosen[0] + chosen[-1] == pytest.approx(count - 1, abs=1)
    assert np.ptp(np.diff(chosen)) <= 1 if len(chosen) > 1 else True
