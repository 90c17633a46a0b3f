"""Models that mix what lies along a free dimension, beside onnxruntime with sequences of that length."""

from __future__ import annotations

import numpy as np
import onnx
import onnx.parser
import pytest

from edgegen.errors import UnsupportedModel
from edgegen.ir.dtypes import S8
from edgegen.ir.evaluate import evaluate
from edgegen.ir.graph import Graph
from edgegen.verify import Build, Call, build_program
from tests.frontends.free_sizes import bounded, compare, given, model, padded, sized
from tests.harness import compile_for_test

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

WAVES = """m (float[1, 3, T] x) => (float[1, 5, U] y, float[1, 6, 1] mean, float[1, 6, V] up) {
    a = Conv <pads = [1, 1], strides = [2]> (x, w1)
    b = BatchNormalization (a, gain, bias, mean6, gain)
    c = Relu (b)
    d = Conv <pads = [2, 2], dilations = [2], group = 6> (c, w2)
    e = Add (c, d)
    mean = GlobalAveragePool (e)
    gate = Sigmoid (mean)
    f = Mul (e, gate)
    g = MaxPool <kernel_shape = [3], pads = [1, 1]> (f)
    h = AveragePool <kernel_shape = [3], pads = [1, 1]> (g)
    up = ConvTranspose <strides = [2], pads = [1, 1]> (h, w3)
    p = Softmax <axis = 1> (h)
    i = InstanceNormalization (p, gain, bias)
    y = Conv <auto_pad = "SAME_UPPER"> (i, w4)
}"""

