"""The commands as a person types them, in a process of their own, on pictures drawn here."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from safetensors.torch import load_file
from torch.testing import assert_close

from forked import run_ganvas

SMALL = ["--recipe", "dcgan28", "--size", "16", "--width", "0.1", "--set", "training.batch=4"]
SMALL += ["--set", "recording.report=false"]  # films and curves take longer than the training
REPORTED = ["--set", "recording.report=true"]


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """A folder of 24 drawn pictures in two sub-folders, with a text file that calls itself a picture."""
    folder = tmp_path_factory.mktemp("pictures")
    numbers = np.random.default_rng(0)
    for index in range(24):
        place = folder / ("bright" if index % 2 else "dark")
        place.mkdir(exist_ok=True)
        levels = numbers.integers(128 * (index % 2), 128 + 127 * (index % 2), (20, 20, 3))
        Image.fromarray(levels.astype(np.uint8)).save(place / f"{index}.png")
    (folder / "dark" / "words.jpg").write_text("this is not a picture", encoding="utf-8")
    return folder


class Ganvas:
    """The command, in a folder of its own; calling it returns the finished process, or the running one."""

    def __init__(self, folder, cache):
        self.folder = folder
        self.environment = os.environ | {"GANVAS_CACHE": str(cache), "OMP_NUM_THREADS": "1", "COLUMNS": "200"}

    def __call__(self, *arguments, wait=True):
        words = [str(argument) for argument in arguments]
        if wait:
            return run_ganvas(words, cwd=self.folder, env=self.environment)
        command = [sys.executable, "-m", "ganvas", *words]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        return subprocess.Popen(command, cwd=self.folder, env=self.environment, **pipes)


@pytest.fixture
def ganvas(tmp_path, tmp_path_factory):
    return Ganvas(tmp_path, tmp_path_factory.getbasetemp() / "cache")


@pytest.fixture(scope="module")
def trained(pictures, tmp_path_factory):
    """A finished run with labels, for tests that only read it."""
    ganvas = Ganvas(tmp_path_factory.mktemp("trained"), tmp_path_factory.getbasetemp() / "cache")
    done(ganvas("train", pictures, *SMALL, "--images", "64", "--conditional", "--out", "run"))
    return ganvas.folder / "run"


def done(process):
    assert process.returncode == 0, process.stderr
    return process


def model_weights(run):
    return load_file(run / "model" / "generator.safetensors")


def whole_state(run):
    (path,) = (run / "checkpoint").glob("*.safetensors")
    return load_file(path)


def test_help_needs_nothing_heavy():
    heavy = ("torch", "matplotlib", "numpy", "PIL", "pydantic")
    code = f"import sys, ganvas.cli.main; sys.exit(str([name for name in {heavy} if name in sys.modules]))"
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert process.stderr.strip() == "[]"


def test_a_run_leaves_the_folder_that_the_design_promises(ganvas, pictures):
    process = done(ganvas("train", pictures, *SMALL, *REPORTED, "--images", "40", "--out", "run"))
    run = ganvas.folder / "run"
    promised = ["run.toml", "log.jsonl", "data.json", "curves.png", "film.gif", "film.mp4", "index.html"]
    promised += ["model/generator.safetensors", "model/model.json", "model/README.md", "model/preview.png"]
    promised += ["samples/000000000.png", "samples/000000040.png", "samples/originals.png", "checkpoint/state.json"]
    assert [name for name in promised if not (run / name).is_file()] == []
    assert "words.jpg" in process.stderr
    assert str(run / "index.html") in process.stdout
    (broken,) = json.loads((run / "data.json").read_text())["broken"]
    assert broken["file"].endswith("words.jpg")


def test_the_same_command_twice_gives_the_same_model(ganvas, pictures):
    for name in ("one", "two"):
        done(ganvas("train", pictures, *SMALL, "--images", "24", "--out", name))
    assert_close(*(model_weights(ganvas.folder / name) for name in ("one", "two")), rtol=0, atol=0)


def test_a_timed_run_can_be_repeated_exactly_from_its_run_toml(ganvas, pictures):
    done(ganvas("train", pictures, *SMALL, "--time", "2s", "--out", "timed"))
    done(ganvas("train", "--config", "timed/run.toml", "--out", "again"))
    assert_close(*(model_weights(ganvas.folder / name) for name in ("timed", "again")), rtol=0, atol=0)


@pytest.mark.parametrize("number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)])
def test_a_polite_signal_saves_the_state_first(number, ganvas, pictures):
    process = ganvas("train", pictures, *SMALL, *REPORTED, "--images", "1000k", "--out", "run", wait=False)
    state = ganvas.folder / "run" / "checkpoint" / "state.json"
    deadline = time.monotonic() + 60
    while not state.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    first = json.loads(state.read_text())["images"]
    time.sleep(0.5)
    process.send_signal(number)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 130, told
    assert json.loads(state.read_text())["images"] > first
    assert "the same command again goes on" in told
    assert (ganvas.folder / "run" / "index.html").exists()


@pytest.mark.slow
def test_a_finished_run_can_be_extended_without_loss(ganvas, pictures):
    done(ganvas("train", pictures, *SMALL, "--images", "24", "--out", "short"))
    done(ganvas("train", pictures, *SMALL, "--images", "48", "--out", "short"))
    done(ganvas("train", pictures, *SMALL, "--images", "48", "--out", "long"))
    assert_close(*(whole_state(ganvas.folder / name) for name in ("short", "long")), rtol=0, atol=0)


@pytest.mark.slow
def test_going_on_with_other_pictures_is_allowed_and_said(ganvas, pictures):
    shutil.copytree(pictures, ganvas.folder / "mine")
    done(ganvas("train", "mine", *SMALL, "--images", "8", "--out", "run"))
    (ganvas.folder / "mine" / "dark" / "0.png").unlink()
    done(ganvas("train", "mine", *SMALL, "--images", "16", "--out", "run"))
    assert '"event": "pictures changed"' in (ganvas.folder / "run" / "log.jsonl").read_text()


def test_another_run_in_the_same_folder_is_refused_with_what_differs(ganvas, pictures):
    done(ganvas("train", pictures, *SMALL, "--images", "8", "--out", "run"))
    process = ganvas("train", pictures, *SMALL, "--images", "8", "--out", "run", "--set", "optimizer.beta1=0.7")
    assert process.returncode == 2
    assert "optimizer.beta1 = 0.5, not 0.7" in process.stderr


def test_a_labelled_run_draws_what_it_is_asked_for(ganvas, trained):
    done(ganvas("generate", trained, "--count", "3", "--seed", "7", "--label", "bright", "--out", "drawn"))
    drawn = sorted(path.name for path in (ganvas.folder / "drawn").iterdir())
    assert drawn == ["000007.png", "000008.png", "000009.png", "grid.png"]
    process = ganvas("generate", trained, "--label", "blue")
    assert process.returncode == 2
    assert "bright, dark" in process.stderr


def test_a_seed_gives_the_same_file_whatever_the_count(ganvas, trained):
    done(ganvas("generate", trained, "--count", "9", "--seed", "0", "--out", "nine"))
    done(ganvas("generate", trained, "--count", "1", "--seed", "5", "--out", "one"))
    one, nine = (ganvas.folder / name / "000005.png" for name in ("one", "nine"))
    assert one.read_bytes() == nine.read_bytes()


def test_a_moment_in_the_middle_can_be_drawn_from(ganvas, trained):
    done(ganvas("generate", trained, "--at", "32", "--grid", "--out", "middle"))
    assert [path.name for path in (ganvas.folder / "middle").iterdir()] == ["grid.png"]


def test_a_vaegan_rebuilds_pictures(ganvas, pictures):
    small = ["--recipe", "vaegan", "--size", "16", "--width", "0.1", "--set", "training.batch=4", "--images", "16"]
    done(ganvas("train", pictures, *small, "--out", "run"))
    done(ganvas("generate", "run", "--rebuild", pictures, "--count", "6", "--out", "drawn"))
    assert (ganvas.folder / "drawn" / "rebuilt.png").is_file()
    assert len(list((ganvas.folder / "run" / "rebuilt").glob("0*.png"))) > 1


def test_a_set_is_packed_and_trained_on_and_goes_on(ganvas, pictures):
    said = done(ganvas("pack", pictures, "--shards", "3", "--out", "shards")).stdout
    assert "shards: 25 pictures of 2 classes in 3 shards" in said
    command = ["train", "shards/{000000..000002}.tar", *SMALL, "--set", "pictures.most_lost=0.5"]
    for images in ("8", "64"):
        done(ganvas(*command, "--images", images))
    log = (ganvas.folder / "runs" / "shards-dcgan28" / "log.jsonl").read_text()
    assert '"event": "resumed"' in log
    assert '"event": "pictures lost"' in log
    assert "text, not a picture" in log


@pytest.mark.parametrize(
    "more",
    [
        (),
        pytest.param(("--blind",), marks=pytest.mark.slow),
        pytest.param(("--conditional", "--alpha"), marks=pytest.mark.slow),
    ],
)
def test_the_default_recipe_trains_on_any_pictures_and_goes_on(more, ganvas, pictures):
    small = ["--size", "20x16", "--width", "0.1", *more, "--out", "run"]
    done(ganvas("train", pictures, *small, "--images", "32"))
    started = model_weights(ganvas.folder / "run")
    done(ganvas("train", pictures, *small, "--images", "64"))
    kept = tomllib.loads((ganvas.folder / "run" / "run.toml").read_text(encoding="utf-8"))
    assert kept["recipe"] == "swift"
    assert kept["network"]["architecture"] == ("cascade-narrow-blind" if "--blind" in more else "cascade-narrow")
    assert kept["objective"]["augment"] == (["tint", "translation"] if "--blind" in more else [])
    assert not any("sight" in name for name in whole_state(ganvas.folder / "run") if name.endswith("weight"))
    weights = model_weights(ganvas.folder / "run")
    assert_close(weights["base.components.axes"], started["base.components.axes"], rtol=0, atol=0)
    assert_close(weights["base.components.mean"], started["base.components.mean"], rtol=0, atol=0)
    done(ganvas("generate", "run", "--count", "3"))
    said = "No pretrained network" if "--blind" in more else "saw through EfficientNet-Lite0"
    assert said in (ganvas.folder / "run" / "model" / "README.md").read_text(encoding="utf-8")
    card = done(ganvas("score", "run", "--against", pictures, "--count", "8")).stdout
    assert said.lower() in card.lower()


def test_an_export_is_scored_and_names_no_path_of_the_machine_that_made_it(ganvas, trained, pictures):
    words = ["--title", "This smear does not exist", "--licence", "CC-BY-4.0"]
    told = done(ganvas("export", trained, "--against", pictures, "--out", "exported", *words)).stdout
    assert "of 255 grey levels from the original" in told
    exported = ganvas.folder / "exported"
    for name in ("model.json", "README.md"):
        text = (exported / name).read_text(encoding="utf-8")
        assert "KD-multiscale" in text
        for folder in (ganvas.folder, trained.parent, pictures.parent):
            assert str(folder) not in text
    again = done(ganvas("generate", exported, "--count", "1", "--out", "again"))
    assert Path(again.stdout.strip()).name == "grid.png"


@pytest.mark.slow
def test_a_run_is_exported_and_published_in_one_command(ganvas, trained, tmp_path):
    shutil.copytree(trained, tmp_path / "run")
    told = done(ganvas("publish", "run", "--to", "server", "--out", "server", "--no-score")).stdout
    assert "It was not scored: it was left out." in told
    assert (tmp_path / "run" / "exported" / "model.onnx").exists()
    assert (tmp_path / "server" / "model" / "page" / "index.html").exists()
    again = done(ganvas("publish", "run", "--to", "site", "--out", "site", "--no-score")).stdout
    assert "page.html" in again
    assert "not scored" not in again  # it was exported before
    process = ganvas("publish", "run", "--to", "site", "--out", "run", "--no-score")
    assert process.returncode == 2
    assert "holds a run" in process.stderr


@pytest.mark.slow
def test_a_run_without_its_pictures_is_exported_all_the_same_and_says_that_it_is_not_scored(ganvas, trained, pictures):
    shutil.copytree(pictures, ganvas.folder / "there")
    done(ganvas("train", "there", *SMALL, "--images", "32", "--out", "run"))
    shutil.rmtree(ganvas.folder / "there")
    told = done(ganvas("export", "run")).stdout
    assert "--against SOURCE names them" in told


@pytest.mark.slow
def test_what_its_author_said_outlasts_another_export(ganvas, trained):
    shutil.copytree(trained, ganvas.folder / "run")
    done(ganvas("export", "run", "--no-score", "--licence", "CC-BY-4.0", "--title", "No such thing"))
    path = ganvas.folder / "run" / "exported" / "model.json"
    named = path.read_text(encoding="utf-8").replace('"name": "', '"name": "my ')
    path.write_text(named, encoding="utf-8")
    done(ganvas("export", "run", "--no-score", "--about", "Words."))
    made = json.loads(path.read_text(encoding="utf-8"))["published"]
    assert (made["title"], made["about"], made["licence"]) == ("No such thing", "Words.", "CC-BY-4.0")
    assert all(each["name"].startswith("my ") for each in made["directions"])


@pytest.mark.slow
def test_copying_is_said_of_its_own_pictures_alone(ganvas, trained, tmp_path):
    numbers = np.random.default_rng(1)
    (tmp_path / "others").mkdir()
    for index in range(40):
        Image.fromarray(numbers.integers(0, 255, (32, 32, 3)).astype(np.uint8)).save(tmp_path / f"others/{index}.png")
    done(ganvas("export", trained, "--against", "others", "--out", "exported"))
    made = json.loads((tmp_path / "exported" / "model.json").read_text(encoding="utf-8"))["published"]
    assert made["findings"]
    assert "copying" not in made


def test_words_that_are_too_long_are_refused_before_anything_is_done(ganvas, trained):
    process = ganvas("export", trained, "--about", "a" * 10_001, "--out", "exported")
    assert process.returncode == 2
    assert len(process.stderr.strip().splitlines()) == 1
    assert len(process.stderr) < 500


def test_a_place_that_is_not_known_is_refused_before_anything_is_done(ganvas, trained):
    process = ganvas("publish", trained, "--to", "moon", "--out", "moon")
    assert process.returncode == 2
    assert "site, lambda, docker, server, hub" in process.stderr
    assert not (trained / "exported").exists()


def test_a_model_that_was_not_exported_is_served_only_once_it_is(ganvas, trained):
    process = ganvas("serve", trained)
    assert process.returncode == 4
    assert f"`ganvas export {trained}`" in process.stderr


def test_runs_are_compared_in_one_page(ganvas, pictures, trained):
    rates = [f"--set=optimizer.{player}_rate=1e-4" for player in ("generator", "discriminator")]
    done(ganvas("train", pictures, *SMALL, "--images", "64", "--conditional", *rates, "--out", "slow"))
    done(ganvas("compare", "slow", trained))
    page = (ganvas.folder / "compare.html").read_text(encoding="utf-8")
    assert "optimizer.generator_rate" in page
    assert "pictures.width" not in page


def test_losses_that_stop_being_numbers_end_the_run_with_advice(ganvas, pictures):
    rates = [f"--set=optimizer.{player}_rate=1e30" for player in ("generator", "discriminator")]
    process = ganvas("train", pictures, *SMALL, "--images", "4000", *rates, "--out", "run")
    assert process.returncode == 1
    assert "not a finite number" in process.stderr
    assert "Try: lower" in process.stderr
    assert len(process.stderr.strip().splitlines()[-1]) < 400


@pytest.mark.parametrize("look", ["look", "train"])
def test_too_few_pictures_end_with_status_3(look, ganvas, tmp_path):
    few = tmp_path / "few"
    few.mkdir()
    Image.new("RGB", (32, 32)).save(few / "only.png")
    process = ganvas(look, few)
    assert process.returncode == 3
    assert "8" in process.stderr


def test_look_shows_what_the_network_will_see(ganvas, pictures):
    process = done(ganvas("look", pictures, "--size", "32x24", "--out", "sheet.png"))
    assert "words.jpg" in process.stdout
    with Image.open(ganvas.folder / "sheet.png") as sheet:
        assert sheet.size[0] > 32


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["train", "nowhere-at-all"], "nowhere-at-all"),
        (["train"], "which pictures"),
        (["train", "avatars", "--recipe", "stylegan"], "there is no recipe"),
        (["train", "avatars", "--size", "huge"], "expected pixels"),
        (["train", "avatars", "--time", "soon"], "expected something like"),
        (["train", "avatars", "--set", "a.b=1"], "no section"),
        (["train", "avatars", "--set", "objective.loss=regret"], "relativistic"),
        (["train", "avatars", "--set", "objective.augment=color,confetti"], "confetti"),
        (["train", "avatars", "--recipe", "vaegan", "--set", "training.balance_margin=1"], "does not go with vaegan"),
        (
            ["train", "avatars", "--set", "objective.gradient_penalty_weight=1"],
            "objective.gradient_penalty_weight does not go with cascade",
        ),
        (["train", "avatars", "--blind", "--recipe", "dcgan"], "it goes with swift"),
        (["train", "--resume", "--out", "nothing"], "no run"),
        (["train", "avatars", "--device", "abacus"], "abacus"),
        (["look", "avatars", "--fit", "bend"], "fit"),
        (["recipes", "stylegan"], "there is no recipe"),
        (["compare", "nothing", "neither"], "nothing"),
        (["frobnicate"], "frobnicate"),
    ],
)
def test_a_wrong_command_ends_with_status_2_and_says_what_was_wrong(arguments, told, ganvas):
    process = ganvas(*arguments)
    assert process.returncode == 2
    assert told in process.stderr
    assert "Traceback" not in process.stderr


def test_a_pickle_in_place_of_a_model_ends_with_status_4(ganvas, trained):
    shutil.copytree(trained / "model", ganvas.folder / "run")
    (ganvas.folder / "run" / "generator.safetensors").write_bytes(b"\x80\x04cos\nsystem\n(S'touch ran'\ntR.")
    process = ganvas("generate", "run")
    assert process.returncode == 4
    assert len(process.stderr.strip().splitlines()) == 1
    assert not Path(ganvas.folder / "ran").exists()


def test_recipes_lists_them_all_and_shows_one_in_full(ganvas):
    listed = done(ganvas("recipes")).stdout
    for name in ("mlp", "dcgan28", "balanced", "vaegan", "dcgan", "lsgan", "wgan-gp", "r3gan"):
        assert f"\n{name}" in "\n" + listed
    assert "beta1 = 0.9" in done(ganvas("recipes", "lsgan")).stdout
