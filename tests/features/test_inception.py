"""The Inception of the original FID: the port's names and sizes, its three odd pools, and normalisation folded in."""

import math

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.testing import assert_close

from ganvas.features import inception

STEM = "Conv2d_1a_3x3 Conv2d_2a_3x3 Conv2d_2b_3x3 Conv2d_3b_1x1 Conv2d_4a_3x3"
SMALL = "branch1x1 branch5x5_1 branch5x5_2 branch3x3dbl_1 branch3x3dbl_2 branch3x3dbl_3 branch_pool"
LONG = "branch1x1 branch7x7_1 branch7x7_2 branch7x7_3 branch7x7dbl_1 branch7x7dbl_2 branch7x7dbl_3 branch7x7dbl_4"
LONG += " branch7x7dbl_5 branch_pool"
WIDE = "branch1x1 branch3x3_1 branch3x3_2a branch3x3_2b branch3x3dbl_1 branch3x3dbl_2 branch3x3dbl_3a branch3x3dbl_3b"
WIDE += " branch_pool"
PUBLISHED_NAMES = {
    **dict.fromkeys(["Mixed_5b", "Mixed_5c", "Mixed_5d"], SMALL),
    "Mixed_6a": "branch3x3 branch3x3dbl_1 branch3x3dbl_2 branch3x3dbl_3",
    **dict.fromkeys(["Mixed_6b", "Mixed_6c", "Mixed_6d", "Mixed_6e"], LONG),
    "Mixed_7a": "branch3x3_1 branch3x3_2 branch7x7x3_1 branch7x7x3_2 branch7x7x3_3 branch7x7x3_4",
    **dict.fromkeys(["Mixed_7b", "Mixed_7c"], WIDE),
}
PYTORCH_FID = [0.0, 1.38281, 0.32244, 1.31603, 0.4161, 0.07844, 0.6985, 0.51938]  # every 256th feature
PYTORCH_FID_MEAN = 2.61143


def empty() -> inception.FidInception:
    with torch.device("meta"):
        return inception.FidInception()


def convolutions(network: nn.Module) -> dict[str, nn.Conv2d]:
    return {name: layer for name, layer in network.named_modules() if isinstance(layer, nn.Conv2d)}


def noise(shape: tuple[int, ...], number: int) -> Tensor:
    """As good as random, of variance 1, and the same numbers on every machine."""
    places = torch.arange(math.prod(shape)) + 7919 * number
    return (2**0.5 * torch.sin((places**2 % 65521).double())).float().view(shape)


@pytest.fixture(scope="module")
def tensors() -> dict[str, Tensor]:
    """Weights as the port's file names them, of a size that keeps the maps near 1."""
    found = {"fc.weight": torch.zeros(1008, 2048), "fc.bias": torch.zeros(1008)}
    for number, (name, layer) in enumerate(convolutions(empty()).items()):
        shape, width = tuple(layer.weight.shape), len(layer.weight)
        found[f"{name}.conv.weight"] = noise(shape, number) * (2 / math.prod(shape[1:])) ** 0.5
        found[f"{name}.bn.weight"] = 1 + noise((width,), number) / 5
        found[f"{name}.bn.bias"] = noise((width,), number + 1) / 10
        found[f"{name}.bn.running_mean"] = noise((width,), number + 2) / 10
        found[f"{name}.bn.running_var"] = 1 + noise((width,), number + 3) / 5
        found[f"{name}.bn.num_batches_tracked"] = torch.tensor(0)
    return found


@pytest.fixture(scope="module")
def network(tensors) -> inception.FidInception:
    return inception.build(tensors)


def mixed(block: inception.Block, channels: int = 3) -> inception.Mixed:
    return inception.Mixed(channels, block).requires_grad_(False)


def test_the_layers_have_the_names_of_the_ports_file(tensors):
    expected = set(STEM.split())
    expected |= {f"{block}.{layer}" for block, layers in PUBLISHED_NAMES.items() for layer in layers.split()}
    assert set(convolutions(empty())) == expected
    assert len(tensors) == 566  # as many as the file holds


def test_it_has_as_many_parameters_as_published():
    published_without_classifier = 21_768_352  # Keras's InceptionV3 without its top; it too has no scale in its norms
    assert sum(p.numel() for p in empty().parameters()) == published_without_classifier + 1008 * 2049


@torch.no_grad()
def test_the_maps_have_the_sizes_of_the_paper(network):
    names, sizes = {layer: name for name, layer in network.named_children()}, {}

    def remember(layer: nn.Module, inputs: tuple[Tensor], maps: Tensor) -> None:
        sizes[names[layer]] = tuple(maps.shape[1:])

    hooks = [layer.register_forward_hook(remember) for layer in names]
    features = network(torch.zeros(1, 3, inception.SIZE_PX, inception.SIZE_PX))
    for hook in hooks:
        hook.remove()
    assert features.shape == (1, inception.FEATURES)
    assert sizes["Conv2d_2b_3x3"] == (64, 147, 147)
    assert sizes["Conv2d_4a_3x3"] == (192, 71, 71)
    assert [sizes[f"Mixed_5{block}"] for block in "bcd"] == [(256, 35, 35), (288, 35, 35), (288, 35, 35)]
    assert {sizes[f"Mixed_6{block}"] for block in "abcde"} == {(768, 17, 17)}
    assert [sizes[f"Mixed_7{block}"] for block in "abc"] == [(1280, 8, 8), (2048, 8, 8), (2048, 8, 8)]


