"""Legacy uint8 models: every operator of quantized u8 as LiteRT's reference operators compute it."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgegen.errors import InvalidModel, UnsupportedModel
from edgegen.frontends.tflite import read_tflite
from edgegen.ir.graph import Graph
from edgegen.passes.pre_optimize.eliminate_dead_nodes import eliminate_dead_nodes
from edgegen.targets import target
from tests.frontends.tflite.strategies import FUSED, SEEDS, Window, activations, scales, values, windows
from tests.frontends.tflite.test_convolution import window_options
from tests.frontends.tflite.test_two_operands import RELATIONS
from tests.judge import check_against_judge, judge_litert
from tests.models.tflite_builder import Operator, Options, Tensor, build_model, options

Shape = tuple[int, ...]
U8 = "UINT8"
ZERO = st.integers(0, 255)
ONE = np.array([1], np.int32)


def scale_of(tensor: Tensor) -> float:
    assert isinstance(tensor.scale, float)
    return tensor.scale


def check(name: str, tensors: list[Tensor], opts: Options | None, seed: int, version: int = 1) -> Graph:
    """Compares with the judge: tensors are the inputs in order, then the output; u8 inputs hold any values."""
    read = [t.name for t in tensors[:-1]]
    data = build_model(tensors, [Operator(name, read, [tensors[-1].name], opts, version)])
    given_ = [values(U8, t.shape or (), seed + i) for i, t in enumerate(tensors[:-1]) if t.data is None]
    return check_against_judge(data, given_, by=judge_litert)


@st.composite
def layers(draw: st.DrawFn, x_shape: Shape, w_shape: Shape, y_shape: Shape, axis: int, seed: int) -> list[Tensor]:
    """x, weights, bias, y."""
    x, w_scale = draw(activations("x", U8, x_shape, -2, 0)), draw(scales(-3.0, -1.0))
    w = Tensor("w", data=values(U8, w_shape, seed), scale=w_scale, zero_point=draw(ZERO))
    bias = np.random.default_rng(seed).integers(-3000, 3000, w_shape[axis]).astype(np.int32)
    b = Tensor("b", data=bias, scale=float(np.float32(scale_of(x)) * np.float32(w_scale)))
    gain = scale_of(x) * w_scale * 100 * math.sqrt(math.prod(w_shape) / w_shape[axis])
    return [x, w, b, draw(activations("y", U8, y_shape, math.log10(gain) - 1, math.log10(gain) + 0.5))]


@settings(max_examples=15)
@given(st.data(), windows(dilated=True), st.integers(1, 2), st.integers(1, 4), FUSED, SEEDS)
def test_conv_2d(data: st.DataObject, window: Window, batch: int, depth: int, fused: int, seed: int) -> None:
    units = data.draw(st.integers(1, 4))
    x, w, y = (batch, *window.size, depth), (units, *window.kernel, depth), (batch, *window.out, units)
    check("CONV_2D", data.draw(layers(x, w, y, 0, seed)), window_options("Conv2DOptions", window, fused), seed)


@settings(max_examples=15)
@given(st.data(), windows(dilated=True), st.integers(1, 3), st.integers(1, 4), FUSED, SEEDS)
def test_depthwise_conv_2d(
    data: st.DataObject, window: Window, multiplier: int, depth: int, fused: int, seed: int
) -> None:
    units = depth * multiplier
    x, w, y = (1, *window.size, depth), (1, *window.kernel, units), (1, *window.out, units)
    opts = window_options("DepthwiseConv2DOptions", window, fused, DepthMultiplier=multiplier)
    check("DEPTHWISE_CONV_2D", data.draw(layers(x, w, y, 3, seed)), opts, seed)


@settings(max_examples=15)
@given(st.data(), st.integers(1, 4), st.integers(1, 40), st.integers(1, 30), FUSED, SEEDS)
def test_fully_connected(data: st.DataObject, rows: int, depth: int, units: int, fused: int, seed: int) -> None:
    tensors = data.draw(layers((rows, depth), (units, depth), (rows, units), 0, seed))
    check("FULLY_CONNECTED", tensors, options("FullyConnectedOptions", FusedActivationFunction=fused), seed)


def test_fully_connected_rounds_once() -> None:
    """With two roundings some 40 of these 120,000 results differ."""
    x, w = values(U8, (3000, 8), 1), values(U8, (40, 8), 2)
    tensors = [
        Tensor("x", U8, x.shape, scale=0.0312, zero_point=97),
        Tensor("w", data=w, scale=0.0077, zero_point=120),
        Tensor("y", U8, (3000, 40), scale=0.41, zero_point=128),
    ]
    check("FULLY_CONNECTED", tensors, options("FullyConnectedOptions"), 1)


@settings(max_examples=12)
@given(st.data(), st.integers(1, 3), st.integers(1, 3), st.tuples(st.integers(1, 2), st.integers(1, 3)), SEEDS)
def test_transpose_conv(data: st.DataObject, depth: int, units: int, stride: tuple[int, int], seed: int) -> None:
    x, size, w = (1, 3, 4, depth), (3 * stride[0], 4 * stride[1]), (units, 3, 2, depth)
    tensors = data.draw(layers(x, w, (1, *size, units), 0, seed))
    shape = Tensor("s", data=np.array((1, *size, units), np.int32))
    opts = options("TransposeConvOptions", StrideH=stride[0], StrideW=stride[1])
    check("TRANSPOSE_CONV", [shape, tensors[1], tensors[0], *tensors[2:]], opts, seed, 3)


@settings(max_examples=12)
@given(st.data(), windows(), FUSED, SEEDS, st.sampled_from(["AVERAGE_POOL_2D", "MAX_POOL_2D"]))
def test_pools(data: st.DataObject, window: Window, fused: int, seed: int, name: str) -> None:
    """Averages of an even number of pixels have ties, which u8 rounds upwards."""
    x = data.draw(activations("x", U8, (1, *window.size, 3)))
    y = Tensor("y", U8, (1, *window.out, 3), scale=x.scale, zero_point=x.zero_point)
    fields = {"FilterHeight": window.kernel[0], "FilterWidth": window.kernel[1], "Padding": window.padding}
    steps = {"StrideH": window.stride[0], "StrideW": window.stride[1], "FusedActivationFunction": fused}
    check(name, [x, y], options("Pool2DOptions", **fields, **steps), seed)


@settings(max_examples=8)
@given(st.data(), st.integers(0, 2), SEEDS)
def test_two_operands(data: st.DataObject, fused: int, seed: int) -> None:
    a, b = (data.draw(activations(n, U8, s, -3, -0.01)) for n, s in (("a", (3, 40)), ("b", (40,))))
    sum_, product = (data.draw(activations("y", U8, (3, 40), low, low + 1)) for low in (0, -1))
    for name in ("ADD", "SUB", "MUL"):
        opts = options(f"{name.capitalize()}Options", FusedActivationFunction=fused)
        check(name, [a, b, product if name == "MUL" else sum_], opts, seed)
    for name, opts in RELATIONS.items():
        check(name, [a, b, Tensor("y", "BOOL", (3, 40))], opts, seed)


@settings(max_examples=8)
@given(st.data(), st.integers(0, 2), SEEDS, st.floats(2.2, 3.5))
def test_div(data: st.DataObject, fused: int, seed: int, gain: float) -> None:
    """Divisors other than 0, where LiteRT stops."""
    a, b = data.draw(activations("a", U8, (3, 40))), data.draw(activations("b", U8, (1, 40)))
    divisor = values(U8, (1, 40), seed)
    divisor = np.where(divisor == b.zero_point, divisor ^ 1, divisor)
    b = Tensor("b", data=divisor.astype(np.uint8), scale=b.scale, zero_point=b.zero_point)
    y = Tensor("y", U8, (3, 40), scale=scale_of(a) / scale_of(b) / 10**gain, zero_point=data.draw(ZERO))
    check("DIV", [a, b, y], options("DivOptions", FusedActivationFunction=fused), seed)


@settings(max_examples=8)
@given(st.data(), SEEDS, st.floats(0, 1, width=32))
def test_slopes_and_normalizations(data: st.DataObject, seed: int, alpha: float) -> None:
    shape = (2, 3, 40)
    x, y = data.draw(activations("x", U8, shape)), data.draw(activations("y", U8, shape))
    slopes = Tensor("a", data=values(U8, (1, 40), seed), scale=data.draw(scales(-3, -1)), zero_point=data.draw(ZERO))
    coarse = Tensor("y", U8, shape, scale=scale_of(x) * 1.3, zero_point=data.draw(ZERO))
    check("PRELU", [x, slopes, coarse], None, seed)
    check("LEAKY_RELU", [x, y], options("LeakyReluOptions", Alpha=alpha), seed)
    unit = Tensor("y", U8, shape, scale=1 / 128, zero_point=128)
    check("L2_NORMALIZATION", [x, unit], options("L2NormOptions"), seed)
    logarithm = Tensor("y", U8, shape, scale=1 / 16, zero_point=255)
    check("LOG_SOFTMAX", [x, logarithm], options("LogSoftmaxOptions"), seed)
    wide = Tensor("y", "INT16", shape, scale=1 / 65536, zero_point=-32768)
    check("SOFTMAX", [x, wide], options("SoftmaxOptions", Beta=1.0), seed)


@settings(max_examples=8)
@given(st.data(), st.lists(st.integers(0, 3), min_size=1, unique=True), st.booleans(), SEEDS)
def test_reductions(data: st.DataObject, axes: list[int], keep: bool, seed: int) -> None:
    shape = (2, 3, 5, 4)
    kept = [1 if i in axes else n for i, n in enumerate(shape) if keep or i not in axes]
    count = math.prod(shape[a] for a in axes)
    x, opts = data.draw(activations("x", U8, shape)), options("ReducerOptions", KeepDims=keep)
    axis = Tensor("axes", data=np.array(axes, np.int32))
    for name, gain in (("MEAN", count**-0.5), ("SUM", count**0.5)):
        y = Tensor("y", U8, kept, scale=scale_of(x) * gain * 1.2, zero_point=data.draw(ZERO))
        check(name, [x, axis, y], opts, seed)
    same = Tensor("y", U8, kept, scale=x.scale, zero_point=x.zero_point)
    check("REDUCE_MAX", [x, axis, same], opts, seed)


@settings(max_examples=8)
@given(st.data(), st.tuples(st.integers(1, 9), st.integers(1, 9)), st.integers(0, 2), SEEDS)
def test_moving(data: st.DataObject, size: tuple[int, int], mode: int, seed: int) -> None:
    """CONCATENATION rescales, RESIZE_BILINEAR interpolates in f32, QUANTIZE changes scale and type."""
    x, other, joined = (data.draw(activations(n, U8, (1, 4, 3, c))) for n, c in (("x", 2), ("z", 3), ("y", 5)))
    check("CONCATENATION", [x, other, joined], options("ConcatenationOptions", Axis=3), seed)
    y = Tensor("y", U8, (1, *size, 2), scale=x.scale, zero_point=x.zero_point)
    opts = options("ResizeBilinearOptions", AlignCorners=mode == 1, HalfPixelCenters=mode == 2)
    check("RESIZE_BILINEAR", [x, Tensor("s", data=np.array(size, np.int32)), y], opts, seed)
    for kind in (U8, "INT8", "INT16"):
        check("QUANTIZE", [x, data.draw(activations("y", kind, (1, 4, 3, 2)))], None, seed)


def chain(*names: str) -> Graph:
    """Operators of one u8 tensor after the other, as imported and without dead nodes."""
    tensors = [Tensor(f"t{i}", U8, (1, 4, 4, 2), scale=0.5, zero_point=9) for i in range(len(names) + 1)]
    constants = {
        "PAD": Tensor("p", data=np.zeros((4, 2), np.int32)),
        "MUL": Tensor("m", data=np.array(3, np.uint8), scale=1.0),
    }
    opts = {"AVERAGE_POOL_2D": options("Pool2DOptions", FilterHeight=1, FilterWidth=1, StrideH=1, StrideW=1)}
    operators = [
        Operator(n, [f"t{i}", *([constants[n].name] if n in constants else [])], [f"t{i + 1}"], opts.get(n))
        for i, n in enumerate(names)
    ]
    graph = read_tflite(build_model([*tensors, *(constants[n] for n in {*names} & {*constants})], operators), "m", {})
    eliminate_dead_nodes(graph, target("generic"))
    return graph


def test_between_operators_no_sign_is_flipped() -> None:
    """At the model's ends, and around an operator whose arithmetic is that of u8."""
    flip = "Requantize"
    kinds = [n.op.kind for n in chain("PAD", "MUL", "PAD", "RELU", "AVERAGE_POOL_2D", "RELU").nodes]
    assert kinds == ["Pad", flip, "Mul", "Pad", "Clamp", flip, "AveragePool2d", flip, "Clamp", flip]
    assert [n.op.kind for n in chain("PAD", "PAD").nodes] == ["Pad", "Pad"]


