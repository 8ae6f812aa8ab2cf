"""Distances between samples: naive twins, closed forms of Gaussians and flat pictures, and honest intervals."""

import math

import numpy as np
import pytest
import scipy.linalg
import torch
from torch import Tensor

from ganvas.metrics.distances import (
    frechet_distance,
    kernel_distance,
    kernel_distance_interval,
    sliced_wasserstein,
)

ON_FEATURES = [kernel_distance, frechet_distance]


def normal(*shape: int, seed: int, shift: float = 0.0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed)) + shift


def naive_kernel_distance(real: Tensor, fake: Tensor) -> float:
    def k(x: Tensor, y: Tensor) -> float:
        return (sum(a * b for a, b in zip(x.tolist(), y.tolist(), strict=True)) / len(x) + 1) ** 3

    def mean_of_pairs(rows: Tensor) -> float:
        pairs = [(i, j) for i in range(len(rows)) for j in range(len(rows)) if i != j]
        return sum(k(rows[i], rows[j]) for i, j in pairs) / len(pairs)

    between = sum(k(x, y) for x in real for y in fake) / (len(real) * len(fake))
    return mean_of_pairs(real) + mean_of_pairs(fake) - 2 * between


def kernel_distance_of_shifted_normals(features: int, shift: float) -> float:
    """E (x.y/F + 1)^3 with x, y independent N(a, I), N(b, I): x.y has the moments of a bilinear form."""

    def expected(a: float, b: float) -> float:
        mean = features * a * b  # per coordinate x y: E xy = ab, E (xy)^2 = (1 + a^2)(1 + b^2), E (xy)^3 = ...
        second = (1 + a**2) * (1 + b**2)
        third = (a**3 + 3 * a) * (b**3 + 3 * b)
        variance = features * (second - (a * b) ** 2)
        skew = features * (third - 3 * a * b * second + 2 * (a * b) ** 3)  # third central moments add up
        centre, variance, skew = mean / features + 1, variance / features**2, skew / features**3
        return centre**3 + 3 * centre * variance + skew

    return expected(0, 0) + expected(shift, shift) - 2 * expected(0, shift)


@pytest.mark.parametrize(("real", "fake", "features"), [(2, 2, 1), (7, 5, 3), (5, 12, 16), (9, 9, 40)])
def test_kernel_distance_is_the_double_loop_of_its_definition(real, fake, features):
    first, second = normal(real, features, seed=1), normal(fake, features, seed=2, shift=0.3)
    assert kernel_distance(first, second) == pytest.approx(naive_kernel_distance(first, second), rel=1e-4, abs=1e-5)


def test_kernel_distance_of_points_at_two_places_is_the_closed_form():
    here, there = torch.zeros(4, 2), torch.full((3, 2), 2.0)
    assert kernel_distance(here, there) == pytest.approx(1 + 125 - 2)  # (8 / 2 + 1)^3 among those at (2, 2)


def test_kernel_distance_is_on_average_0_between_samples_of_one_distribution():
    found = [kernel_distance(normal(6, 4, seed=2 * i), normal(9, 4, seed=2 * i + 1)) for i in range(1500)]
    error = np.std(found) / len(found) ** 0.5
    assert abs(np.mean(found)) < 3 * error
    assert min(found) < 0 < max(found)
    assert error < 0.05  # the biased form, with the diagonals, is at 1.3 here


def test_kernel_distance_is_on_average_the_distance_of_the_distributions():
    found = [kernel_distance(normal(8, 4, seed=2 * i), normal(8, 4, seed=2 * i + 1, shift=0.5)) for i in range(1500)]
    error = np.std(found) / len(found) ** 0.5
    assert abs(np.mean(found) - kernel_distance_of_shifted_normals(4, 0.5)) < 3 * error
    assert error < 0.1


@pytest.mark.parametrize("distance", ON_FEATURES)
def test_a_distance_is_symmetric_and_does_not_depend_on_the_order_of_rows(distance, generator):
    real, fake = normal(40, 6, seed=1), normal(30, 6, seed=2, shift=0.5)
    shuffled = real[torch.randperm(40, generator=generator)], fake[torch.randperm(30, generator=generator)]
    assert distance(real, fake) > 0.1
    assert distance(fake, real) == pytest.approx(distance(real, fake), rel=1e-4)
    assert distance(*shuffled) == pytest.approx(distance(real, fake), rel=1e-4)


