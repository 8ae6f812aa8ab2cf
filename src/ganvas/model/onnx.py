"""A model -> model.onnx, which draws without torch: in onnxruntime, in a cloud function, in a browser.

The pixel head is inside the graph: latents in, uint8 pictures out, so that whoever draws never handles ranges. Nothing
is handed on unless onnxruntime draws what the generator draws, to one grey level.
"""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from ganvas.errors import ModelError
from ganvas.formats.manifest import Description
from ganvas.model import draw_all, drawn_at_once, labels_for, latents_for
from ganvas.model.weights import Model
from ganvas.pixels import to_levels
from ganvas.wording import counted

OPSET = 20
COMPARED_SEEDS, COMPARED_PIXELS = 256, 1 << 24  # fewer seeds where they are more pixels: 16 at 1,024 px
MOST_DIFFERENT = 1  # grey level


@dataclass(frozen=True)
class Graph:
    """A checked model.onnx: inputs `z` (batch, Z) float32 and, with classes, `label` (batch,) int64; output `image`
    (batch, H, W, C) uint8. Truncation is left to whoever draws: it multiplies z.

    largest_difference: from the generator, over `compared_seeds`, in grey levels.
    """

    stored: bytes
    weights: Literal["float16", "float32", "int8"]
    largest_difference: int


class Published(nn.Module):
    """(B, Z) latents, and (B,) labels where the model has classes -> (B, H, W, C) uint8."""

    def __init__(self, generator: nn.Module):
        super().__init__()
        self.generator = generator

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        return to_levels(self.generator(z, labels))


def export(model: Model) -> Graph:
    """The smallest graph of a model; raises as `smallest_graph`."""
    return smallest_graph(to_onnx(model), model.description, drawn_by_pytorch(model))


def smallest_graph(whole: onnx.ModelProto, description: Description, expected: np.ndarray) -> Graph:
    """With weights at half precision, which halves the file; whole ones where a picture would change by that.

    Args:
        whole: what `to_onnx` gave.
        expected: (N, H, W, C) uint8, what the generator draws of `compared_seeds`.
    Raises:
        ModelError: onnxruntime draws something else than the generator does.
    """
    difference = 0
    kinds: list[tuple[Literal["float16", "float32"], onnx.ModelProto]]
    kinds = [("float16", half_weights(whole)), ("float32", whole)]
    for weights, graph in kinds:
        stored = graph.SerializeToString()
        difference = largest_difference(stored, description, expected)
        if difference <= MOST_DIFFERENT:
            return Graph(stored, weights, difference)
    seeds = counted(len(compared_seeds(description)), "seed")
    raise ModelError(
        f"onnxruntime draws these weights differently: by up to {counted(difference, 'grey level')} over {seeds}, "
        f"where at most {MOST_DIFFERENT} is allowed; nothing was written"
    )


def drawn_by_pytorch(model: Model) -> np.ndarray:
    """(N, H, W, C) uint8: what the generator draws of the first seeds."""
    return draw_all(model.generator, *_compared(model.description), at_once=drawn_at_once(model.description))


def largest_difference(stored: bytes, description: Description, expected: np.ndarray) -> int:
    """Between what onnxruntime draws of the compared seeds and (N, H, W, C) uint8, in grey levels."""
    return int(np.abs(run(stored, description).astype(np.int16) - expected).max())


def to_onnx(model: Model) -> onnx.ModelProto:
    """The graph with weights in float32, not compared yet."""
    examples = [each for each in _inputs(model.description, range(2)) if each is not None]
    names = ["z", "label"][: len(examples)]
    batch = torch.export.Dim("batch")
    with _silence():
        program = torch.onnx.export(
            Published(model.generator).eval(),
            tuple(examples),
            dynamo=True,
            opset_version=OPSET,
            input_names=names,
            output_names=["image"],
            dynamic_shapes=tuple({0: batch} for _ in examples),
            verbose=False,
        )
    assert program is not None
    return anonymous(program.model_proto)


def anonymous(graph: onnx.ModelProto) -> onnx.ModelProto:
    """The same graph without the exporter's notes, which name the files and lines of the machine that it ran on."""
    plain = onnx.ModelProto()
    plain.CopyFrom(graph)
    inside = plain.graph
    inside.ClearField("value_info")
    noted = [*inside.node, *inside.initializer, *inside.input, *inside.output, *plain.functions]
    noted += [node for function in plain.functions for node in function.node]
    for part in (plain, inside, *noted):
        part.ClearField("metadata_props")
        part.ClearField("doc_string")
    return plain


def half_weights(graph: onnx.ModelProto) -> onnx.ModelProto:
    """The same graph with its matrices and kernels in float16, cast to float32 before they are used.

    Vectors, such as running variances, stay as they are, since they can exceed float16's range.
    """
    halved = onnx.ModelProto()
    halved.CopyFrom(graph)
    casts = []
    for tensor in halved.graph.initializer:
        if tensor.data_type != TensorProto.FLOAT or len(tensor.dims) < 2:
            continue
        name, stored = tensor.name, f"{tensor.name}.half"
        with np.errstate(over="ignore"):  # what is too large becomes infinite, and the comparison sees it
            half = numpy_helper.to_array(tensor).astype(np.float16)
        tensor.CopyFrom(numpy_helper.from_array(half, stored))
        casts.append(helper.make_node("Cast", [stored], [name], to=TensorProto.FLOAT, name=f"{name}.cast"))
    nodes = [*casts, *halved.graph.node]
    del halved.graph.node[:]
    halved.graph.node.extend(nodes)
    onnx.checker.check_model(halved)
    return halved


def run(stored: bytes, description: Description) -> np.ndarray:
    """(N, H, W, C) uint8: what onnxruntime draws of the first seeds."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()  # as many as this process was given, where its own is all
    session = onnxruntime.InferenceSession(stored, options, providers=["CPUExecutionProvider"])
    feeds = {
        name: each.numpy()
        for name, each in zip(("z", "label"), _compared(description), strict=True)
        if each is not None
    }
    at_once = drawn_at_once(description)
    parts = [slice(at, at + at_once) for at in range(0, len(feeds["z"]), at_once)]
    return np.concatenate(
        [np.asarray(session.run(["image"], {name: each[part] for name, each in feeds.items()})[0]) for part in parts]
    )


def compared_seeds(description: Description) -> range:
    """The seeds whose pictures are compared."""
    return range(min(COMPARED_SEEDS, COMPARED_PIXELS // (description.height * description.width)))


def _compared(description: Description) -> tuple[Tensor, Tensor | None]:
    return _inputs(description, compared_seeds(description))


def _inputs(description: Description, seeds: range) -> tuple[Tensor, Tensor | None]:
    return latents_for(description, seeds), labels_for(description, seeds)


@contextmanager
def _silence() -> Iterator[None]:
    """Without the exporter's remarks on packages that are not needed and on its own deprecations."""
    exporter = logging.getLogger("torch.onnx")
    level = exporter.level
    exporter.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        exporter.setLevel(level)