@pytest.mark.parametrize("name", ["Conv2d_1a_3x3", "Mixed_6b.branch7x7_2", "Mixed_7c.branch_pool"])
def test_a_folded_layer_is_the_convolution_and_its_normalisation(name, network, tensors):
    layer = convolutions(network)[name]
    maps = torch.randn(2, layer.in_channels, 9, 9)
    plain = F.conv2d(maps, tensors[f"{name}.conv.weight"], None, layer.stride, layer.padding)
    moments = tensors[f"{name}.bn.running_mean"], tensors[f"{name}.bn.running_var"]
    scale, shift = tensors[f"{name}.bn.weight"], tensors[f"{name}.bn.bias"]
    assert_close(layer(maps), F.batch_norm(plain, *moments, scale, shift, eps=1e-3), atol=1e-4, rtol=1e-4)


@torch.no_grad()
def test_a_pictures_features_do_not_depend_on_the_others_of_its_batch(network):
    images = torch.rand(2, 3, 299, 299, generator=torch.Generator().manual_seed(1)) * 2 - 1
    together, alone = network(images), network(images[1:])
    assert together.shape == (2, 2048)
    assert (together >= 0).all()
    assert together.std() > 0.01
    assert not torch.allclose(together[0], together[1], rtol=1e-2)
    assert_close(together[1:], alone, atol=1e-4, rtol=1e-4)


@torch.no_grad()
def test_features_are_those_that_pytorch_fid_computes(network):
    """The numbers are of its version 0.3.0 with torchvision 0.29.1, for these weights and this picture."""
    features = network(noise((1, 3, 299, 299), 5) / 2**0.5)[0]
    assert_close(features[::256], torch.tensor(PYTORCH_FID), atol=1e-3, rtol=1e-3)
    assert_close(features.mean(), torch.tensor(PYTORCH_FID_MEAN), atol=1e-3, rtol=1e-3)


@pytest.mark.parametrize("block", [inception.small(32), inception.long(8), inception.wide(inception.average_pool)])
def test_an_average_pool_does_not_count_the_padding(block):
    layer = mixed(block)
    pooled = layer(torch.ones(1, 3, 5, 5))[:, -block.layers[-1].channels :]
    assert_close(pooled, pooled[:, :, 2:3, 2:3].expand_as(pooled))
    assert pooled.std() > 0


@pytest.mark.parametrize(("name", "share"), [("Mixed_7b", 1 / 9), ("Mixed_7c", 1.0)])
def test_the_last_block_pools_by_maximum_and_the_one_before_it_by_average(name, share):
    layer = mixed(inception.BLOCKS[name])
    layer.get_parameter("branch_pool.weight").fill_(1)
    layer.get_parameter("branch_pool.bias").zero_()
    maps = torch.zeros(1, 3, 7, 7)
    maps[:, 0, 3, 3] = 9
    expected = torch.zeros(7, 7)
    expected[2:5, 2:5] = 9 * share
    assert_close(layer(maps)[0, -1], expected)


def test_the_widest_block_stacks_rows_and_columns_in_the_ports_order():
    layer, maps = mixed(inception.BLOCKS["Mixed_7c"], 4), torch.randn(2, 4, 5, 5)

    def then(name: str, maps: Tensor) -> Tensor:
        return F.relu(layer[name](maps))

    single = then("branch3x3_1", maps)
    double = then("branch3x3dbl_2", then("branch3x3dbl_1", maps))
    rows_and_columns = [then("branch3x3_2a", single), then("branch3x3_2b", single)]
    rows_and_columns += [then("branch3x3dbl_3a", double), then("branch3x3dbl_3b", double)]
    pooled = then("branch_pool", F.max_pool2d(maps, 3, 1, 1))
    assert_close(layer(maps), torch.cat([then("branch1x1", maps), *rows_and_columns, pooled], 1))
    assert layer["branch3x3_2a"].kernel_size == (1, 3)
    assert layer["branch3x3dbl_3b"].kernel_size == (3, 1)


@pytest.mark.parametrize("name", ["Mixed_6a", "Mixed_7a"])
def test_a_halving_block_ends_with_its_input_pooled(name):
    layer, maps = mixed(inception.BLOCKS[name], 4), torch.randn(2, 4, 9, 9)
    found = layer(maps)
    assert found.shape == (2, layer.out_channels, 4, 4)
    assert_close(found[:, -4:], F.max_pool2d(maps, 3, 2))


def test_a_built_network_is_ready_to_score(network):
    assert not network.training
    assert not any(p.requires_grad or p.is_meta for p in network.parameters())


@pytest.mark.parametrize("name", ["Conv2d_1a_3x3.conv.weight", "Mixed_6c.branch7x7dbl_4.bn.running_var", "fc.weight"])
def test_weights_that_lack_a_tensor_are_refused(name, tensors):
    with pytest.raises(KeyError, match=name):
        inception.build({key: tensor for key, tensor in tensors.items() if key != name})


@pytest.mark.parametrize(
    ("name", "shape"),
    [("Mixed_6b.branch7x7_2.conv.weight", (128, 128, 7, 1)), ("fc.weight", (1000, 2048)), ("fc.bias", (1000,))],
)
def test_weights_of_another_shape_are_refused(name, shape, tensors):
    with pytest.raises(RuntimeError, match="size mismatch"):
        inception.build(tensors | {name: torch.zeros(shape)})
