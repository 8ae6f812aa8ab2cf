"""A stranger's model.onnx: what a generator never needs is refused before a runtime opens the file."""

import re
import time
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from ganvas.errors import ModelError
from ganvas.formats.graph import MOST_NODES, check_graph
from ganvas.formats.manifest import Description

Z = 4
DESCRIPTION = Description(
    architecture="dcgan28",
    width=16,
    height=16,
    channels=3,
    z_dim=Z,
    z_distribution="normal",
    multiplier=1,
    recipe="quick",
    images=1,
    averaged=True,
    ganvas="0",
)
LABELLED = DESCRIPTION.model_copy(update={"classes": ("cat", "dog")})


def constant(name, values):
    return numpy_helper.from_array(np.asarray(values), name)


def generator(*, before=(), after=(), weights=(), inputs=None, outputs=None, source="z", last="levels"):
    """A tiny one: a matrix, a reshape, a cast. Steps before it read z and write `source`."""
    numbers = np.random.default_rng(0).random((Z, 16 * 16 * 3)).astype(np.float32)
    steps = [
        *before,
        helper.make_node("Gemm", [source, "matrix"], ["flat"]),
        helper.make_node("Reshape", ["flat", "shape"], ["levels"]),
        *after,
        helper.make_node("Cast", [last], ["image"], to=TensorProto.UINT8),
    ]
    graph = helper.make_graph(
        steps,
        "main",
        inputs or [helper.make_tensor_value_info("z", TensorProto.FLOAT, ["batch", Z])],
        outputs or [helper.make_tensor_value_info("image", TensorProto.UINT8, ["batch", 16, 16, 3])],
        [constant("matrix", numbers), constant("shape", np.array([-1, 16, 16, 3])), *weights],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)


def refused(model, match, description=DESCRIPTION):
    with pytest.raises(ModelError, match=match):
        check_graph(model.SerializeToString(), description)


def test_a_generator_is_let_through():
    check_graph(generator().SerializeToString(), DESCRIPTION)


def external(tensor, where="/etc/passwd"):
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value=where)
    return tensor


def only_named(tensor):
    """Marked as inside, and yet with a place outside."""
    tensor.external_data.add(key="location", value="secrets.txt")
    return tensor


@pytest.mark.parametrize("spoil", [external, only_named])
def test_weights_in_another_file_are_refused(spoil):
    model = generator()
    spoil(model.graph.initializer[0])
    refused(model, "'matrix' from another file")


def body(*, spoil=external):
    """A graph inside a graph, with weights in another file."""
    inside = spoil(constant("secret", np.zeros((1, Z), np.float32)))
    out = helper.make_tensor_value_info("inner", TensorProto.FLOAT, None)
    return helper.make_graph([helper.make_node("Identity", ["secret"], ["inner"])], "inside", [], [out], [inside])


def holding(op, **attributes):
    return generator(before=[helper.make_node(op, ["z"], ["moved"], **attributes)], source="moved")


@pytest.mark.parametrize(
    ("op", "attributes"),
    [
        ("If", {"then_branch": body(), "else_branch": body()}),
        ("Loop", {"body": body()}),
        ("Scan", {"body": body(), "num_scan_inputs": 1}),
        ("SequenceMap", {"body": body()}),
        ("Constant", {"value": external(constant("secret", np.zeros((1, Z), np.float32)))}),
        ("ConstantOfShape", {"value": constant("one", np.ones(1, np.float32))}),
        *(
            (op, {})
            for op in ("Tile", "Range", "OneHot", "Identity", "RandomNormalLike", "Einsum", "NonZero", "Hardmax")
        ),
    ],
)
def test_steps_that_no_generator_has_are_refused(op, attributes):
    refused(holding(op, **attributes), f"has a step '{op}'")


@pytest.mark.parametrize("kind", ["graph", "graphs", "tensor", "tensors", "sparse"])
def test_an_attribute_that_holds_more_than_numbers_and_words_is_refused_at_any_step(kind):
    sparse = helper.make_sparse_tensor(constant("v", np.ones(1, np.float32)), constant("i", np.zeros(1, np.int64)), [4])
    held = {"graph": body(), "graphs": [body()], "tensor": constant("t", [1.0]), "sparse": sparse}
    held["tensors"] = [constant("t", [1.0])]
    model = generator()
    model.graph.node[0].attribute.append(helper.make_attribute("more", held[kind]))
    refused(model, "Gemm with 'more'")


