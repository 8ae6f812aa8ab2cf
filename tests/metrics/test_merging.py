"""Statistics of parts are those of the whole."""

import pytest
import torch
from torch.testing import assert_close

from ganvas.metrics import Moments, added, frechet_distance, frechet_of_moments, kernel_distance, mean_of_blocks


def rows(count, width=6, seed=0, shift=0.0):
    return torch.randn(count, width, generator=torch.Generator().manual_seed(seed)) * 2 + 5 + shift


def merged(parts):
    whole = None
    for part in parts:
        whole = added(whole, Moments.of(part))
    return whole


@pytest.mark.parametrize("sizes", [[40], [39, 1], [1, 1, 38], [10, 10, 10, 10]])
def test_moments_of_parts_add_up_to_those_of_the_whole(sizes):
    whole = rows(40)
    found = merged(whole.split(sizes))
    assert found.count == 40
    assert_close(found.mean, whole.double().mean(0))
    assert_close(found.covariance, torch.cov(whole.double().T))


def test_what_is_missing_adds_nothing():
    one = Moments.of(rows(3))
    assert added(None, None) is None
    assert added(one, None) is one
    assert added(None, one) is one


@pytest.mark.parametrize("count", [4, 50])  # fewer than there are features, and more
def test_fd_of_moments_is_fd_of_the_features(count):
    real, fake = rows(count), rows(count + 3, seed=1, shift=0.5)
    found = frechet_of_moments(merged(real.split(2)), merged(fake.split(3)))
    assert found == pytest.approx(frechet_distance(real, fake), rel=1e-4)
    assert frechet_of_moments(Moments.of(real), Moments.of(real)) == pytest.approx(0, abs=1e-3)


def test_fd_needs_two_rows():
    with pytest.raises(ValueError, match="got 1 and 5"):
        frechet_of_moments(Moments.of(rows(1)), Moments.of(rows(5)))


def test_the_mean_of_blocks_has_the_error_of_a_mean():
    found = mean_of_blocks([1.0, 2.0, 3.0, 4.0])
    assert found.value == 2.5
    assert found.error == pytest.approx((5 / 3 / 4) ** 0.5)
    assert found.high - found.value == pytest.approx(1.96 * found.error)
    with pytest.raises(ValueError, match="got 1"):
        mean_of_blocks([1.0])


def test_the_interval_of_blocks_holds_the_kd_of_all_of_them():
    real, fake = rows(2000), rows(2000, seed=1, shift=0.2)
    pairs = zip(real.split(100), fake.split(100), strict=True)
    found = mean_of_blocks([kernel_distance(one, other) for one, other in pairs])
    assert found.low < kernel_distance(real, fake) < found.high
