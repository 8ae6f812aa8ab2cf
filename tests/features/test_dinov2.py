"""DINOv2 ViT-S/14: the official names and sizes, attention, and what is done to the weights as they are read."""

import math

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F
from torch.testing import assert_close

from ganvas.features import dinov2

BLOCK_SHAPES = {
    "norm1.weight": (384,),
    "norm1.bias": (384,),
    "attn.qkv.weight": (1152, 384),
    "attn.qkv.bias": (1152,),
    "attn.proj.weight": (384, 384),
    "attn.proj.bias": (384,),
    "ls1.gamma": (384,),
    "norm2.weight": (384,),
    "norm2.bias": (384,),
    "mlp.fc1.weight": (1536, 384),
    "mlp.fc1.bias": (1536,),
    "mlp.fc2.weight": (384, 1536),
    "mlp.fc2.bias": (384,),
    "ls2.gamma": (384,),
}
OFFICIAL_SHAPES = {
    "cls_token": (1, 1, 384),
    "pos_embed": (1, 1370, 384),
    "mask_token": (1, 384),
    "patch_embed.proj.weight": (384, 3, 14, 14),
    "patch_embed.proj.bias": (384,),
    **{f"blocks.{n}.{name}": shape for n in range(12) for name, shape in BLOCK_SHAPES.items()},
    "norm.weight": (384,),
    "norm.bias": (384,),
}
OFFICIAL = [0.83893, -1.37512, 0.16295, -0.11543, -1.63662, -0.29035, -1.12547, 0.52346]  # every 48th feature
OFFICIAL_MEAN_SQUARE = 1.05655


def noise(shape: tuple[int, ...], number: int) -> Tensor:
    """As good as random, of variance 1, and the same numbers on every machine."""
    places = torch.arange(math.prod(shape)) + 7919 * number
    return (2**0.5 * torch.sin((places**2 % 65521).double())).float().view(shape)


@pytest.fixture(scope="module")
def tensors() -> dict[str, Tensor]:
    """Weights as the official file names them: factors near 1, and matrices that let every part be felt."""
    found = {name: noise(shape, number) / 10 for number, (name, shape) in enumerate(OFFICIAL_SHAPES.items())}
    factors = {name for name in found if name.endswith((".gamma", "norm.weight", "norm1.weight", "norm2.weight"))}
    return {name: 1 + tensor if name in factors else tensor for name, tensor in found.items()}


@pytest.fixture(scope="module")
def images() -> Tensor:
    return torch.rand(2, 3, 224, 224, generator=torch.Generator().manual_seed(1)) * 2 - 1


def test_the_official_file_is_taken_whole_and_has_as_many_numbers_as_published(tensors):
    assert sum(tensor.numel() for tensor in tensors.values()) == 22_056_576
    network = dinov2.build(tensors)
    ours = dict(network.named_parameters())
    assert set(ours) == set(tensors) - {"mask_token"}
    assert sum(p.numel() for p in ours.values()) == 22_056_576 - 384 - (37**2 - 16**2) * 384
    same = set(ours) - {"pos_embed", "patch_embed.proj.weight", "patch_embed.proj.bias"}
    assert all(torch.equal(ours[name], tensors[name]) for name in same)
    assert not network.training
    assert not any(p.requires_grad for p in ours.values())


@torch.no_grad()
def test_a_pictures_features_do_not_depend_on_the_others_of_its_batch(tensors, images):
    network = dinov2.build(tensors)
    together, alone = network(images), network(images[1:])
    assert together.shape == (2, dinov2.FEATURES)
    assert not torch.allclose(together[0], together[1], rtol=1e-2)
    assert_close(together[1:], alone, atol=1e-4, rtol=1e-4)


@torch.no_grad()
def test_features_are_those_that_the_official_code_computes(tensors):
    """The numbers are of the package dinov2 0.0.1.dev2 for these weights and this picture, normalised for ImageNet."""
    features = dinov2.build(tensors)(noise((1, 3, 224, 224), 5) / 2**0.5)[0]
    assert_close(features[::48], torch.tensor(OFFICIAL), atol=1e-3, rtol=1e-3)
    assert_close(features.square().mean(), torch.tensor(OFFICIAL_MEAN_SQUARE), atol=1e-3, rtol=1e-3)


@torch.no_grad()
def test_features_are_normalised_over_the_token(tensors, images):
    unscaled = {"norm.weight": torch.ones(384), "norm.bias": torch.zeros(384)}
    features = dinov2.build(tensors | unscaled)(images[:1])
    assert_close(features.mean(1), torch.zeros(1), atol=1e-5, rtol=0)
    assert_close(features.var(1, correction=0), torch.ones(1), atol=1e-4, rtol=0)


@torch.no_grad()
def test_without_places_the_order_of_the_patches_does_not_matter(tensors, images):
    picture = images[:1]
    patches = F.unfold(picture, 14, stride=14)  # (1, 3 * 14 * 14, 256)
    shuffled = F.fold(patches[..., torch.randperm(256)], (224, 224), 14, stride=14)
    placeless = dinov2.build(tensors | {"pos_embed": torch.zeros(1, 1370, 384)})
    assert_close(placeless(shuffled), placeless(picture), atol=1e-4, rtol=1e-4)
    placed = dinov2.build(tensors)
    assert not torch.allclose(placed(shuffled), placed(picture), atol=1e-2)