def test_steps_of_other_libraries_functions_and_sparse_weights_are_refused():
    other = generator(before=[helper.make_node("Gelu", ["z"], ["moved"], domain="com.microsoft")], source="moved")
    refused(other, "com.microsoft.Gelu")
    function = generator()
    function.functions.append(
        helper.make_function("own", "Add", ["a"], ["b"], [helper.make_node("Identity", ["a"], ["b"])], [])
    )
    refused(function, "functions")
    sparse = generator()
    values, places = constant("v", np.ones(1, np.float32)), constant("i", np.zeros(1, np.int64))
    sparse.graph.sparse_initializer.append(helper.make_sparse_tensor(values, places, [4]))
    refused(sparse, "sparse")


def value(name, kind, shape):
    return helper.make_tensor_value_info(name, kind, shape)


@pytest.mark.parametrize(
    ("inputs", "outputs"),
    [
        ([value("z", TensorProto.FLOAT, [1, Z])], None),
        ([value("z", TensorProto.FLOAT, ["batch", Z + 1])], None),
        ([value("z", TensorProto.DOUBLE, ["batch", Z])], None),
        ([value("z", TensorProto.FLOAT, ["batch", Z]), value("label", TensorProto.INT64, ["batch"])], None),
        ([value("y", TensorProto.FLOAT, ["batch", Z])], None),
        (None, [value("image", TensorProto.UINT8, [1, 16, 16, 3])]),
        (None, [value("image", TensorProto.FLOAT, ["batch", 16, 16, 3])]),
        (None, [value("image", TensorProto.UINT8, ["batch", 16, 16, 1])]),
        (None, [value("picture", TensorProto.UINT8, ["batch", 16, 16, 3])]),
        (None, [value("image", TensorProto.UINT8, ["batch", 16, 16, 3]), value("flat", TensorProto.FLOAT, None)]),
    ],
)
def test_other_inputs_and_outputs_than_declared_are_refused(inputs, outputs):
    refused(generator(inputs=inputs, outputs=outputs), "something else than model.json says")


def test_a_model_with_classes_needs_its_label():
    refused(generator(), "something else", LABELLED)


def first_only():
    """One picture, however many latents."""
    return generator(
        before=[helper.make_node("Slice", ["z", "from", "to", "axis"], ["moved"])],
        source="moved",
        weights=[constant(name, np.array([at])) for name, at in (("from", 0), ("to", 1), ("axis", 0))],
    )


def reshaped(*shapes):
    """Latents in other rows."""
    steps = [helper.make_node("Reshape", [f"x{n}" if n else "z", f"s{n}"], [f"x{n + 1}"]) for n in range(len(shapes))]
    made = [constant(f"s{n}", np.array(shape)) for n, shape in enumerate(shapes)]
    return generator(before=steps, source=f"x{len(shapes)}", weights=made)


@pytest.mark.parametrize(
    ("model", "match"),
    [
        (first_only(), "for 31 latents"),
        (reshaped([2, Z]), "for 1 latent;"),
        (reshaped([-1, 2 * Z], [-1, Z]), "does not fit together|not known beforehand|for 1 latent"),
    ],
    ids=["the first alone", "two", "in pairs"],
)
def test_another_number_of_pictures_than_of_latents_is_refused(model, match):
    refused(model, match)


def huge(*steps, **weights):
    """Steps on constants alone, which a runtime may fold before it draws anything."""
    made = [constant(name, values) for name, values in weights.items()]
    return generator(after=[*steps, helper.make_node("Add", ["levels", "extra"], ["more"])], weights=made, last="more")


LARGE = {"strides": [1 << 15] * 2, "output_shape": [1 << 15] * 2}
ONE = np.ones((1, 1, 1, 1), np.float32)
PIXEL_SLICE = {"zero": np.zeros(4, np.int64), "ends": np.ones(4, np.int64)}


