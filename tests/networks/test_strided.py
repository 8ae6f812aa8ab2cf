import pytest
import torch
from torch import nn
from torch.testing import assert_close

from ganvas.networks.strided import StridedConv2d, StridedConvTranspose2d


def twin(layer, kind):
    plain = kind(layer.in_channels, layer.out_channels, 4, stride=2, padding=1, bias=False)
    plain.load_state_dict(layer.state_dict())
    return plain.double()


@pytest.mark.parametrize(
    ("ours", "plain", "shape"),
    [
        (StridedConv2d, nn.Conv2d, (3, 5, 8, 8)),
        (StridedConv2d, nn.Conv2d, (3, 5, 8, 6)),
        (StridedConv2d, nn.Conv2d, (3, 5, 7, 8)),
        (StridedConv2d, nn.Conv2d, (3, 5, 24, 8)),
        (StridedConvTranspose2d, nn.ConvTranspose2d, (3, 5, 4, 4)),
        (StridedConvTranspose2d, nn.ConvTranspose2d, (3, 5, 3, 4)),
        (StridedConvTranspose2d, nn.ConvTranspose2d, (3, 5, 4, 12)),
    ],
)
def test_the_quick_form_gives_the_maps_and_gradients_of_the_plain_one(ours, plain, shape):
    layer = ours(5, 7).double()
    reference = twin(layer, plain)
    maps = torch.randn(shape, dtype=torch.float64, requires_grad=True)
    found, expected = layer(maps), reference(maps)
    assert_close(found, expected)
    direction = torch.randn_like(found)
    found_slopes = torch.autograd.grad((found * direction).sum(), [maps, layer.weight])
    expected_slopes = torch.autograd.grad((expected * direction).sum(), [maps, reference.weight])
    assert_close(found_slopes, expected_slopes)


@pytest.mark.parametrize(("ours", "size"), [(StridedConv2d, 8), (StridedConvTranspose2d, 4)])
def test_the_quick_form_can_be_differentiated_twice(ours, size):
    layer = ours(2, 3).double()
    maps = torch.randn(1, 2, size, size, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradgradcheck(lambda x: layer(x).square(), maps, atol=1e-4)


@pytest.mark.parametrize(("ours", "size"), [(StridedConv2d, 8), (StridedConvTranspose2d, 4)])
def test_drawing_uses_pytorchs_own_layers(ours, size):
    layer = ours(2, 3).eval()
    names = [str(node.next_functions[0][0]) for node in [layer(torch.randn(1, 2, size, size)).sum().grad_fn]]
    assert "Convolution" in names[0]
