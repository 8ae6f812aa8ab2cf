"""The engine draws the golden pictures, and refuses what is not whole."""

import io
import math
import subprocess
import sys
import zipfile
from hashlib import sha256

import numpy as np
import onnx
import pytest
from PIL import Image

from ganvas.errors import ModelError, SettingError
from ganvas.formats.manifest import DESCRIPTION_FILE, ONNX_FILE, read_description
from ganvas.serving.encoding import ANIMATED, KINDS, animated, encoded, zipped
from ganvas.serving.engine import Engine

SEEDS = range(12)


@pytest.fixture(scope="module")
def engine(published):
    return Engine(published.folder, threads=1)


def differs_by(found, expected):
    assert found.shape == expected.shape
    return int(np.abs(found.astype(int) - expected).max())


def test_its_pictures_are_those_of_the_generator(engine, published):
    assert differs_by(engine.draw(engine.latents(SEEDS), engine.labels(SEEDS)), published.golden) <= 1


def test_with_labels_its_pictures_are_those_of_the_generator(labelled):
    engine = Engine(labelled.folder, threads=1)
    assert differs_by(engine.draw(engine.latents(SEEDS), engine.labels(SEEDS)), labelled.golden) <= 1


def test_a_picture_does_not_depend_on_what_is_drawn_beside_it(engine, published):
    alone = np.concatenate([engine.draw(engine.latents([seed]), None) for seed in SEEDS])
    assert differs_by(alone, published.golden) <= 1


def test_a_label_draws_its_class(labelled):
    engine = Engine(labelled.folder, threads=1)
    assert engine.labels([1, 2], "owl").tolist() == [2, 2]
    cat, owl = (engine.draw(engine.latents([1]), engine.labels([1], name)) for name in ("cat", "owl"))
    assert differs_by(cat, owl) > 1


def test_a_step_along_a_direction_moves_the_latent_by_its_vector(engine):
    still, moved = engine.latents([3], 0.5), engine.latents([3], 0.5, {2: -1.5})
    np.testing.assert_allclose(moved - still, [-1.5 * np.array(engine.publication.directions[1].vector)], atol=1e-6)


def test_a_direction_that_is_not_there_is_refused(engine):
    with pytest.raises(SettingError, match="no direction 99"):
        engine.latents([1], steps={99: 1.0})


def test_a_label_that_is_not_there_is_refused(engine, labelled):
    with pytest.raises(SettingError, match="none: it was trained without"):
        engine.labels([1], "cat")
    with pytest.raises(SettingError, match="cat, dog, owl"):
        Engine(labelled.folder, threads=1).labels([1], "cow")


def copied(published, tmp_path):
    for path in published.folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    return tmp_path


def test_a_graph_that_was_changed_is_refused(published, tmp_path):
    folder = copied(published, tmp_path)
    with (folder / "model.onnx").open("ab") as file:
        file.write(b"0")
    with pytest.raises(ModelError, match="is not the file"):
        Engine(folder)


