import math

import pytest
import torch
from torch import nn

from ganvas.networks import NetworkSpec
from ganvas.networks.initial import fan_in, initialise
from ganvas.training import ARCHITECTURES


def seeded() -> torch.Generator:
    return torch.Generator().manual_seed(0)


@pytest.mark.parametrize("weights", ["normal", "kaiming"])
@pytest.mark.parametrize("name", ARCHITECTURES)
def test_nothing_is_left_as_it_was(name, weights):
    networks = ARCHITECTURES[name].build(NetworkSpec(16, 16, 3, 10, classes=3, multiplier=0.125))
    for network in filter(None, (networks.generator, networks.discriminator, networks.encoder)):
        floats = [tensor for tensor in network.state_dict().values() if tensor.is_floating_point()]
        for tensor in floats:
            tensor.fill_(math.nan)
        initialise(network, weights, seeded())
        assert all(tensor.isfinite().all() for tensor in floats)


def test_normal_weights_have_a_standard_deviation_of_a_fiftieth():
    layers = nn.Sequential(nn.Conv2d(64, 64, 4), nn.BatchNorm2d(512))
    initialise(layers, "normal", seeded())
    assert layers[0].weight.std().item() == pytest.approx(0.02, rel=0.02)
    assert layers[0].weight.mean().item() == pytest.approx(0, abs=0.001)
    assert layers[1].weight.std().item() == pytest.approx(0.02, rel=0.1)
    assert layers[1].weight.mean().item() == pytest.approx(1, abs=0.003)
    assert not layers[0].bias.any()
    assert not layers[1].bias.any()


@pytest.mark.parametrize(
    "layer",
    [nn.Linear(256, 256), nn.Conv2d(64, 64, 3, padding=1), nn.ConvTranspose2d(64, 64, 4, stride=2, padding=1)],
    ids=lambda layer: type(layer).__name__,
)
def test_kaiming_weights_keep_the_power_of_a_signal_through_a_relu(layer):
    initialise(layer, "kaiming", seeded())
    shape = (512, 256) if isinstance(layer, nn.Linear) else (8, 64, 32, 32)
    signal = torch.randn(shape, generator=torch.Generator().manual_seed(1)).relu() * math.sqrt(2)
    after = layer(signal)
    inner = after if after.ndim == 2 else after[:, :, 2:-2, 2:-2]
    assert inner.square().mean().item() == pytest.approx(2, rel=0.1)


def test_fan_in_counts_what_one_output_sums():
    assert fan_in(nn.Linear(7, 3)) == 7
    assert fan_in(nn.Conv2d(4, 9, 3)) == 36
    assert fan_in(nn.ConvTranspose2d(4, 9, 4, stride=2)) == 16


def test_a_layer_without_a_rule_is_refused():
    with pytest.raises(TypeError, match="PReLU"):
        initialise(nn.Sequential(nn.PReLU()), "normal", seeded())
