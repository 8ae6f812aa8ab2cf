import pytest
import torch
from torch.nn import functional as F
from torch.testing import assert_close

from ganvas.config import OptimizerSettings
from ganvas.networks.projected_discriminator import ProjectedDiscriminator
from ganvas.pixels import to_float
from ganvas.recipes import RECIPES
from ganvas.training.steps import swift
from ganvas.training.steps.swift import swift_play
from ganvas.training.updates import Numbers, sample_latents

STILL = (
    "optimizer.generator_rate=1e-30",
    "optimizer.discriminator_rate=1e-30",
    "objective.augment=",
    "statistics.length_share=1",
)


def test_the_losses_are_the_relativistic_ones_over_all_heads(tiny):
    config, stream, fresh = tiny("swift", *STILL, "reconstruction.share=0")
    state = fresh()
    state.discriminator.eval()  # its spectral norms stand still
    batch = stream.batch_at(0, 4).without_labels()
    report = swift_play(state, batch, config, Numbers.at(0, 0))
    z = sample_latents(4, config, Numbers.at(0, 0).latents)
    with torch.no_grad():
        real, fake = (
            state.discriminator.base.scores(state.discriminator.base.feature_maps(images))
            for images in (to_float(batch.images), state.generator(z))
        )
    assert_close(report["discriminator_loss"], F.softplus(fake - real).mean())
    assert_close(report["generator_loss"], F.softplus(real - fake).mean())
    assert_close(report["real_score"], real.mean())


def test_features_are_cached_unless_pictures_are_augmented(tiny):
    for more, cached in (("objective.augment=", 12), ("objective.augment=tint", 0)):
        config, stream, fresh = tiny("swift", more)
        state = fresh()
        for start in (0, 4, 8, 0):
            swift_play(state, stream.batch_at(start, 4).without_labels(), config, Numbers.at(0, start))
        assert len(state.features) == cached


CONFIG = RECIPES["swift"].config
MATCHED_FROM = CONFIG.matching.from_images
MATCHED = MATCHED_FROM + CONFIG.matching.rise_images
WEIGHTS = {
    "overshoot": "objective.out_of_range_weight",
    "drift": "anchor.weight",
    "mismatch": "matching.weight",
    "coarse_difference": "reconstruction.coarse_weight",
}


def indifferent(state, monkeypatch):
    """Make it a discriminator whose scores say nothing."""
    weight = state.discriminator.base.heads[0].score.weight

    def scores(maps, labels):
        return 0 * weight.sum() * torch.stack([each.sum((1, 2, 3)) for each in maps], dim=1)

    monkeypatch.setattr(state.discriminator.base, "scores", scores)


@pytest.mark.parametrize(("name", "bias"), [(name, 1.5 if name == "overshoot" else 0.4) for name in WEIGHTS])
def test_what_is_unlike_the_set_is_penalised_in_each_way(name, bias, tiny, monkeypatch):
    """Where the discriminator is indifferent, each alone moves the generator, and it falls."""
    alone = [f"{WEIGHTS[other]}=0" for other in WEIGHTS.keys() - {name}]
    alone.append("matching.half_life_images=0.001")  # nothing is averaged, which would lag behind
    alone.append(f"reconstruction.fades_from_images={2 * MATCHED}")
    config, stream, fresh = tiny("swift", "objective.augment=", *alone)
    state = fresh()
    state.images = MATCHED
    with torch.no_grad():
        state.generator.base.out.bias.fill_(bias)
    indifferent(state, monkeypatch)
    measured = [
        float(swift_play(state, stream.batch_at(0, 4).without_labels(), config, Numbers.at(0, 0))[name])
        for _ in range(5)
    ]
    assert measured[0] > 0.1
    assert measured == sorted(measured, reverse=True)
    assert measured[-1] < 0.99 * measured[0]