def small_again(name):
    return helper.make_node("Slice", [name, "zero", "ends"], ["extra"])


@pytest.mark.parametrize(
    "model",
    [
        huge(
            helper.make_node("Expand", ["one", "size"], ["big"]),
            small_again("big"),
            one=ONE,
            size=np.array([1, 1, 1 << 16, 1 << 16]),
            **PIXEL_SLICE,
        ),
        huge(
            helper.make_node("Pad", ["one", "pads"], ["big"]),
            small_again("big"),
            one=ONE,
            pads=np.array([0, 0, 0, 0, 0, 0, 1 << 20, 1 << 20]),
            **PIXEL_SLICE,
        ),
        huge(
            helper.make_node("Resize", ["one", "", "scales"], ["big"], mode="nearest"),
            small_again("big"),
            one=ONE,
            scales=np.array([1, 1, 1e5, 1e5], np.float32),
            **PIXEL_SLICE,
        ),
        huge(
            helper.make_node("ConvTranspose", ["one", "one"], ["big"], **LARGE),
            small_again("big"),
            one=ONE,
            **PIXEL_SLICE,
        ),
        huge(
            *(helper.make_node("Concat", [f"x{n}", f"x{n}"], [f"x{n + 1}"], axis=3) for n in range(40)),
            small_again("x40"),
            x0=ONE,
            **PIXEL_SLICE,
        ),
    ],
    ids=["expand", "pad", "resize", "transposed convolution", "concat"],
)  # fmt: skip
def test_a_few_bytes_that_fold_to_gigabytes_are_refused(model):
    began = time.monotonic()
    refused(model, "more memory")
    assert len(model.SerializeToString()) < 30_000
    assert time.monotonic() - began < 5


def grown(*steps, side=2048, **weights):
    """Steps that read `big`, (B, 1, side, side) numbers made of the latents, and write `out`, of which one is taken."""
    made = {"square": np.array([1, 1, side, side]), "sides": np.array([1, 2]), "zero": np.zeros(3, np.int64)}
    made |= {"ones": np.ones(3, np.int64), "axes": np.array([1, 2, 3]), **weights}
    before = [
        helper.make_node("Unsqueeze", ["z", "sides"], ["row"]),
        helper.make_node("Slice", ["row", "zero", "ones", "axes"], ["single"]),
        helper.make_node("Expand", ["single", "square"], ["big"]),
        *steps,
        helper.make_node("Slice", ["out", "zero", "ones", "axes"], ["corner"]),
        helper.make_node("Squeeze", ["corner", "sides"], ["number"]),
        helper.make_node("Add", ["z", "number"], ["moved"]),
    ]
    return generator(before=before, source="moved", weights=[constant(*each) for each in made.items()])


def of_weights(*steps, **weights):
    """Steps on weights alone that write `out`, of which one number is taken."""
    made = {"zero": np.zeros(2, np.int64), "ones": np.ones(2, np.int64), **weights}
    taken = [
        helper.make_node("Slice", ["out", "zero", "ones"], ["number"]),
        helper.make_node("Add", ["z", "number"], ["moved"]),
    ]
    weights_of = [constant(*each) for each in made.items()]
    return generator(before=[*steps, *taken], source="moved", weights=weights_of)


def sums(names):
    """The sum of values, pair by pair, as `out`."""
    so_far = [names[0], *(f"sum{n}" for n in range(1, len(names) - 1)), "out"]
    return [helper.make_node("Add", [so_far[n], name], [so_far[n + 1]]) for n, name in enumerate(names[1:])]


def products_of_all_pairs():
    """Every number of the batch with every other one, again and again: the batch to the power of 5."""
    axes = {f"a{n}": np.array([-1 if at == n else 1 for at in range(5)]) for n in range(5)}
    steps = [helper.make_node("Reshape", ["z", name], [f"z{name}"]) for name in axes]
    steps += sums([f"z{name}" for name in axes])
    steps += [
        helper.make_node("Slice", ["out", "zero", "ones", "axes"], ["line"]),
        helper.make_node("Reshape", ["line", "rows"], ["moved"]),
    ]
    made = {"zero": np.zeros(4, np.int64), "ones": np.ones(4, np.int64), "axes": np.arange(1, 5)}
    made |= {"rows": np.array([-1, Z]), **axes}
    return generator(before=steps, source="moved", weights=[constant(*each) for each in made.items()])


