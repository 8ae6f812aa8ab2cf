"""Eight-bit weights and activations for a graph, where they are worth it: measured to be faster, and hardly worse.

Dynamic quantisation leaves convolutions alone in silence, so that this is static: activations are calibrated on
latents, and which layers were really quantised is counted.
"""

import statistics
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from ganvas.device import random_numbers
from ganvas.features import Extractor, extract
from ganvas.formats.manifest import Description
from ganvas.metrics import kernel_distance_interval
from ganvas.model import drawn_at_once, labels_for, latents_for
from ganvas.wording import counted

CALIBRATED, COMPARED, TIMED = 128, 500, 15
LEAST_FASTER, MOST_LOSS = 1.1, 0.01
LAYERS = ("Conv", "ConvTranspose", "Gemm", "MatMul")
INTEGER_LAYERS = ("QLinearConv", "ConvInteger", "QGemm", "QLinearMatMul", "MatMulInteger", "MatMulIntegerToFloat")


@dataclass(frozen=True)
class Trial:
    """What eight bits did. quantised: layers that compute in integers, of all `layers`. faster: seconds of the whole
    graph over seconds of this one, both on one thread. loss: of kernel distance, in the extractor's features.
    """

    stored: bytes
    quantised: int
    layers: int
    faster: float
    loss: float

    @property
    def is_worth_it(self) -> bool:
        """Whether it is faster, and its pictures hardly worse."""
        return self.faster >= LEAST_FASTER and self.loss <= MOST_LOSS

    def __str__(self) -> str:
        taken = "taken" if self.is_worth_it else "not taken"
        return (
            f"int8 {taken}: {self.quantised} of {counted(self.layers, 'layer')}, {self.faster:.2f} times as fast "
            f"(at least {LEAST_FASTER:g}), kernel distance {self.loss:+.4f} (at most {MOST_LOSS:+g})"
        )


class _Latents(CalibrationDataReader):
    """Latents, and labels where there are classes, for calibration."""

    def __init__(self, description: Description):
        self._feeds = iter(list(feeds(description, range(CALIBRATED))))

    def get_next(self) -> dict[str, Any] | None:  # type: ignore[override]
        return next(self._feeds, None)


def try_int8(whole: onnx.ModelProto, description: Description, extractor: Extractor) -> Trial:
    """Quantise a float32 graph and measure what came of it."""
    with tempfile.TemporaryDirectory() as temporary:
        source, shaped, target = (Path(temporary) / name for name in ("whole.onnx", "shaped.onnx", "int8.onnx"))
        onnx.save(whole, source)
        quant_pre_process(str(source), str(shaped), skip_symbolic_shape=True)
        quantize_static(
            str(shaped),
            str(target),
            _Latents(description),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            op_types_to_quantize=list(LAYERS),
            extra_options={"QDQDisableWeightAdjustForInt32Bias": True},  # which fails on a matrix with many scales
        )
        graph = onnx.load(target)
    stored = graph.SerializeToString()
    before, after = (_session(each) for each in (whole.SerializeToString(), stored))
    quantised, layers = count_quantised(stored)
    return Trial(
        stored, quantised, layers, _ratio(before, after, description), _loss(before, after, description, extractor)
    )


def count_quantised(stored: bytes) -> tuple[int, int]:
    """Layers that onnxruntime computes in integers once it has prepared the graph, and layers in all.

    What a graph asks for is not what is done: a layer without an integer kernel is computed in float32 in silence.
    """
    with tempfile.TemporaryDirectory() as temporary:
        path = Path(temporary) / "prepared.onnx"
        _session(stored, prepared=path)
        kinds = [node.op_type for node in onnx.load(path).graph.node]
    quantised = sum(kind in INTEGER_LAYERS for kind in kinds)
    return quantised, quantised + sum(kind in LAYERS or kind.startswith("Fused") for kind in kinds)


def feeds(description: Description, seeds: range) -> Iterator[dict[str, np.ndarray]]:
    """The inputs of some seeds, `drawn_at_once` at a time."""
    z, labels = latents_for(description, seeds).numpy(), labels_for(description, seeds)
    at_once = drawn_at_once(description)
    for at in range(0, len(z), at_once):
        part = slice(at, at + at_once)
        yield {"z": z[part]} if labels is None else {"z": z[part], "label": labels.numpy()[part]}


def _session(stored: bytes, prepared: Path | None = None) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    if prepared is not None:
        options.optimized_model_filepath = str(prepared)
    return onnxruntime.InferenceSession(stored, options, providers=["CPUExecutionProvider"])


def _ratio(
    before: onnxruntime.InferenceSession, after: onnxruntime.InferenceSession, description: Description
) -> float:
    """How many times as fast the second is: the median of runs in turns, so that a busy machine slows both."""
    feed = next(feeds(description, range(drawn_at_once(description))))

    def seconds(session: onnxruntime.InferenceSession) -> float:
        started = time.perf_counter()
        session.run(["image"], feed)
        return time.perf_counter() - started

    return statistics.median(seconds(before) / seconds(after) for _ in range(TIMED))


def _loss(
    before: onnxruntime.InferenceSession,
    after: onnxruntime.InferenceSession,
    description: Description,
    extractor: Extractor,
) -> float:
    """How much farther from other pictures of the whole graph the same seeds lie once they are drawn in eight bits."""

    def features(session: onnxruntime.InferenceSession, seeds: range) -> torch.Tensor:
        drawn = (np.asarray(session.run(["image"], feed)[0]) for feed in feeds(description, seeds))
        return torch.cat([extract(extractor, images) for images in drawn])

    others, mine = range(COMPARED), range(COMPARED, 2 * COMPARED)
    reference = features(before, others)
    whole, small = (
        kernel_distance_interval(reference, features(session, mine), random_numbers(0, "measure")).value
        for session in (before, after)
    )
    return small - whole
