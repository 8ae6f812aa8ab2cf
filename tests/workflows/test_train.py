"""What a run plans before its first step: real runs of a few steps on drawn pictures."""

import numpy as np
import pytest
import torch
from PIL import Image

from ganvas.config import LimitSettings, from_toml, with_settings
from ganvas.errors import SettingError
from ganvas.formats.log import read_log
from ganvas.formats.log_events import Narrowed, NotCompiled
from ganvas.formats.manifest import read_description
from ganvas.recipes import RECIPES
from ganvas.run.execute import RunParts
from ganvas.workflows.train import train

MANY, FEW = 48, 16


@pytest.fixture
def run(tmp_path, monkeypatch):
    """A function: images to show and settings -> width and rates in run.toml, and the width of the shipped model."""
    numbers = np.random.default_rng(0)
    (tmp_path / "pictures").mkdir()
    for index in range(20):
        picture = Image.fromarray(numbers.integers(0, 255, (16, 16, 3)).astype(np.uint8))
        picture.save(tmp_path / "pictures" / f"{index}.png")
    monkeypatch.setenv("GANVAS_CACHE", str(tmp_path / "cache"))

    def go(images, *assignments, recipe="swift", out="run", **more):
        small = [
            f"pictures.source={tmp_path / 'pictures'}",
            "pictures.width=16",
            "pictures.height=16",
            "training.batch=4",
        ]
        small += [f"network.wide_from_images={MANY}", "recording.report=false", "measuring.share=0", "device=cpu"]
        config = with_settings(RECIPES[recipe].config, [*small, *assignments])
        list(train(config.model_copy(update={"limits": LimitSettings(images=images)}), tmp_path / out, **more))
        found = from_toml(tmp_path / out / "run.toml")
        optimizer = found.config.optimizer
        rates = optimizer.generator_rate, optimizer.discriminator_rate
        return found.plan.width, rates, read_description(tmp_path / out / "model").multiplier

    return go


def test_a_long_run_is_planned_wider_and_keeps_the_rates_of_width_1_in_its_configuration(run):
    assert run(FEW) == (1.0, (1e-3, 1e-3), 1.0)
    assert run(MANY, out="long") == (1.5, (1e-3, 1e-3), 1.5)


def too_large(state, stream, config):
    """A step on a device without room for networks of width 1.5, or for more than eight pictures."""
    if state.spec.multiplier > 1 or config.training.step_images > 8:
        raise torch.OutOfMemoryError("out of memory")


def no_compiler(module):
    raise ImportError("no compiler here")


def test_a_run_goes_on_without_what_its_device_cannot_do_and_says_so(run, tmp_path):
    parts = RunParts(largest_step=too_large, compile=no_compiler)
    assert run(MANY, "compile=true", parts=parts) == (1.0, (1e-3, 1e-3), 1.0)
    told = [event for event in read_log(tmp_path / "run" / "log.jsonl").events if event.images == 0]
    assert [type(event) for event in told] == [NotCompiled, Narrowed]
    assert told[0].text == "the networks are not compiled: ImportError: no compiler here"
    assert (told[1].width, told[1].planned) == (1.0, 1.5)
    assert from_toml(tmp_path / "run" / "run.toml").config.compile  # what was asked stays


def test_a_batch_that_does_not_fit_ends_the_run_before_it_begins(run, tmp_path):
    with pytest.raises(SettingError, match=r"training\.batch = 64 does not fit .*=4, or"):
        run(FEW, "training.batch=64", parts=RunParts(largest_step=too_large))
    assert not (tmp_path / "run" / "run.toml").exists()


@pytest.mark.slow
def test_a_run_that_is_extended_keeps_the_width_that_it_began_with(run):
    assert run(FEW) == run(MANY)
    wide = run(MANY, out="long")
    assert run(2 * MANY, out="long") == wide
    with pytest.raises(SettingError, match="beta1"):
        run(MANY, "optimizer.beta1=0.7", out="long")


@pytest.mark.parametrize("width", [1.0, 0.5])
def test_a_width_that_was_asked_for_is_left_alone(width, run):
    assert run(MANY, f"network.width={width}") == (width, (1e-3, 1e-3), width)


def test_other_recipes_are_as_wide_as_they_say(run):
    assert run(MANY, "network.width=0.05", recipe="dcgan28")[0] == 0.05


def test_what_was_asked_stays_beside_what_was_planned(run, tmp_path):
    run(MANY)
    found = from_toml(tmp_path / "run" / "run.toml")
    assert (found.config.network.width, found.plan.width) == ("planned", 1.5)
    run(MANY)  # the same command again is the same run
    with pytest.raises(SettingError, match=r"network\.width = 1\.5, not 1\.0"):
        run(MANY, "network.width=1.0")


def test_a_repeat_is_as_wide_as_the_run_whatever_its_limits_would_be_planned_for(run, tmp_path):
    run(MANY, out="wide")
    config, plan = from_toml(tmp_path / "wide" / "run.toml")
    list(train(config.model_copy(update={"limits": LimitSettings(images=FEW)}), tmp_path / "again", plan=plan))
    assert read_description(tmp_path / "again" / "model").multiplier == 1.5