@pytest.mark.parametrize(
    ("model", "match"),
    [
        (products_of_all_pairs(), "more memory"),
        (
            grown(
                helper.make_node("ConvTranspose", ["big", "kernel"], ["out"]),
                kernel=np.ones((1, 1, 150, 150), np.float32),
                side=150,
            ),
            "more memory",
        ),
        (
            grown(
                helper.make_node("Slice", ["big", "zero", "tall", "axes"], ["column"]),
                helper.make_node("Resize", ["column", "", "scales"], ["out"], mode="linear", antialias=1),
                side=1 << 13,
                tall=np.array([1, 1 << 13, 1]),
                scales=np.array([1, 1, 1, 1 << 16], np.float32),
            ),
            "more memory",
        ),
        (
            of_weights(
                *(helper.make_node("Cast", ["weights"], [f"w{n}"], to=TensorProto.FLOAT) for n in range(600)),
                *sums([f"w{n}" for n in range(600)]),
                weights=np.ones((1, 1 << 20), np.float16),
            ),
            "weights alone",
        ),
        (
            of_weights(
                helper.make_node("Expand", ["one", "large"], ["x0"]),
                *(helper.make_node("Sigmoid", [f"x{n}"], [f"x{n + 1}"]) for n in range(99)),
                helper.make_node("Sigmoid", ["x99"], ["out"]),
                one=np.ones((1, 1), np.float32),
                large=np.array([1 << 12, 1 << 12]),
            ),
            "weights alone",
        ),
        (
            grown(
                helper.make_node("Cast", ["big"], ["words"], to=TensorProto.STRING),
                helper.make_node("Cast", ["words"], ["out"], to=TensorProto.FLOAT),
            ),
            "Cast to a type",
        ),
    ],
    ids=["grows with the batch", "transposed convolution", "antialias", "casts", "a chain of constants", "words"],
)
def test_what_takes_far_more_memory_than_its_input_and_output_is_refused(model, match):
    refused(model, match)


def test_a_few_cheap_steps_over_many_numbers_are_reckoned_by_their_time():
    steps = [helper.make_node("Sigmoid", [f"x{n}"], [f"x{n + 1}"]) for n in range(1, 200)]
    model = grown(
        helper.make_node("Sigmoid", ["big"], ["x1"]),
        *steps,
        helper.make_node("Sigmoid", ["x200"], ["out"]),
        side=1 << 13,
    )
    refused(model, "multiplications")


def test_what_takes_too_many_multiplications_is_refused():
    wide = np.ones((1, 1, 512, 512), np.float32)
    steps = [helper.make_node("AveragePool", ["wide"], ["p0"], kernel_shape=[511, 511], pads=[255] * 4)]
    steps += [
        helper.make_node("AveragePool", [f"p{n}"], [f"p{n + 1}"], kernel_shape=[511, 511], pads=[255] * 4)
        for n in range(20)
    ]
    refused(huge(*steps, small_again("p20"), wide=wide, **PIXEL_SLICE), "multiplications")


def test_a_value_of_no_numbers_is_refused():
    scales = np.array([1, 1e-5, 1, 1], np.float32)
    step = helper.make_node("Resize", ["levels", "", "scales"], ["none"], mode="nearest")
    back = helper.make_node("Reshape", ["none", "nothing"], ["again"])
    weights = [constant("scales", scales), constant("nothing", np.array([2, 0, 16, 3]))]
    refused(generator(after=[step, back], weights=weights), "'none' of no numbers")


def of_a_step(model, name):
    model.graph.node[0].op_type = name


def of_a_library(model, name):
    model.graph.node[0].domain = name


def of_an_attribute(model, name):
    model.graph.node[0].attribute.append(helper.make_attribute(name, constant("t", [1.0])))


def of_weights_elsewhere(model, name):
    external(model.graph.initializer[0]).name = name


def of_weights_of_no_type(model, name):
    model.graph.initializer[0].name, model.graph.initializer[0].data_type = name, TensorProto.STRING


