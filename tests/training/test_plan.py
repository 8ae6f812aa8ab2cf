import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from torch.testing import assert_close

from ganvas.config import LimitSettings
from ganvas.networks import NetworkSpec
from ganvas.training.plan import image_limit, is_drawn_moment, planned_images, probe_speed


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


def test_the_plan_is_what_fits_into_the_time_but_not_more_than_was_asked_for():
    assert planned_images(None, 10, images_per_second=50, step_images=64) == 7 * 64
    assert planned_images(128, 10, images_per_second=50, step_images=64) == 128
    assert planned_images(128, None, images_per_second=50, step_images=64) == 128
    assert planned_images(None, 0.1, images_per_second=1, step_images=64) == 64


def test_no_limit_at_all_is_refused():
    with pytest.raises(ValueError, match="no limit"):
        planned_images(None, None, images_per_second=50, step_images=64)


@given(st.integers(1, 300))
def test_moments_lie_on_whole_steps(step):
    assert is_drawn_moment(0, step)
    assert is_drawn_moment(step, step)
    assert not is_drawn_moment(step + 1, step) or step == 1


def test_there_are_four_moments_in_every_octave_once_steps_are_fine_enough():
    for octave in range(5, 12):
        steps = range(2**octave, 2 ** (octave + 1))
        assert sum(is_drawn_moment(step * 64, 64) for step in steps) == 4


def test_moments_are_nowhere_further_apart_than_a_quarter_of_an_octave():
    moments = [step for step in range(64, 5000) if is_drawn_moment(step, 1)]
    assert max(math.log2(later / earlier) for earlier, later in pairwise(moments)) < 1 / 4 + 0.03


def test_the_probe_finds_a_speed_and_leaves_no_trace(tiny):
    config, stream, fresh = tiny("dcgan28")
    spec = NetworkSpec(16, 16, 3, 6, 0, config.network.width)
    before = fresh().generator.state_dict()
    for seconds in (0, 0.05):
        assert 1 < probe_speed(config, spec, stream, seconds=seconds) < 1e7
    assert_close(fresh().generator.state_dict(), before, rtol=0, atol=0)
