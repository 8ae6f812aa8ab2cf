import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from ganvas.report.curves import charts_of, draw_curves, in_words, series_of, smooth, value_range

LOG = [{"images": 10 * k, "seconds": float(k), "generator_loss": float(k % 3)} for k in range(1, 101)]


@given(st.integers(1, 300), st.floats(-1e3, 1e3), st.floats(-10, 10), st.floats(0.3, 50))
def test_smoothing_leaves_straight_lines_as_they_are(count, start, slope, width):
    line = start + slope * np.arange(count)
    np.testing.assert_allclose(smooth(line, width), line, rtol=1e-6, atol=1e-6 * (1 + abs(start) + abs(slope) * count))


@given(st.lists(st.floats(-100, 100), min_size=1, max_size=60))
def test_smoothing_stays_within_the_values_and_forgets_no_direction(values):
    smoothed = smooth(values)
    assert min(values) <= smoothed.min()
    assert smoothed.max() <= max(values)
    np.testing.assert_allclose(smooth(values[::-1]), smoothed[::-1], atol=1e-6)


def test_smoothing_takes_most_of_the_noise_away():
    noise = np.random.default_rng(0).normal(size=1000)
    assert smooth(noise).std() < 0.25 * noise.std()


@pytest.mark.parametrize(("values", "width"), [([1.0, math.nan], 1), ([1.0, 2.0], 0), ([[1.0]], 1)])
def test_smoothing_refuses_what_is_not_a_row_of_numbers(values, width):
    with pytest.raises(ValueError, match="finite"):
        smooth(values, width)


def test_a_series_holds_only_moments_at_which_its_number_was_finite():
    log = [*LOG, {"images": 2000, "seconds": 9.0, "generator_loss": math.nan}]
    series = series_of([*log, {"images": 4000, "fid": 7.0}], "generator_loss")
    assert series is not None
    assert series.images.tolist() == [entry["images"] for entry in LOG]
    assert series_of(log, "fid") is None


def test_long_logs_are_averaged_to_the_points_asked_for_and_keep_their_mean():
    series = series_of(LOG, "generator_loss", most_points=20)
    assert series is not None
    assert len(series.raw) == len(series.images) == len(series.smoothed) == 20
    assert series.raw.mean() == pytest.approx(np.mean([entry["generator_loss"] for entry in LOG]))


def test_known_numbers_share_charts_and_unknown_ones_get_their_own():
    log = [{"images": 1, "seconds": 1, "real_score": 1.0, "fake_score": 2.0, "frechet_distance": 3.0, "note": "hi"}]
    charts = [(title, [one.name for one in found]) for title, found in charts_of(log)]
    assert charts == [("Scores", ["real_score", "fake_score"]), ("Frechet distance", ["frechet_distance"])]


def test_a_chart_of_nothing_but_zeros_is_left_out():
    assert charts_of([{"images": 1, "extra_generator_updates": 0, "extra_discriminator_updates": 0}]) == []


def test_one_wild_value_does_not_flatten_the_chart():
    log = [{"images": k, "generator_loss": 1e3 if k == 500 else math.sin(k)} for k in range(1, 1001)]
    series = series_of(log, "generator_loss")
    assert series is not None
    assert value_range([series])[1] < 100


def test_a_range_is_never_empty():
    series = series_of([{"images": 1, "generator_loss": 0.0}], "generator_loss")
    assert series is not None
    low, high = value_range([series])
    assert low < 0 < high


def test_names_become_words():
    assert [in_words(one) for one in ("real_score", "r1_penalty", "kl_loss")] == ["Real score", "R1 penalty", "KL loss"]
    assert in_words("pca_distance") == "PCA distance"


@pytest.mark.parametrize("log", [[], LOG[:1], LOG, [{"images": 0, "generator_loss": 1.0}]])
def test_curves_are_drawn_whatever_has_been_logged(tmp_path, log):
    draw_curves(log, tmp_path / "curves.png")
    with Image.open(tmp_path / "curves.png") as opened:
        assert opened.width == 960
    assert [path.name for path in tmp_path.iterdir()] == ["curves.png"]
