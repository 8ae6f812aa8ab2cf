"""The stream of batches is a pure function of the pictures shown so far."""

import subprocess
import sys
import time

import numpy as np
import pytest
import torch
from hypothesis import given
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


def test_seeds_and_passes_differ():
    stream = BatchStream(numbered(60), 60, seed=0)
    orders = [stream.indices(0, 60), stream.indices(60, 60), BatchStream(numbered(60), 60, seed=1).indices(0, 60)]
    assert len({order.tobytes() for order in orders}) == 3


def test_the_order_is_this_one_for_good():
    assert BatchStream(numbered(10), 10, seed=0).indices(0, 10).tolist() == [0, 8, 9, 3, 7, 5, 1, 2, 6, 4]


def test_a_set_smaller_than_a_batch_is_shown_again_and_again():
    chosen = BatchStream(numbered(3), 64, seed=5).indices(1, 64)
    assert np.ptp(np.bincount(chosen)) <= 2


def test_pictures_come_with_their_labels_and_their_places_in_the_set():
    stream = BatchStream(numbered(20), 8, seed=2)
    batch = stream.batch_at(40)
    assert (batch.images.shape, batch.images.dtype) == ((8, 4, 4, 1), torch.uint8)
    assert batch.labels.dtype == batch.indices.dtype == torch.int64
    assert_array_equal(batch.images[:, 1, 1, 0].numpy(), batch.labels.numpy())
    assert_array_equal(batch.indices.numpy(), batch.labels.numpy())
    assert_array_equal(batch.indices.numpy(), stream.indices(40, 8))
    assert not batch.mirrored.any()
    assert batch.without_labels().labels is None


def test_a_batch_may_be_changed_without_harm_to_the_pictures():
    pictures = numbered(8)
    BatchStream(pictures, 8, seed=0).batch_at(0).images.zero_()
    assert_array_equal(pictures.images, numbered(8).images)


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_mirroring_turns_about_half_and_is_the_same_after_a_restart(channels):
    stream = BatchStream(numbered(40, channels), 400, seed=4, mirror=True)
    batch = stream.batch_at(0)
    images, mirrored = batch.images, batch.mirrored.numpy()
    assert_array_equal((images[:, 0, -1, 0] == 255).numpy(), mirrored)
    assert 150 < mirrored.sum() < 250
    unmirrored = BatchStream(numbered(40, channels), 400, seed=4).batch_at(0)
    plain = unmirrored.images
    assert_array_equal(batch.labels.numpy(), unmirrored.labels.numpy())
    assert_array_equal(images[mirrored].flip(2).numpy(), plain[mirrored].numpy())
    assert_array_equal(images[~mirrored].numpy(), plain[~mirrored].numpy())
    again = stream.batch_at(123, 50)
    assert_array_equal(again.images.numpy(), images[123:173].numpy())
    assert_array_equal(again.mirrored.numpy(), mirrored[123:173])


@pytest.mark.parametrize(("start", "count"), [(0, 0), (0, -8), (-1, 8)])
def test_a_batch_without_a_picture_or_before_the_first_is_a_wrong_call(start, count):
    stream = BatchStream(numbered(9), 8, seed=0)
    with pytest.raises(ValueError, match="pictures after"):
        stream.batch_at(start, count)
    with pytest.raises(ValueError, match="pictures after"):
        BatchStream(numbered(9), 0, seed=0)


def test_a_batch_costs_far_less_than_a_training_step():
    stream = BatchStream(numbered(1000, channels=3, side=64), 64, seed=0, mirror=True)
    stream.batch_at(0)
    seconds = []
    for step in range(1, 40):
        started = time.perf_counter()
        stream.batch_at(64 * step)
        seconds.append(time.perf_counter() - started)
    assert min(seconds) < 0.002


@given(st.integers(1, 500), st.integers(1, 100))
def test_contact_indices_are_distinct_and_evenly_spread(count, limit):
    chosen = contact_indices(numbered(count, side=1), limit)
    assert len(set(chosen.tolist())) == min(count, limit)
    assert chosen[0] + chosen[-1] == pytest.approx(count - 1, abs=1)
    assert np.ptp(np.diff(chosen)) <= 1 if len(chosen) > 1 else True


def test_looking_at_pictures_does_without_pytorch():
    said = subprocess.run(
        [sys.executable, "-c", "import sys, ganvas.data; print('torch' in sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout.strip() == "False"
