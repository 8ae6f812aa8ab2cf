import pytest
import torch
from torch.nn import functional as F
from torch.testing import assert_close

from ganvas.config import OptimizerSettings
from ganvas.networks.projected_discriminator import ProjectedDiscriminator
from ganvas.pixels import to_float
from ganvas.recipes import RECIPES
from ganvas.training.steps import swift
from ganvas.training.steps.memory import SwiftMemory
from ganvas.training.steps.swift import swift_play
from ganvas.training.updates import Numbers, sample_latents

STILL = ("optimizer.generator_rate=1e-30", "optimizer.discriminator_rate=1e-30", "objective.augment=")


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
        assert len(state.memory.features) == cached


CONFIG = RECIPES["swift"].config
FADES_FROM, MATCHED_FROM = CONFIG.noise.fades_from_images, CONFIG.matching.from_images
FADED = FADES_FROM + CONFIG.noise.fades_over_images
MATCHED = MATCHED_FROM + CONFIG.matching.rise_images
WEIGHTS = {
    "overshoot": "objective.out_of_range_weight",
    "drift": "anchor.weight",
    "mismatch": "matching.weight",
    "reconstruction": "reconstruction.weight",
}


@pytest.mark.parametrize(
    ("name", "bias"), [("overshoot", 1.5), ("drift", 0.4), ("mismatch", 0.4), ("reconstruction", 0.4)]
)
def test_pixels_out_of_range_drift_and_features_of_others_than_the_set_are_penalised(name, bias, tiny, monkeypatch):
    """Where the discriminator is indifferent, each alone moves the generator, and it falls."""
    alone = [f"{WEIGHTS[other]}=0" for other in WEIGHTS.keys() - {name}]
    alone.append("matching.half_life_images=0.001")  # nothing is averaged, which would lag behind
    config, stream, fresh = tiny("swift", "objective.augment=", *alone)
    state = fresh()
    state.images = MATCHED
    with torch.no_grad():
        state.generator.base.out.bias.fill_(bias)
    weight = state.discriminator.base.heads[0].score.weight
    monkeypatch.setattr(state.discriminator.base, "scores", lambda maps, labels: 0 * maps[-1].flatten(1) * weight.sum())
    measured = [
        float(swift_play(state, stream.batch_at(0, 4).without_labels(), config, Numbers.at(0, 0))[name])
        for _ in range(5)
    ]
    assert measured[0] > 0.1
    assert measured == sorted(measured, reverse=True)
    assert measured[-1] < 0.99 * measured[0]


def test_a_share_of_what_is_drawn_are_the_pictures_of_the_step_and_their_features_are_compared(tiny, shown):
    config, stream, fresh = tiny("swift", *STILL, "reconstruction.share=0.5")
    state = fresh()
    batch = stream.batch_at(0, 4).without_labels()
    real, base = to_float(batch.images), state.generator.base
    report = swift_play(state, batch, config, Numbers.at(0, 0))
    latents = sample_latents(2, config, Numbers.at(0, 0).latents)
    with torch.no_grad():
        expected = torch.cat((base(latents), base.sharpen(base.project(real[2:])).clamp(-1, 1)))
        assert_close(shown[-1].detach(), expected)
        maps = zip(*(state.discriminator.base.feature_maps(images[2:]) for images in (real, expected)), strict=True)
        assert_close(report["reconstruction"], torch.stack([F.mse_loss(*pair) for pair in maps]).mean())


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
    assert report["reconstruction"] == 0
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


def test_features_are_matched_only_once_there_is_something_to_match_and_never_under_noise(tiny, monkeypatch):
    """Before there is, their average only follows what is drawn; what is under noise does not enter it."""
    alone = ("objective.out_of_range_weight=0", "anchor.weight=0", "reconstruction.weight=0")
    config, stream, fresh = tiny("swift", "objective.augment=", *alone)
    state = fresh()
    state.memory.was_saturated = True
    weight = state.discriminator.base.heads[0].score.weight
    monkeypatch.setattr(state.discriminator.base, "scores", lambda maps, labels: 0 * maps[-1].flatten(1) * weight.sum())
    moved = []
    for images, loss in ((0, 1.0), (MATCHED_FROM, 1.0), (MATCHED, 0.05), (MATCHED, 1.0)):
        state.images, state.memory.discriminator_loss = images, loss
        before = state.generator.base.out.weight.clone(), state.discriminator.base.matching[0].drawn_mean.clone()
        swift_play(state, stream.batch_at(0, 4).without_labels(), config, Numbers.at(0, 0))
        after = state.generator.base.out.weight, state.discriminator.base.matching[0].drawn_mean
        moved.append([not torch.equal(*pair) for pair in zip(before, after, strict=True)])
    assert moved == [[False, True], [False, True], [False, False], [True, True]]