@torch.no_grad()
def test_blocks_scaled_to_nothing_leave_the_class_token_as_it_was(tensors, images):
    nothing = {name: torch.zeros(384) for name in tensors if name.endswith("gamma")}
    found = dinov2.build(tensors | nothing)(images[:1])
    token = tensors["cls_token"][0] + tensors["pos_embed"][0, :1]
    assert_close(found, F.layer_norm(token, (384,), tensors["norm.weight"], tensors["norm.bias"], 1e-6))


@torch.no_grad()
def test_a_block_adds_scaled_attention_and_then_a_scaled_perceptron():
    block, tokens = dinov2.Block(), torch.randn(2, 5, 384)
    block.ls1.gamma.fill_(0.5)
    block.ls2.gamma.fill_(2.0)
    first, second = (block.mlp.get_submodule(name) for name in ("fc1", "fc2"))
    middle = tokens + 0.5 * block.attn(F.layer_norm(tokens, (384,), eps=1e-6))
    wide = first(F.layer_norm(middle, (384,), eps=1e-6))
    curved = wide * (1 + torch.erf(wide / math.sqrt(2))) / 2  # the exact GELU
    assert_close(block(tokens), middle + 2 * second(curved))


@torch.no_grad()
def test_attention_is_what_each_head_computes_on_its_own():
    attention, tokens = dinov2.Attention(), torch.randn(2, 7, 384)
    parts = (tokens @ attention.qkv.weight.T + attention.qkv.bias).split(384, dim=2)
    heads = []
    for head in range(6):
        query, key, value = (part[:, :, 64 * head : 64 * head + 64] for part in parts)
        weights = (query @ key.mT / 8).exp()
        heads.append(weights / weights.sum(2, keepdim=True) @ value)
    assert_close(attention(tokens), torch.cat(heads, 2) @ attention.proj.weight.T + attention.proj.bias)


def test_the_patch_embedding_takes_pictures_as_imagenet_has_them():
    weight, bias, images = torch.randn(5, 3, 14, 14), torch.randn(5), torch.rand(2, 3, 28, 28) * 2 - 1
    mean, std = torch.tensor([[0.485, 0.456, 0.406], [0.229, 0.224, 0.225]]).view(2, 3, 1, 1)
    expected = F.conv2d(((images + 1) / 2 - mean) / std, weight, bias, stride=14)
    assert_close(F.conv2d(images, *dinov2.normalising(weight, bias), stride=14), expected, atol=1e-3, rtol=1e-4)


def test_places_that_are_all_the_same_stay_so_and_the_class_token_keeps_its_own():
    embedding = torch.full((1, 1370, 4), 3.0)
    embedding[:, 0] = torch.arange(4.0)
    found = dinov2.resized(embedding)
    assert found.shape == (1, 257, 4)
    assert_close(found[:, 0], embedding[:, 0])
    assert_close(found[:, 1:], torch.full((1, 256, 4), 3.0))


def test_places_are_resized_by_the_cubic_kernel_at_the_official_scale():
    def kernel(distance: Tensor) -> Tensor:  # Keys 1981, with a = -0.75
        near = 1.25 * distance**3 - 2.25 * distance**2 + 1
        far = -0.75 * (distance**3 - 5 * distance**2 + 8 * distance - 4)
        return torch.where(distance <= 1, near, torch.where(distance < 2, far, 0.0))

    places = (torch.arange(16, dtype=torch.float64) + 0.5) * 37 / 16.1 - 0.5
    weights = torch.zeros(16, 37, dtype=torch.float64)
    for tap in range(-3, 41):  # beyond the edge, the edge
        weights[:, min(max(tap, 0), 36)] += kernel((places - tap).abs())
    grid = torch.randn(37, 37, 2, dtype=torch.float64)
    found = dinov2.resized(torch.cat([torch.zeros(1, 1, 2), grid.view(1, 1369, 2)], 1))
    expected = torch.einsum("iy,jx,yxf->ijf", weights, weights, grid)
    assert_close(found[0, 1:].view(16, 16, 2), expected, atol=1e-6, rtol=1e-6)


@pytest.mark.parametrize("name", ["pos_embed", "patch_embed.proj.bias", "blocks.11.ls2.gamma", "norm.bias"])
def test_weights_that_lack_a_tensor_are_refused(name, tensors):
    with pytest.raises((KeyError, RuntimeError), match=name):
        dinov2.build({key: tensor for key, tensor in tensors.items() if key != name})


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("register_tokens", (1, 4, 384)),
        ("blocks.12.norm1.weight", (384,)),
        ("pos_embed", (1, 257, 384)),
        ("blocks.0.attn.qkv.weight", (2304, 768)),
    ],
)
def test_weights_of_another_model_are_refused(name, shape, tensors):
    with pytest.raises(RuntimeError):
        dinov2.build(tensors | {name: torch.zeros(shape)})


def test_weights_without_the_mask_token_are_enough(tensors):
    dinov2.build({name: tensor for name, tensor in tensors.items() if name != "mask_token"})
