"""Eight bits: which layers were really quantised, and when it is worth it."""

import dataclasses

import numpy as np
import onnx
import onnxruntime
import pytest

from ganvas.features import load_extractor
from ganvas.files import cache_folder
from ganvas.formats.graph import check_graph
from ganvas.model.onnx import drawn_by_pytorch, largest_difference, to_onnx
from ganvas.model.quantize import LAYERS, LEAST_FASTER, MOST_LOSS, Trial, count_quantised, feeds, try_int8


@pytest.fixture(scope="module")
def tried(make_model):
    model = make_model("dcgan28", classes=("cat", "dog"))
    extractor = load_extractor("lite", (24, 32), cache_folder() / "downloads")
    return model, try_int8(to_onnx(model), model.description, extractor)


def test_layers_that_cannot_compute_in_integers_are_not_counted_as_if_they_did(tried):
    """A graph may ask for integers where the runtime has no kernel for them, such as transposed convolutions."""
    model, trial = tried
    check_graph(trial.stored, model.description)
    kinds = [node.op_type for node in onnx.load_from_string(trial.stored).graph.node]
    assert trial.layers == sum(kind in LAYERS for kind in kinds)
    assert 0 < trial.quantised <= trial.layers - kinds.count("ConvTranspose") < trial.layers


@pytest.mark.slow
def test_convolutions_are_counted(make_model):
    model = make_model("cascade-narrow")
    extractor = load_extractor("lite", (24, 32), cache_folder() / "downloads")
    trial = try_int8(to_onnx(model), model.description, extractor)
    assert trial.quantised > trial.layers / 2


def test_nothing_is_counted_in_a_graph_that_was_not_quantised(make_model):
    quantised, layers = count_quantised(to_onnx(make_model("dcgan28")).SerializeToString())
    assert quantised == 0
    assert layers > 0


def test_a_trial_draws_nearly_what_the_generator_draws(tried):
    model, trial = tried
    session = onnxruntime.InferenceSession(trial.stored, providers=["CPUExecutionProvider"])
    drawn = session.run(["image"], next(feeds(model.description, range(16))))[0]
    expected = drawn_by_pytorch(model)[:16]
    assert np.abs(drawn.astype(int) - expected).mean() < 8
    assert largest_difference(trial.stored, model.description, drawn_by_pytorch(model)) > 0


def test_it_is_worth_it_only_if_it_is_faster_and_hardly_worse():
    worth = Trial(b"", 5, 5, faster=LEAST_FASTER, loss=MOST_LOSS)
    assert worth.is_worth_it
    assert "int8 taken: 5 of 5 layers" in str(worth)
    assert not dataclasses.replace(worth, faster=LEAST_FASTER - 0.01).is_worth_it
    assert not dataclasses.replace(worth, loss=MOST_LOSS + 0.001).is_worth_it
