"""What a run leaves in its report."""

import re

import numpy as np
import pytest
from PIL import Image

from ganvas.config import LimitSettings, with_settings
from ganvas.formats.sheets import PAPER, with_words
from ganvas.model import main_directions, strips
from ganvas.model.weights import load_model
from ganvas.recipes import RECIPES
from ganvas.workflows.train import train


@pytest.mark.parametrize("recipe", ["swift", "dcgan28"])
def test_a_report_shows_strips_along_every_main_direction(recipe, tmp_path, monkeypatch):
    monkeypatch.setenv("GANVAS_CACHE", str(tmp_path / "cache"))
    numbers = np.random.default_rng(0)
    (tmp_path / "pictures").mkdir()
    for number in range(20):
        coarse = numbers.integers(0, 255, (4, 4, 3)).astype(np.uint8)
        Image.fromarray(coarse).resize((16, 16)).save(tmp_path / "pictures" / f"{number}.png")
    small = ["training.batch=4", "network.width=0.1", "network.z_dim=12", f"pictures.source={tmp_path / 'pictures'}"]
    small += ["pictures.width=16", "pictures.height=16", "device=cpu", "recording.drawn_px=16", "measuring.share=0"]
    made = with_settings(RECIPES[recipe].config, small).model_copy(update={"limits": LimitSettings(images=16)})
    out = tmp_path / "run"
    list(train(made, out))

    model = load_model(out / "model")
    found = strips(model, main_directions(model))
    assert len(found) == 10
    with Image.open(out / "directions.png") as opened:
        size, sheet = opened.size, np.asarray(opened.convert("RGB"))
    np.testing.assert_array_equal(sheet, np.asarray(with_words(found)))
    is_strip = (sheet != PAPER).any(-1).mean(1) > 0.5  # rows of pixels that are not words on paper
    assert (np.diff(is_strip.astype(int)) == 1).sum() == 10

    page = (out / "index.html").read_text(encoding="utf-8")
    shown = re.findall(r'<img id="directions" src="directions.png" width="(\d+)" height="(\d+)"', page)
    assert shown == [(str(size[0]), str(size[1]))]
