import pytest

from ganvas.networks import NetworkSpec


@pytest.mark.parametrize(
    ("height", "width", "start", "doublings"),
    [(28, 28, (7, 7), 2), (64, 64, (4, 4), 4), (128, 128, (4, 4), 5), (64, 96, (4, 6), 4), (44, 44, (6, 6), 3)],
)
def test_doubling_the_start_covers_the_picture(height, width, start, doublings):
    spec = NetworkSpec(height, width, 3, 100)
    assert (spec.start, spec.doublings) == (start, doublings)


@pytest.mark.parametrize("multiplier", [0.01, 0.3, 1.5])
def test_channels_are_multiples_of_eight_and_never_none(multiplier):
    widths = NetworkSpec(64, 64, 3, 100, multiplier=multiplier).pyramid(base=64, cap=512, levels=4)
    assert all(wide >= 8 and wide % 8 == 0 for wide in widths)
    assert widths == sorted(widths, reverse=True)


@pytest.mark.parametrize(
    "wrong", [{"height": 30}, {"width": 8}, {"width": 1028}, {"channels": 2}, {"z_dim": 0}, {"multiplier": 0.0}]
)
def test_a_spec_out_of_range_is_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        NetworkSpec(**{"height": 64, "width": 64, "channels": 3, "z_dim": 100} | wrong)
