import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganvas.config import NoiseSettings, ObjectiveSettings
from ganvas.training.balance import (
    adapted_share,
    averaged_loss,
    noise_deviation,
    player_behind,
    risen,
)

NOISE = NoiseSettings()
PACE = ObjectiveSettings().augment_adapting_images
losses = st.floats(0, 20)


@given(losses, losses)
def test_the_player_behind_is_the_one_with_the_higher_loss_per_picture(discriminator, generator):
    behind = player_behind(discriminator, generator, 0.1)
    if behind == "discriminator":
        assert discriminator / 2 > generator
    elif behind == "generator":
        assert generator > discriminator / 2
    else:
        assert abs(discriminator / 2 - generator) < 0.1


def test_at_the_games_equilibrium_nobody_is_behind():
    assert player_behind(2 * 0.6931, 0.6931, 0.1) is None


shares, signs, targets = st.floats(0, 1), st.floats(-1, 1), st.floats(0.01, 0.99)


@given(shares, signs, targets, st.integers(1, 10**6))
def test_the_share_grows_above_the_target_shrinks_below_it_and_stays_a_share(share, sign, target, images):
    moved = adapted_share(share, sign, target, images, PACE)
    assert 0 <= moved <= 1
    if sign > target:
        assert moved > share or moved == 1
    else:
        assert moved < share or moved == 0


@given(shares, targets, st.integers(1, 1000), st.integers(1, 10**6))
def test_a_step_moves_the_share_by_its_part_of_the_pace_either_way(share, target, images, over_images):
    pace = images / over_images
    assert adapted_share(share, 1.0, target, images, over_images) == pytest.approx(min(share + pace, 1), abs=1e-12)
    assert adapted_share(share, -1.0, target, images, over_images) == pytest.approx(max(share - pace, 0), abs=1e-12)


@pytest.mark.parametrize(("sign", "start", "end"), [(1.0, 0.0, 1.0), (0.0, 1.0, 0.0)])
def test_from_none_to_all_and_back_takes_twenty_thousand_images(sign, start, end):
    share = start
    for _ in range(19_968 // 64):
        share = adapted_share(share, sign, 0.6, 64, PACE)
    assert share == pytest.approx(end - (1 - 2 * start) * 32 / 20_000)
    assert adapted_share(share, sign, 0.6, 64, PACE) == end


@given(losses, losses, st.integers(1, 2000))
def test_an_average_moves_towards_the_loss_and_not_beyond(average, loss, images):
    moved = averaged_loss(average, loss, images, 500)
    assert moved == pytest.approx(loss if images >= 500 else average + (loss - average) * images / 500)


def test_an_average_forgets_over_five_hundred_images_in_steps_of_any_size():
    """What is left of the first after 500 images is 1/e, but for the size of the steps."""
    for step in (1, 4, 20):
        average = 1.0
        for _ in range(500 // step):
            average = averaged_loss(average, 0.0, step, 500)
        assert average == pytest.approx(0.3679, rel=0.03)


@given(st.floats(0, 0.2), st.floats(0, 0.2))
def test_noise_falls_on_a_straight_line_as_the_discriminator_errs_more(one, other):
    difference = noise_deviation(one, 0, NOISE, lasting=False) - noise_deviation(other, 0, NOISE, lasting=False)
    assert difference == pytest.approx(3 * (other - one), abs=1e-12)


@given(st.floats(0.2, 20), st.integers(0, 100_000), st.booleans())
def test_a_discriminator_that_errs_sees_no_noise(loss, images, lasting):
    assert noise_deviation(loss, images, NOISE, lasting=lasting) == 0.0


def test_one_that_is_never_wrong_sees_the_most_noise():
    assert noise_deviation(0.0, 0, NOISE, lasting=False) == 0.6


BEGUN, GONE = NOISE.fades_from_images, NOISE.fades_from_images + NOISE.fades_over_images


@pytest.mark.parametrize(
    ("loss", "lasting", "noise"),
    [(0.0, False, (0.6, 0.3, 0.0, 0.0)), (0.0, True, (0.6, 0.55, 0.5, 0.5)), (0.18, True, (0.06, 0.01, 0.0, 0.0))],
)
def test_noise_falls_to_none_or_by_a_tenth(loss, lasting, noise):
    moments = (BEGUN, (BEGUN + GONE) // 2, GONE, 10 * GONE)
    assert [noise_deviation(loss, images, NOISE, lasting=lasting) for images in moments] == pytest.approx(noise)


@given(st.floats(0, 0.3), st.integers(0, BEGUN))
def test_until_noise_falls_it_is_the_same_whether_it_lasts_or_not(loss, images):
    assert noise_deviation(loss, images, NOISE, lasting=True) == noise_deviation(loss, images, NOISE, lasting=False)


def test_a_rise_is_a_straight_line_between_its_ends():
    assert [risen(images, 200) for images in (-50, 0, 50, 200, 900)] == [0.0, 0.0, 0.25, 1.0, 1.0]
