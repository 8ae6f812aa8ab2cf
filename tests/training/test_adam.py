import subprocess
import sys

import torch
from torch import nn
from torch.testing import assert_close

from ganvas.training.adam import Adam


def test_updates_are_those_of_pytorchs_adam():
    ours, theirs = nn.Conv2d(3, 4, 3), nn.Conv2d(3, 4, 3)
    theirs.load_state_dict(ours.state_dict())
    ours.to(memory_format=torch.channels_last)
    optimizer = Adam(ours, rate=0.01, beta1=0.5, beta2=0.99)
    reference = torch.optim.Adam(theirs.parameters(), lr=0.01, betas=(0.5, 0.99))
    for _ in range(5):
        images = torch.randn(2, 3, 8, 8)
        for network, each in ((ours, optimizer), (theirs, reference)):
            each.clear() if isinstance(each, Adam) else each.zero_grad()
            network(images).square().sum().backward()
            each.step()
    assert_close(dict(ours.named_parameters()), dict(theirs.named_parameters()))


def test_the_first_update_is_as_large_as_the_rate():
    layer = nn.Linear(1, 1, bias=False)
    before = layer.weight.item()
    layer(torch.full((1, 1), 1000.0)).sum().backward()
    Adam(layer, rate=0.25, beta1=0.9, beta2=0.999).step()
    assert_close(layer.weight.item(), before - 0.25)


def after_a_burst(largest_step, factor=1000.0, before=200):
    """What a layer whose gradients grow at once by `factor`, after so many steps, is moved by, in rates: (W,)."""
    layer = nn.Linear(50, 20)
    nn.utils.vector_to_parameters(torch.zeros(1020), layer.parameters())
    optimizer = Adam(layer, rate=0.01, beta1=0.0, beta2=0.99, largest_step=largest_step)
    numbers = torch.Generator().manual_seed(0)
    for step in range(before + 1):
        for weight in layer.parameters():
            weight.grad = torch.randn(weight.shape, generator=numbers) * (factor if step == before else 1.0)
        was = nn.utils.parameters_to_vector(layer.parameters()).detach().clone()
        optimizer.step()
    return (nn.utils.parameters_to_vector(layer.parameters()).detach() - was) / 0.01


def test_a_burst_moves_weights_by_nine_rates_and_no_more_than_asked_for_in_the_same_direction():
    free, held = after_a_burst(None), after_a_burst(2.0)
    assert_close(free.square().mean().sqrt().item(), ((1 - 0.99**201) / (1 - 0.99)) ** 0.5, rtol=0.02, atol=0)
    assert_close(held.square().mean().sqrt().item(), 2.0, rtol=1e-4, atol=0)
    assert_close(held / 2.0, free / free.square().mean().sqrt(), rtol=1e-3, atol=1e-4)


def test_a_step_that_is_not_too_large_is_the_same_bit_for_bit():
    assert torch.equal(after_a_burst(2.0, factor=1.5), after_a_burst(None, factor=1.5))


def test_the_first_steps_are_as_large_as_they_come():
    assert torch.equal(after_a_burst(2.0, before=99), after_a_burst(None, before=99))
    assert after_a_burst(2.0, before=100).square().mean().sqrt() < 2.001


def test_a_weight_without_a_gradient_stays():
    layer = nn.Linear(2, 2)
    layer.weight.sum().backward()
    bias = layer.bias.clone()
    optimizer = Adam(layer, rate=0.1, beta1=0.9, beta2=0.999)
    optimizer.step()
    assert torch.equal(layer.bias, bias)
    assert optimizer.tensors()["1.step"] == 0


def test_making_and_using_it_does_not_import_the_compiler():
    code = (
        "import sys, torch; from ganvas.training.adam import Adam; layer = torch.nn.Linear(2, 2);"
        "optimizer = Adam(layer, rate=0.1, beta1=0.9, beta2=0.999); layer(torch.ones(1, 2)).sum().backward();"
        "optimizer.step(); sys.exit('torch._dynamo' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