def layer(x: Tensor, w: Tensor, y: Tensor) -> bytes:
    return build_model([x, w, y], [Operator("FULLY_CONNECTED", ["x", "w"], ["y"], options("FullyConnectedOptions"))])


def test_what_no_judge_computes_is_refused_by_name() -> None:
    x, y = (Tensor(n, U8, (1, 2), scale=0.5, zero_point=3) for n in "xy")
    signed = Tensor("w", data=np.ones((2, 2), np.int8), scale=0.5)
    with pytest.raises(UnsupportedModel, match="u8 input with s8 weights"):
        read_tflite(layer(x, signed, y), "m", {})
    many = Tensor("w", data=np.ones((2, 2), np.uint8), scale=[0.5, 0.25], zero_point=[3, 4])
    with pytest.raises(InvalidModel, match="must be quantized per tensor"):
        read_tflite(layer(x, many, y), "m", {})
    with pytest.raises(UnsupportedModel, match="computed at run time"):
        read_tflite(layer(x, Tensor("w", U8, (2, 2), scale=0.5), y), "m", {})
    for other, kind in ((Tensor("w", "INT8", (1, 2), scale=0.5), "u8 with s8"), (Tensor("w", U8, (1, 2)), "u8")):
        with pytest.raises((UnsupportedModel, InvalidModel), match=kind):
            read_tflite(
                build_model([x, other, y], [Operator("ADD", ["x", "w"], ["y"], options("AddOptions"))]), "m", {}
            )
    for name in ("SQUARED_DIFFERENCE", "L2_POOL_2D", "ABS"):
        with pytest.raises((UnsupportedModel, InvalidModel), match=name):
            read_tflite(build_model([x, y], [Operator(name, ["x", "x"][: 1 + (name[0] == "S")], ["y"])]), "m", {})


