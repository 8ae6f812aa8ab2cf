import copy
import itertools
import re

import pytest
import torch
from torch.testing import assert_close

from ganvas.objectives import AUGMENTS, LOSSES
from ganvas.pixels import to_float
from ganvas.recipes import RECIPES
from ganvas.report.curves import MEANINGS, MEMBERS, in_words
from ganvas.training import load_checkpoint, save_checkpoint, training_loop
from ganvas.training.tally import TALLIED
from ganvas.training.updates import frozen, real_sign, score_pair


def weights(state):
    return {
        f"{part}.{name}": tensor.clone()
        for part, module in state.modules().items()
        for name, tensor in module.state_dict().items()
    }


def run(state, stream, config, steps):
    return list(training_loop(state, stream, config, state.images + steps * config.training.step_images))


EVERY_DAY = {"swift", "quick", "vaegan"}  # one of each step
BY_TIER = [pytest.param(name, marks=[] if name in EVERY_DAY else [pytest.mark.slow]) for name in RECIPES]


@pytest.mark.parametrize("name", RECIPES)
def test_two_runs_of_a_recipe_with_one_seed_are_identical(name, tiny):
    config, stream, fresh = tiny(name)
    first, second = fresh(), fresh()
    run(first, stream, config, 3)
    torch.rand(5)  # what others draw in between does not matter
    run(second, stream, config, 3)
    assert_close(weights(first), weights(second), rtol=0, atol=0)


