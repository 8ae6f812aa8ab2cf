"""Whether a model.onnx is a generator and no more. A stranger's is checked here before any runtime opens it.

An ONNX graph can name other files as its weights, loop for ever, and ask for terabytes in a few bytes. What Ganvas
exports does none of that, so that a graph is let through only if it is of the same kind: the operators of a generator,
weights inside the file, shapes that are all known beforehand, and no more memory and time than a generator takes.
"""

import math
from collections.abc import Iterable, Mapping

from google.protobuf.message import DecodeError
from onnx import (
    AttributeProto,
    GraphProto,
    ModelProto,
    NodeProto,
    TensorProto,
    ValueInfoProto,
    checker,
    helper,
    shape_inference,
)

from ganvas.errors import ModelError
from ganvas.formats.manifest import Description
from ganvas.settings import shortened
from ganvas.wording import counted

# What the exporter writes for the architectures, with and without eight bits. None of them holds another graph.
OPERATORS = frozenset(
    [
        *(
            "Add",
            "AveragePool",
            "BatchNormalization",
            "Cast",
            "Clip",
            "Concat",
            "Conv",
            "ConvTranspose",
            "DepthToSpace",
        ),
        *("DequantizeLinear", "Div", "Exp", "Expand", "Gather", "Gemm", "LeakyRelu", "MatMul", "Mul", "Pad"),
        *("QuantizeLinear", "ReduceL2", "Relu", "Reshape", "Resize", "Round", "Shape", "Sigmoid", "Slice", "Squeeze"),
        *("Sub", "Tanh", "Transpose", "Unsqueeze"),
    ]
)
PLAIN_ATTRIBUTES = frozenset(
    [AttributeProto.FLOAT, AttributeProto.INT, AttributeProto.STRING, AttributeProto.FLOATS, AttributeProto.INTS]
)
STORED_TYPES: dict[int, int] = {
    TensorProto.FLOAT: 4,
    TensorProto.FLOAT16: 2,
    TensorProto.INT64: 8,
    TensorProto.INT32: 4,
    TensorProto.INT8: 1,
    TensorProto.UINT8: 1,
}
# Pictures that shapes are worked out for: one alone, and about as many as are ever drawn together. What takes them only
# in pairs, or only so many, fails at an odd prime; what grows faster than their number shows there.
BATCHES = 1, 31
MOST_NODES = 5_000
MOST_HELD = 1 << 28  # numbers that one picture's drawing may hold in memory at once
MOST_FOLDED = 1 << 30  # numbers that may be made of the weights alone, before anything is drawn
MOST_PRODUCTS = 1 << 38  # multiplications for one picture, or as much time spent otherwise
MOST_DIMENSIONS = 8
RESIZE_TAPS = 16  # numbers that one number of a cubic resize is made of
# Multiplications in the time that it takes to make one number in memory. Measured on one core: 2 to 17 ns for a number,
# 0.05 to 0.25 ns for a multiplication.
PRODUCTS_PER_NUMBER = 64

_Shape = tuple[int, ...]
_Interface = dict[str, tuple[int, tuple[int | None, ...]]]


def check_graph(stored: bytes, description: Description) -> int:
    """Let a graph through, or say why not.

    Args:
        stored: the bytes of model.onnx.
        description: its model.json, which says what goes in and what comes out.
    Returns:
        The numbers that drawing one picture holds in memory at once.
    Raises:
        ModelError: it is no ONNX graph, or not one of a generator.
    """
    try:
        model = ModelProto.FromString(stored)
    except DecodeError as error:
        raise ModelError("model.onnx is not an ONNX graph, or is cut off") from error
    graph = model.graph
    reason = (
        _size_fault(model)
        or _first(_tensor_fault(tensor) for tensor in graph.initializer)
        or _first(_node_fault(node) for node in graph.node)
        or _interface_fault(graph, description)
    )
    if reason:
        raise _refusal(reason)
    return _cost(model, description)


def _refusal(reason: str) -> ModelError:
    return ModelError(f"model.onnx {reason}; it was not opened")


def _size_fault(model: ModelProto) -> str:
    graph = model.graph
    if model.functions or model.training_info or graph.sparse_initializer:
        return "holds functions, training steps or sparse weights, which no generator of Ganvas has"
    return (
        f"has {counted(len(graph.node), 'step')}; at most {MOST_NODES} are run" if len(graph.node) > MOST_NODES else ""
    )


def _first(faults: Iterable[str]) -> str:
    return next((fault for fault in faults if fault), "")


