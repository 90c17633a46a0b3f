"""Models that mix what lies along a free dimension, beside onnxruntime with sequences of that length."""

from __future__ import annotations

import numpy as np
import onnx
import onnx.parser
import pytest

from edgegen.errors import UnsupportedModel
from edgegen.ir.evaluate import evaluate
from edgegen.ir.graph import Graph
from tests.frontends.free_sizes import bounded, compare, model

BOUND = 7

ENCODER = """m (float[1, T, 8] x) => (float[1, T, 8] y, float[1, 8] mean) {
    scale = Constant <value = float[1] {0.5}> ()
    n = LayerNormalization <axis = -1> (x, gain)
    q = MatMul (n, wq)
    k = MatMul (n, wk)
    v = MatMul (n, wv)
    shape = Constant <value_ints = [0, -1, 2, 4]> ()
    q4 = Reshape (q, shape)
    k4 = Reshape (k, shape)
    v4 = Reshape (v, shape)
    qh = Transpose <perm = [0, 2, 1, 3]> (q4)
    kh = Transpose <perm = [0, 2, 3, 1]> (k4)
    vh = Transpose <perm = [0, 2, 1, 3]> (v4)
    raw = MatMul (qh, kh)
    scores = Mul (raw, scale)
    weights = Softmax <axis = -1> (scores)
    heads = MatMul (weights, vh)
    back = Transpose <perm = [0, 2, 1, 3]> (heads)
    flat = Constant <value_ints = [1, -1, 8]> ()
    rows = Reshape (back, flat)
    h = Add (rows, x)
    f = MatMul (h, wq)
    g = Relu (f)
    y = Add (g, h)
    mean = ReduceMean <axes = [1], keepdims = 0> (y)
}"""

POSITIONS = """m (int64[1, T] ids) => (float[1, T, 6] y, float[1, 6] first, float[1, 6] best, int64[1, 6] place) {
    e = Gather (table, ids)
    zero = Constant <value_ints = [0]> ()
    n = Shape <start = 1, end = 2> (ids)
    p = Slice (positions, zero, n, zero)
    s = Add (e, p)
    y = LayerNormalization <axis = -1> (s, gain)
    i = Constant <value_int = 0> ()
    first = Gather <axis = 1> (y, i)
    best = ReduceMax <axes = [1], keepdims = 0> (y)
    place = ArgMax <axis = 1, keepdims = 0> (y)
}"""

RECURRENT = """m (float[T, 1, 3] x) => (float[T, 1, 10] y, float[2, 1, 5] h, float[2, 1, 5] c, float[1, 4] last) {
    all, h, c = LSTM <hidden_size = 5, direction = "bidirectional"> (x, w, r)
    steps = Transpose <perm = [0, 2, 1, 3]> (all)
    shape = Constant <value_ints = [-1, 1, 10]> ()
    y = Reshape (steps, shape)
    g, state = GRU <hidden_size = 4> (x, wg, rg)
    one = Constant <value_ints = [1]> ()
    s = Squeeze (g, one)
    end = Constant <value_int = -1> ()
    last = Gather <axis = 0> (s, end)
}"""

AUDIO = """m (float[1, 1, T] x) => (float[1, T, 6] y, float[1, 6] energy, float[1, T, 6] sums) {
    c = Conv <pads = [2, 2], dilations = [2]> (x, w1)
    a = Relu (c)
    d = Conv <pads = [1, 1], group = 6> (a, w2)
    b = Conv <pads = [3, 0], kernel_shape = [4]> (d, w3)
    t = Tanh (b)
    y = Transpose <perm = [0, 2, 1]> (t)
    square = Mul (t, t)
    energy = ReduceSum <keepdims = 0> (square, axes)
    k = Constant <value_int = 2> ()
    reverse = CumSum <reverse = 1> (t, k)
    sums = Transpose <perm = [0, 2, 1]> (reverse)
}"""

FUSED = """m (float[1, T, 8] x, float[1, 5, 8] memory) => (float[1, T, 8] y, float[1, 5, 8] z) {
    y = Attention <q_num_heads = 2, kv_num_heads = 2, is_causal = 1> (x, x, x)
    z = Attention <q_num_heads = 2, kv_num_heads = 2> (memory, x, x)
}"""