@pytest.mark.parametrize(
    ("colour", "was_saturated", "drift"),
    [
        ((0.25, 0.25, 0.25), False, 0.25**2),
        ((0.25, 0.25, 0.25), True, 0.25**2),
        ((0.3, 0.0, -0.3), False, 0.06),  # no light in it: the mean square of three channels
        ((0.3, 0.0, -0.3), True, 0.3),
    ],
)
def test_drift_is_the_mean_square_of_broad_differences(colour, was_saturated, drift, tiny):
    """A step of one colour for all of a picture that nothing cuts off: its square, whatever is in the picture.

    Where a discriminator was saturated a tint counts five times, light as ever.
    """
    config, stream, fresh = tiny("swift", *STILL, "reconstruction.share=0")
    state = fresh()
    state.memory.was_saturated = was_saturated
    with torch.no_grad():
        state.generator.base.components.axes.mul_(0.1)
        state.generator.base.components.mean.mul_(0.1)
        state.generator.base.out.bias.copy_(torch.tensor(colour))
    report = swift_play(state, stream.batch_at(0, 4).without_labels(), config, Numbers.at(0, 0))
    assert_close(report["drift"], torch.tensor(drift), rtol=1e-3, atol=0)


def test_broad_is_the_light_of_each_part_in_the_tint_of_the_whole():
    halves = torch.zeros(1, 4, 8, 8)
    halves[:, :, :, 4:] = torch.tensor([0.9, 0.3, 0.0, 0.5])[:, None, None]  # red, green, blue, opacity
    found = swift.broad(halves, 4.0)
    assert found.shape == (1, 4, 4, 4)
    half = torch.tensor([0.25, -0.05, -0.2])  # of what the right half is off its light of 0.4
    tint = half * 2  # whose square counts four times
    for column, light, opacity in ((0, 0.0, 0.0), (3, 0.4, 0.5)):
        for row in range(4):
            assert_close(found[0, :3, row, column], light + tint)
            assert_close(found[0, 3, row, column], torch.tensor(opacity))


def test_grey_pictures_are_held_by_the_light_of_their_parts():
    images = torch.randn(2, 1, 8, 12)
    assert_close(swift.broad(images, 5.0), F.avg_pool2d(images, (2, 3)))


def test_a_colour_may_move_within_a_picture_but_light_may_not():
    stain = torch.tensor([0.8, -0.4, -0.4])[:, None, None].expand(3, 8, 8)  # no light in it
    left, right = torch.zeros(2, 1, 3, 8, 8)
    left[:, :, :, :4], right[:, :, :, 4:] = stain[:, :, :4], stain[:, :, 4:]
    assert_close(swift.broad(left, 1.0), swift.broad(right, 1.0))
    assert not torch.allclose(
        swift.broad(left + (left > 0).float(), 1.0), swift.broad(right + (right > 0).float(), 1.0)
    )


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


def play_at(loss, tiny, *settings, images=0, was_saturated=True, noise_lasts=False):
    """One step of a discriminator whose loss lately was that, on 4 pictures: them, and its report."""
    config, stream, fresh = tiny("swift", *STILL, *settings)
    state = fresh()
    state.images, state.memory = images, SwiftMemory(loss, was_saturated, noise_lasts)
    batch = stream.batch_at(0, 4).without_labels()
    return to_float(batch.images), swift_play(state, batch, config, Numbers.at(0, images))


def test_a_saturated_discriminator_is_shown_all_pictures_under_the_same_gaussian_noise(tiny, shown):
    real, report = play_at(0.05, tiny)
    assert report["noise"] == pytest.approx(0.45)  # 0.6 of what is left of 0.2
    shown_real, shown_fake = (images.detach() for images in shown[-2:])
    play_at(0.2, tiny)
    clean_fake = shown[-1].detach()
    noise = shown_real - real
    assert_close(noise, shown_fake - clean_fake, rtol=0, atol=1e-6)
    assert float(noise.std()) == pytest.approx(0.45, rel=0.05)  # of 3,072 numbers
    assert float(noise.mean()) == pytest.approx(0.0, abs=0.03)


def test_noise_covers_what_augmentation_left_empty(tiny, shown):
    play_at(0.0, tiny, "objective.augment=cutout")
    noisy = shown[-2]
    play_at(1.0, tiny, "objective.augment=cutout")
    cut = shown[-2] == 0
    assert 0.05 < float(cut.float().mean()) < 0.5
    assert float(noisy[cut].std()) == pytest.approx(0.6, rel=0.1)


def test_a_discriminator_of_high_loss_or_one_that_never_was_saturated_is_shown_pictures_as_they_are(tiny, shown):
    _, report = play_at(0.2, tiny)
    assert report["noise"] == 0
    _, report = play_at(0.11, tiny, was_saturated=False)
    assert report["noise"] == 0
    assert float(shown[-1].detach().abs().max()) <= 1


def test_noise_fades_until_it_is_gone_or_has_fallen_by_a_tenth(tiny):
    moments = (0, FADES_FROM, FADED, 2 * FADED)
    noise = [play_at(0.1, tiny, images=images)[1]["noise"] for images in moments]
    assert noise == pytest.approx([0.3, 0.3, 0.0, 0.0])
    noise = [play_at(0.1, tiny, images=images, noise_lasts=True)[1]["noise"] for images in moments]
    assert noise == pytest.approx([0.3, 0.3, 0.2, 0.2])


def test_features_of_pictures_under_noise_are_not_cached(tiny):
    config, stream, fresh = tiny("swift")
    state = fresh()
    state.memory = SwiftMemory(0.1, was_saturated=True)
    swift_play(state, stream.batch_at(0, 4).without_labels(), config, Numbers.at(0, 0))
    assert len(state.memory.features) == 0
    state.memory.discriminator_loss = 1.0
    swift_play(state, stream.batch_at(0, 4).without_labels(), config, Numbers.at(0, 0))
    assert len(state.memory.features) == 4


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