def _tensor_fault(tensor: TensorProto) -> str:
    if tensor.data_location != TensorProto.DEFAULT or tensor.external_data:
        return f"takes its weights {shortened(tensor.name)} from another file"
    itemsize = STORED_TYPES.get(tensor.data_type)
    if itemsize is None or min(tensor.dims, default=1) < 1:
        return f"has weights {shortened(tensor.name)} of a type or shape that no generator of Ganvas has"
    listed = len(tensor.float_data) + len(tensor.int32_data) + len(tensor.int64_data)
    if (
        len(tensor.raw_data) + listed * itemsize != math.prod(tensor.dims) * itemsize
        or len(tensor.dims) > MOST_DIMENSIONS
    ):
        return f"has weights {shortened(tensor.name)} of another size than their shape"
    return ""


def _node_fault(node: NodeProto) -> str:
    if node.domain or node.op_type not in OPERATORS:
        name = f"{node.domain}.{node.op_type}" if node.domain else node.op_type
        return f"has a step {shortened(name)}, which no generator of Ganvas has"
    if odd := [each.name for each in node.attribute if each.type not in PLAIN_ATTRIBUTES or each.ref_attr_name]:
        return f"has a step {node.op_type} with {shortened(odd[0])}, which is neither a number nor a word"
    if node.op_type == "Cast" and not {each.i for each in node.attribute if each.name == "to"} <= STORED_TYPES.keys():
        return "has a step Cast to a type that no generator of Ganvas has"
    return ""


def _interface_fault(graph: GraphProto, description: Description) -> str:
    """Whether it takes latents, and labels where there are classes, and gives pictures, any number at once."""
    latents: _Interface = {"z": (TensorProto.FLOAT, (None, description.z_dim))}
    labels: _Interface = {"label": (TensorProto.INT64, (None,))} if description.classes else {}
    picture = None, description.height, description.width, description.channels
    if _interface(graph.input) != latents | labels or _interface(graph.output) != {
        "image": (TensorProto.UINT8, picture)
    }:
        return "takes or gives something else than model.json says"
    return ""


def _interface(values: Iterable[ValueInfoProto]) -> _Interface:
    """Names -> types and shapes; None for a dimension that is left open."""
    return {
        value.name: (
            value.type.tensor_type.elem_type,
            tuple(each.dim_value if each.HasField("dim_value") else None for each in value.type.tensor_type.shape.dim),
        )
        for value in values
    }


