import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.distributions import Normal
from torch.testing import assert_close

from ganvas.objectives import kl_divergence, reparameterise


def test_the_standard_normal_is_no_distance_from_itself():
    assert kl_divergence(torch.zeros(3, 5), torch.zeros(3, 5)) == 0


@given(mean=st.floats(-5, 5), log_variance=st.floats(-5, 5))
def test_divergence_is_the_one_of_torch_distributions(mean, log_variance):
    expected = torch.distributions.kl_divergence(Normal(mean, math.exp(log_variance / 2)), Normal(0.0, 1.0))
    actual = kl_divergence(torch.full((2, 4), mean), torch.full((2, 4), log_variance))
    assert_close(actual, 4 * expected, rtol=1e-4, atol=1e-4)


def test_divergence_adds_over_the_latent_and_averages_over_the_batch():
    assert kl_divergence(torch.ones(7, 6), torch.zeros(7, 6)).item() == pytest.approx(3)


def test_latents_have_the_mean_and_the_spread_they_were_asked_for():
    mean, log_variance = torch.full((2, 3), 5.0), torch.full((2, 3), 2 * math.log(3))
    assert_close(reparameterise(mean, log_variance, torch.zeros(2, 3)), mean)
    assert_close(reparameterise(mean, log_variance, torch.ones(2, 3)), torch.full((2, 3), 8.0))


def test_latents_are_differentiable_in_mean_and_variance():
    mean, log_variance = torch.zeros(2, 3, requires_grad=True), torch.zeros(2, 3, requires_grad=True)
    reparameterise(mean, log_variance, torch.full((2, 3), 4.0)).sum().backward()
    assert_close(mean.grad, torch.ones(2, 3))
    assert_close(log_variance.grad, torch.full((2, 3), 2.0))


def test_shapes_that_would_broadcast_are_refused():
    with pytest.raises(ValueError, match="shape"):
        kl_divergence(torch.zeros(3, 5), torch.zeros(3, 1))
    with pytest.raises(ValueError, match="shape"):
        reparameterise(torch.zeros(3, 5), torch.zeros(3, 5), torch.zeros(5))