def test_a_graph_that_fits_together_and_cannot_draw_every_class_is_refused_when_it_is_opened(labelled, tmp_path):
    """A row of numbers for one class, where there are three."""
    described = read_description(labelled.folder)
    value = onnx.helper.make_tensor_value_info
    shape = described.height, described.width, described.channels
    stored = {
        "rows": np.zeros((1, described.z_dim), np.float32),
        "matrix": np.zeros((described.z_dim, math.prod(shape)), np.float32),
        "shape": np.array([-1, *shape]),
    }
    steps = [
        onnx.helper.make_node("Gather", ["rows", "label"], ["row"]),
        onnx.helper.make_node("Add", ["z", "row"], ["sum"]),
        onnx.helper.make_node("Gemm", ["sum", "matrix"], ["flat"]),
        onnx.helper.make_node("Reshape", ["flat", "shape"], ["levels"]),
        onnx.helper.make_node("Cast", ["levels"], ["image"], to=onnx.TensorProto.UINT8),
    ]
    graph = onnx.helper.make_graph(
        steps,
        "main",
        [value("z", onnx.TensorProto.FLOAT, ["b", described.z_dim]), value("label", onnx.TensorProto.INT64, ["b"])],
        [value("image", onnx.TensorProto.UINT8, ["b", *shape])],
        [onnx.numpy_helper.from_array(each, name) for name, each in stored.items()],
    )
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 20)], ir_version=10)
    data = model.SerializeToString()
    assert described.published is not None
    published = described.published.model_copy(update={"sha256": sha256(data).hexdigest()})
    (tmp_path / ONNX_FILE).write_bytes(data)
    (tmp_path / DESCRIPTION_FILE).write_text(described.model_copy(update={"published": published}).to_json())
    with pytest.raises(ModelError, match="onnxruntime cannot draw with") as caught:
        Engine(tmp_path, threads=1)
    assert "\n" not in str(caught.value)


def test_a_missing_graph_is_a_model_error(published, tmp_path):
    folder = copied(published, tmp_path)
    (folder / "model.onnx").unlink()
    with pytest.raises(ModelError, match="cannot be read"):
        Engine(folder)


def test_a_model_that_was_not_exported_says_how_it_is(published, tmp_path):
    folder = copied(published, tmp_path)
    lines = (folder / "model.json").read_text(encoding="utf-8").split('"published"')[0].rstrip().removesuffix(",")
    (folder / "model.json").write_text(lines + "}", encoding="utf-8")
    with pytest.raises(ModelError, match="ganvas export"):
        Engine(folder)


def test_a_run_folder_stands_for_the_model_exported_in_it(published, tmp_path):
    (tmp_path / "exported").mkdir()
    copied(published, tmp_path / "exported")
    assert Engine(tmp_path).publication.title == "This thing does not exist"


def test_serving_never_imports_what_trains():
    heavy = {"torch", "matplotlib", "ganvas.networks", "ganvas.data"}
    listing = f"import sys, ganvas.serving.server, ganvas.serving.lambda_handler; print({heavy} & sys.modules.keys())"
    found = subprocess.run([sys.executable, "-c", listing], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "set()"


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("format", KINDS)
def test_a_file_holds_the_picture_that_was_drawn(format, channels):
    picture = np.random.default_rng(0).integers(0, 256, (6, 9, channels), dtype=np.uint8)
    found = Image.open(io.BytesIO(encoded(picture, format)))
    assert found.format == format.upper()
    assert found.size == (9, 6)
    if format != "jpeg":
        mode = {1: "L", 3: "RGB", 4: "RGBA"}[channels]
        levels = np.asarray(found.convert(mode)).reshape(6, 9, channels)
        seen = picture[..., 3:] > 0 if channels == 4 and format == "webp" else np.ones((6, 9, 1), bool)
        np.testing.assert_array_equal(np.where(seen, levels, 0), np.where(seen, picture, 0))


@pytest.mark.parametrize("format", ANIMATED)
def test_a_film_has_its_frames_and_repeats(format):
    frames = np.random.default_rng(0).integers(0, 256, (7, 8, 8, 3), dtype=np.uint8)
    found = Image.open(io.BytesIO(animated(frames, format, fps=10)))
    assert found.n_frames == 7
    found.load()
    assert found.info["loop"] == 0
    assert found.info["duration"] == 100


def test_a_zip_has_a_file_for_each_picture():
    pictures = np.random.default_rng(0).integers(0, 256, (3, 8, 8, 3), dtype=np.uint8)
    with zipfile.ZipFile(io.BytesIO(zipped(pictures, ["a", "b", "c"], "png"))) as archive:
        assert archive.namelist() == ["a.png", "b.png", "c.png"]
        found = [np.asarray(Image.open(archive.open(name))) for name in archive.namelist()]
    np.testing.assert_array_equal(found, pictures)
