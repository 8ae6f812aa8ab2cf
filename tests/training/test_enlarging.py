"""What the levels of a cascade learn: to double real pictures, and drawn ones so that they look real."""

import pytest
import torch
from torch.nn import functional as F
from torch.testing import assert_close

from ganvas.networks.cascade import CROP_PX
from ganvas.training.steps.enlarging import Levels, enlarged_crops
from ganvas.training.steps.swift import swift_play
from ganvas.training.updates import Numbers, apply

LARGE = ("pictures.width=96", "pictures.height=80")
WEIGHTS = ("pixel_weight", "feature_weight")


@pytest.fixture
def large(tiny):
    """A configuration, a batch of 4 pictures, and the fresh state, of pictures that are doubled once."""

    def make(*assignments, size=LARGE, **more):
        config, stream, fresh = tiny("swift", *size, "enlarging.share=1", *assignments, **more)
        return config, stream.batch_at(0, 4).without_labels(), fresh()

    return make


def drawn(state, count=4):
    return state.generator.base(torch.randn(count, 6, generator=torch.Generator().manual_seed(2)))


def test_without_levels_there_is_nothing_to_learn(large):
    config, batch, state = large(size=())
    levels = Levels.at(state, batch, drawn(state), config, Numbers.at(0, 0))
    assert levels.discriminator_loss() == levels.generator_loss() == 0


def test_crops_are_of_what_was_asked_and_their_small_ones_are_those_crops_reduced(large):
    _, batch, state = large(size=("pictures.width=256", "pictures.height=192"))
    real = batch.images.permute(0, 3, 1, 2) / 127.5 - 1
    found = enlarged_crops(state.generator, state.discriminator, real, drawn(state), torch.Generator().manual_seed(0))
    assert [crops.number for crops in found] == [0, 1]
    for crops in found:
        assert crops.real.shape == (4, 3, CROP_PX, CROP_PX)
        assert crops.unbounded.shape == (8, 3, CROP_PX, CROP_PX)
        level = state.generator.levels[crops.number]
        assert_close(crops.unbounded[:4], level(F.avg_pool2d(crops.real, 2)))


def test_the_share_of_a_step_is_enlarged_and_at_least_one_picture(large):
    for share, count in ((0.5, 2), (0.01, 1)):
        config, batch, state = large(f"enlarging.share={share}")
        (crops,) = Levels.at(state, batch, drawn(state), config, Numbers.at(0, 0)).every
        assert len(crops.real) == count


@pytest.mark.parametrize("weighted", [None, *WEIGHTS])
def test_the_losses_are_those_of_the_heads_and_the_weighted_differences(weighted, large):
    others = [f"enlarging.{name}=0" for name in WEIGHTS if name != weighted]
    config, batch, state = large(*others, "objective.out_of_range_weight=0")
    state.discriminator.eval()  # its spectral norms stand still
    levels = Levels.at(state, batch, drawn(state), config, Numbers.at(0, 0))
    (crops,) = levels.every
    with torch.no_grad():
        maps = (state.discriminator.base.feature_maps(images) for images in (crops.real, crops.unbounded.clamp(-1, 1)))
        real, fake = (state.discriminator.level_scores(0, each) for each in maps)
        real = real.repeat(2, 1)
        assert_close(levels.discriminator_loss(), F.softplus(fake - real).mean())
        expected = F.softplus(real - fake).mean()
        if weighted == "pixel_weight":
            expected += config.enlarging.pixel_weight * F.l1_loss(crops.unbounded[:4], crops.real)
        if weighted == "feature_weight":
            pairs = zip(crops.fake_maps, crops.real_maps, strict=True)
            expected += config.enlarging.feature_weight * sum(F.mse_loss(one[:4], other) for one, other in pairs) / 3
        assert_close(levels.generator_loss(), expected)


def test_pixels_of_enlarged_pictures_out_of_range_are_penalised(large):
    config, batch, state = large("enlarging.pixel_weight=0", "enlarging.feature_weight=0")
    state.discriminator.eval()
    plain = Levels.at(state, batch, drawn(state), config, Numbers.at(0, 0))
    with torch.no_grad():
        state.generator.levels[0].out.bias.fill_(1.5)
    loss = Levels.at(state, batch, drawn(state), config, Numbers.at(0, 0))
    (crops,) = loss.every
    overshoot = (crops.unbounded.abs() - 1).clamp(min=0).square().mean()
    without = config.model_copy(update={"objective": config.objective.model_copy(update={"out_of_range_weight": 0.0})})
    bare = Levels(loss.discriminator, loss.every, loss.pair, without)
    added = loss.generator_loss() - bare.generator_loss()
    assert_close(added, config.objective.out_of_range_weight * overshoot, rtol=1e-3, atol=1e-5)
    assert plain.generator_loss() < loss.generator_loss()


def test_a_step_teaches_the_base_and_the_levels_of_both_players_and_the_base_nothing_of_the_crops(large):
    config, batch, state = large()
    state.images = 16_000  # the generator's rate has risen
    before = {name: tensor.clone() for name, tensor in state.generator.state_dict().items()}
    heads = {name: tensor.clone() for name, tensor in state.discriminator.state_dict().items()}
    swift_play(state, batch, config, Numbers.at(0, 0))
    moved = {name for name, tensor in state.generator.state_dict().items() if not torch.equal(tensor, before[name])}
    assert {"base.out.weight", "levels.0.out.weight"} <= moved
    moved = {name for name, tensor in state.discriminator.state_dict().items() if not torch.equal(tensor, heads[name])}
    assert {"base.heads.0.score.weight", "levels.0.0.score.weight"} <= moved

    levels = Levels.at(state, batch, drawn(state).detach(), config, Numbers.at(0, 0))
    state.generator.zero_grad()
    levels.generator_loss().backward()
    assert all(parameter.grad is None or not parameter.grad.any() for parameter in state.generator.base.parameters())
    assert any(parameter.grad is not None and parameter.grad.any() for parameter in state.generator.levels.parameters())


def test_a_level_learns_to_double_what_it_is_shown(large):
    """With the pixels alone: nearer to the real pictures than bilinear doubling after a few steps."""
    settings = (
        "enlarging.feature_weight=0",
        "enlarging.pixel_weight=100",
        "optimizer.warmup_images=1",
        "optimizer.generator_rate=5e-3",
    )
    config, batch, state = large(*settings)
    edges = F.interpolate(torch.rand(4, 3, 10, 12).round(), size=(80, 96))  # squares of 8 px
    batch.images.copy_((edges * 255).permute(0, 2, 3, 1).to(torch.uint8))

    def difference():
        (crops,) = Levels.at(state, batch, drawn(state), config, Numbers.at(0, 0)).every
        return float((crops.unbounded[:4] - crops.real).detach().abs().mean())

    before = difference()
    for step in range(60):
        levels = Levels.at(state, batch, drawn(state), config, Numbers.at(0, step))
        apply(state, "generator", levels.generator_loss(), share=0.1)
    after = difference()
    assert after < 0.8 * before, (before, after)


def test_two_runs_of_the_same_seed_take_the_same_crops(large):
    config, batch, state = large()
    first, same, other = (
        Levels.at(state, batch, drawn(state), config, Numbers.at(0, images)).every[0].real for images in (0, 0, 4)
    )
    assert torch.equal(first, same)
    assert not torch.equal(first, other)