OPERATORS = [
    "m (float[T, 4] x) => (float[4] y) { y = ReduceMean <axes = [0], keepdims = 0> (x) }",
    "m (float[1, T] x) => (float[1] y) { y = ReduceMin <axes = [1], keepdims = 0> (x) }",
    "m (int32[T] x) => (int32 y, int64 k) { y = ReduceMax <keepdims = 0> (x) k = ArgMin <axis = 0, keepdims = 0> (x) }",
    "m (float[T, 4] x) => (float[T, 4] y) { k = Constant <value_int = 0> () y = CumSum (x, k) }",
    "m (float[T, 4] x) => (float[T, 4] y) { y = Softmax <axis = 0> (x) }",
    "m (float[1, T] x) => (float[1, T] y) { y = LogSoftmax (x) }",
    "m (float[T, 4] x) => (float[T, 4] y, float[2] k) { y = Relu (x) k = Constant <value_floats = [1.0, 2.0]> () }",
    "m (float[1, 1, T, 3] x) => (float[1, 4] y) { s = ReduceMean <axes = [2, 3], keepdims = 0> (x)"
    " n = Constant <value_ints = [1, 4]> () y = Expand (s, n) }",
    "m (float[T, 4] x) => (float[4, 4] y) { t = Transpose (x) y = MatMul (t, x) }",
    "m (float[1, T, 4] x) => (float[1, T, 8] y) { a = Relu (x) y = Concat <axis = 2> (a, x) }",
]


MODELS = [
    model(ENCODER, wq=(8, 8), wk=(8, 8), wv=(8, 8), gain=(8,)),
    model(POSITIONS, table=(9, 6), positions=(20, 6), gain=(6,)),
    model(RECURRENT, w=(2, 20, 3), r=(2, 20, 5), wg=(1, 12, 3), rg=(1, 12, 4)),
    model(FUSED, opset=23),
    *map(model, OPERATORS),
    model(AUDIO, w1=(6, 1, 3), w2=(6, 1, 3), w3=(6, 6, 4), axes=np.array([2])),
]


def read(proto: onnx.ModelProto) -> Graph:
    return bounded(proto, "T", BOUND)


def test_sequences_of_any_length_up_to_the_bound() -> None:
    compare(MODELS, "T", BOUND, "generic", [1, 2, 4, BOUND])


@pytest.mark.cross
@pytest.mark.parametrize("target", ["arm-neon", "cortex-m4"])
def test_on_other_cores(target: str) -> None:
    compare(MODELS, "T", BOUND, target, [3])


def test_lengths_out_of_bounds() -> None:
    """They count as the nearest that is allowed."""
    graph = read(MODELS[1])
    assert [str(t.type) for t in graph.inputs] == ["s64[1,7]", "s32[]"]
    ids = np.arange(BOUND).reshape(1, BOUND)
    for length, counted in ((-3, 1), (0, 1), (99, BOUND)):
        got, want = (evaluate(graph, [ids, np.array(n, np.int32)]) for n in (length, counted))
        for a, b in zip(got, want, strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("m (float[4, T] x) => (float[4, T] y) { y = Relu (x) }", "extents before the free one"),
        ("m (float[T, 4] x) => (float[T, T] y) { t = Transpose (x) y = MatMul (x, t) }", "extents before the free one"),
        ("m (float[1, 1, T] x) => (float[1, 1, 5] y) { y = Conv (x, w) }", "for one more"),
        ("m (float[1, T, 4] x) => (float[1, U, 4] y) { y = Concat <axis = 1> (x, x) }", "for one more"),
        ("m (float[1, T, 4] x) => (uint8[1, T, 4] y) { y, s, z = DynamicQuantizeLinear (x) }", "DynamicQuantize"),
        (
            "m (float[1, T, 4] x) => (float[1, 2, 4] y, int64[1, 2, 4] k) { n = Constant <value_ints = [2]> ()"
            " y, k = TopK <axis = 1> (x, n) }",
            "TopK",
        ),
        ("m (float[1, T, 4] x) => (float[1, T, 4] y) { s = Size (x) f = CastLike (s, x) y = Div (x, f) }", "each size"),
        (
            "m (float[1, T, 4] x) => (float[1, 2, 4] y) { b = Constant <value_ints = [0]> ()"
            " e = Constant <value_ints = [2]> () k = Constant <value_ints = [1]> () y = Slice (x, b, e, k) }",
            "Slice",
        ),
        (
            "m (float[1, 1, T] x) => (float[1, 1, T] y) { y = MaxPool <kernel_shape = [3], pads = [1, 1]> (x) }",
            "MaxPool",
        ),
    ],
)
def test_what_lies_beyond_must_not_matter(text: str, reason: str) -> None:
    with pytest.raises(UnsupportedModel) as error:
        read(model(text, w=(1, 1, 3)))
    assert "size of the dimension" in error.value.what
    assert reason in dict(error.value.details)["why"]
