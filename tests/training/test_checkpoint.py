import json

import pytest
import torch
from torch.testing import assert_close

from ganvas.errors import ModelError
from ganvas.recipes import RECIPES
from ganvas.training import load_checkpoint, save_checkpoint, training_loop
from ganvas.training.step import images_per_step


def run(state, stream, config, steps):
    for _ in training_loop(state, stream, config, state.images + steps * images_per_step(config)):
        pass


def everything(state):
    modules = {name: module.state_dict() for name, module in state.modules().items()}
    return modules | {f"{name} moments": optimizer.tensors() for name, optimizer in state.optimizers.items()}


@pytest.mark.parametrize("name", RECIPES)
def test_a_run_that_stops_and_goes_on_is_the_run_that_did_not(name, tiny, tmp_path):
    config, stream, fresh = tiny(name, "training.average_half_life_images=16")
    whole, first, second = fresh(), fresh(), fresh()
    run(whole, stream, config, 4)
    run(first, stream, config, 2)
    save_checkpoint(first, tmp_path)
    assert load_checkpoint(second, tmp_path)
    assert second.images == first.images
    run(second, stream, config, 2)
    assert_close(everything(second), everything(whole), rtol=0, atol=0)


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
    assert sorted(path.name for path in tmp_path.iterdir()) == ["state-000000000012.safetensors", "state.json"]


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


@pytest.mark.parametrize("damage", [damage_by_cutting, damage_by_removing, damage_the_clock, damage_the_version])
def test_a_damaged_checkpoint_is_a_model_error(damage, tiny, tmp_path):
    _, _, fresh = tiny("dcgan")
    save_checkpoint(fresh(), tmp_path)
    damage(tmp_path)
    with pytest.raises(ModelError):
        load_checkpoint(fresh(), tmp_path)


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
