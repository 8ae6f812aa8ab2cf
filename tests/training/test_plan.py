import itertools
import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from torch.testing import assert_close

from ganvas.config import LimitSettings, MeasuringSettings, image_limit
from ganvas.training.plan import (
    is_drawn_moment,
    measuring_plan,
    planned_images,
    probe_speed,
)


@given(st.integers(1, 10**6), st.integers(1, 512))
def test_a_number_of_images_is_rounded_up_to_whole_steps(images, step):
    limit = image_limit(LimitSettings(images=images), picture_count=10, step_images=step)
    assert limit is not None
    assert limit % step == 0
    assert images <= limit < images + step


def test_whichever_of_images_and_epochs_comes_first_is_the_limit():
    limits = LimitSettings(images=1000, epochs=2)
    assert image_limit(limits, picture_count=100, step_images=10) == 200
    assert image_limit(limits, picture_count=900, step_images=10) == 1000


def test_a_time_alone_sets_no_limit_of_images():
    assert image_limit(LimitSettings(seconds=5), picture_count=100, step_images=10) is None


def images_of(until, seconds_left, shown=0, speed=50):
    return planned_images(until, seconds_left, shown=shown, images_per_second=speed, step_images=64)


def test_the_plan_is_what_fits_into_the_time_but_not_more_than_was_asked_for():
    assert images_of(None, 10) == 7 * 64
    assert images_of(128, 10) == 128
    assert images_of(128, None) == 128
    assert images_of(None, 0.1, speed=1) == 64


def test_the_plan_of_a_run_that_goes_on_is_what_was_shown_and_what_fits_into_the_time_left():
    """It once left what was shown out, so that a run extended on a slower day was not measured any more."""
    assert images_of(None, 10, shown=6400) == 6400 + 7 * 64
    assert images_of(None, -3, shown=6400) == 6400
    assert images_of(6528, 10, shown=6400) == 6528


def test_no_limit_at_all_is_refused():
    with pytest.raises(ValueError, match="no limit"):
        images_of(None, None)


@given(st.integers(1, 300))
def test_moments_lie_on_whole_steps(step):
    assert is_drawn_moment(0, step, 4)
    assert is_drawn_moment(step, step, 4)
    assert not is_drawn_moment(step + 1, step, 4) or step == 1


@pytest.mark.parametrize("count", [1, 4, 7])
def test_there_are_so_many_moments_in_every_octave_once_steps_are_fine_enough(count):
    for octave in range(5, 12):
        steps = range(2**octave, 2 ** (octave + 1))
        assert sum(is_drawn_moment(step * 64, 64, count) for step in steps) == count


def test_moments_are_nowhere_further_apart_than_a_quarter_of_an_octave():
    moments = [step for step in range(64, 5000) if is_drawn_moment(step, 1, 4)]
    assert max(math.log2(later / earlier) for earlier, later in pairwise(moments)) < 1 / 4 + 0.03


def test_the_probe_finds_a_speed_and_leaves_no_trace(tiny):
    config, stream, fresh = tiny("dcgan28")
    state, before = fresh(), fresh().generator.state_dict()
    for seconds in (0, 0.05):
        assert 1 < probe_speed(config, state, stream, seconds=seconds) < 1e7
    assert_close(state.generator.state_dict(), before, rtol=0, atol=0)
    assert state.images == 0


def test_the_probe_of_a_run_that_goes_on_does_not_count_what_was_shown_before(tiny):
    """Steps so long that there is time for one alone; they once made a resumed run plan for millions of images."""
    config, stream, fresh = tiny("dcgan28")
    speeds = []
    for images in (0, 1_000_000):
        state = fresh()
        state.images = images
        speeds.append(probe_speed(config, state, stream, clock=map(float, itertools.count()).__next__))
    assert speeds[0] == speeds[1] < config.training.step_images


MEASURING = MeasuringSettings()
MEASURE_COUNTS, PREPARATION = MEASURING.counts, MEASURING.preparation


def measuring_of(seconds, images, step, share, cost, short_share=0.0):
    """The plan where `share` of `seconds` may be spent: half of that of twice as much, as a share is at most a half."""
    measuring = MeasuringSettings(share=share / 2, short_share=short_share / 2)
    return measuring_plan(measuring, seconds=2 * seconds, images=images, step_images=step, seconds_per_picture=cost)


@given(st.floats(1, 1e6), st.integers(1, 10**8), st.integers(1, 512), st.floats(0, 0.5), st.floats(1e-5, 1))
def test_measures_lie_on_whole_steps_and_take_no_more_than_their_share(seconds, images, step, share, cost):
    every, count = measuring_of(seconds, images, step, share, cost)
    if every == 0:
        assert count == 0
        assert share * seconds < (MEASURE_COUNTS[-1] * (2 + PREPARATION)) * cost * (1 + 1e-9)
        return
    assert every % step == 0
    assert count in MEASURE_COUNTS
    measures = images // every
    assert measures <= MEASURING.most
    assert (measures + PREPARATION) * count * cost <= share * seconds * (1 + 1e-9)


def test_a_measure_takes_as_many_pictures_as_leave_room_for_enough_measures():
    for count in MEASURE_COUNTS:
        seconds = count * (MEASURING.fewest + PREPARATION)  # at a second a picture
        assert measuring_of(seconds, 16_000, 1, 1.0, 1.0) == (1000, count)
        assert measuring_of(seconds - 1, 16_000, 1, 1.0, 1.0)[1] in (*(c for c in MEASURE_COUNTS if c < count), 128)


def test_a_long_run_is_measured_sixty_four_times_on_the_largest_sample():
    assert measuring_of(1e6, 64_000, 10, 0.04, 1e-3) == (1000, 1024)
    assert measuring_of(1e6, 63_999, 10, 0.04, 1e-3) == (1000, 1024)
    assert measuring_of(1e6, 64_001, 10, 0.04, 1e-3) == (1010, 1024)


def test_a_short_run_gets_fewer_measures_of_the_smallest_sample_and_at_last_none():
    of_smallest = [measuring_of(128 * (count + PREPARATION), 1600, 10, 1.0, 1.0) for count in (8, 2, 1)]
    assert of_smallest == [(200, 128), (800, 128), (0, 0)]
    assert measuring_of(1e6, 1600, 10, 0.0, 1.0) == (0, 0)


def test_two_measures_of_the_smallest_sample_may_take_more_than_the_share():
    two = 128 * (2 + PREPARATION)
    assert measuring_of(10 * two, 1600, 10, 0.05, 1.0, short_share=0.1) == (800, 128)
    assert measuring_of(10 * two - 1, 1600, 10, 0.05, 1.0, short_share=0.1) == (0, 0)
    assert measuring_of(10 * two, 1600, 10, 0.0, 1.0, short_share=0.1) == (0, 0)


def test_there_is_never_more_than_a_measure_a_step():
    assert measuring_of(1e6, 30, 10, 0.5, 1e-3) == (10, 1024)
