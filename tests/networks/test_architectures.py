"""Every architecture is tested by being listed in ARCHITECTURES."""

import pytest
import torch
from torch import Tensor, nn
from torch.testing import assert_close

from ganvas.errors import SettingError
from ganvas.networks import Networks, NetworkSpec
from ganvas.networks.spectral import SpectralConv2d
from ganvas.training import ARCHITECTURES, build_networks

SIZES = [(16, 16), (28, 28), (44, 44), (64, 64), (72, 40), (64, 96), (128, 128), (16, 256)]
Z_DIM = 20


def tiny(name: str, *, channels: int = 3, classes: int = 0, size: int = 32, seed: int = 0) -> Networks:
    weights = "kaiming" if name in ("r3gan", "swift", "swift-blind") or name.startswith("cascade") else "normal"
    spec = NetworkSpec(size, size, channels, Z_DIM, classes, multiplier=0.125)
    networks = build_networks(name, spec, weights, torch.Generator().manual_seed(seed))
    labels = torch.arange(9) % classes if classes else None
    images = networks.seen(random(9, channels, size, size, seed=seed).tanh())
    networks.learn(images, labels, torch.Generator().manual_seed(seed))
    return networks


def players(networks: Networks) -> list[nn.Module]:
    return [network for network in (networks.generator, networks.discriminator, networks.encoder) if network]


def tensors(networks: Networks) -> list[Tensor]:
    return [tensor for network in players(networks) for tensor in network.state_dict().values()]


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def settled(network: nn.Module) -> nn.Module:
    """The same function at every pass: no dropout, no spectral norm that follows its weights."""
    for layer in network.modules():
        if isinstance(layer, nn.Dropout):
            layer.p = 0.0
        if isinstance(layer, SpectralConv2d):
            layer.eval()
    return network


@pytest.mark.parametrize(("channels", "classes"), [(1, 0), (3, 7), pytest.param(4, 0, marks=pytest.mark.slow)])
@pytest.mark.parametrize(("height", "width"), SIZES)
@pytest.mark.parametrize("name", ARCHITECTURES)
def test_pictures_of_every_size_and_kind_go_in_and_come_out(name, height, width, channels, classes):
    with torch.device("meta"):
        networks = ARCHITECTURES[name].build(NetworkSpec(height, width, channels, Z_DIM, classes))
        labels = torch.zeros(2, dtype=torch.int64) if classes else None
        images = networks.generator(torch.empty(2, Z_DIM), labels)
        assert images.shape == (2, channels, height, width)
        assert networks.discriminator(images, labels).shape == (2,)
        assert networks.discriminator.features(images).ndim == 2
        if networks.encoder is not None:
            assert [part.shape for part in networks.encoder(images)] == [(2, Z_DIM)] * 2
            assert networks.discriminator.middle(images).ndim == 2


