from hypothesis import given
from hypothesis import strategies as st

from ganvas.training.balance import player_behind

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
