import json

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch.testing import assert_close

from ganvas.errors import ModelError
from ganvas.networks import NetworkSpec
from ganvas.recipes import RECIPES
from ganvas.training import has_checkpoint, load_checkpoint, new_state, rescue, save_checkpoint, training_loop
from ganvas.training.tally import Tally


def run(state, stream, config, steps):
    for _ in training_loop(state, stream, config, state.images + steps * config.training.step_images):
        pass


def everything(state):
    modules = {name: module.state_dict() for name, module in state.modules().items()}
    return modules | {f"{name} moments": optimizer.tensors() for name, optimizer in state.optimizers.items()}


@pytest.mark.parametrize("more", [(), ("training.double_batch_at=12",)])
@pytest.mark.parametrize("name", RECIPES)
def test_a_run_that_stops_and_goes_on_is_the_run_that_did_not(name, more, tiny, tmp_path):
    config, stream, fresh = tiny(name, "training.average_half_life_images=16", *more)
    whole, first, second = fresh(), fresh(), fresh()
    run(whole, stream, config, 4)
    run(first, stream, config, 2)
    save_checkpoint(first, tmp_path)
    assert load_checkpoint(second, tmp_path)
    assert second.images == first.images
    run(second, stream, config, 2)
    assert_close(everything(second), everything(whole), rtol=0, atol=0)


def test_what_networks_learned_from_the_pictures_is_in_a_checkpoint(tiny, tmp_path):
    """A resumed run does not look at them again."""
    config, stream, fresh = tiny("swift")
    first = fresh()
    run(first, stream, config, 1)
    assert not has_checkpoint(tmp_path)
    save_checkpoint(first, tmp_path)
    assert has_checkpoint(tmp_path)
    second = new_state(config, NetworkSpec(16, 16, 3, 6, 0, config.network.width), torch.device("cpu"))
    load_checkpoint(second, tmp_path)
    assert_close(everything(second), everything(first), rtol=0, atol=0)


def test_loaded_weights_keep_the_memory_layout_that_the_kernels_are_quick_in(tiny, tmp_path):
    config, stream, fresh = tiny("dcgan", "network.width=0.5")
    first, second = fresh(), fresh()
    run(first, stream, config, 1)
    save_checkpoint(first, tmp_path)
    load_checkpoint(second, tmp_path)
    for optimizer in second.optimizers.values():
        for weight, mean, square in zip(optimizer.weights, optimizer.means, optimizer.squares, strict=True):
            assert weight.stride() == mean.stride() == square.stride()


def test_an_empty_folder_is_no_checkpoint(tiny, tmp_path):
    _, _, fresh = tiny("dcgan")
    assert not load_checkpoint(fresh(), tmp_path)