def of_weights_of_no_size(model, name):
    model.graph.initializer[0].name, model.graph.initializer[0].raw_data = name, b""


@pytest.mark.parametrize(
    "named",
    [
        of_a_step,
        of_a_library,
        of_an_attribute,
        of_weights_elsewhere,
        of_weights_of_no_type,
        of_weights_of_no_size,
    ],
)
def test_no_name_in_a_graph_breaks_the_line_that_refuses_it(named):
    model = generator()
    named(model, "\r\n\x1b[2J" + "long" * 10_000)
    with pytest.raises(ModelError) as refusal:
        check_graph(model.SerializeToString(), DESCRIPTION)
    said = str(refusal.value)
    assert said.isprintable()
    assert len(said) < 300


def test_too_many_steps_are_refused():
    chain = [helper.make_node("Relu", [f"x{n}" if n else "z"], [f"x{n + 1}"]) for n in range(MOST_NODES + 1)]
    refused(generator(before=chain, source=f"x{len(chain)}"), "steps")


def test_shapes_that_the_file_claims_inside_are_not_believed():
    size = np.array([1, 1, 1 << 16, 1 << 16])
    model = huge(
        helper.make_node("Expand", ["one", "size"], ["big"]), small_again("big"), one=ONE, size=size, **PIXEL_SLICE
    )
    model.graph.value_info.append(value("big", TensorProto.FLOAT, [1, 1, 1, 1]))
    refused(model, "more memory")


def test_a_size_that_only_drawing_would_tell_is_refused():
    """A shape that is worked out from the latents."""
    model = generator(
        before=[
            helper.make_node("Cast", ["z"], ["whole"], to=TensorProto.INT64),
            helper.make_node("Reshape", ["whole", "row"], ["numbers"]),
            helper.make_node("Expand", ["seed", "numbers"], ["unknown"]),
            helper.make_node("Slice", ["unknown", "from", "to"], ["one"]),
            helper.make_node("Add", ["z", "one"], ["moved"]),
        ],
        source="moved",
        weights=[
            constant("seed", np.ones((1,), np.float32)),
            constant("row", np.array([-1])),
            constant("from", np.array([0])),
            constant("to", np.array([1])),
        ],
    )
    refused(model, "size is not known beforehand|does not fit together")


@pytest.mark.parametrize("length", [0, 3, 4 * Z, 1 << 16])
def test_weights_of_another_length_than_their_shape_are_refused(length):
    model = generator()
    model.graph.initializer[0].raw_data = bytes(length)
    refused(model, "another size than their shape")


@pytest.mark.parametrize("dims", [[-1, 3], [0], [1 << 40, 1 << 40], [1] * 99])
def test_weights_of_an_impossible_shape_are_refused(dims):
    model = generator()
    del model.graph.initializer[0].dims[:]
    model.graph.initializer[0].dims.extend(dims)
    refused(model, "weights 'matrix'")


@pytest.mark.parametrize("kind", [TensorProto.STRING, TensorProto.COMPLEX128, TensorProto.DOUBLE, 0, 99])
def test_weights_of_an_odd_type_are_refused(kind):
    model = generator()
    model.graph.initializer[0].data_type = kind
    refused(model, "weights 'matrix'")


@pytest.mark.parametrize("ending", [b"", b"\x00", b"<html>", b"PK\x03\x04", b"\xff" * 50])
def test_what_is_no_graph_is_refused(ending):
    with pytest.raises(ModelError):
        check_graph(ending, DESCRIPTION)


WHOLE = generator().SerializeToString()


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_in_one_way(stored):
    with pytest.raises(ModelError, match=re.compile(r"^model\.onnx .*opened$|cut off")):
        check_graph(stored, DESCRIPTION)


@settings(max_examples=300)
@given(st.integers(0, len(WHOLE) - 1), st.binary(min_size=1, max_size=3), st.booleans())
def test_damage_anywhere_is_let_through_or_refused_but_never_a_fault_of_ours(at, put, cuts):
    damaged = WHOLE[:at] if cuts else WHOLE[:at] + put + WHOLE[at + len(put) :]
    with suppress(ModelError):
        check_graph(damaged, DESCRIPTION)
