import numpy as np
import pytest

from ganvas.formats.latents import latents
from ganvas.formats.paths import EASES, along, between, harmonics, nearest_stops, noise_loop


def test_between_is_the_first_the_last_and_as_long_as_both_on_the_way():
    first, second = latents(range(50), 64), latents(range(50, 100), 64)
    for share, expected in ((0.0, first), (1.0, second)):
        np.testing.assert_allclose(between(first, second, np.full((50, 1), share)), expected, atol=1e-5)
    middle = np.linalg.norm(between(first, second, np.full((50, 1), 0.5)), axis=1)
    ends = (np.linalg.norm(first, axis=1) + np.linalg.norm(second, axis=1)) / 2
    np.testing.assert_allclose(middle, ends, rtol=1e-5)


def test_between_goes_evenly_in_angle():
    first, second = latents([1], 16), latents([2], 16)
    shares = np.linspace(0, 1, 11)[:, None]
    path = between(first.repeat(11, 0), second.repeat(11, 0), shares)
    units = path / np.linalg.norm(path, axis=1, keepdims=True)
    steps = np.arccos((units[1:] * units[:-1]).sum(1).clip(-1, 1))
    np.testing.assert_allclose(steps, steps[0], rtol=1e-4)


@pytest.mark.parametrize("scale", [1.0, -1.0, 0.0])
def test_between_alike_opposite_and_no_latents_is_finite(scale):
    first = latents([1], 8)
    assert np.isfinite(between(first, scale * first, np.full((1, 1), 0.3))).all()


@pytest.mark.parametrize("ease", EASES)
def test_a_tour_is_at_its_stops_when_it_should_be_and_begins_again(ease):
    stops, seconds = latents([1, 2, 3], 8), [0.5, 2.0, 1.0]
    times = np.array([0, 0.5, 2.5, 3.5, 4.0])
    tour = along(stops, seconds, times, [ease] * 3)
    np.testing.assert_allclose(tour, stops[[0, 1, 2, 0, 1]], atol=1e-5)


def test_an_eased_way_rests_at_both_ends_and_a_held_one_jumps():
    stops = latents([1, 2], 8)
    near = np.array([1e-3, 0.999])
    moved = np.linalg.norm(along(stops, [1, 1], near, ["smooth"] * 2) - stops, axis=1)
    linear = np.linalg.norm(along(stops, [1, 1], near) - stops, axis=1)
    assert (moved < 0.01 * linear).all()
    np.testing.assert_allclose(along(stops, [1, 1], near, ["hold"] * 2), stops[[0, 0]], atol=1e-6)


@pytest.mark.parametrize(("ease", "half"), [("smooth", 1), ("linear", 1), ("hold", 0)])
def test_a_stop_is_nearest_until_half_of_the_way_and_all_of_a_way_that_is_held(ease, half):
    times = np.array([0, 0.9, 1.1, 1.9, 2.0, 2.4, 2.6, 3.5, 4.0])
    found = nearest_stops([2, 1, 1], times, [ease] * 3)
    np.testing.assert_array_equal(found, [0, 0, half, half, 1, 1, 1 + half, 0 if half else 2, 0])


@pytest.mark.parametrize(("seconds", "eases"), [([1], None), ([1, 0], None), ([1, 1], ["bounce", "linear"])])
def test_tours_that_make_no_sense_are_refused(seconds, eases):
    with pytest.raises(ValueError, match="expected"):
        along(latents([1, 2], 4), seconds, np.zeros(1), eases)


@pytest.mark.parametrize("radius", [0.0, 0.3, 1.0, 3.0])
def test_the_harmonics_have_the_covariance_that_they_are_made_for(radius):
    weights = harmonics(radius)
    apart = np.linspace(0, 1, 21)
    found = (weights**2 * np.cos(2 * np.pi * np.outer(apart, np.arange(len(weights))))).sum(1)
    np.testing.assert_allclose(found, np.exp(-2 * (radius * np.sin(np.pi * apart)) ** 2), atol=1e-4)


def test_a_noise_loop_is_closed_smooth_and_standard_normal_at_every_moment():
    count = 2 * len(harmonics(1.5)) - 1
    curves = np.stack(
        [noise_loop(latents(range(k * count, (k + 1) * count), 32), 1.5, np.linspace(0, 1, 49)) for k in range(200)]
    )
    np.testing.assert_allclose(curves[:, 0], curves[:, -1], atol=1e-5)
    np.testing.assert_allclose(curves.std(axis=(0, 2)), 1, atol=0.05)
    assert abs(np.diff(curves, axis=1)).max() < 1.0


def test_a_noise_loop_of_no_radius_stays_where_it_is():
    z = latents([7], 8)
    np.testing.assert_allclose(noise_loop(z, 0.0, np.linspace(0, 1, 5)), z.repeat(5, 0), atol=1e-6)
