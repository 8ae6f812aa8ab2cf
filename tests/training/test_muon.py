import pytest
import torch
from torch import nn
from torch.testing import assert_close

from ganvas.config import OptimizerSettings
from ganvas.networks.layers import Conv2d
from ganvas.training.adam import Adam
from ganvas.training.muon import Muon, orthogonal

RATES = {"rate": 0.01, "beta1": 0.0, "beta2": 0.99}


def random(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def with_singular_values(values, width):
    """(len(values), width), and its singular vectors, in columns."""
    left = torch.linalg.qr(random(len(values), len(values)))[0]
    right = torch.linalg.qr(random(width, len(values), seed=1))[0]
    return left @ torch.diag(values) @ right.T, left, right


@pytest.mark.parametrize("scale", [1e-12, 1.0, 1e6])
def test_singular_values_become_about_one_and_their_vectors_stay(scale):
    rows, left, right = with_singular_values(torch.logspace(0, -1.5, 20), 50)
    inside = left.T @ orthogonal(scale * rows) @ right
    values = inside.diagonal()
    assert 0.65 < values.min() < values.max() < 1.25
    assert_close(inside - torch.diag(values), torch.zeros(20, 20), atol=1e-3, rtol=0)


def test_the_largest_direction_of_a_steep_gradient_does_not_outweigh_the_others():
    rows, _, _ = with_singular_values(torch.tensor([1.0, 0.1, 0.05]), 9)
    made = torch.linalg.svdvals(orthogonal(rows))
    assert made[0] / made[2] < 1.8


def test_a_tall_matrix_is_that_of_the_wide_one_turned_and_zero_stays_zero():
    rows = random(8, 30)
    assert_close(orthogonal(rows.T), orthogonal(rows).T)
    assert torch.equal(orthogonal(torch.zeros(3, 5)), torch.zeros(3, 5))


def stepped(layer, gradients, optimizer):
    """What each weight of `layer` is moved by in the last of these steps, each with one tensor a weight."""
    for each in gradients:
        before = [weight.detach().clone() for weight in layer.parameters()]
        for weight, gradient in zip(layer.parameters(), each, strict=True):
            weight.grad = gradient.clone().contiguous(
                memory_format=torch.channels_last if weight.ndim == 4 else torch.contiguous_format
            )
        optimizer.step()
    return [weight.detach() - was for weight, was in zip(layer.parameters(), before, strict=True)]


@pytest.mark.parametrize("channels", [(16, 16), (32, 64), (128, 20)])
@pytest.mark.parametrize("size", [1e-9, 1.0, 1e9])
def test_an_inner_convolution_moves_by_about_one_rate_against_its_gradient_however_large(channels, size):
    layer = nn.Conv2d(*channels, 3, bias=False)
    gradient = size * random(*layer.weight.shape)
    (moved,) = stepped(layer, [[gradient]], Muon(layer, momentum=0.0, **RATES))
    assert 0.0068 < moved.square().mean().sqrt() < 0.012
    assert (moved * gradient).sum() < 0


def test_the_memory_layout_changes_nothing():
    plain, last = (nn.Conv2d(16, 24, 3, bias=False) for _ in range(2))
    last.load_state_dict(plain.state_dict())
    last.to(memory_format=torch.channels_last)
    gradients = [[random(24, 16, 3, 3, seed=seed)] for seed in range(3)]
    for layer in (plain, last):
        stepped(layer, gradients, Muon(layer, momentum=0.5, **RATES))
    assert_close(last.weight, plain.weight)


def test_momentum_is_nesterovs():
    layer = nn.Conv2d(16, 16, 1, bias=False)
    first, second = random(16, 16, 1, 1), random(16, 16, 1, 1, seed=1)
    (moved,) = stepped(layer, [[first], [second]], Muon(layer, momentum=0.5, **RATES))
    ahead = second + 0.5 * (second + 0.5 * first)
    assert_close(moved.flatten(1), -0.01 * 4 * orthogonal(ahead.flatten(1)), rtol=1e-3, atol=1e-5)


def test_what_is_next_to_a_picture_and_what_is_no_convolution_are_adams():
    layers = [nn.Sequential(nn.Conv2d(3, 32, 3), nn.Conv2d(32, 12, 3), nn.Linear(20, 20)) for _ in range(2)]
    layers[1].load_state_dict(layers[0].state_dict())
    gradients = [[random(*weight.shape, seed=seed) for weight in layers[0].parameters()] for seed in range(3)]
    muons = stepped(layers[0], gradients, Muon(layers[0], momentum=0.5, **RATES))
    assert_close(muons, stepped(layers[1], gradients, Adam(layers[1], **RATES)), rtol=0, atol=0)


def test_it_keeps_the_same_tensors_as_adam_so_that_either_goes_on_from_the_other():
    layer = nn.Sequential(nn.Conv2d(3, 16, 3), nn.Conv2d(16, 16, 3))
    muons, adams = Muon(layer, momentum=0.5, **RATES).tensors(), Adam(layer, **RATES).tensors()
    assert {name: tensor.shape for name, tensor in muons.items()} == {n: tensor.shape for n, tensor in adams.items()}


def test_a_weight_without_a_gradient_stays():
    layer = nn.Conv2d(16, 16, 3)
    before = layer.weight.detach().clone()
    Muon(layer, momentum=0.5, **RATES).step()
    assert torch.equal(layer.weight, before)


def test_a_share_of_the_rate_is_that_share_of_the_step():
    moves = []
    for share in (1.0, 0.25):
        layer = nn.Conv2d(16, 16, 3, bias=False)
        before = layer.weight.detach().clone()
        layer.weight.grad = random(16, 16, 3, 3)
        Muon(layer, momentum=0.0, **RATES).step(share)
        moves.append(layer.weight.detach() - before)
    assert_close(moves[1], 0.25 * moves[0], rtol=1e-3, atol=1e-7)


def test_the_default_recipe_updates_every_inner_convolution_of_its_generator_by_it(tiny):
    _, _, fresh = tiny("swift", "network.width=1")
    state = fresh()
    optimizer = state.optimizers["generator"]
    assert isinstance(optimizer, Muon)
    moved = {id(optimizer.weights[index]) for index in optimizer.inner}
    inside = [m for m in state.generator.modules() if isinstance(m, Conv2d) and min(m.weight.shape[:2]) > 12]
    assert moved == {id(m.weight) for m in inside}
    assert len(inside) >= 6
    assert not isinstance(state.optimizers["discriminator"], Muon)


def test_runs_that_do_not_name_a_momentum_are_adams():
    assert OptimizerSettings().muon_momentum is None