def test_a_share_of_what_is_drawn_are_the_pictures_of_the_step_and_their_broad_colours_are_compared(tiny, shown):
    config, stream, fresh = tiny("swift", *STILL, "reconstruction.share=0.5")
    state = fresh()
    batch = stream.batch_at(0, 4).without_labels()
    real, base = to_float(batch.images), state.generator.base
    report = swift_play(state, batch, config, Numbers.at(0, 0))
    latents = sample_latents(2, config, Numbers.at(0, 0).latents)
    with torch.no_grad():
        expected = torch.cat((base(latents), base.sharpen(base.project(real[2:])).clamp(-1, 1)))
        assert_close(shown[-1].detach(), expected)
        small = [F.adaptive_avg_pool2d(images[2:], config.reconstruction.coarse_cells) for images in (real, expected)]
        assert_close(report["coarse_difference"], F.mse_loss(*small))


def test_latents_are_as_long_in_training_as_the_sets_coefficients_and_shorter_in_what_is_drawn(tiny, shown):
    config, stream, fresh = tiny("swift", *STILL, "reconstruction.share=0", "statistics.length_share=0.5")
    state = fresh()
    swift_play(state, stream.batch_at(0, 4).without_labels(), config, Numbers.at(0, 0))
    latents = sample_latents(4, config, Numbers.at(0, 0).latents)
    components = state.generator.base.components
    with torch.no_grad():
        mean = components(torch.zeros_like(latents))
        expected = mean + (components(latents) - mean) * 2
        assert_close(shown[-1].detach(), expected.clamp(-1, 1), rtol=0, atol=1e-5)


def test_the_share_of_the_steps_own_pictures_falls_to_none(tiny, shown):
    config, stream, fresh = tiny("swift", *STILL, "reconstruction.share=1", "matching.weight=0")
    fading = config.reconstruction
    real, count = to_float(stream.batch_at(0, 4).images), []
    for faded in (0.0, 0.5, 1.0, 2.0):
        state = fresh()
        state.images = round(fading.fades_from_images + faded * fading.fades_over_images)
        swift_play(state, stream.batch_at(0, 4).without_labels(), config, Numbers.at(0, 0))
        base = state.generator.base
        with torch.no_grad():
            expected = base.sharpen(base.project(real)).clamp(-1, 1)
        same = (shown[-1].detach() - expected).abs().amax((1, 2, 3)) < 1e-5
        count.append(int(same.sum()))
    assert count == [4, 2, 0, 0]


@pytest.mark.parametrize("settings", [("reconstruction.share=0",), ("training.batch=1",)])
def test_where_no_picture_is_drawn_again_there_is_nothing_to_compare(settings, tiny):
    config, stream, fresh = tiny("swift", *settings)
    batch = stream.batch_at(0, config.training.batch).without_labels()
    report = swift_play(fresh(), batch, config, Numbers.at(0, 0))
    assert report["coarse_difference"] == 0
    assert all(torch.isfinite(torch.as_tensor(value)).all() for value in report.values())


def first_move(images, tiny, *settings):
    """By how much of its rate each player's first update moves a weight: Adam's is as large as its rate."""
    config, stream, fresh = tiny("swift", *settings)
    state = fresh()
    state.images = images
    rates = {"generator": config.optimizer.generator_rate, "discriminator": config.optimizer.discriminator_rate}
    weights = {
        "generator": state.generator.base.out.weight,
        "discriminator": state.discriminator.base.heads[0].score.weight,
    }
    before = {name: weight.detach().clone() for name, weight in weights.items()}
    swift_play(state, stream.batch_at(0, 4).without_labels(), config, Numbers.at(0, images))
    return {name: (weight.detach() - before[name]).abs().max().item() / rates[name] for name, weight in weights.items()}


@pytest.mark.parametrize(("images", "share"), [(0, 4 / 512), (252, 0.5), (508, 1.0), (16_000, 1.0)])
def test_the_generators_rate_rises_over_its_first_steps_and_the_discriminators_does_not(images, share, tiny):
    assert first_move(images, tiny) == pytest.approx({"generator": share, "discriminator": 1.0}, rel=1e-3)


