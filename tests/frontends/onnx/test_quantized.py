"""Quantized ONNX models beside onnxruntime without graph optimization: operators, and QDQ graphs turned to integers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import ml_dtypes
import numpy as np
import onnx
import pytest

from edgegen.errors import InvalidModel, UnsupportedModel
from edgegen.ir.evaluate import evaluate
from edgegen.ir.tensor import Array
from edgegen.verify import Build, Call, build_program
from tests.frontends.onnx.small_models import (
    MS,
    compile_and_run,
    judge,
    make_model,
    make_node,
    optimize,
    read_model,
)
from tests.harness import compile_for_test

RANDOM = np.random.default_rng(3)


def _u8(*shape: int) -> Array:
    return RANDOM.integers(0, 256, shape).astype(np.uint8)


def _s8(*shape: int) -> Array:
    return RANDOM.integers(-127, 128, shape).astype(np.int8)


def _f32(value: float | Array) -> Array:
    return np.asarray(value, np.float32)


def _convolution(x: Array, w: Array, **attributes: Any) -> tuple[onnx.ModelProto, dict[str, Array]]:
    scales = RANDOM.uniform(0.001, 0.004, w.shape[0])
    constants = {
        "xs": _f32(0.02),
        "xz": np.array(x.dtype.type(7)),
        "w": w,
        "ws": _f32(scales),
        "wz": np.zeros(w.shape[0], w.dtype),
        "ys": _f32(0.05),
        "yz": np.array(x.dtype.type(60)),
        "b": RANDOM.integers(-4000, 4000, w.shape[0]).astype(np.int32),
    }
    names = ["x", "xs", "xz", "w", "ws", "wz", "ys", "yz", "b"]
    node = make_node("QLinearConv", names, "y", **attributes)
    return make_model([node], {"x": x}, constants, x.dtype.type), {"x": x}


def _product(a: Array, b: Array, known: bool = True) -> tuple[onnx.ModelProto, dict[str, Array]]:
    """known: b is a constant."""
    inputs = {"a": a} if known else {"a": a, "b": b}
    constants = {
        "as": _f32(0.02),
        "az": np.array(a.dtype.type(120 if a.dtype == np.uint8 else 5)),
        **({"b": b} if known else {}),
        "bs": _f32(0.004),
        "bz": np.array(b.dtype.type(130 if b.dtype == np.uint8 else 3)),
        "ys": _f32(0.06),
        "yz": np.array(a.dtype.type(50)),
    }
    node = make_node("QLinearMatMul", ["a", "as", "az", "b", "bs", "bz", "ys", "yz"], "y")
    return make_model([node], inputs, constants, a.dtype.type), inputs


def _gemm(a: Array, b: Array) -> tuple[onnx.ModelProto, dict[str, Array]]:
    """B transposed, with a bias and a scale for each of its rows."""
    units = b.shape[0]
    constants = {
        "as": _f32(0.02),
        "az": np.array(a.dtype.type(120)),
        "b": b,
        "bs": _f32(RANDOM.uniform(0.002, 0.005, units)),
        "bz": np.zeros(units, b.dtype),
        "c": RANDOM.integers(-5000, 5000, units).astype(np.int32),
        "ys": _f32(0.06),
        "yz": np.array(a.dtype.type(50)),
    }
    node = make_node("QGemm", ["a", "as", "az", "b", "bs", "bz", "c", "ys", "yz"], "y", domain=MS, transB=1)
    return make_model([node], {"a": a}, constants, a.dtype.type), {"a": a}


EXACT = {
    "conv u8": lambda: _convolution(_u8(1, 5, 9, 8), _s8(6, 5, 3, 3), pads=[1, 1, 1, 1]),
    "conv s8": lambda: _convolution(_s8(1, 5, 9, 8), _s8(6, 5, 3, 3), strides=[2, 2]),
    "conv of a line": lambda: _convolution(_u8(1, 4, 11), _s8(6, 4, 3), pads=[1, 1]),
    "depthwise": lambda: _convolution(_u8(1, 6, 7, 7), _s8(6, 1, 3, 3), group=6, pads=[1, 1, 1, 1]),
    "groups": lambda: _convolution(_u8(1, 6, 7, 7), _s8(4, 3, 3, 3), group=2),
    "matmul u8": lambda: _product(_u8(4, 40), _u8(40, 9)),
    "matmul s8": lambda: _product(_s8(2, 3, 40), _s8(40, 9)),
    "matmul of two": lambda: _product(_u8(2, 3, 5, 40), _u8(2, 3, 40, 9), known=False),
    "gemm": lambda: _gemm(_u8(3, 24), _s8(7, 24)),
}


@pytest.mark.parametrize("name", EXACT)
def test_integer_operators_are_exact(name: str) -> None:
    model, inputs = EXACT[name]()
    wanted, graph = judge(model, inputs), read_model(model)
    assert len(np.unique(wanted)) > 10
    assert np.array_equal(evaluate(graph, list(inputs.values()))[0], wanted)
    assert np.array_equal(compile_and_run(graph, list(inputs.values()), "generic"), wanted)


@pytest.mark.parametrize("known", [True, False])
def test_sums_of_integers(known: bool) -> None:
    """Zero points of x that are known ahead of time, or come at run time."""
    x, w = _u8(1, 3, 6, 6), _u8(5, 3, 3, 3)
    zero = {"xz": np.array(np.uint8(9))}
    inputs = {"x": x} if known else {"x": x} | zero
    constants = {"w": w, "wz": np.array(np.uint8(121))} | (zero if known else {})
    node = make_node("ConvInteger", ["x", "w", "xz", "wz"], "y", pads=[1, 0, 0, 1])
    model = make_model([node], inputs, constants, np.int32)
    assert np.array_equal(evaluate(read_model(model), list(inputs.values()))[0], judge(model, inputs))
    a, b = _u8(4, 12), _s8(12, 5)
    inputs = {"x": a} if known else {"x": a} | zero
    constants = {"w": b, "wz": np.array(np.int8(-3))} | (zero if known else {})
    model = make_model([make_node("MatMulInteger", ["x", "w", "xz", "wz"], "y")], inputs, constants, np.int32)
    assert np.array_equal(evaluate(read_model(model), list(inputs.values()))[0], judge(model, inputs))
    inputs, constants = inputs | {"w": b}, {k: v for k, v in constants.items() if k != "w"}
    model = make_model([make_node("MatMulInteger", ["x", "w", "xz", "wz"], "y")], inputs, constants, np.int32)
    graph, wanted = read_model(model), judge(model, inputs)
    assert np.array_equal(evaluate(graph, list(inputs.values()))[0], wanted)
    assert np.array_equal(compile_and_run(graph, list(inputs.values()), "generic"), wanted)


def _linear(kind: str, *shapes: tuple[int, ...], **attributes: Any) -> tuple[onnx.ModelProto, dict[str, Array]]:
    """A QLinear operator of one input, or of two."""
    inputs = {f"x{i}": _u8(*shape) for i, shape in enumerate(shapes)}
    names, constants = [], {}
    for i in range(len(shapes)):
        constants |= {f"s{i}": _f32(0.03 + 0.01 * i), f"z{i}": np.array(np.uint8(100 + 20 * i))}
        names += [f"x{i}", f"s{i}", f"z{i}"]
    constants |= {"ys": _f32(attributes.pop("scale", 0.05)), "yz": np.array(np.uint8(attributes.pop("zero", 90)))}
    names = ["ys", "yz", *names] if kind == "QLinearConcat" else [*names, "ys", "yz"]
    return make_model([make_node(kind, names, "y", domain=MS, **attributes)], inputs, constants), inputs


LINEAR = {
    "add": lambda: _linear("QLinearAdd", (2, 3, 20), (2, 3, 20)),
    "mul": lambda: _linear("QLinearMul", (2, 3, 20), (2, 3, 20)),
    "sigmoid": lambda: _linear("QLinearSigmoid", (400,), scale=1 / 256, zero=0),
    "leaky": lambda: _linear("QLinearLeakyRelu", (400,), alpha=0.1),
    "softmax": lambda: _linear("QLinearSoftmax", (6, 9), scale=1 / 256, zero=0, axis=-1, opset=13),
    "concat": lambda: _linear("QLinearConcat", (2, 3), (2, 4), axis=1),
    "average": lambda: _linear("QLinearAveragePool", (1, 3, 8, 8), scale=0.0517, kernel_shape=[2, 2], strides=[2, 2]),
    "global": lambda: _linear("QLinearGlobalAveragePool", (1, 300, 5, 7), channels_last=0),
}


@pytest.mark.parametrize("name", LINEAR)
def test_operators_that_stand_for_real_ones_become_integer_kernels(name: str) -> None:
    """onnxruntime computes some in floats, in another order: a step apart where a result lies beside a tie."""
    model, inputs = LINEAR[name]()
    wanted, graph = judge(model, inputs).astype(int), read_model(model)
    optimized = optimize(graph)
    assert not any(t.dtype.is_float for n in optimized.nodes for t in (*n.outputs, *filter(None, n.inputs)))
    found = evaluate(optimized, list(inputs.values()))[0].astype(int)
    assert np.abs(found - wanted).max() <= (0 if name in ("global", "softmax", "concat") else 1)
    assert (found != wanted).mean() < 0.02
    assert np.array_equal(compile_and_run(graph, list(inputs.values()), "generic"), found)


def _floats(
    kind: str, inputs: Sequence[Array | None], fixed: Sequence[int] = (), **attributes: Any
) -> tuple[onnx.ModelProto, dict[str, Array]]:
    given = {f"i{k}": v for k, v in enumerate(inputs) if v is not None and k not in fixed}
    constants = {f"i{k}": v for k, v in enumerate(inputs) if v is not None and k in fixed}
    names = [f"i{k}" if v is not None else "" for k, v in enumerate(inputs)]
    return make_model([make_node(kind, names, "y", domain=MS, **attributes)], given, constants, np.float32), given


def _normal(*shape: int) -> Array:
    return RANDOM.normal(size=shape).astype(np.float32)


FLOATS = {
    "gelu": lambda: _floats("Gelu", [_normal(3, 8)]),
    "bias gelu": lambda: _floats("BiasGelu", [_normal(3, 8), _normal(8)]),
    "fast gelu": lambda: _floats("FastGelu", [_normal(3, 8), _normal(8)]),
    "quick gelu": lambda: _floats("QuickGelu", [_normal(3, 8)]),
    "fused matmul": lambda: _floats("FusedMatMul", [_normal(2, 8, 3), _normal(2, 5, 8)], transA=1, transB=1, alpha=0.5),
    "fused conv": lambda: _floats(
        "FusedConv", [_normal(1, 3, 6, 6), _normal(4, 3, 3, 3), _normal(4)], [1, 2], activation="Relu"
    ),
    "dynamic": lambda: _floats(
        "DynamicQuantizeMatMul",
        [_normal(3, 16), _s8(16, 6), _f32(0.01), np.array(np.int8(2)), _normal(6)],
        [1, 2, 3, 4],
    ),
    "to float": lambda: _floats(
        "MatMulIntegerToFloat", [_u8(3, 16), _s8(16, 6), _f32(0.02), _f32(0.01), np.array(np.uint8(20))], [1, 2, 3, 4]
    ),
    "n bits": lambda: _floats(
        "MatMulNBits", [_normal(3, 40), _u8(6, 2, 16), _normal(6, 2)], [1, 2], K=40, N=6, bits=4, block_size=32
    ),
    "n bits with zero points": lambda: _floats(
        "MatMulNBits", [_normal(3, 40), _u8(6, 2, 16), _normal(6, 2), _u8(6, 1)], [1, 2, 3], K=40, N=6, block_size=32
    ),
    "gather blocks": lambda: _floats(
        "GatherBlockQuantized", [_u8(9, 32), _indices(), _normal(9, 2)], [0, 2], bits=4, block_size=32
    ),
    "gather blocks with zero points": lambda: _floats(
        "GatherBlockQuantized", [_u8(9, 32), _indices(), _normal(9, 4), _u8(9, 2)], [0, 2, 3], bits=4, block_size=16
    ),
}


def _indices() -> Array:
    return np.array([[0, 8, 3], [5, 5, -1]], np.int64)


def _weight_only() -> dict[str, tuple[onnx.ModelProto, dict[str, Array]]]:
    """Layers of f32 activations whose weights are stored in few bits."""
    x = {"x": _normal(2, 96)}
    rows = {"w": _s8(96, 40), "s": _f32(RANDOM.uniform(0.001, 0.01, 40)), "z": np.zeros(40, np.int8)}
    blocks = {"w": _u8(96, 40), "s": _f32(RANDOM.uniform(0.001, 0.01, (3, 40))), "z": _u8(3, 40)}
    float8 = {"w": _normal(96, 40).astype(ml_dtypes.float8_e4m3fn), "s": _f32(0.02)}
    halves = {"w": _normal(96, 40).astype(np.float16)}
    image = {"x": _normal(1, 8, 5, 6)}
    filters = {"w": _s8(10, 8, 3, 3), "s": _f32(RANDOM.uniform(0.001, 0.01, 10)), "z": np.zeros(10, np.int8)}
    product, convolution = make_node("MatMul", ["x", "d"], "y"), make_node("Conv", ["x", "d"], "y", pads=[1, 1, 1, 1])
    whole = make_node("DequantizeLinear", ["w", "s", "z"], "d", axis=1)
    return {
        "units": (make_model([whole, product], x, rows, np.float32), x),
        "blocks": (
            make_model(
                [make_node("DequantizeLinear", ["w", "s", "z"], "d", axis=0, block_size=32), product],
                x,
                blocks,
                np.float32,
            ),
            x,
        ),
        "float8": (make_model([make_node("DequantizeLinear", ["w", "s"], "d"), product], x, float8, np.float32), x),
        "halves": (
            make_model([make_node("Cast", ["w"], "d", to=onnx.TensorProto.FLOAT), product], x, halves, np.float32),
            x,
        ),
        "filters": (
            make_model(
                [make_node("DequantizeLinear", ["w", "s", "z"], "d", axis=0), convolution], image, filters, np.float32
            ),
            image,
        ),
        "n bits": _floats(
            "MatMulNBits", [_normal(2, 96), _u8(40, 3, 16), _normal(40, 3)], [1, 2], K=96, N=40, bits=4, block_size=32
        ),
    }


@pytest.mark.parametrize(
    ("name", "bits", "kernel"),
    [
        ("units", 8.5, "dense_f32_stored"),
        ("blocks", 9.5, "dense_f32_stored"),
        ("float8", 8.5, "dense_f32_stored"),
        ("halves", 16.5, "dense_f32_stored"),
        ("filters", 9, "conv2d_f32_stored"),
        ("n bits", 5.5, "dense_f32_stored"),
    ],
)
def test_weights_of_float_layers_stay_in_few_bits(name: str, bits: float, kernel: str) -> None:
    model, inputs = _weight_only()[name]
    wanted = judge(model, inputs)
    compiled = compile_for_test(read_model(model), "generic", optimize="size")
    assert kernel in [n.kernel.name for n in compiled.graph.nodes if n.kernel is not None]
    constants = sum(c.array.nbytes for n in compiled.graph.nodes if n.packed is not None for c in n.packed.constants)
    assert constants <= bits * (720 if name == "filters" else 96 * 40) / 8 + 200
    (found,) = build_program([compiled], Build()).execute([Call(list(inputs.values()))])[0].outputs
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=2e-6 * float(np.abs(wanted).max()))


@pytest.mark.parametrize("name", FLOATS)
def test_float_operators_of_com_microsoft(name: str) -> None:
    model, inputs = FLOATS[name]()
    wanted, graph = judge(model, inputs), read_model(model)
    found = evaluate(graph, list(inputs.values()))[0]
    assert np.abs(found - wanted).max() <= 4e-6 * max(1.0, float(np.abs(wanted).max()))


def _qdq(is_u8: bool, bias_scales: bool) -> tuple[onnx.ModelProto, dict[str, Array]]:
    """Quantize, two convolutions with a pool, a transpose and a join between them, flatten, a dense layer."""
    kind = np.uint8 if is_u8 else np.int8
    zero = 100 if is_u8 else -20
    w1, w2, w3 = _s8(8, 3, 3, 3), _s8(4, 16, 1, 1), _s8(64, 5)
    constants: dict[str, Array] = {
        "xs": _f32(0.03),
        "xz": np.array(kind(zero)),
        "w1": w1,
        "w1s": _f32(RANDOM.uniform(0.002, 0.004, 8)),
        "w1z": np.zeros(8, np.int8),
        "w2": w2,
        "w2s": _f32(0.003),
        "w2z": np.array(np.int8(0)),
        "w3": w3,
        "w3s": _f32(0.004),
        "w3z": np.array(np.int8(0)),
        "ys": _f32(0.08),
        "yz": np.array(kind(zero + 9)),
        "v": _u8(5),
        "vs": _f32(0.01),
        "vz": np.array(np.uint8(120)),
        "shape": np.array([1, -1], np.int64),
    }
    if bias_scales:
        constants |= {"b": RANDOM.integers(-5000, 5000, 8).astype(np.int32), "bz": np.zeros(8, np.int32)}
        constants["bs"] = constants["xs"] * constants["w1s"]
    else:
        constants["bias"] = (RANDOM.normal(size=8) * 0.5).astype(np.float32)
    dequantize, quantize = "DequantizeLinear", "QuantizeLinear"
    nodes = [
        make_node(quantize, ["x", "xs", "xz"], "xq"),
        make_node(dequantize, ["xq", "xs", "xz"], "xd"),
        make_node(dequantize, ["w1", "w1s", "w1z"], "w1d", axis=0),
        make_node(dequantize, ["w2", "w2s", "w2z"], "w2d"),
        make_node(dequantize, ["w3", "w3s", "w3z"], "w3d"),
        *([make_node(dequantize, ["b", "bs", "bz"], "bias", axis=0)] if bias_scales else []),
        make_node("Conv", ["xd", "w1d", "bias"], "c1", pads=[1, 1, 1, 1]),
        make_node("Relu", ["c1"], "r1"),
        make_node(quantize, ["r1", "ys", "yz"], "r1q"),
        make_node(dequantize, ["r1q", "ys", "yz"], "r1d"),
        make_node("MaxPool", ["r1d"], "p1", kernel_shape=[2, 2], strides=[2, 2]),
        make_node(quantize, ["p1", "ys", "yz"], "p1q"),
        make_node(dequantize, ["p1q", "ys", "yz"], "p1d"),
        make_node("Concat", ["p1d", "p1d"], "j", axis=1),
        make_node(quantize, ["j", "xs", "xz"], "jq"),
        make_node(dequantize, ["jq", "xs", "xz"], "jd"),
        make_node("Conv", ["jd", "w2d"], "c2"),
        make_node(quantize, ["c2", "ys", "yz"], "c2q"),
        make_node(dequantize, ["c2q", "ys", "yz"], "c2d"),
        make_node("Reshape", ["c2d", "shape"], "flat"),
        make_node("MatMul", ["flat", "w3d"], "m"),
        make_node(quantize, ["m", "ys", "yz"], "mq"),
        make_node(dequantize, ["mq", "ys", "yz"], "md"),
        make_node(dequantize, ["v", "vs", "vz"], "vd"),
        make_node("Add", ["md", "vd"], "a"),
        make_node(quantize, ["a", "xs", "xz"], "aq"),
        make_node(dequantize, ["aq", "xs", "xz"], "ad"),
        make_node("Mul", ["ad", "md"], "p"),
        make_node("Relu", ["p"], "r"),
        make_node(quantize, ["r", "ys", "yz"], "y"),
    ]
    inputs = {"x": (RANDOM.normal(size=(1, 3, 8, 8)) * 2).astype(np.float32)}
    return make_model(nodes, inputs, constants, kind), inputs


@pytest.mark.parametrize("bias_scales", [True, False])
@pytest.mark.parametrize("is_u8", [True, False])
def test_qdq_graphs_compute_in_integers(is_u8: bool, bias_scales: bool) -> None:
    model, inputs = _qdq(is_u8, bias_scales)
    wanted, graph = judge(model, inputs), read_model(model)
    assert np.array_equal(evaluate(graph, [inputs["x"]])[0], wanted)
    optimized = optimize(graph)
    kinds = [(n.op.kind, n.input(0).dtype.name) for n in optimized.nodes]
    computing = ("Conv2d", "Dense", "MaxPool2d", "Add", "Mul", "ScaledAdd", "ScaledMul")
    assert [k for k in kinds if k[0] in computing] == [
        ("Conv2d", "s8"),
        ("MaxPool2d", "s8"),
        ("Conv2d", "s8"),
        ("Dense", "s8"),
        ("ScaledAdd", "s8"),
        ("ScaledMul", "s8"),
    ]
    assert not any(k == "Dequantize" for k, _ in kinds)
    found = evaluate(optimized, [inputs["x"]])[0]
    assert np.abs(found.astype(int) - wanted.astype(int)).max() <= 1
    assert np.array_equal(compile_and_run(graph, [inputs["x"]], "host"), found)


@pytest.mark.cross
@pytest.mark.parametrize("target", ["arm-neon", "cortex-m4"])
def test_qdq_graphs_on_other_cores(target: str) -> None:
    model, inputs = _qdq(True, True)
    graph = read_model(model)
    assert np.array_equal(compile_and_run(graph, [inputs["x"]], target), evaluate(optimize(graph), [inputs["x"]])[0])


def test_weights_known_at_run_time_alone_are_refused() -> None:
    x, w = _u8(1, 3, 6, 6), _u8(5, 3, 3, 3)
    inputs = {"x": x, "w": w}
    model = make_model([make_node("ConvInteger", ["x", "w"], "y")], inputs, {}, np.int32)
    with pytest.raises(UnsupportedModel, match="the weights must be known ahead of time"):
        read_model(model)


def test_quantized_operators_without_their_scales_are_refused() -> None:
    node = make_node("QLinearSigmoid", ["x", "", "", "s"], "y", domain=MS)
    with pytest.raises(InvalidModel, match="lacks its input or the scale"):
        read_model(make_model([node], {"x": _u8(3)}, {"s": _f32(0.1)}))
    node = make_node("QLinearSigmoid", ["x", "s"], "y", domain=MS)
    with pytest.raises(InvalidModel, match="has 2 inputs"):
        read_model(make_model([node], {"x": _u8(3)}, {"s": _f32(0.1)}))


def test_scales_that_do_not_fit_are_refused() -> None:
    constants = {"s": _f32([0.1, 0.2, 0.3]), "z": np.zeros(3, np.uint8)}
    node = make_node("QuantizeLinear", ["x", "s", "z"], "y", axis=1)
    with pytest.raises(InvalidModel, match="does not fit axis 1"):
        read_model(make_model([node], {"x": _normal(2, 4)}, constants))


def test_weights_of_more_than_8_bits_are_refused() -> None:
    constants = {"w": np.array([[0, 255], [255, 0]], np.uint8), "wz": np.array([0, 200], np.uint8)}
    constants["w"][0] = [255, 0]
    node = make_node("MatMulInteger", ["x", "w", "", "wz"], "y")
    with pytest.raises(UnsupportedModel, match="more than 8 bits"):
        read_model(make_model([node], {"x": _u8(3, 2)}, constants, np.int32))