def test_only_the_newest_state_stays_on_disk(tiny, tmp_path):
    config, stream, fresh = tiny("dcgan")
    state = fresh()
    for _ in range(3):
        run(state, stream, config, 1)
        save_checkpoint(state, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["state-000000000012-0.safetensors", "state.json"]


def test_a_crash_before_the_last_rename_leaves_the_old_state(tiny, tmp_path, monkeypatch):
    config, stream, fresh = tiny("dcgan")
    state = fresh()
    run(state, stream, config, 1)
    save_checkpoint(state, tmp_path)
    run(state, stream, config, 1)

    def crash(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(json, "dumps", crash)
    with pytest.raises(KeyboardInterrupt):
        save_checkpoint(state, tmp_path)
    monkeypatch.undo()
    restored = fresh()
    assert load_checkpoint(restored, tmp_path)
    assert restored.images == 4


def adapted(state):
    rates = {name: optimizer.rate * optimizer.rate_scale for name, optimizer in state.optimizers.items()}
    return state.images, state.seconds, state.rescues, state.augment_share, state.tally.sums(), rates


def rescued_midway(state):
    """As a run that went back twice and was saved between two measures; numbers that decimals do not hit exactly."""
    state.rescues, state.augment_share = 2, 0.1 + 0.2
    state.slow_down()


@pytest.mark.parametrize("name", RECIPES)
def test_what_was_adapted_goes_on_in_a_resumed_run_bit_for_bit(name, tiny, tmp_path):
    config, stream, fresh = tiny(name, "objective.augment=color,cutout", "objective.augment_target=0.3")
    whole, resumed = fresh(), fresh()
    rescued_midway(whole)
    run(whole, stream, config, 2)
    save_checkpoint(whole, tmp_path)
    load_checkpoint(resumed, tmp_path)
    assert adapted(resumed) == adapted(whole)
    assert resumed.tally.sums()["steps"] == 2 * config.training.step_images // config.training.step_after(0)
    assert {optimizer.rate_scale for optimizer in resumed.optimizers.values()} == {0.25}
    for state in (whole, resumed):
        run(state, stream, config, 2)
        state.seconds = 0.0
    assert adapted(resumed) == adapted(whole)
    assert_close(everything(resumed), everything(whole), rtol=0, atol=0)


def test_a_checkpoint_from_before_any_rescue_brings_the_full_learning_rates_back(tiny, tmp_path):
    _, _, fresh = tiny("dcgan")
    save_checkpoint(fresh(), tmp_path)
    state = fresh()
    rescued_midway(state)
    load_checkpoint(state, tmp_path)
    assert state.rescues == 0
    assert adapted(state) == adapted(fresh())


def test_a_tally_with_a_loss_that_is_no_number_is_saved_all_the_same(tiny, tmp_path):
    _, _, fresh = tiny("dcgan")
    state, restored = fresh(), fresh()
    state.tally = Tally({"discriminator_loss": float("inf"), "generator_loss": float("nan"), "steps": 3.0})
    save_checkpoint(state, tmp_path)
    load_checkpoint(restored, tmp_path)
    assert restored.tally.sums() == pytest.approx(state.tally.sums(), nan_ok=True)


def test_a_crash_after_a_rescue_leaves_the_state_from_before_it_though_the_clock_stood_still(
    tiny, tmp_path, monkeypatch
):
    config, stream, fresh = tiny("dcgan")
    state, restored = fresh(), fresh()
    save_checkpoint(state, tmp_path / "good")
    run(state, stream, config, 1)
    save_checkpoint(state, tmp_path / "now")
    before = {part: {name: tensor.clone() for name, tensor in of.items()} for part, of in everything(state).items()}
    rescue(state, tmp_path / "good")

    def crash(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(json, "dumps", crash)
    with pytest.raises(KeyboardInterrupt):
        save_checkpoint(state, tmp_path / "now")
    monkeypatch.undo()
    assert load_checkpoint(restored, tmp_path / "now")
    assert restored.rescues == 0
    assert_close(everything(restored), before, rtol=0, atol=0)


def test_a_checkpoint_of_a_step_with_instance_noise_is_read(tiny, tmp_path):
    """What is no more is left alone."""
    config, stream, fresh = tiny("swift")
    state, restored = fresh(), fresh()
    run(state, stream, config, 1)
    save_checkpoint(state, tmp_path)
    clock = json.loads((tmp_path / "state.json").read_text(encoding="utf-8"))
    assert clock["format"] == 5
    clock["memory"] = {"discriminator_loss": 0.125, "was_saturated": True, "noise_lasts": True}
    (tmp_path / "state.json").write_text(json.dumps(clock), encoding="utf-8")
    assert load_checkpoint(restored, tmp_path)
    assert_close(everything(restored), everything(state), rtol=0, atol=0)


FORMAT_4 = {"discriminator_loss": 0.125, "was_certain": True, "noise_lasts": True}


def to_format_4(folder):
    """What commit d4b9335 would have written: every architecture had what only the swift step uses."""
    clock = json.loads((folder / "state.json").read_text(encoding="utf-8"))
    (folder / "state.json").write_text(json.dumps(clock | {"format": 4} | FORMAT_4), encoding="utf-8")
    tensors = load_file(folder / clock["tensors"])
    older = (
        ("discriminator.frozen_features.", "discriminator.sight."),
        ("discriminator.heads.", "discriminator.look."),
    )
    for now, then in older:
        tensors = {name.replace(now, then): tensor for name, tensor in tensors.items()}
    save_file(tensors, folder / clock["tensors"])


@pytest.mark.parametrize("name", ["swift", "dcgan"])
def test_a_checkpoint_of_format_4_is_read(name, tiny, tmp_path):
    config, stream, fresh = tiny(name)
    state, restored = fresh(), fresh()
    run(state, stream, config, 1)
    save_checkpoint(state, tmp_path)
    to_format_4(tmp_path)
    assert load_checkpoint(restored, tmp_path)
    assert_close(everything(restored), everything(state), rtol=0, atol=0)
    assert restored.images == state.images


def damage_by_leaving_out(folder):
    clock = json.loads((folder / "state.json").read_text(encoding="utf-8"))
    (folder / "state.json").write_text(json.dumps(clock | {"tally": None}), encoding="utf-8")


def damage_by_cutting(folder):
    path = next(folder.glob("*.safetensors"))
    path.write_bytes(path.read_bytes()[:-7])


def damage_by_removing(folder):
    next(folder.glob("*.safetensors")).unlink()


def damage_the_clock(folder):
    (folder / "state.json").write_text('{"format": 1}', encoding="utf-8")


def damage_the_version(folder):
    clock = json.loads((folder / "state.json").read_text(encoding="utf-8"))
    (folder / "state.json").write_text(json.dumps(clock | {"format": 99}), encoding="utf-8")


DAMAGES = [
    damage_by_cutting,
    damage_by_removing,
    damage_by_leaving_out,
    damage_the_clock,
    damage_the_version,
]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_checkpoint_is_a_model_error_that_leaves_the_state_alone(damage, tiny, tmp_path):
    _, _, fresh = tiny("swift")
    saved, state = fresh(), fresh()
    rescued_midway(saved)
    save_checkpoint(saved, tmp_path)
    damage(tmp_path)
    with pytest.raises(ModelError):
        load_checkpoint(state, tmp_path)
    assert adapted(state) == adapted(fresh())


def test_the_checkpoint_of_other_networks_is_a_model_error(tiny, tmp_path):
    _, _, fresh = tiny("dcgan")
    save_checkpoint(fresh(), tmp_path)
    _, _, wider = tiny("dcgan", "network.width=0.5")
    with pytest.raises(ModelError):
        load_checkpoint(wider(), tmp_path)


def test_a_state_that_is_not_finite_knows_it(tiny):
    _, _, fresh = tiny("dcgan")
    state = fresh()
    assert state.is_finite()
    with torch.no_grad():
        next(state.discriminator.parameters()).fill_(float("nan"))
    assert not state.is_finite()