def test_limits_without_a_scale_are_refused_by_name() -> None:
    """What fake quantization leaves, where the converter gave integers no scale; floats are not concerned."""
    for kind in (U8, "FLOAT32"):
        x, y = (Tensor(n, kind, (1, 2), limits=(-1.0, 2.0)) for n in "xy")
        data = build_model([x, y], [Operator("RELU", ["x"], ["y"])])
        if kind == U8:
            with pytest.raises(UnsupportedModel, match='"x" is u8 with the limits of fake quantization, but no scale'):
                read_tflite(data, "m", {})
        else:
            read_tflite(data, "m", {})


def beside_floats(name: str, w: np.ndarray, y: Shape, opts: Options, zero: int = 0) -> bytes:
    """A layer of f32 with constant weights."""
    x = Tensor("x", "FLOAT32", (1, 4, 4, 2)[-len(y) :] if len(y) == 4 else (3, 8))
    weights = Tensor("w", data=w, scale=0.02, zero_point=zero)
    bias = Tensor("b", data=np.arange(y[-1], dtype=np.float32))
    return build_model([x, weights, bias, Tensor("y", "FLOAT32", y)], [Operator(name, ["x", "w", "b"], ["y"], opts)])


def test_u8_weights_beside_floats_are_s8_by_another_name() -> None:
    conv = options("Conv2DOptions", Padding=1, StrideH=1, StrideW=1, DilationHFactor=1, DilationWFactor=1)
    layers_ = (
        ("FULLY_CONNECTED", (5, 8), (3, 5), options("FullyConnectedOptions")),
        ("CONV_2D", (3, 3, 3, 2), (1, 2, 2, 3), conv),
    )
    for name, shape, y, opts in layers_:
        w = values(U8, shape, 4)
        x = values("FLOAT32", (3, 8) if len(y) == 2 else (1, 4, 4, 2), 5)
        for zero in (0, 128, 117):
            check_against_judge(beside_floats(name, w, y, opts, zero), [x], 1e-6, by=judge_litert)
    depthwise = options("DepthwiseConv2DOptions", DepthMultiplier=1, **conv.fields)
    with pytest.raises(UnsupportedModel, match="f32 input with u8 weights"):
        read_tflite(beside_floats("DEPTHWISE_CONV_2D", values(U8, (1, 3, 3, 2), 4), (1, 2, 2, 2), depthwise), "m", {})