@pytest.mark.parametrize("distance", ON_FEATURES)
def test_a_distance_grows_with_a_shift(distance):
    real = normal(60, 6, seed=1)
    found = [distance(real, normal(60, 6, seed=2, shift=shift)) for shift in (0.0, 0.3, 0.6, 0.9)]
    assert found == sorted(found)
    assert found[-1] > 5 * abs(found[0])


@pytest.mark.parametrize("distance", ON_FEATURES)
@pytest.mark.parametrize(
    ("real", "fake"), [((1, 3), (5, 3)), ((5, 3), (1, 3)), ((0, 3), (5, 3)), ((5, 3), (5, 4)), ((5,), (5,))]
)
def test_samples_that_cannot_be_compared_are_refused(distance, real, fake):
    with pytest.raises(ValueError, match="expected"):
        distance(torch.zeros(real), torch.zeros(fake))


def test_the_interval_surrounds_the_kernel_distance_itself(generator):
    real, fake = normal(50, 6, seed=1), normal(70, 6, seed=2, shift=0.5)
    found = kernel_distance_interval(real, fake, generator)
    assert found.value == pytest.approx(kernel_distance(real, fake), rel=1e-6)
    assert found.low < found.value < found.high
    assert (found.high - found.low) / found.error == pytest.approx(2 * 1.96, rel=0.15)  # nearly normal here


def test_95_of_100_intervals_contain_the_distance_of_the_distributions(generator):
    expected, hits = kernel_distance_of_shifted_normals(4, 0.5), 0
    for i in range(200):
        real, fake = normal(60, 4, seed=2 * i), normal(60, 4, seed=2 * i + 1, shift=0.5)
        found = kernel_distance_interval(real, fake, generator, resamples=200)
        hits += found.low <= expected <= found.high
    assert 180 <= hits <= 199  # a binomial of 200 and 0.95: 190, and three deviations of 3.1 either way


def test_the_standard_error_is_how_much_the_kernel_distance_varies(generator):
    found = [
        kernel_distance_interval(
            normal(60, 4, seed=2 * i), normal(60, 4, seed=2 * i + 1, shift=0.5), generator, resamples=100
        )
        for i in range(100)
    ]
    assert np.mean([one.error for one in found]) == pytest.approx(np.std([one.value for one in found]), rel=0.25)


def test_an_interval_halves_with_four_times_the_pictures(generator):
    def width(count: int) -> float:
        real, fake = normal(count, 4, seed=1), normal(count, 4, seed=2, shift=0.7)
        found = kernel_distance_interval(real, fake, generator)
        return found.high - found.low

    assert width(100) / width(400) == pytest.approx(2, rel=0.3)


def test_a_fixed_real_sample_leaves_only_what_the_generated_vary(generator):
    real, fake = normal(60, 4, seed=1), normal(60, 4, seed=2, shift=0.5)
    free = kernel_distance_interval(real, fake, generator)
    fixed = kernel_distance_interval(real, fake, generator, real_is_fixed=True)
    assert fixed.value == free.value
    assert fixed.error < 0.9 * free.error
    constant = kernel_distance_interval(real, torch.ones(9, 4), generator, real_is_fixed=True)
    assert constant.error < 1e-5
    assert constant.low == pytest.approx(constant.high, abs=1e-5)
    assert kernel_distance_interval(real, torch.ones(9, 4), generator).error > 0.1


def test_pictures_drawn_twice_in_a_resample_do_not_push_the_interval_up(generator):
    """Among 12 rows of 200 features each is 8 from itself and 1 from others: kept, repeats would add 7/12 twice."""
    real, fake = normal(12, 200, seed=1), normal(12, 200, seed=2)
    found = kernel_distance_interval(real, fake, generator)
    assert found.low < found.value < found.high
    assert found.high < 7 / 12