@pytest.mark.parametrize(("full_rates_to_px", "width", "share"), [(4, 0.02, 0.5), (16, 0.04, 0.5), (4, 0.04, 0.25)])
def test_larger_pictures_and_wider_networks_are_learned_at_lower_rates(full_rates_to_px, width, share, tiny):
    full = [f"optimizer.full_rate_px={full_rates_to_px}", "optimizer.full_rate_width=0.02"]  # pictures are of 16 px
    moved = first_move(16_000, tiny, f"network.width={width}", *full)
    assert moved == pytest.approx({"generator": share, "discriminator": share}, rel=1e-3)


def test_rates_are_full_up_to_64_px_and_the_usual_width_and_fall_from_there():
    rates = CONFIG.optimizer

    def scale(longer_side, multiplier, rates=rates):
        return swift.rate_scale((longer_side, 16), multiplier, rates)

    assert [scale(32, 1.0), scale(64, 0.5), scale(64, 1.0)] == [1.0] * 3
    assert scale(64, 1.5) == pytest.approx(1 / 1.5)
    assert scale(256, 1.0) == 0.5
    assert scale(256, 4.0, OptimizerSettings()) == 1.0


def test_features_are_matched_only_once_there_is_something_to_match(tiny, monkeypatch):
    """Before there is, their average only follows what is drawn."""
    alone = [f"{WEIGHTS[name]}=0" for name in WEIGHTS if name != "mismatch"]
    config, stream, fresh = tiny("swift", "objective.augment=", *alone)
    state = fresh()
    indifferent(state, monkeypatch)
    moved = []
    for images in (0, MATCHED_FROM, MATCHED):
        state.images = images
        before = state.generator.base.out.weight.clone(), state.discriminator.base.matching[0].drawn_mean.clone()
        swift_play(state, stream.batch_at(0, 4).without_labels(), config, Numbers.at(0, 0))
        after = state.generator.base.out.weight, state.discriminator.base.matching[0].drawn_mean
        moved.append([not torch.equal(*pair) for pair in zip(before, after, strict=True)])
    assert moved == [[False, True], [False, True], [True, True]]


@pytest.mark.parametrize(
    ("colour", "drift"),
    [
        ((0.25, 0.25, 0.25), 0.25**2),
        ((0.3, 0.0, -0.3), 0.06),  # no light in it: the mean square of three channels
    ],
)
def test_drift_is_the_mean_square_of_broad_differences(colour, drift, tiny):
    """A step of one colour for all of a picture that nothing cuts off: its square, whatever is in the picture."""
    config, stream, fresh = tiny("swift", *STILL, "reconstruction.share=0")
    state = fresh()
    with torch.no_grad():
        state.generator.base.components.axes.mul_(0.1)
        state.generator.base.components.mean.mul_(0.1)
        state.generator.base.out.bias.copy_(torch.tensor(colour))
    report = swift_play(state, stream.batch_at(0, 4).without_labels(), config, Numbers.at(0, 0))
    assert_close(report["drift"], torch.tensor(drift), rtol=1e-3, atol=0)


def test_broad_is_the_light_of_each_part_in_the_tint_of_the_whole():
    halves = torch.zeros(1, 3, 8, 8)
    halves[..., 4:] = torch.tensor([0.9, 0.3, 0.0])[:, None, None]
    found = swift.broad(halves, 4)
    assert found.shape == (1, 3, 4, 4)
    tint = torch.tensor([0.25, -0.05, -0.2])  # half of what the right half is off its light of 0.4
    for column, light in ((0, 0.0), (3, 0.4)):
        for row in range(4):
            assert_close(found[0, :, row, column], light + tint)


def test_broad_colours_count_by_what_they_cover_of_white_and_opacity_is_kept():
    half_clear = torch.tensor([-1.0, -1.0, -1.0, 0.0])[:, None, None].expand(1, 4, 8, 8)  # black, of half opacity
    assert_close(swift.broad(half_clear, 2), torch.zeros(1, 4, 2, 2))


def test_grey_pictures_are_held_by_the_light_of_their_parts():
    images = torch.randn(2, 1, 8, 12)
    assert_close(swift.broad(images, 4), F.avg_pool2d(images, (2, 3)))