@pytest.mark.parametrize(("name", "sizes"), [("swift", [4] * 6 + [8] * 2), ("wgan-gp", [20] * 2 + [40] * 4)])
def test_the_batch_doubles_at_the_first_look_at_the_clock_after_the_moment_that_is_set(name, sizes, tiny):
    config, stream, fresh = tiny(name, "training.double_batch_at=20")
    state = fresh()
    shown = [0, *(progress.images for progress in run(state, stream, config, sum(sizes) // sizes[-1]))]
    assert [after - before for before, after in itertools.pairwise(shown)] == sizes


@pytest.mark.parametrize("name", RECIPES)
def test_every_weight_of_every_player_moves_and_stays_finite(name, tiny):
    config, stream, fresh = tiny(name)
    state = fresh()
    before = weights(state)
    progress = run(state, stream, config, 3)
    after = weights(state)
    # By the pictures, or a direction among one.
    given = r"^averaged|components\.|frozen_features\.|matching\.\d\.(mean|variance)$|score\.left$"
    parts = [part for part in before if not re.search(given, part)]
    still = [part for part in parts if torch.equal(before[part], after[part])]
    assert still == []
    assert state.is_finite()
    assert state.images == progress[-1].images == 3 * config.training.step_images
    assert {"discriminator_loss", "generator_loss", "real_score", "fake_score"} <= progress[-1].report.keys()
    drawn = [
        in_words(number) for number in progress[-1].report if not any(number in known for known in MEMBERS.values())
    ]
    assert [title for title in drawn if title not in MEANINGS] == []  # every curve in a report has its sentence


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_takes_labels_augmentation_an_average_and_grey(name, tiny):
    settings = [
        "pictures.conditional=true",
        "training.average_half_life_images=8",
        f"objective.augment={','.join(AUGMENTS)}",
    ]
    config, stream, fresh = tiny(name, *settings, classes=3, channels=1)
    state = fresh()
    run(state, stream, config, 2)
    assert state.is_finite()
    assert state.averaged is not None


@pytest.mark.parametrize("name", [name for name in RECIPES if name != "swift"])
def test_every_recipe_takes_r1(name, tiny):
    config, stream, fresh = tiny(name, "objective.r1_weight=1", "objective.penalty_every=2")
    state = fresh()
    first, second = run(state, stream, config, 2)
    assert float(first.report["r1_penalty"]) > 0
    assert "r1_penalty" not in second.report


@pytest.mark.parametrize("name", BY_TIER)
def test_a_step_touches_no_random_numbers_but_its_own(name, tiny):
    config, stream, fresh = tiny(name)
    state = fresh()
    before = torch.random.get_rng_state()
    run(state, stream, config, 1)
    assert torch.equal(before, torch.random.get_rng_state())


def test_the_critic_is_updated_on_new_pictures_each_time(tiny):
    config, stream, fresh = tiny("wgan-gp")
    assert config.training.step_images == 20
    seen = []
    state = fresh()
    state.discriminator.register_forward_pre_hook(lambda module, args: seen.append(args[0].detach().clone()))
    run(state, stream, config, 1)
    pairs = [images for images in seen if len(images) == 8]
    assert len(pairs) == 5
    assert not any(torch.equal(one[:4], other[:4]) for one, other in zip(pairs[1:], pairs[:2], strict=False))


@pytest.mark.parametrize(("margin", "expected"), [(100.0, 0), (1e-6, 3)])
def test_the_margin_rule_takes_extra_updates_only_outside_the_margin(margin, expected, tiny):
    config, stream, fresh = tiny("balanced", f"training.balance_margin={margin}", "training.balance_limit=3")
    state = fresh()
    (progress,) = run(state, stream, config, 1)
    extra = progress.report["extra_discriminator_updates"] + progress.report["extra_generator_updates"]
    assert extra == expected


def test_the_margin_rule_updates_only_the_player_behind(tiny):
    config, stream, fresh = tiny("balanced", "training.balance_margin=0.001", "training.balance_limit=4")
    state = fresh()
    (progress,) = run(state, stream, config, 1)
    counts = {name: int(optimizer.tensors()["0.step"]) for name, optimizer in state.optimizers.items()}
    for name, count in counts.items():
        assert count == 1 + progress.report[f"extra_{name}_updates"]
    assert min(counts.values()) == 1


def test_a_frozen_module_passes_gradients_on_and_keeps_none():
    layer = torch.nn.Linear(2, 1)
    x = torch.ones(1, 2, requires_grad=True)
    with frozen(layer):
        layer(x).sum().backward()
    assert layer.weight.grad is None
    assert_close(x.grad, layer.weight.detach())
    assert layer.weight.requires_grad


def test_real_and_generated_keep_their_own_batch_statistics(tiny):
    _, _, fresh = tiny("dcgan")
    discriminator = fresh().discriminator
    torch.nn.init.normal_(discriminator.head.linear.weight)
    pair = torch.randn(8, 3, 16, 16)
    scores = score_pair(discriminator, pair, None, "auto")
    twin = copy.deepcopy(discriminator)
    assert_close(scores[:4], twin(pair[:4]))
    assert_close(scores[4:], twin(pair[4:]))
    other = score_pair(twin, torch.cat([pair[:4], 3 * pair[4:]]), None, "auto")
    assert_close(other[:4], scores[:4])


def test_one_pass_gives_the_scores_of_two_where_no_batch_statistics_are_used(tiny):
    _, _, fresh = tiny("r3gan")
    discriminator = fresh().discriminator
    pair = torch.randn(8, 3, 16, 16)
    together = score_pair(discriminator, pair, None, "auto")
    assert_close(together, torch.cat([discriminator(pair[:4]), discriminator(pair[4:])]))


def test_training_makes_the_discriminator_prefer_real_pictures(tiny):
    config, stream, fresh = tiny("dcgan", "network.width=0.25", "optimizer.generator_rate=1e-6")
    state = fresh()
    last = run(state, stream, config, 25)[-1].report
    assert float(last["real_score"]) > float(last["fake_score"]) + 1


def test_the_vaegan_learns_to_rebuild(tiny):
    config, stream, fresh = tiny("vaegan", "network.width=0.25", "optimizer.generator_rate=2e-3")
    stream.stored = torch.linspace(0, 255, 36).view(12, 1, 1, 3).expand(12, 16, 16, 3).to(torch.uint8)
    state, pictures = fresh(), to_float(stream.stored)

    def error_of_rebuilt():
        with torch.no_grad():
            rebuilt = state.generator.eval()(state.encoder.eval()(pictures)[0], None)
        state.generator.train()
        state.encoder.train()
        return float((rebuilt - pictures).square().mean())

    run(state, stream, config, 100)
    assert error_of_rebuilt() < float((pictures - pictures.mean(0)).square().mean()) / 2


ADAPTING = ["objective.augment=color,translation", "objective.augment_target=0.5"]


@pytest.mark.parametrize("name", BY_TIER)
def test_adapted_augmentation_moves_by_the_pace_and_is_the_same_in_two_runs(name, tiny):
    config, stream, fresh = tiny(name, *ADAPTING)
    first, second = fresh(), fresh()
    assert first.augment_share == 0.0
    first.augment_share = second.augment_share = 0.5
    reports = [progress.report for progress in run(first, stream, config, 4)]
    run(second, stream, config, 4)
    assert_close(weights(first), weights(second), rtol=0, atol=0)
    assert first.augment_share == second.augment_share == reports[-1]["augment_share"]
    expected = 0.5
    for report in reports:
        expected += (1 if report["real_sign"] > 0.5 else -1) * config.training.step_after(0) / 20_000
        assert report["augment_share"] == pytest.approx(expected)


@pytest.mark.parametrize("name", BY_TIER)
def test_adapted_augmentation_goes_on_where_a_resumed_run_stopped(name, tiny, tmp_path):
    config, stream, fresh = tiny(name, *ADAPTING)
    whole, first, second = fresh(), fresh(), fresh()
    whole.augment_share = first.augment_share = 0.5
    run(whole, stream, config, 4)
    run(first, stream, config, 2)
    save_checkpoint(first, tmp_path)
    load_checkpoint(second, tmp_path)
    run(second, stream, config, 2)
    assert second.augment_share == whole.augment_share != 0.5
    assert_close(weights(second), weights(whole), rtol=0, atol=0)


def test_the_share_is_that_of_what_the_discriminator_is_shown(tiny):
    config, stream, fresh = tiny("dcgan", *ADAPTING)
    seen = {}
    for share in (0.0, 1.0):
        state = fresh()
        state.augment_share = share
        shown = seen.setdefault(share, [])
        state.discriminator.register_forward_pre_hook(lambda _, args, shown=shown: shown.append(args[0].detach()))
        run(state, stream, config, 1)
    plain, whole = (torch.cat(images)[:4] for images in seen.values())
    assert torch.equal(plain, to_float(stream.stored[:4]))
    assert (whole != plain).flatten(1).any(1).all()


def test_without_a_target_every_picture_is_augmented_for_good(tiny):
    config, stream, fresh = tiny("dcgan", "objective.augment=color")
    state = fresh()
    (progress,) = run(state, stream, config, 1)
    assert state.augment_share == 1.0
    assert "augment_share" not in progress.report


@pytest.mark.parametrize("name", BY_TIER)
def test_the_tally_is_the_sum_of_the_reports(name, tiny):
    config, stream, fresh = tiny(name)
    state = fresh()
    reports = [progress.report for progress in run(state, stream, config, 3)]
    tally = state.tally.sums()
    assert tally.pop("steps") == len(reports) == 3 * config.training.step_images // config.training.step_after(0)
    assert tally == pytest.approx({name: sum(float(report[name]) for report in reports) for name in TALLIED})


@pytest.mark.parametrize("name", LOSSES)
def test_the_sign_of_real_scores_is_taken_about_the_boundary_of_the_loss(name):
    boundary = LOSSES[name].boundary
    middle = 7.0 if boundary is None else boundary
    fake = torch.full((4,), middle - 3)
    assert float(real_sign(torch.full((4,), middle + 3), fake, boundary)) == 1
    if boundary is not None:
        assert float(real_sign(torch.full((4,), middle - 0.1), fake, boundary)) == -1
        assert float(real_sign(middle + torch.tensor([1.0, 1, 1, -1]), fake + 100, boundary)) == 0.5


@pytest.mark.parametrize("name", LOSSES)
def test_the_boundary_is_where_a_discriminator_that_cannot_tell_loses_least(name):
    boundary = LOSSES[name].boundary
    undecided = torch.linspace(-2, 2, 401)
    losses = torch.stack([LOSSES[name].discriminator(score.expand(4), score.expand(4)) for score in undecided])
    if boundary is None:
        assert_close(losses, losses[0].expand(401))
    else:
        at_boundary = LOSSES[name].discriminator(torch.full((4,), boundary), torch.full((4,), boundary))
        assert at_boundary <= losses.min() + 1e-6


def test_where_only_differences_count_a_common_shift_changes_no_sign():
    real, fake = torch.tensor([2.0, 3, 4, -5]), torch.tensor([0.0, -1, -2, -9])
    assert float(real_sign(real, fake, None)) == 0.5
    assert_close(real_sign(real + 40, fake + 40, None), real_sign(real, fake, None))


def test_real_scores_on_the_boundary_have_no_sign():
    assert float(real_sign(torch.zeros(3), torch.zeros(3), 0.0)) == 0
    assert float(real_sign(torch.ones(3), torch.ones(3), None)) == 0