def _cost(model: ModelProto, description: Description) -> int:
    """What `check_graph` returns. Raises ModelError unless every shape is known beforehand and affordable."""
    graph, constants = model.graph, _constants(model.graph)
    held = products = folded = 0
    for batch in BATCHES:
        try:
            shapes = _shapes(model, batch)
            folded = _folded(graph, shapes, constants)
            held = max(held, _held_at_once(graph, shapes, constants) // batch)
            products = max(products, sum(_products(node, shapes) for node in graph.node) // batch)
        except KeyError as error:
            raise _refusal(f"has a value {error} whose size is not known beforehand") from error
        except (checker.ValidationError, shape_inference.InferenceError, ValueError, IndexError) as error:
            raise _refusal(f"does not fit together: {' '.join(str(error).split())[:200]}") from error
        if shapes.get("image") != (batch, description.height, description.width, description.channels):
            raise _refusal(f"draws pictures of the shape {shapes.get('image')} for {counted(batch, 'latent')}")
        if empty := [name for name, shape in shapes.items() if 0 in shape]:
            raise _refusal(f"has a value {shortened(empty[0])} of no numbers")
    if held > MOST_HELD:
        raise _refusal(f"needs more memory than {MOST_HELD:,} numbers for a picture")
    if folded > MOST_FOLDED:
        raise _refusal(f"needs more memory than {MOST_FOLDED:,} numbers for what is made of its weights alone")
    if products > MOST_PRODUCTS:
        raise _refusal(f"needs more than {MOST_PRODUCTS:,} multiplications for a picture")
    return held


def _constants(graph: GraphProto) -> set[str]:
    """The weights, and what is made of them alone."""
    known = {tensor.name for tensor in graph.initializer} | {""}  # an input that is left out has no name
    for node in graph.node:
        if known.issuperset(node.input):
            known.update(node.output)
    return known


def _shapes(model: ModelProto, batch: int) -> dict[str, _Shape]:
    """The shape of every value that has a known one, for so many pictures.

    Nothing that the file says of shapes inside is believed. Weights are left out but for the short vectors that may be
    shapes themselves.
    """
    skeleton = ModelProto(ir_version=model.ir_version, opset_import=model.opset_import)
    graph = skeleton.graph
    graph.CopyFrom(GraphProto(name="skeleton", node=model.graph.node, input=model.graph.input))
    for value in graph.input:
        value.type.tensor_type.shape.dim[0].dim_value = batch
    for tensor in model.graph.initializer:
        if len(tensor.dims) == 1 and tensor.dims[0] <= MOST_DIMENSIONS:
            graph.initializer.append(tensor)
        else:
            graph.input.append(helper.make_tensor_value_info(tensor.name, tensor.data_type, tensor.dims))
    graph.output.append(helper.make_tensor_value_info("image", TensorProto.UINT8, [None] * 4))
    checker.check_model(skeleton)
    without_values = _known(shape_inference.infer_shapes(skeleton, check_type=True, strict_mode=True).graph)
    for node in graph.node:  # values of shapes are followed only where none can grow
        if (
            node.op_type == "Concat"
            and len(joined := without_values[node.output[0]]) == 1
            and joined[0] > MOST_DIMENSIONS
        ):
            raise ValueError(f"{node.output[0]} joins {counted(joined[0], 'number')} in a row")
    return _known(shape_inference.infer_shapes(skeleton, check_type=True, strict_mode=True, data_prop=True).graph)


def _known(inferred: GraphProto) -> dict[str, _Shape]:
    shapes = {tensor.name: tuple(tensor.dims) for tensor in inferred.initializer}
    for name, (_, shape) in _interface([*inferred.input, *inferred.value_info, *inferred.output]).items():
        known = tuple(each for each in shape if each is not None)
        if len(known) == len(shape):
            shapes[name] = known
    return shapes


def _folded(graph: GraphProto, shapes: Mapping[str, _Shape], constants: set[str]) -> int:
    """Numbers that are made of weights alone: a runtime makes them as it opens the file, and keeps them meanwhile.

    The one other type that each weight is cast to is not counted, as the weights are not.
    """
    weights = {tensor.name for tensor in graph.initializer}
    folded = 0
    for node in graph.node:
        if node.op_type == "Cast" and node.input[0] in weights:
            weights.remove(node.input[0])
        elif constants.issuperset(node.output):
            folded += sum(math.prod(shapes[name]) for name in node.output) + _scratch(node, shapes)
    return folded


def _held_at_once(graph: GraphProto, shapes: Mapping[str, _Shape], constants: set[str]) -> int:
    """The most numbers that are still needed at any step of drawing, in the order of the file, and what that step needs
    for itself; constants are not counted."""
    last_use = {name: at for at, node in enumerate(graph.node) for name in node.input}
    held = most = 0
    for at, node in enumerate(graph.node):
        if constants.issuperset(node.output):
            continue
        held += sum(math.prod(shapes[name]) for name in node.output)
        most = max(most, held + _scratch(node, shapes))
        done = [name for name in {*node.input, *node.output} - constants if last_use.get(name, at) == at]
        held -= sum(math.prod(shapes[name]) for name in done if name in shapes)
    return most


def _scratch(node: NodeProto, shapes: Mapping[str, _Shape]) -> int:
    """Numbers that a step writes for itself alone, beside its input and output.

    The same for any number of pictures where it is a transposed convolution, which takes them one by one.
    """
    given = {each.name: each for each in node.attribute}
    if node.op_type == "ConvTranspose":
        pixels, kernel = shapes[node.input[0]][2:], shapes[node.input[1]][1:]
        return math.prod(pixels) * math.prod(kernel)
    if node.op_type == "Resize" and "antialias" in given and given["antialias"].i:  # one side after the other
        return math.prod(map(max, shapes[node.input[0]], shapes[node.output[0]]))
    return 0


def _products(node: NodeProto, shapes: Mapping[str, _Shape]) -> int:
    """The time of one step, in multiplications."""
    written = math.prod(shapes[node.output[0]])
    given = {each.name: each for each in node.attribute}
    gathered, products = written, 0  # numbers that are made in memory, and multiplications of them
    match node.op_type:
        case "Conv":
            kernel = shapes[node.input[1]]
            products = written * math.prod(kernel[1:])
            groups = max(given["group"].i, 1) if "group" in given else 1
            gathered += products // max(kernel[0] // groups, 1)  # the pixels under the kernel, for all of its filters
        case "ConvTranspose":
            products = math.prod(shapes[node.input[0]]) * math.prod(shapes[node.input[1]][1:])
            gathered += math.prod(shapes[node.input[0]][:1]) * _scratch(node, shapes)
        case "MatMul":
            products = written * shapes[node.input[0]][-1]
        case "Gemm":
            transposed = given["transA"].i if "transA" in given else 0
            products = written * shapes[node.input[0]][0 if transposed else 1]
        case "ReduceL2":
            gathered += math.prod(shapes[node.input[0]])
        case "AveragePool":
            gathered *= math.prod(given["kernel_shape"].ints)
        case "Resize":
            gathered = RESIZE_TAPS * max(written, _scratch(node, shapes))
        case _:
            pass
    return products + PRODUCTS_PER_NUMBER * gathered
