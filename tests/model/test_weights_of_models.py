import itertools
import json
import pickle
import struct

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from ganvas.errors import ModelError
from ganvas.formats.manifest import Description
from ganvas.model import draw, labels_for, latents_for
from ganvas.model.weights import kept_moments, load_model, save_model, save_weights, spec_of
from ganvas.run.folder import RunFolder
from ganvas.training import ARCHITECTURES, build_networks


def description(architecture="dcgan", **changes):
    values = {
        "architecture": architecture,
        "width": 16,
        "height": 16,
        "channels": 3,
        "z_dim": 5,
        "z_distribution": "normal",
        "multiplier": 0.02,
        "recipe": architecture,
        "images": 0,
        "averaged": False,
        "ganvas": "0",
    }
    return Description(**(values | changes))


@pytest.fixture
def saved(tmp_path):
    """A function that writes a run folder with a fresh model, and returns its path and the generator."""

    def save(architecture="dcgan", **changes):
        told = description(architecture, **changes)
        networks = build_networks(architecture, spec_of(told), "kaiming", torch.Generator().manual_seed(0))
        save_model(tmp_path / "model", told, networks.generator, networks.encoder)
        return tmp_path, networks.generator.eval()

    return save


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_a_saved_generator_draws_what_it_drew_before(architecture, saved):
    path, generator = saved(architecture, classes=("cat", "dog"))
    model = load_model(path)
    z = latents_for(model.description, range(3))
    labels = labels_for(model.description, range(3))
    for ours, theirs in zip(draw(model.generator, z, labels), draw(generator, z, labels), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_a_model_folder_is_as_good_as_a_run_folder(saved):
    path, _ = saved()
    assert load_model(path / "model").description == load_model(path).description


def test_a_seeds_picture_does_not_depend_on_how_many_are_drawn(saved):
    model = load_model(saved()[0])
    alone = next(draw(model.generator, latents_for(model.description, [41]), None))
    *_, last = draw(model.generator, latents_for(model.description, range(30, 42)), None)
    np.testing.assert_array_equal(alone, last)


def test_truncation_to_nothing_gives_one_picture_for_every_seed(saved):
    model = load_model(saved()[0])
    first, second = draw(model.generator, latents_for(model.description, [1, 2], truncation=0), None)
    np.testing.assert_array_equal(first, second)


def test_a_half_precision_moment_draws_nearly_the_same(saved):
    path, generator = saved()
    save_weights(path / "moments" / "000000640.safetensors", generator, half=True)
    z = latents_for(description(), range(4))
    whole = np.stack(list(draw(generator, z, None))).astype(int)
    half = np.stack(list(draw(load_model(path, at=700).generator, z, None))).astype(int)
    assert abs(whole - half).max() <= 1


def test_a_moment_that_was_not_kept_is_named_with_those_that_were(saved):
    path, generator = saved()
    save_weights(path / "moments" / "000000640.safetensors", generator, half=True)
    with pytest.raises(ModelError, match="kept: 640"):
        load_model(path, at=100)


def test_a_missing_model_is_a_model_error(tmp_path):
    with pytest.raises(ModelError, match="is missing"):
        load_model(tmp_path)


class Bomb:
    def __reduce__(self):
        return (exec, ("raise SystemExit('code was run')",))


def as_pickle(path):
    path.write_bytes(pickle.dumps({"weights": Bomb()}))


def truncated(path):
    path.write_bytes(path.read_bytes()[:-10])


def empty(path):
    path.write_bytes(b"")


def a_folder(path):
    path.unlink()
    path.mkdir()


def gone(path):
    path.unlink()


def huge_header(path):
    path.write_bytes(struct.pack("<Q", 2**60) + b"{}")


def lying_offsets(path):
    header = json.dumps({"w": {"dtype": "F32", "shape": [2**40], "data_offsets": [0, 2**42]}}).encode()
    path.write_bytes(struct.pack("<Q", len(header)) + header + b"\0" * 16)


def wrong_shapes(path):
    save_file({name: torch.zeros(*tensor.shape, 2) for name, tensor in load_file(path).items()}, path)


def wrong_type(path):
    save_file({name: tensor.to(torch.int8) for name, tensor in load_file(path).items()}, path)


def one_missing(path):
    tensors = load_file(path)
    tensors.popitem()
    save_file(tensors, path)


def one_more(path):
    save_file(load_file(path) | {"extra": torch.zeros(1)}, path)


def much_too_large(path):
    save_file({"w": torch.zeros(2_000_000)}, path)


HOSTILE_WEIGHTS = [
    as_pickle,
    truncated,
    empty,
    a_folder,
    gone,
    huge_header,
    lying_offsets,
    wrong_shapes,
    wrong_type,
    one_missing,
    one_more,
    much_too_large,
]


@pytest.mark.parametrize("harm", HOSTILE_WEIGHTS)
def test_a_hostile_weights_file_is_a_model_error(harm, saved):
    path, _ = saved()
    harm(path / "model" / "generator.safetensors")
    with pytest.raises(ModelError):
        load_model(path)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "not json",
        "[" * 100_000,
        '{"format": 2}',
        " " * 2_000_000,
        "\udcff".encode("utf-8", "surrogateescape"),
    ],
)
def test_a_hostile_description_is_a_model_error(text, saved):
    path, _ = saved()
    (path / "model" / "model.json").write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ModelError):
        load_model(path)


@pytest.mark.parametrize(
    "changes", [{"architecture": "os.system"}, {"width": 2**40}, {"z_dim": 10**9}, {"multiplier": 1e9}, {"more": 1}]
)
def test_a_description_that_asks_for_the_impossible_is_a_model_error(changes, saved):
    path, _ = saved()
    file = path / "model" / "model.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | changes))
    with pytest.raises(ModelError):
        load_model(path)


def test_weights_that_are_not_numbers_are_a_model_error(saved):
    path, _ = saved()
    file = path / "model" / "generator.safetensors"
    save_file({name: t * float("nan") if t.is_floating_point() else t for name, t in load_file(file).items()}, file)
    model = load_model(path)
    with pytest.raises(ModelError, match="not numbers"):
        list(draw(model.generator, latents_for(model.description, [0]), None))


def test_kept_moments_stay_within_their_budget_and_log_spaced(saved):
    path, generator = saved()
    folder = RunFolder(path)
    save_weights(path / "moments" / "000000000.safetensors", generator, half=True)
    size = (path / "moments" / "000000000.safetensors").stat().st_size
    for step in range(200):
        folder.keep_moment(generator, 64 * step, budget_bytes=int(6.5 * size))
    kept = list(kept_moments(path))
    assert len(kept) == 6
    assert kept[-1] == 64 * 199
    ratios = [(later + 1) / (earlier + 1) for earlier, later in itertools.pairwise(kept)]
    assert max(ratios) < 200


def test_a_budget_of_nothing_keeps_the_newest_moment_alone(saved):
    path, generator = saved()
    for images in (0, 64, 128):
        RunFolder(path).keep_moment(generator, images, budget_bytes=0)
    assert list(kept_moments(path)) == [128]