@pytest.mark.parametrize("classes", [0, 3])
@pytest.mark.parametrize("name", ARCHITECTURES)
def test_every_parameter_gets_a_finite_gradient(name, classes):
    networks = tiny(name, classes=classes)
    labels = torch.tensor([0, 1, 2, 1]) if classes else None
    images = networks.generator(random(4, Z_DIM), labels)
    objective = networks.discriminator(images, labels).square().mean()
    if networks.encoder is not None:
        objective = objective + sum(part.square().mean() for part in networks.encoder(images))
    objective.backward()
    for network in players(networks):
        for parameter_name, parameter in network.named_parameters():
            assert parameter.grad is not None, parameter_name
            assert parameter.grad.isfinite().all(), parameter_name


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_pictures_stay_within_range_however_far_the_latent(name):
    images = tiny(name).generator(1000 * random(4, Z_DIM))
    assert images.abs().max() <= 1
    assert images.std() > 0


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("name", ARCHITECTURES)
def test_pictures_are_channels_last_in_memory(name, channels):
    images = tiny(name, channels=channels).generator(random(2, Z_DIM))
    assert images.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_the_layout_of_the_memory_changes_no_score(name):
    discriminator = tiny(name).discriminator.eval()
    images = random(2, 3, 32, 32)
    assert_close(discriminator(images.to(memory_format=torch.channels_last)), discriminator(images))


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_labels_change_the_picture_and_the_score(name):
    networks = tiny(name, classes=3)
    generator, discriminator = networks.generator.eval(), networks.discriminator.eval()
    z, zeros, twos = random(2, Z_DIM), torch.zeros(2, dtype=torch.int64), torch.full((2,), 2)
    assert not torch.equal(generator(z, zeros), generator(z, twos))
    assert not torch.equal(discriminator(random(2, 3, 32, 32), zeros), discriminator(random(2, 3, 32, 32), twos))


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_labels_are_required_exactly_when_there_are_classes(name):
    labels = torch.zeros(2, dtype=torch.int64)
    for classes, wrong in ((3, None), (0, labels)):
        networks = tiny(name, classes=classes)
        with pytest.raises(ValueError, match="labels"):
            networks.generator(random(2, Z_DIM), wrong)
        with pytest.raises(ValueError, match="labels"):
            networks.discriminator(random(2, 3, 32, 32), wrong)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_one_seed_gives_one_network_and_another_seed_another(name):
    first, same, other = tensors(tiny(name)), tensors(tiny(name)), tensors(tiny(name, seed=1))
    assert all(torch.equal(a, b) for a, b in zip(first, same, strict=True))
    assert not all(torch.equal(a, b) for a, b in zip(first, other, strict=True))


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_building_leaves_the_global_random_numbers_alone(name):
    before = torch.get_rng_state()
    tiny(name)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_the_state_dict_holds_everything(name):
    for network in players(tiny(name)):
        everything = [*network.named_parameters(), *network.named_buffers()]
        assert {key for key, _ in everything} == set(network.state_dict())


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_the_slope_of_a_score_can_be_differentiated_again(name):
    """Against finite differences: an activation in place must not spoil what the second derivative needs."""
    discriminator = settled(tiny(name, size=16).discriminator).double()
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for parameter in discriminator.parameters():  # away from the zeros that some begin with
            noise = torch.randn(parameter.shape, dtype=torch.float64, generator=generator)
            parameter.add_(noise * 0.1)
    weights = list(discriminator.parameters())
    directions = [torch.randn(weight.shape, dtype=torch.float64, generator=generator) for weight in weights]
    images = random(3, 3, 16, 16).double().requires_grad_()

    def penalty() -> Tensor:
        (slopes,) = torch.autograd.grad(discriminator(images).sum(), images, create_graph=True)
        return slopes.square().sum()

    def penalty_after(step: float) -> Tensor:
        with torch.no_grad():
            for weight, direction in zip(weights, directions, strict=True):
                weight.add_(direction, alpha=step)
        value = penalty().detach()
        with torch.no_grad():
            for weight, direction in zip(weights, directions, strict=True):
                weight.sub_(direction, alpha=step)
        return value

    gradients = torch.autograd.grad(penalty(), weights, allow_unused=True)  # the last bias has no part in a slope
    pairs = zip(gradients, directions, strict=True)
    along = sum((gradient * direction).sum() for gradient, direction in pairs if gradient is not None)
    assert_close(along, (penalty_after(1e-7) - penalty_after(-1e-7)) / 2e-7, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", ["mlp", "balanced", "dcgan28", "dcgan-critic", "r3gan"])
def test_a_score_depends_on_its_own_picture_only(name):
    discriminator = settled(tiny(name).discriminator)
    images = random(4, 3, 32, 32)
    assert_close(discriminator(images)[:2], discriminator(images[:2]))


def test_an_unknown_architecture_is_a_setting_to_mend():
    with pytest.raises(SettingError, match="dcgan, "):
        build_networks("dcgna", NetworkSpec(64, 64, 3, 100), "normal", torch.Generator())


def test_latents_of_the_wrong_length_are_refused():
    with pytest.raises(ValueError, match="latents"):
        tiny("dcgan").generator(random(2, Z_DIM + 1))
