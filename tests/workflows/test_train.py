"""What a run plans before its first step: real runs of a few steps on drawn pictures."""

import numpy as np
import pytest
from PIL import Image

import ganvas.run.recorder
import ganvas.training.plan
from ganvas.config import LimitSettings, from_toml, with_settings
from ganvas.errors import SettingError
from ganvas.formats.manifest import read_description
from ganvas.recipes import RECIPES
from ganvas.workflows.train import train

MANY, FEW = 48, 16


@pytest.fixture
def run(tmp_path, monkeypatch):
    """A function: images to show and settings -> width and rates in run.toml, and the width of the shipped model."""
    numbers = np.random.default_rng(0)
    for index in range(20):
        Image.fromarray(numbers.integers(0, 255, (16, 16, 3)).astype(np.uint8)).save(tmp_path / f"{index}.png")
    monkeypatch.setenv("GANVAS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(ganvas.training.plan, "WIDE_FROM_IMAGES", MANY)
    for name in ("write_film", "draw_curves", "write_report"):
        monkeypatch.setattr(ganvas.run.recorder, name, lambda *arguments, **options: None)

    def go(images, *assignments, recipe="swift", out="run"):
        small = [f"pictures.source={tmp_path}", "pictures.width=16", "pictures.height=16", "training.batch=4"]
        config = with_settings(RECIPES[recipe].config, [*small, "measuring.share=0", "device=cpu", *assignments])
        for _ in train(config.model_copy(update={"limits": LimitSettings(images=images)}), tmp_path / out):
            pass
        found = from_toml(tmp_path / out / "run.toml")
        rates = found.optimizer.generator_rate, found.optimizer.discriminator_rate
        return found.network.width, rates, read_description(tmp_path / out / "model").multiplier

    return go


def test_a_long_run_is_planned_wider_and_keeps_the_rates_of_width_1_in_its_configuration(run):
    assert run(FEW) == (1.0, (1e-3, 1e-3), 1.0)
    assert run(MANY, out="long") == (1.5, (1e-3, 1e-3), 1.5)


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
