"""Exported models draw what their generators draw."""

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto

from ganvas.errors import ModelError
from ganvas.formats.graph import check_graph
from ganvas.formats.manifest import read_description
from ganvas.model import main_directions
from ganvas.model import onnx as exporting
from ganvas.model.directions import mean_effects, named, patterns
from ganvas.model.onnx import MOST_DIFFERENT, OPSET, export, run, to_onnx
from ganvas.model.weights import Model, load_model
from ganvas.training import ARCHITECTURES

BROWSER_HAS = {
    *("Add", "AveragePool", "BatchNormalization", "Cast", "Clip", "Concat", "Conv", "ConvTranspose", "DepthToSpace"),
    *(
        "Div",
        "Exp",
        "Expand",
        "Gather",
        "Gemm",
        "LeakyRelu",
        "MatMul",
        "Mul",
        "Pad",
        "Relu",
        "Reshape",
        "Resize",
        "Round",
        "Sigmoid",
    ),
    *("ReduceL2", "Slice", "Squeeze", "Sub", "Tanh", "Transpose", "Unsqueeze"),
}


EVERY_DAY = {"cascade-narrow", "dcgan28"}
BY_TIER = [pytest.param(name, marks=[] if name in EVERY_DAY else [pytest.mark.slow]) for name in ARCHITECTURES]


@pytest.mark.parametrize("architecture", BY_TIER)
@pytest.mark.parametrize(
    "shape",
    [
        pytest.param({"width": 32, "height": 24}, id="oblong", marks=pytest.mark.slow),
        pytest.param({"classes": ("a", "b", "c"), "width": 28, "height": 28, "channels": 1}, id="labelled"),
    ],
)
def test_every_architecture_draws_in_onnxruntime_what_it_draws_in_pytorch(architecture, shape, make_model):
    model = make_model(architecture, **shape)
    graph = export(model)
    check_graph(graph.stored, model.description)
    assert graph.largest_difference <= MOST_DIFFERENT
    parsed = onnx.load_from_string(graph.stored)
    assert {entry.version for entry in parsed.opset_import if not entry.domain} == {OPSET}
    assert {node.op_type for node in parsed.graph.node} <= BROWSER_HAS


SIZES = [(100, 36), *(pytest.param(size, marks=pytest.mark.slow) for size in ((16, 16), (48, 64), (64, 48)))]


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_the_default_draws_the_same_at_every_shape(size, make_model):
    model = make_model(width=size[0], height=size[1], channels=4)
    assert export(model).largest_difference <= MOST_DIFFERENT


def test_matrices_are_stored_in_half_precision_and_vectors_whole(make_model):
    parsed = onnx.load_from_string(export(make_model("dcgan28")).stored)
    kinds = {len(tensor.dims) > 1: tensor.data_type for tensor in parsed.graph.initializer if "int" not in tensor.name}
    wide = {tensor.data_type for tensor in parsed.graph.initializer if len(tensor.dims) > 1}
    assert wide == {TensorProto.FLOAT16}
    assert kinds[False] != TensorProto.FLOAT16


def test_weights_that_half_precision_cannot_hold_are_stored_whole(make_model):
    model = make_model("mlp")
    first = next(layer for layer in model.generator.modules() if isinstance(layer, torch.nn.Linear))
    with torch.no_grad():
        first.weight.mul_(1e6)
    last = [layer for layer in model.generator.modules() if isinstance(layer, torch.nn.Linear)][-1]
    with torch.no_grad():
        last.weight.mul_(1e-6)
    assert export(model).weights == "float32"


def test_a_graph_that_draws_something_else_is_refused(monkeypatch, make_model):
    model = make_model("dcgan28")
    expected = run(to_onnx(model).SerializeToString(), model.description)
    monkeypatch.setattr(exporting, "run", lambda stored, description: np.clip(expected, 2, 255) - 2)
    with pytest.raises(ModelError, match=r"up to [23] grey levels over 256 seeds"):
        export(model)


def test_an_exported_folder_is_a_model_like_any_other(published):
    model = load_model(published.folder)
    assert model.description.published is not None
    assert read_description(published.folder) == model.description


def test_the_card_says_what_the_author_said(published):
    card = (published.folder / "README.md").read_text(encoding="utf-8")
    assert card.startswith("---\n")
    assert "license: cc0-1.0" in card
    assert "# This thing does not exist" in card
    assert "Its quality was not measured." in card


class Linear(torch.nn.Module):
    """(B, 3) latents -> (B, 1, 16, 16) pictures, by a matrix."""

    def __init__(self, matrix: torch.Tensor):
        super().__init__()
        self.matrix = matrix

    def forward(self, z: torch.Tensor, labels: torch.Tensor | None = None) -> torch.Tensor:
        return (z @ self.matrix).view(-1, 1, 16, 16)


def test_the_directions_of_a_linear_generator_are_its_singular_vectors(make_model):
    left, _, right = torch.linalg.svd(torch.randn(3, 256), full_matrices=False)
    lengths = torch.tensor([3.0, 2.0, 1.0])
    matrix = left @ lengths.diag() @ right
    model = make_model("dcgan28", z_dim=3, channels=1, width=16, height=16)
    linear = Model(model.description, Linear(matrix), None)
    found = main_directions(linear)
    torch.testing.assert_close(mean_effects(linear).flatten(1), matrix, rtol=0.2, atol=0.2)
    assert [each.share for each in found] == pytest.approx((lengths**2 / (lengths**2).sum()).tolist(), abs=0.05)
    for each, expected in zip(found, left.T, strict=True):
        assert abs(float(each.vector @ expected.double().numpy())) > 0.95


def test_a_generator_with_components_has_them_as_directions(make_model):
    found = main_directions(make_model(), count=4)
    for at, each in enumerate(found):
        assert abs(float(each.vector[at])) == pytest.approx(1, abs=1e-4)
    shares = [each.share for each in found]
    assert shares == sorted(shares, reverse=True)


@pytest.mark.parametrize("channels", [1, 3])
def test_a_simple_change_goes_by_its_name_whatever_its_sign(channels):
    for name, pattern in patterns(torch.zeros(channels, 8, 10)).items():
        assert named(3 * pattern) == (name, 1.0)
        assert named(-pattern) == (name, -1.0)


def test_a_change_like_no_simple_one_has_no_name():
    checks = torch.tensor([[1.0, -1.0], [-1.0, 1.0]]).repeat(4, 4)[None]
    assert named(checks)[0] == ""


def test_a_graph_names_no_file_of_the_machine_that_made_it(published):
    stored = (published.folder / "model.onnx").read_bytes()
    for part in (b".py", b"site-packages", str(published.folder.parent).encode()):
        assert part not in stored
