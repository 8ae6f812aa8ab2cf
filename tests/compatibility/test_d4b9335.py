"""Runs, checkpoints and exported models that commit d4b9335 wrote are read, gone on with and drawn from as it did."""

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from forked import run_ganvas
from ganvas.formats.log import read_log
from ganvas.formats.log_events import Note, PicturesChanged, Resumed
from ganvas.formats.manifest import read_description
from ganvas.model import draw_all
from ganvas.model.weights import load_model
from ganvas.serving.engine import Engine
from ganvas.workflows.generate import Generator

KEPT = Path(__file__).parent / "d4b9335"
RUNS = ("swift", "quick", "vaegan")
EXPORTED = KEPT / "exported"


@pytest.fixture(params=RUNS)
def run(request, tmp_path):
    """A copy of a run, which tests may go on with."""
    shutil.copytree(KEPT / request.param, tmp_path / request.param)
    return tmp_path / request.param


def ganvas(*arguments):
    done = run_ganvas([str(argument) for argument in arguments], cwd=Path.cwd(), env=os.environ)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def pixels(path):
    with Image.open(path) as picture:
        return np.asarray(picture).astype(int)


def test_its_seeds_draw_the_same_pictures(run, tmp_path):
    Generator.read(run).save_pictures(tmp_path / "drawn", range(2))
    for name in ("000000.png", "000001.png"):
        now, then = pixels(tmp_path / "drawn" / name), pixels(KEPT / "drawn" / run.name / name)
        assert np.abs(now - then).max() <= 1  # another processor's kernels may round differently


def test_its_moments_are_read(run):
    assert load_model(run, at=256).description.images == 256


def test_it_is_gone_on_with(run):
    before = json.loads((run / "checkpoint" / "state.json").read_text(encoding="utf-8"))
    options = ["--config", run / "run.toml", "--out", run, "--images", "288"]
    ganvas("train", *options)
    after = json.loads((run / "checkpoint" / "state.json").read_text(encoding="utf-8"))
    assert (before["images"], after["images"]) == (256, 288)
    log = read_log(run / "log.jsonl")
    assert [event.images for event in log.events if isinstance(event, Resumed)] == [256]
    assert log.numbers[0]["images"] < 256 < log.numbers[-1]["images"]
    assert np.isfinite([line["generator_loss"] for line in log.numbers]).all()
    assert not [event for event in log.events if isinstance(event, PicturesChanged | Note)]
    assert (run / "index.html").exists()


def test_its_exported_model_draws_in_onnxruntime_as_in_pytorch():
    engine = Engine(EXPORTED)
    model = load_model(EXPORTED)
    z = engine.latents(range(4))
    drawn, expected = engine.draw(z, None), draw_all(model.generator, torch.from_numpy(z), None)
    assert np.abs(drawn.astype(int) - expected).max() <= 1


def test_its_exported_model_is_published_as_it_is(tmp_path):
    shutil.copytree(EXPORTED, tmp_path / "exported")
    ganvas("publish", tmp_path / "exported", "--to", "site", "--out", tmp_path / "site", "--no-score")
    assert (tmp_path / "site" / "page.html").stat().st_size > 1_000_000
    assert read_description(tmp_path / "site").published == read_description(EXPORTED).published