def test_a_colour_may_move_within_a_picture_but_light_may_not():
    stain = torch.tensor([0.8, -0.4, -0.4])[:, None, None].expand(3, 8, 8)  # no light in it
    left, right = torch.zeros(2, 1, 3, 8, 8)
    left[:, :, :, :4], right[:, :, :, 4:] = stain[:, :, :4], stain[:, :, 4:]
    assert_close(swift.broad(left, 4), swift.broad(right, 4))
    assert not torch.allclose(swift.broad(left + (left > 0).float(), 4), swift.broad(right + (right > 0).float(), 4))


def test_the_slope_of_every_head_on_its_features_is_penalised(tiny):
    """What is reported is the squared length of the gradient of a picture's scores, over all maps."""
    config, stream, fresh = tiny("swift", *STILL, "reconstruction.share=0")
    state = fresh()
    state.discriminator.eval()
    batch = stream.batch_at(0, 4).without_labels()
    report = swift_play(state, batch, config, Numbers.at(0, 0))
    base = state.discriminator.base
    expected = []
    for image in to_float(batch.images).split(1):
        maps = [each.requires_grad_() for each in base.feature_maps(image)]
        slopes = torch.autograd.grad(base.scores(maps).sum(), maps)
        expected.append(sum(slope.square().sum() for slope in slopes))
    assert_close(report["r1_penalty"], torch.stack(expected).mean())


def test_a_penalty_alone_makes_the_discriminator_less_steep(tiny):
    config, stream, fresh = tiny("swift", "objective.r1_weight=1000", "objective.r2_weight=1000")
    state, batch = fresh(), stream.batch_at(0, 4).without_labels()
    steep = [float(swift_play(state, batch, config, Numbers.at(0, 0))["r1_penalty"]) for _ in range(10)]
    assert steep[-1] < 0.8 * steep[0]


def test_without_weight_there_is_no_penalty(tiny):
    config, stream, fresh = tiny("swift", "objective.r1_weight=0", "objective.r2_weight=0")
    assert "r1_penalty" not in swift_play(fresh(), stream.batch_at(0, 4).without_labels(), config, Numbers.at(0, 0))


def test_coarse_difference_is_the_mean_square_of_large_pixels_of_the_steps_own_pictures():
    fake, real = torch.zeros(2, 3, 16, 16), torch.zeros(2, 3, 16, 16)
    fake[1, 0, :4, :4] = 0.8  # a whole cell of 4 by 4
    fake[1, 1, 4:8, :4] = torch.eye(4) - 0.25  # nothing on average
    assert_close(swift.coarse_difference(fake[1:], real[1:], 4), torch.tensor(0.8**2 / (3 * 16)))
    assert swift.coarse_difference(fake[2:], real[2:], 4) == 0


def test_colours_that_nobody_sees_are_not_compared():
    real = torch.rand(1, 4, 8, 8) * 2 - 1
    real[:, 3] = -1  # transparent
    fake = real.clone()
    fake[:, :3] *= -1
    assert swift.coarse_difference(fake, real, 4) == 0
    fake[:, 3] = 1
    assert swift.coarse_difference(fake, real, 4) > 0.5


@pytest.fixture
def shown(monkeypatch):
    """What the discriminator is shown, in order."""
    every = []
    plain = ProjectedDiscriminator.feature_maps

    def feature_maps(self, images):
        every.append(images)
        return plain(self, images)

    monkeypatch.setattr(ProjectedDiscriminator, "feature_maps", feature_maps)
    return every


@pytest.mark.parametrize(("still", "moved"), [("generator", "discriminator"), ("discriminator", "generator")])
def test_each_player_is_moved_at_its_own_rate(still, moved, tiny):
    config, stream, fresh = tiny("swift", f"optimizer.{still}_rate=1e-30")
    state = fresh()

    def weights(player):
        return torch.cat([parameter.detach().flatten() for parameter in state.modules()[player].parameters()])

    before = {player: weights(player) for player in (still, moved)}
    swift_play(state, stream.batch_at(0, 4).without_labels(), config, Numbers.at(0, 0))
    assert_close(weights(still), before[still], rtol=0, atol=1e-20)
    assert not torch.equal(weights(moved), before[moved])
    assert all(parameter.requires_grad for parameter in state.discriminator.parameters())
