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
