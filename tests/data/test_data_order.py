"""The order of pictures in shards, and how processes and workers share them: pure functions, checked by property."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from ganvas.data.order import LANES, ShardOrder, Share

ORDER = [10, 1, 5, 0, 11, 6, 7, 8, 3, 12, 13, 2, 4, 9, 14]
COUNTS = st.lists(st.integers(0, 40), min_size=1, max_size=9).filter(any)
SHARES = st.tuples(st.integers(1, 5), st.integers(1, 4))


def places(order, positions):
    """What stands at each position: the place in the set."""
    starts = np.concatenate([[0], np.cumsum(order.counts)])
    numbers = order.window_of(positions)
    found = np.empty(len(positions), np.int64)
    for number in np.unique(numbers):
        window, here = order.window(int(number)), numbers == number
        read = [starts[piece.shard] + piece.first + i for piece in window.pieces for i in range(piece.count)]
        found[here] = np.array(read)[window.order[positions[here] - window.first]]
    return found


@given(st.integers(0, 10**12), st.integers(1, 300), SHARES)
def test_every_position_is_one_workers_and_no_others(first, count, sharing):
    ranks, workers = sharing
    positions = np.arange(first, first + count)
    each = [Share(rank, ranks, worker, workers).has(positions) for rank in range(ranks) for worker in range(workers)]
    assert_array_equal(np.sum(each, axis=0), np.ones(count))


@given(st.integers(0, 10**9), SHARES)
def test_processes_have_parts_of_a_batch_that_differ_by_a_picture_at_most(first, sharing):
    ranks, count = sharing[0], 16
    sizes = [int(Share(rank, ranks).has(np.arange(first, first + count)).sum()) for rank in range(ranks)]
    assert max(sizes) - min(sizes) <= 1


@pytest.mark.parametrize("wrong", [(2, 2, 0, 1), (-1, 2, 0, 1), (0, 1, 3, 3), (0, 1, -1, 1)])
def test_a_process_or_worker_that_there_is_none_of_is_a_wrong_call(wrong):
    with pytest.raises(ValueError, match="of"):
        Share(*wrong)


@given(COUNTS, st.integers(1, 60), st.integers(0, 2**32 - 1), st.integers(0, 3))
def test_every_pass_shows_every_picture_once(counts, window, seed, number):
    order = ShardOrder(counts, window, seed)
    assert_array_equal(np.sort(places(order, number * order.total + np.arange(order.total))), np.arange(sum(counts)))


@given(COUNTS, st.integers(1, 60), st.integers(0, 400), st.integers(1, 50))
def test_it_restarts_anywhere(counts, window, first, count):
    whole = places(ShardOrder(counts, window, 3), np.arange(first + count))
    assert_array_equal(places(ShardOrder(counts, window, 3), np.arange(first, first + count)), whole[first:])


@given(COUNTS, st.integers(1, 60))
def test_no_window_has_more_pictures_than_were_asked_for_or_one_of_each_lane(counts, window):
    order = ShardOrder(counts, window, 0)
    sizes = [len(order.window(number)) for number in range(2 * order.windows)]
    assert max(sizes) <= max(window, LANES)
    assert sum(sizes) == 2 * order.total


def test_seeds_and_passes_differ():
    counts = [20, 20, 20]
    orders = [places(ShardOrder(counts, 16, seed), first + np.arange(60)) for seed, first in ((0, 0), (0, 60), (1, 0))]
    assert len({order.tobytes() for order in orders}) == 3


def test_a_window_mixes_shards_that_are_sorted():
    """Of eight shards of a class each, what is shown at first comes from several."""
    order = ShardOrder([100] * 8, 64, seed=0)
    assert len(set((places(order, np.arange(64)) // 100).tolist())) == LANES


def test_the_order_is_this_one_for_good():
    assert places(ShardOrder([5, 5, 5], 6, seed=0), np.arange(15)).tolist() == ORDER
