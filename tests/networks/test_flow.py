"""The flow begins as the identity, learns how coefficients lie, and changes nothing when it is only asked."""

import math

import pytest
import torch
from torch.testing import assert_close

from ganvas.networks.eigen import Components
from ganvas.networks.flow import REPEATS, LatentFlow
from ganvas.networks.spec import NetworkSpec
from ganvas.networks.weights import initialise
from ganvas.training.adam import Adam


def numbers(seed=0):
    return torch.Generator().manual_seed(seed)


def fresh(z_dim=3):
    flow = LatentFlow(z_dim)
    initialise(flow, "kaiming", numbers())
    return flow


@pytest.fixture(scope="module")
def learned():
    """A flow that has learned coefficients which are -1 or 1, both numbers alike."""
    flow = fresh(2)
    adam = Adam(flow, rate=3e-3, beta1=0.0, beta2=0.99)
    stream = numbers(1)
    for _ in range(400):
        signs = torch.randint(0, 2, (32, 1), generator=stream) * 2.0 - 1
        adam.clear()
        flow.loss(signs.expand(32, 2), stream).backward()
        adam.step()
    return flow


def test_it_begins_as_the_identity():
    z = torch.randn(5, 3, generator=numbers())
    assert torch.equal(fresh()(z), z)


def test_its_first_loss_is_the_mean_square_of_the_way():
    """From N(0, 1) to a point c: 1 + c * c, in expectation."""
    found = fresh().loss(torch.full((2000, 3), 2.0), numbers())
    assert float(found.detach()) == pytest.approx(5.0, abs=4 * math.sqrt(18 / (2000 * 3 * REPEATS)))


def test_it_learns_where_coefficients_lie_and_keeps_their_variance(learned):
    with torch.no_grad():
        found = learned(torch.randn(1000, 2, generator=numbers(2)))
    assert ((found.abs() - 1).abs() < 0.5).float().mean() > 0.8  # of N(0, I) 0.15 do
    assert ((found[:, 0] > 0) == (found[:, 1] > 0)).float().mean() > 0.95  # of N(0, I) half
    assert_close(found.square().mean(0), torch.ones(2), rtol=0.15, atol=0)


def test_neighbours_stay_neighbours(learned):
    z = torch.randn(200, 2, generator=numbers(3))
    with torch.no_grad():
        apart = (learned(z + 1e-3) - learned(z)).norm(dim=1)
    assert float(apart.max()) < 0.1


def test_asking_it_changes_nothing_even_while_it_trains(learned):
    before = {name: tensor.clone() for name, tensor in learned.state_dict().items()}
    assert learned.training
    learned(torch.randn(1, 2, generator=numbers()))
    assert all(torch.equal(before[name], tensor) for name, tensor in learned.state_dict().items())


def test_codes_are_what_a_picture_is_drawn_from():
    components = Components(NetworkSpec(16, 16, 3, 6, classes=2), (16, 16))
    images = torch.rand(40, 3, 16, 16, generator=numbers()) * 2 - 1
    components.learn(images, torch.arange(40) % 2, numbers())
    z, labels = torch.randn(5, 6, generator=numbers(4)), torch.tensor([0, 1, 1, 0, 1])
    assert_close(components.codes(components(z, labels), labels), z, rtol=1e-3, atol=1e-3)


def test_latents_without_a_component_have_no_code():
    components = Components(NetworkSpec(16, 16, 3, 6), (16, 16))
    images = torch.rand(4, 3, 16, 16, generator=numbers()) * 2 - 1
    components.learn(images, None, numbers())
    codes = components.codes(images)
    assert not codes[:, 3:].any()
    assert_close(codes[:, :3].square().sum(0), torch.full((3,), 3.0), rtol=1e-3, atol=1e-3)  # of 4 pictures