def test_repeated_pictures_are_farther_from_the_set_than_different_ones(generator):
    real, fake = normal(60, 16, seed=1), normal(60, 16, seed=2)
    repeated = kernel_distance_interval(real, fake[:6].repeat(10, 1), generator)
    assert repeated.value > kernel_distance_interval(real, fake, generator).high
    all_equal = kernel_distance_interval(real, fake[:1].repeat(60, 1), generator)
    assert all_equal.value > repeated.value
    assert math.isfinite(all_equal.error)


def test_an_interval_comes_from_the_generator_alone():
    real, fake = normal(20, 4, seed=1), normal(20, 4, seed=2)
    first, again, other = (
        kernel_distance_interval(real, fake, torch.Generator().manual_seed(seed), resamples=50) for seed in (5, 5, 6)
    )
    assert first == again
    assert first.low != other.low


def axes(lengths: list[float], mean: float = 0.0) -> Tensor:
    """(2 F, F) rows mean +- a_i e_i, whose covariance is diagonal: 2 a_i^2 / (2 F - 1)."""
    rows = torch.diag(torch.tensor(lengths))
    return torch.cat([rows, -rows]) + mean


@pytest.mark.parametrize(
    ("first", "second", "shift"),
    [
        ([1.0, 2.0, 3.0], [1.0, 2.0, 3.0], 2.0),
        ([1.0, 2.0, 3.0], [3.0, 2.0, 1.0], 0.0),
        ([5.0, 0.0, 1.0], [0.0, 4.0, 1.0], -1.5),
        ([0.0, 0.0], [0.0, 0.0], 3.0),
        ([0.0, 0.0, 0.0, 0.0], [1.0, 1.0, 2.0, 0.0], 0.0),
    ],
)
def test_frechet_distance_of_gaussians_along_the_axes_is_the_closed_form(first, second, shift):
    count = 2 * len(first)
    apart = sum((a - b) ** 2 for a, b in zip(first, second, strict=True)) * 2 / (count - 1)
    expected = len(first) * shift**2 + apart
    assert frechet_distance(axes(first), axes(second, shift)) == pytest.approx(expected, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize(("real", "fake", "features"), [(50, 60, 4), (30, 200, 12), (40, 40, 20)])
def test_frechet_distance_is_the_matrix_root_of_its_definition(real, fake, features, generator):
    mixing = torch.randn(features, features, generator=generator)
    first, second = normal(real, features, seed=1), normal(fake, features, seed=2, shift=0.2) @ mixing
    covariances = [np.cov(rows.double().numpy(), rowvar=False) for rows in (first, second)]
    apart = (first.double().mean(0) - second.double().mean(0)).square().sum().item()
    root = scipy.linalg.sqrtm(covariances[0] @ covariances[1]).real
    expected = apart + np.trace(covariances[0] + covariances[1] - 2 * root)
    assert frechet_distance(first, second) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(("count", "features"), [(2, 5), (5, 5), (6, 5), (40, 5), (20, 300)])
def test_frechet_distance_of_a_sample_to_itself_is_0_at_any_count(count, features):
    rows = normal(count, features, seed=1, shift=3.0)
    assert frechet_distance(rows, rows) == pytest.approx(0, abs=1e-9 * features)
    assert frechet_distance(rows, rows + 1) == pytest.approx(features, rel=1e-4)


def test_frechet_distance_does_not_jump_where_pictures_become_as_many_as_features():
    """Rows +-a e_1 among many zeros: the closed form, on either side of the two ways to a factor."""
    for count in (8, 9, 10, 11, 12):
        rows = torch.zeros(count, 10)
        rows[0, 0], rows[1, 0] = 3.0, -3.0
        assert frechet_distance(rows, 2 * rows) == pytest.approx(18 / (count - 1), rel=1e-6)


def test_frechet_distance_to_a_constant_is_the_shift_and_the_variance():
    real = normal(30, 4, seed=1).double()
    constant = torch.full((10, 4), 2.0).double()
    expected = (real.mean(0) - 2).square().sum() + real.var(0).sum()
    assert frechet_distance(real, constant) == pytest.approx(float(expected), rel=1e-9)


def flat(levels: list[int], side: int, channels: int = 3) -> Tensor:
    """(N, S, S, C) uint8 pictures of one grey each."""
    return torch.tensor(levels, dtype=torch.uint8).view(-1, 1, 1, 1).expand(-1, side, side, channels).contiguous()


@pytest.mark.parametrize("side", [16, 20, 40, 64])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_sliced_wasserstein_of_flat_pictures_is_0_to_themselves_and_the_shift_to_others(side, channels, generator):
    """Patches of one value are its multiples of (1, ..., 1), whose place along a random direction is nearly normal.

    Between v and v + d that is d / deviation * |N(0, 1)|, 0.798 of it on average, at every scale.
    """
    levels = [60, 80, 100, 120, 140]
    real, fake = flat(levels, side, channels), flat([level + 30 for level in levels], side, channels)
    assert sliced_wasserstein(real, real.flip(0), generator) == pytest.approx(0, abs=1e-3)
    expected = 1000 * 30 / np.std(levels) * math.sqrt(2 / math.pi)
    assert sliced_wasserstein(real, fake, generator, slices=1024) == pytest.approx(expected, rel=0.1)


def test_sliced_wasserstein_grows_with_a_shift_and_with_blur(generator):
    real, other = (torch.randint(40, 200, (20, 32, 32, 3), generator=generator, dtype=torch.uint8) for _ in range(2))
    same = sliced_wasserstein(real, other, generator)
    shifted = [sliced_wasserstein(real, other + shift, generator) for shift in (10, 25, 50)]
    assert [same, *shifted] == sorted([same, *shifted])
    assert shifted[-1] > 10 * same
    blurred = torch.full_like(real, 120)
    assert sliced_wasserstein(real, blurred, generator) > 10 * same


@pytest.mark.parametrize(("side", "scales"), [(16, 1), (31, 1), (32, 2), (64, 3)])
def test_detail_counts_at_the_scales_where_it_is_seen(side, scales, generator):
    """A checkerboard of single pixels is flat once it is halved: it differs at the first scale only."""
    board = (torch.arange(side)[:, None] + torch.arange(side)) % 2 * 20 + 90
    real, fake = flat([100] * 8, side), board.to(torch.uint8).view(1, side, side, 1).expand(8, -1, -1, 3)
    # Along a random direction of length 1, independent values of deviation 10 are nearly normal.
    expected = 1000 * 10 * math.sqrt(2 / math.pi) / scales
    assert sliced_wasserstein(real, fake, generator, slices=1024) == pytest.approx(expected, rel=0.1)


def test_constant_pictures_have_a_finite_sliced_wasserstein_distance(generator):
    constant, other = flat([90] * 6, 16), flat([93] * 6, 16)
    assert sliced_wasserstein(constant, constant, generator) == 0
    # Nothing varies, so that a grey level is the unit.
    assert sliced_wasserstein(constant, other, generator, slices=1024) == pytest.approx(3 * 798, rel=0.1)


@pytest.mark.parametrize("shape", [(16, 16, 1), (16, 40, 3), (37, 16, 4), (64, 64, 3), (33, 63, 3)])
def test_sliced_wasserstein_takes_sets_of_any_size_shape_and_channels(shape, generator):
    real, fake = (torch.randint(256, (n, *shape), generator=generator, dtype=torch.uint8) for n in (5, 3))
    assert 0 < sliced_wasserstein(real, fake, generator, slices=32) < 1000


@pytest.mark.parametrize(
    ("real", "fake"),
    [
        ((4, 32, 32, 3), (4, 32, 16, 3)),
        ((4, 32, 32, 3), (4, 32, 32, 1)),
        ((4, 32, 32, 3), (1, 32, 32, 3)),
        ((4, 8, 8, 3), (4, 8, 8, 3)),
        ((4, 32, 12, 3), (4, 32, 12, 3)),
    ],
)
def test_pictures_that_have_no_sliced_wasserstein_distance_are_refused(real, fake, generator):
    with pytest.raises(ValueError, match="expected"):
        sliced_wasserstein(torch.zeros(real, dtype=torch.uint8), torch.zeros(fake, dtype=torch.uint8), generator)