SPECTRA = """m (float[1, 4, T] x) => (float[U, 1, 10] y, float[2, 1, 5] h, float[1, 6, 4] c) {
    pads = Constant <value_ints = [0, 0, 2, 0, 0, 2]> ()
    a = Pad <mode = "reflect"> (x, pads)
    b = Conv <pads = [3, 0]> (a, w1)
    r = Relu (b)
    scales = Constant <value_floats = [1.0, 1.0, 2.0]> ()
    n = Resize <mode = "nearest", coordinate_transformation_mode = "asymmetric", nearest_mode = "floor"> (r, , scales)
    l = Resize <mode = "linear"> (b, , scales)
    s = Add (n, l)
    steps = Transpose <perm = [2, 0, 1]> (s)
    z, h, k = LSTM <hidden_size = 5, direction = "bidirectional"> (steps, w, r5)
    t = Transpose <perm = [0, 2, 1, 3]> (z)
    shape = Constant <value_ints = [-1, 1, 10]> ()
    y = Reshape (t, shape)
    xt = Transpose <perm = [0, 2, 1]> (x)
    rows = Softmax <axis = -1> (b)
    e0 = Constant <value_ints = [-3]> ()
    z0 = Constant <value_ints = [0]> ()
    two = Constant <value_ints = [2]> ()
    cut = Slice (rows, z0, e0, two)
    c = MatMul (cut, xt)
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


ROWS = [
    "m (float[4, T] x) => (float[4, T] y) { y = Relu (x) }",
    "m (float[2, 3, T, 2] x) => (float[2, T, 6] y, float[2, 3, T, 2] s, float[3, 2] k) {"
    " t = Transpose <perm = [0, 2, 1, 3]> (x) n = Constant <value_ints = [2, -1, 6]> () y = Reshape (t, n)"
    " s = Softmax <axis = 2> (x) k = ReduceMax <axes = [0, 2], keepdims = 0> (x) }",
    "m (float[T, 4] x) => (float[T, T] y) { t = Transpose (x) y = MatMul (x, t) }",
    "m (int64[2, T] x) => (int64[2, U] y, float[2, T, 3] h, int64[1, T] i, float[2, T, 3] n) {"
    " p = Constant <value_ints = [0, 1, 0, 2]> () v = Constant <value_int = 5> () y = Pad (x, p, v)"
    " d = Constant <value_int = 3> () on = Constant <value_floats = [0.5, 2.0]> () h = OneHot (x, d, on)"
    " i = ArgMax <axis = 0> (x) f = Cast <to = 1> (x) g = Transpose (f) q = Constant <value_ints = [0]> ()"
    " r = Unsqueeze (g, q) n = MatMul (r, c) }",
    "m (float[1, 2, T, T] x) => (float[1, 2, U, U] y, float[1, 2] z) {"
    " y = AveragePool <kernel_shape = [3, 3], pads = [1, 1, 1, 1], strides = [2, 2]> (x)"
    " z = ReduceMean <axes = [2, 3], keepdims = 0> (x) }",
]


OF_TWO = [
    "m (float[2, T, 3] x) => (float[2, U, 3] y, float[2, V, 3] z, float[2, W, 3] k, float[2, 1, 3] last) {"
    " b = Constant <value_ints = [0]> () e = Constant <value_ints = [-1]> () a = Constant <value_ints = [1]> ()"
    " s = Constant <value_ints = [2]> () q = Constant <value_ints = [99]> () y = Slice (x, b, e, a)"
    " z = Slice (x, b, q, a, s) r = Slice (x, a, q, a) k = Concat <axis = 1> (c, r) last = Slice (x, e, q, a) }",
    "m (float[1, 2, T, 3] x) => (float[1, 2, U, 3] y, float[1, 2, V, 1] z) {"
    " y = MaxPool <kernel_shape = [2, 3], strides = [2, 1], pads = [0, 1, 0, 1]> (x)"
    " z = Conv <strides = [1, 3], pads = [1, 0, 1, 0]> (x, w) }",
]
"""Of which slices and windows need two elements."""

MODELS = [
    model(ENCODER, wq=(8, 8), wk=(8, 8), wv=(8, 8), gain=(8,)),
    model(POSITIONS, table=(9, 6), positions=(20, 6), gain=(6,)),
    model(RECURRENT, w=(2, 20, 3), r=(2, 20, 5), wg=(1, 12, 3), rg=(1, 12, 4)),
    model(FUSED, opset=23),
    *map(model, OPERATORS),
    model(AUDIO, w1=(6, 1, 3), w2=(6, 1, 3), w3=(6, 6, 4), axes=np.array([2])),
    model(
        WAVES,
        w1=(6, 3, 3),
        w2=(6, 1, 3),
        w3=(6, 6, 4),
        w4=(5, 6, 3),
        **dict.fromkeys(("bias", "mean6"), (6,)),
        gain=np.full(6, 0.5, np.float32),
    ),
    *(model(text, c=(2, 2, 3)) for text in ROWS),
]
LONGER = [model(text, c=(2, 2, 3), w=(2, 2, 3, 3)) for text in OF_TWO]


def read(proto: onnx.ModelProto) -> Graph:
    return bounded(proto, "T", BOUND)


def test_sequences_of_any_length_up_to_the_bound() -> None:
    compare(MODELS, "T", BOUND, "generic", [1, 2, 4, BOUND])
    compare(LONGER, "T", BOUND, "generic", [2, 3, BOUND])


@pytest.mark.cross
@pytest.mark.parametrize("target", ["arm-neon", "cortex-m4"])
def test_on_other_cores(target: str) -> None:
    compare([*MODELS, *LONGER], "T", BOUND, target, [3])


def test_lengths_out_of_bounds() -> None:
    """They count as the nearest that is allowed."""
    graph = read(MODELS[1])
    assert [str(t.type) for t in graph.inputs] == ["s64[1,7]", "s32[]"]
    ids = np.arange(BOUND).reshape(1, BOUND)
    for length, counted in ((-3, 1), (0, 1), (99, BOUND)):
        got, want = (evaluate(graph, [ids, np.array(n, np.int32)]) for n in (length, counted))
        for a, b in zip(got, want, strict=True):
            np.testing.assert_array_equal(a, b)


def test_fewer_than_windows_need_count_as_what_they_need() -> None:
    for proto in LONGER:
        graph = read(proto)
        (x,) = padded(graph, given(proto, 2), 2)[:1]
        got, want = (evaluate(graph, [x, np.array(n, np.int32)]) for n in (1, 2))
        for a, b in zip(got, want, strict=True):
            np.testing.assert_array_equal(a, b)


CALIBRATED = """m (float[1, 3, T] x) => (float[1, 5, U] y) {
    xq = QuantizeLinear (x, sx, z)
    xd = DequantizeLinear (xq, sx, z)
    wd = DequantizeLinear (w, sw, zw)
    a = Conv <pads = [2, 2], strides = [2]> (xd, wd)
    r = Relu (a)
    rq = QuantizeLinear (r, sx, z)
    rd = DequantizeLinear (rq, sx, z)
    p = MaxPool <kernel_shape = [3], pads = [1, 1]> (rd)
    pq = QuantizeLinear (p, sx, z)
    y = DequantizeLinear (pq, sx, z)
}"""


def test_calibrated_layers_are_those_of_a_fixed_size() -> None:
    """In integers, to the bit."""
    scale, weights = np.array(0.03, np.float32), np.arange(-37, 38, dtype=np.int8).reshape(5, 3, 5)
    zeros = {"z": np.array(7, np.int8), "zw": np.array(0, np.int8)}
    proto = model(CALIBRATED, sx=scale, sw=scale, w=weights, **zeros)
    free = compile_for_test(read(proto), "generic", "free")
    assert any(n.op.kind == "Conv2d" and n.input(0).dtype == S8 for n in free.graph.nodes)
    sizes = [1, 4, BOUND]
    fixed = [compile_for_test(sized(proto, n), "generic", f"fixed{n}") for n in sizes]
    calls = [given(proto, n) for n in sizes]
    program = build_program([free, *fixed], Build(cflags=("-O1",)))
    source = read(proto)
    outcomes = program.execute([Call(padded(source, v, n)) for v, n in zip(calls, sizes, strict=True)])
    wanted = program.execute([Call(list(v.values()), i + 1) for i, v in enumerate(calls)])
    for got, want in zip(outcomes, wanted, strict=True):
        (y,) = want.outputs
        np.testing.assert_array_equal(got.outputs[0].reshape(-1)[: y.size], y.reshape(-1))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("m (float[1, T, 4] x) => (float[1, U, 4] y) { y = Concat <axis = 1> (x, x) }", "Concat"),
        ("m (float[1, T, 4] x) => (uint8[1, T, 4] y) { y, s, z = DynamicQuantizeLinear (x) }", "DynamicQuantize"),
        (
            "m (float[1, T, 4] x) => (float[1, 2, 4] y, int64[1, 2, 4] k) { n = Constant <value_ints = [2]> ()"
            " y, k = TopK <axis = 1> (x, n) }",
            "TopK",
        ),
        ("m (float[1, T, 4] x) => (float[1, T, 4] y) { s = Size (x) f = CastLike (s, x) y = Div (x, f) }", "each size"),
        (
            "m (float[1, T, 4] x) => (float[1, T, 4] y) { z = Constant <value_ints = [-1]> ()"
            " e = Constant <value_ints = [-99]> () a = Constant <value_ints = [1]> () y = Slice (x, z, e, a, z) }",
            "Slice",
        ),
        ("m (float[1, T, 4] x) => (float[1, T, 4] y) { y = LpPool <kernel_shape = [3], pads = [1, 1]> (x) }", "Pool"),
        (
            'm (float[1, 2, T] x) => (float[1, 2, U] y) { y = Conv <auto_pad = "SAME_UPPER", strides = [2]> (x, w) }',
            "Conv",
        ),
        (
            "m (float[1, 2, T] x) => (float[1, U] y) { s = Constant <value_ints = [1, -1]> () y = Reshape (x, s) }",
            "Reshape",
        ),
        ("m (float[T, T, T] x) => (float[T, T, T] y) { y = Relu (x) }", "3 axes"),
    ],
)
def test_what_lies_beyond_must_not_matter(text: str, reason: str) -> None:
    with pytest.raises(UnsupportedModel) as error:
        read(model(text, w=(1, 2, 3)))
    assert "size of the dimension" in error.value.what
    assert reason in dict(error.value.details)["why"]
