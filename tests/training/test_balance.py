import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganvas.config import ObjectiveSettings
from ganvas.training.balance import adapted_share, player_behind, risen

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


def test_a_rise_is_a_straight_line_between_its_ends():
    assert [risen(images, 200) for images in (-50, 0, 50, 200, 900)] == [0.0, 0.0, 0.25, 1.0, 1.0]
