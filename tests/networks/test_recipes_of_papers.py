"""What single architectures promise beyond the table: their documented sizes and the layers that only they have."""

import pytest
import torch
from torch import Tensor, nn
from torch.testing import assert_close

from ganvas.networks import NetworkSpec
from ganvas.networks.balanced import DoublingConv2d
from ganvas.networks.initial import initialise
from ganvas.networks.layers import Residual
from ganvas.networks.r3gan import Halve
from ganvas.training import ARCHITECTURES, build_networks


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def parameters_of(name: str, size: int, channels: int) -> list[int]:
    with torch.device("meta"):
        networks = ARCHITECTURES[name].build(NetworkSpec(size, size, channels, 100))
    return [
        sum(parameter.numel() for parameter in network.parameters())
        for network in (networks.generator, networks.discriminator)
    ]


def test_dcgan_has_the_parameters_of_the_tutorial():
    assert parameters_of("dcgan", 64, 3) == [3_576_704, 2_765_568]


@pytest.mark.parametrize(
    ("name", "size", "channels", "generator_maps", "discriminator_maps"),
    [
        ("dcgan", 64, 3, [512, 256, 128, 64, 3], [64, 128, 256, 512]),
        ("dcgan", 128, 3, [512, 512, 256, 128, 64, 3], [64, 128, 256, 512, 512]),
        ("dcgan-critic", 64, 3, [512, 256, 128, 64, 3], [64, 128, 256, 512]),
        ("dcgan28", 28, 1, [256, 128, 1], [64, 128, 256]),
        ("balanced", 64, 3, [1024, 512, 256, 128, 3], [128, 256, 512, 1024]),
        ("vaegan", 64, 3, [512, 256, 128, 64, 3], [64, 128, 256, 512]),
        ("mlp", 28, 1, [256, 512, 1024, 784], [1024, 512, 256, 1]),
    ],
)
def test_the_channels_are_the_documented_ones(name, size, channels, generator_maps, discriminator_maps):
    with torch.device("meta"):
        networks = ARCHITECTURES[name].build(NetworkSpec(size, size, channels, 100))
    kinds = nn.Linear if name == "mlp" else nn.Conv2d | nn.ConvTranspose2d

    def maps(network: nn.Module) -> list[int]:
        layers = [layer for layer in network.modules() if isinstance(layer, kinds)]
        return [layer.out_features if isinstance(layer, nn.Linear) else layer.out_channels for layer in layers]

    start = [] if name == "mlp" else generator_maps[:1]
    assert start + maps(networks.generator) == generator_maps
    assert maps(networks.discriminator) == discriminator_maps


def test_enlarging_and_convolving_in_one_is_the_same_as_one_after_the_other():
    layer = DoublingConv2d(3, 5).double()
    maps = random(2, 3, 6, 4).double().requires_grad_()
    plain = nn.functional.conv2d(nn.functional.interpolate(maps, scale_factor=2), layer.weight, layer.bias, padding=2)
    assert_close(layer(maps), plain)
    weighting = random(*plain.shape, seed=1).double()
    inputs = (maps, layer.weight, layer.bias)
    folded = torch.autograd.grad((layer(maps) * weighting).sum(), inputs)
    assert_close(folded, torch.autograd.grad((plain * weighting).sum(), inputs))


def test_a_residual_block_begins_as_the_identity():
    block, maps = Residual(8), random(2, 8, 5, 5)
    initialise(block, "kaiming", torch.Generator().manual_seed(0))
    assert torch.equal(block(maps), maps)


def test_halving_keeps_a_flat_map_flat_and_removes_a_checkerboard():
    rows, columns = torch.meshgrid(torch.arange(16), torch.arange(16), indexing="ij")
    checkerboard = ((rows + columns) % 2 * 2.0 - 1).expand(1, 2, 16, 16)
    inner = (slice(None), slice(None), slice(1, -1), slice(1, -1))
    assert_close(Halve()(torch.ones(1, 2, 16, 16))[inner], torch.ones(1, 2, 6, 6))
    assert_close(Halve()(checkerboard)[inner], torch.zeros(1, 2, 6, 6))


def test_scores_and_middle_agree_with_what_each_gives_alone():
    spec = NetworkSpec(32, 32, 3, 20, multiplier=0.125)
    networks = build_networks("vaegan", spec, "normal", torch.Generator().manual_seed(0))
    discriminator = networks.discriminator.eval()
    images = random(2, 3, 32, 32)
    scores, middle = discriminator.scores_and_middle(images)
    assert_close(scores, discriminator(images))
    assert_close(middle, discriminator.middle(images))
