"""Models whose first dimension is known at run time, beside onnxruntime with batches of that size."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnx
import onnx.parser
import pytest

from edgegen.arguments import shape
from edgegen.errors import UnsupportedModel, UsageError
from edgegen.frontends import read_model
from edgegen.frontends.bounds import AtMost
from edgegen.ir.evaluate import evaluate
from edgegen.ir.graph import Graph
from tests.frontends.free_sizes import compare, given, model
from tests.harness import compile_for_test

BOUND = 5

NETWORK = """m (float[batch, 3, 8, 8] x) => (float[batch, 4] y, float[batch, c, h, w] z) {
    c = Conv <pads = [1, 1, 1, 1], strides = [2, 2]> (x, w)
    z = Relu (c)
    p = GlobalAveragePool (z)
    axis = Constant <value_int = 0> ()
    s = Shape (p)
    n = Gather (s, axis)
    zero = Constant <value_ints = [0]> ()
    n1 = Unsqueeze (n, zero)
    rest = Constant <value_ints = [-1]> ()
    size = Concat <axis = 0> (n1, rest)
    f = Reshape (p, size)
    g = Gemm <transB = 1> (f, v, b)
    y = Softmax (g)
}"""

ATTENTION = """m (float[batch, 6, 8] x, float[6, 8] position) => (float[batch, 6, 8] y) {
    e = Add (x, position)
    q = MatMul (e, wq)
    k = MatMul (e, wk)
    shape = Constant <value_ints = [0, 6, 2, 4]> ()
    q4 = Reshape (q, shape)
    k4 = Reshape (k, shape)
    qh = Transpose <perm = [0, 2, 1, 3]> (q4)
    kh = Transpose <perm = [0, 2, 3, 1]> (k4)
    scores = MatMul (qh, kh)
    weights = Softmax <axis = -1> (scores)
    heads = MatMul (weights, qh)
    back = Transpose <perm = [0, 2, 1, 3]> (heads)
    flat = Constant <value_ints = [-1, 8]> ()
    rows = Reshape (back, flat)
    out = MatMul (rows, wk)
    three = Constant <value_ints = [-1, 6, 8]> ()
    r = Reshape (out, three)
    h = Add (r, x)
    last = Constant <value_ints = [-1]> ()
    mean = ReduceMean <axes = [-1]> (h)
    y = Sub (h, mean)
}"""

TOKENS = """m (int64[batch, 5] ids) => (float[batch, 6] y, int64[batch] best) {
    e = Gather (table, ids)
    first = Constant <value_ints = [1]> ()
    s = Shape <start = 0, end = 1> (ids)
    tail = Constant <value_ints = [1, 6]> ()
    size = Concat <axis = 0> (s, tail)
    class = Expand (token, size)
    all = Concat <axis = 1> (class, e)
    y = ReduceMax <axes = [1], keepdims = 0> (all)
    best = ArgMax <axis = 1, keepdims = 0> (y)
}"""

SEQUENCES = """m (float[batch, 6, 3] x, float[batch, 3] bias) => (float[batch, 5] y, float[batch, 6, 3] z) {
    none = Constant <value_ints = [1]> ()
    added = Unsqueeze (bias, none)
    s = Add (x, added)
    z = LayerNormalization <axis = -1> (s, scale)
    steps = Transpose <perm = [1, 0, 2]> (z)
    all, last, cell = LSTM <hidden_size = 5> (steps, w, r)
    zero = Constant <value_ints = [0]> ()
    y = Squeeze (last, zero)
}"""


MODELS = [
    model(NETWORK, w=(5, 3, 3, 3), v=(4, 5), b=(4,)),
    model(ATTENTION, wq=(8, 8), wk=(8, 8)),
    model(SEQUENCES, scale=(3,), w=(1, 20, 3), r=(1, 20, 5)),
    model(TOKENS, table=(9, 6), token=(1, 1, 6)),
]


def read(proto: onnx.ModelProto, shapes: Mapping[str, tuple[int, ...]]) -> Graph:
    return read_model(Path("m.onnx"), proto.SerializeToString(), shapes)


def test_batches_of_any_size_up_to_the_bound() -> None:
    compare(MODELS, "batch", BOUND, "generic", [1, 3, 5])


@pytest.mark.cross
@pytest.mark.parametrize("target", ["arm-neon", "cortex-m4"])
def test_on_other_cores(target: str) -> None:
    compare(MODELS, "batch", BOUND, target, [2])


def test_sizes_out_of_bounds() -> None:
    """Nothing is computed below 1; above the bound, as much as there is room for."""
    graph = read(MODELS[0], {"batch": AtMost(2)})
    assert [str(t.type) for t in graph.inputs] == ["f32[2,3,8,8]", "s32[]"]
    x = given(MODELS[0], 2)["x"]
    whole = evaluate(graph, [x, np.array(2, np.int32)])
    for size, count in ((-1, 0), (0, 0), (9, 2)):
        y, _, shape_of_y, _ = evaluate(graph, [x, np.array(size, np.int32)])
        assert tuple(shape_of_y) == (count, 4)
        np.testing.assert_array_equal(y[:count], whole[0][:count])


def test_the_arena_grows_by_inputs_and_outputs_only() -> None:
    small, large = (read(MODELS[1], {"batch": AtMost(n)}) for n in (2, 20))
    ports = [sum(t.type.bytes for t in (*g.inputs, *g.outputs)) for g in (small, large)]
    arenas = [compile_for_test(g, "generic", "m").graph.plan.arena_bytes for g in (small, large)]
    assert arenas[1] - arenas[0] <= ports[1] - ports[0]


def test_dimensions_have_names() -> None:
    assert shape("batch<=8") == ("batch", AtMost(8))
    assert isinstance(shape("batch<=8")[1], AtMost)
    assert shape("a<b=8") == ("a<b", (8,))
    graph = read(MODELS[0], {"batch": (4,)})
    assert [t.shape for t in graph.inputs] == [(4, 3, 8, 8)]
    with pytest.raises(UsageError, match="bach"):
        read(MODELS[0], {"bach": AtMost(8)})


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("m (float[b, 4] x) => (uint8[b, 4] y) { y, s, z = DynamicQuantizeLinear (x) }", "DynamicQuantize"),
        (
            "m (float[b, 1, 4, 4] x) => (float[b, 1, 2, 2] y, int64[b, 1, 2, 2] k) {"
            " y, k = MaxPool <kernel_shape = [2, 2], strides = [2, 2]> (x) }",
            "MaxPool",
        ),
        (
            "m (float[b, 4] x) => (float[4, b] y) { s = Constant <value_ints = [4, -1]> () y = Reshape (x, s) }",
            "Reshape",
        ),
        ("m (float[b, 4] x) => (float[b, 4] y) { s = Size (x) f = CastLike (s, x) y = Div (x, f) }", "another"),
        (
            "m (float[b, 4] x) => (float[b, 4] y) { z = Constant <value_ints = [0]> ()"
            " e = Constant <value_ints = [-99]> () s = Constant <value_ints = [-1]> () y = Slice (x, s, e, z, s) }",
            "Slice",
        ),
    ],
)
def test_what_mixes_elements_is_refused(text: str, reason: str) -> None:
    with pytest.raises(UnsupportedModel) as error:
        read(model(text), {"b": AtMost(4)})
    assert "size of the dimension" in error.value.what
    assert reason in dict(error.value.details)["why"]
