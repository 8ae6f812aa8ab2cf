"""Pushing and pulling, by the Hub's own library, against a server here that speaks the Hub's API."""

import os

import pytest

from forked import run_ganvas
from ganvas.model.weights import load_model
from hub_server import TOKEN, served_hub


@pytest.fixture
def hub():
    with served_hub() as server:
        yield server


@pytest.fixture
def ganvas(hub, tmp_path):
    """The command, in a process of its own, which knows the address and the token as a person's shell would."""

    def run(*arguments, token=TOKEN):
        environment = os.environ | {
            "HF_ENDPOINT": hub.address,
            "HF_HUB_DISABLE_XET": "1",
            "HF_HOME": str(tmp_path / "hf"),
        }
        environment |= {"HF_HUB_DISABLE_TELEMETRY": "1"} | ({"HF_TOKEN": token} if token else {})
        return run_ganvas([str(argument) for argument in arguments], cwd=tmp_path, env=environment)

    return run


def test_a_model_and_its_page_are_pushed_and_the_model_comes_back(hub, ganvas, published, tmp_path):
    done = ganvas("publish", published.folder, "--to", "hub", "--out", "out", "--repository", "ada/things")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-2:] == [f"{hub.address}/ada/things", f"{hub.address}/spaces/ada/things"]
    model, space = hub.repositories["model", "ada/things"], hub.repositories["space", "ada/things"]
    assert {"generator.safetensors", "model.onnx", "model.json", "README.md", "preview.png"} <= set(model)
    assert model["README.md"].startswith(b"---\nlibrary_name: ganvas\n")
    assert {"index.html", "app.js", "model.onnx.gz", "vendor/ort.wasm.gz"} <= set(space)
    assert b"sdk: static" in space["README.md"]
    assert hub.authorised
    drawn = ganvas("generate", "hf:ada/things", "--count", "2", "--out", "drawn", token=None)
    assert drawn.returncode == 0, drawn.stderr
    assert (tmp_path / "drawn" / "000001.png").exists()
    assert model["generator.safetensors"] == (published.folder / "generator.safetensors").read_bytes()
    assert load_model(published.folder).description.published is not None


@pytest.mark.slow
def test_a_token_is_never_printed_or_written(hub, ganvas, published, tmp_path):
    for token in (TOKEN, TOKEN + "x"):
        done = ganvas(
            "publish", published.folder, "--to", "hub", "--out", "out", "--repository", "ada/things", token=token
        )
        assert token not in done.stdout + done.stderr
        debugged = ganvas(
            "publish", published.folder, "--to", "hub", "--out", "out", "--repository", "a/b", "--debug", token=token
        )
        assert token not in debugged.stdout + debugged.stderr
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert written
    assert not any(TOKEN.encode() in path.read_bytes() for path in written)


def test_a_refusal_says_how_to_log_in(ganvas, published):
    done = ganvas(
        "publish", published.folder, "--to", "hub", "--out", "out", "--repository", "ada/things", token="hf_wrong"
    )
    assert done.returncode == 2
    assert "hf auth login" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_repository_without_an_owner_is_refused_before_anything_is_made(hub, ganvas, published):
    done = ganvas("publish", published.folder, "--to", "hub", "--out", "out", "--repository", "things")
    assert done.returncode == 2
    assert "OWNER/NAME" in done.stderr
    assert hub.repositories == {}


def test_only_what_was_written_is_pushed(hub, ganvas, published, tmp_path):
    for part in ("model", "space"):
        (tmp_path / "out" / part).mkdir(parents=True)
        (tmp_path / "out" / part / "diary.txt").write_text("mine", encoding="utf-8")
    done = ganvas("publish", published.folder, "--to", "hub", "--out", "out", "--repository", "ada/things")
    assert done.returncode == 0, done.stderr
    assert not any("diary.txt" in files for files in hub.repositories.values())


def test_without_a_repository_it_is_only_written(hub, ganvas, published, tmp_path):
    assert ganvas("publish", published.folder, "--to", "hub", "--out", "out").returncode == 0
    assert (tmp_path / "out" / "model" / "model.onnx").exists()
    assert (tmp_path / "out" / "space" / "index.html").exists()
    assert hub.repositories == {}


def test_a_model_that_is_not_there_is_said_to_be_missing(ganvas):
    done = ganvas("generate", "hf:ada/nothing", "--count", "1")
    assert done.returncode == 2
    assert "no such repository" in done.stderr
