"""What is read back of a model, and of a server: see bench/faults/readers.py."""

import hashlib
from functools import partial
from pathlib import Path

import numpy as np
import torch
from onnx import TensorProto, helper, numpy_helper

from bench.faults.small import SIZE_PX, header_of, small_description
from bench.faults.trying import Build, Reader, in_file
from ganvas.formats.manifest import (
    DESCRIPTION_FILE,
    ONNX_FILE,
    TRAINING_FILE,
    Direction,
    Provenance,
    Publication,
    read_description,
)
from ganvas.model.card import model_card
from ganvas.model.weights import WEIGHTS_FILE, load_model, save_model, spec_of
from ganvas.serving.auth import read_keys
from ganvas.serving.engine import Engine
from ganvas.training import build_networks


def _graph() -> bytes:
    """A graph of the operators that generators are made of, for 16 pixels, 4 numbers and 2 classes."""
    numbers = np.random.default_rng(0)

    def weights(*shape: int) -> np.ndarray:
        return numbers.random(shape).astype(np.float32)

    stored: dict[str, np.ndarray] = {
        "embedding": weights(2, 4),
        "matrix": weights(4, 16),
        "shape": np.array([-1, 1, 4, 4]),
        "up": weights(1, 2, 4, 4),
        **{name: weights(2) for name in ("scale", "bias", "mean", "variance")},
        "scales": np.array([1, 1, 2, 2], np.float32),
        "kernel": weights(3, 2, 3, 3).astype(np.float16),
        "half": np.array(127.5, np.float32),
        "least": np.array(0, np.float32),
        "most": np.array(255, np.float32),
    }
    node = helper.make_node
    steps = [
        node("Gather", ["embedding", "label"], ["embedded"], axis=0),
        node("Add", ["z", "embedded"], ["moved"]),
        node("Gemm", ["moved", "matrix"], ["flat"]),
        node("Reshape", ["flat", "shape"], ["small"]),
        node("ConvTranspose", ["small", "up"], ["grown"], strides=[2, 2], pads=[1, 1, 1, 1]),
        node("BatchNormalization", ["grown", "scale", "bias", "mean", "variance"], ["normal"]),
        node("LeakyRelu", ["normal"], ["bent"], alpha=0.2),
        node("Resize", ["bent", "", "scales"], ["large"], mode="nearest"),
        node("Cast", ["kernel"], ["kernel32"], to=TensorProto.FLOAT),
        node("Conv", ["large", "kernel32"], ["colours"], pads=[1, 1, 1, 1]),
        node("Tanh", ["colours"], ["levels"]),
        node("Mul", ["levels", "half"], ["halves"]),
        node("Add", ["halves", "half"], ["wholes"]),
        node("Clip", ["wholes", "least", "most"], ["held"]),
        node("Round", ["held"], ["rounded"]),
        node("Cast", ["rounded"], ["bytes"], to=TensorProto.UINT8),
        node("Transpose", ["bytes"], ["image"], perm=[0, 2, 3, 1]),
    ]
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        steps,
        "main",
        [value("z", TensorProto.FLOAT, ["batch", 4]), value("label", TensorProto.INT64, ["batch"])],
        [value("image", TensorProto.UINT8, ["batch", SIZE_PX, SIZE_PX, 3])],
        [numpy_helper.from_array(each, name) for name, each in stored.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10).SerializeToString()


def _exported(folder: Path, graph: bytes) -> None:
    directions = (Direction(name="d", share=0.5, vector=(1.0, 0.0, 0.0, 0.0)),)
    published = Publication(
        title="T",
        licence="CC0-1.0",
        sha256=hashlib.sha256(graph).hexdigest(),
        weights="float16",
        compared_seeds=3,
        largest_difference=0,
        directions=directions,
        scores={"kd": 0.1},
    )
    folder.mkdir(parents=True, exist_ok=True)
    (folder / ONNX_FILE).write_bytes(graph)
    (folder / DESCRIPTION_FILE).write_text(small_description(published=published).to_json())


def _served(folder: Path) -> object:
    """What a server draws first of all."""
    engine = Engine(folder, threads=1)
    drawn = engine.draw(engine.latents([1, 2], None, {1: 0.5}), engine.labels([1, 2]))
    described = engine.description
    if drawn.shape != (2, described.height, described.width, described.channels) or drawn.dtype != np.uint8:
        raise AssertionError(f"drew {drawn.dtype} {drawn.shape}")
    return engine.identity


def _onnx(folder: Path) -> Reader:
    def read(stored: bytes) -> object:
        _exported(folder, stored)
        return _served(folder)

    return Reader(_graph(), read)


def _served_json(folder: Path) -> Reader:
    _exported(folder, _graph())
    path = folder / DESCRIPTION_FILE

    def read(_: Path) -> object:
        described = read_description(folder)
        return described.to_json().encode(), model_card(described).encode(), _served(folder)

    return Reader(path.read_bytes(), in_file(path, read))


def _model(folder: Path, name: str) -> Reader:
    described = small_description()
    provenance = Provenance(date="2026-01-31", images=3, seconds=1.5, device="cpu")
    networks = build_networks("mlp", spec_of(described), "kaiming", torch.Generator().manual_seed(0))
    save_model(folder, described, networks.generator)
    (folder / TRAINING_FILE).write_text(provenance.model_dump_json(indent=1) + "\n")
    path = folder / name
    good = path.read_bytes()

    def read(_: Path) -> object:
        found = load_model(folder)
        return found.description.to_json().encode(), model_card(found.description).encode()

    return Reader(good, in_file(path, read), header_of(good) if name == WEIGHTS_FILE else None)


def _keys(folder: Path) -> Reader:
    good = b"# ours\n8d1f0c36be52a974e07d3b61c5fa2849\n\n46b0e9d2173fac58d5c8127e90fb6a34\n"
    return Reader(good, in_file(folder / "keys", read_keys))


MODELS: dict[str, Build] = {
    "model.json": partial(_model, name=DESCRIPTION_FILE),
    "training.json": partial(_model, name=TRAINING_FILE),
    "generator.safetensors": partial(_model, name=WEIGHTS_FILE),
    "model.json, served": _served_json,
    "model.onnx": _onnx,
    "keys": _keys,
}
