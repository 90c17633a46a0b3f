"""CONV_2D, DEPTHWISE_CONV_2D, TRANSPOSE_CONV and FULLY_CONNECTED, as TensorFlow Lite Micro computes them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgegen.errors import InvalidModel, UnsupportedModel
from edgegen.frontends.tflite import read_tflite
from edgegen.ir.tensor import Array
from tests.frontends.tflite.strategies import FUSED, SEEDS, Window, activations, scales, values, windows
from tests.judge import check_against_judge
from tests.models.tflite_builder import Operator, Options, Tensor, build_model, options

Shape = tuple[int, ...]
FLOAT_TOLERANCE = 1e-5  # the terms of a sum may be larger than what a clamp leaves of it


@st.composite
def layers(
    draw: st.DrawFn,
    kind: str,
    x_shape: Shape,
    w_shape: Shape,
    y_shape: Shape,
    axis: int,
    seed: int,
    narrow: bool = True,
) -> list[Tensor]:
    """x, weights, perhaps a bias, y. axis: of the weights' output channels; narrow: s16 may have a bias of s32."""
    channels = w_shape[axis]
    x = draw(activations("x", kind, x_shape, -2, 0))
    has_bias = draw(st.booleans())
    if kind == "FLOAT32":
        w = Tensor("w", data=values(kind, w_shape, seed))
        return [x, w, *([Tensor("b", data=values(kind, (channels,), seed + 1))] * has_bias), Tensor("y", kind, y_shape)]
    count = channels if draw(st.booleans()) else 1
    scale = [draw(scales(-3.0, -1.0)) for _ in range(count)]
    weights = np.maximum(values("INT8", w_shape, seed), np.int8(-127))
    w = Tensor("w", data=weights, scale=scale, axis=axis)
    assert isinstance(x.scale, float)
    bound, wide = (3000, "int32") if kind == "INT8" else (10**6, "int64")
    if kind == "INT16" and narrow and draw(st.booleans()):
        wide = "int32"
    bias = np.random.default_rng(seed).integers(-bound, bound, channels).astype(wide)
    b = Tensor("b", data=bias, scale=[x.scale * s for s in scale])
    gain = x.scale * max(scale) * 100 * math.sqrt(math.prod(w_shape) / channels)  # fills the output's range
    y = draw(activations("y", kind, y_shape, math.log10(gain) - 1, math.log10(gain) + 0.5))
    return [x, w, *([b] * has_bias), y]


def image(kind: str, shape: Shape, seed: int) -> Array:
    """Values of x; floats so small that clamps do not hide most results."""
    data = values(kind, shape, seed + 2)
    return data / np.float32(16) if kind == "FLOAT32" else data


def model(name: str, tensors: list[Tensor], opts: Options, version: int = 1) -> bytes:
    inputs = [t.name for t in tensors if t.name != "y"]
    return build_model(tensors, [Operator(name, inputs, ["y"], opts, version)])


def window_options(table: str, window: Window, fused: int, **more: int) -> Options:
    return options(
        table,
        Padding=window.padding,
        StrideH=window.stride[0],
        StrideW=window.stride[1],
        DilationHFactor=window.dilation[0],
        DilationWFactor=window.dilation[1],
        FusedActivationFunction=fused,
        **more,
    )


@pytest.mark.parametrize("kind", ["INT8", "INT16", "FLOAT32"])
@settings(max_examples=60)
@given(st.data(), windows(dilated=True), st.integers(1, 2), st.integers(1, 3), FUSED, SEEDS)
def test_conv_2d(
    kind: str, data: st.DataObject, window: Window, batch: int, groups: int, fused: int, seed: int
) -> None:
    depth, units = data.draw(st.integers(1, 4)), groups * data.draw(st.integers(1, 4))
    x, w, y = (batch, *window.size, groups * depth), (units, *window.kernel, depth), (batch, *window.out, units)
    tensors = data.draw(layers(kind, x, w, y, 0, seed))
    opts = window_options("Conv2DOptions", window, fused)
    check_against_judge(model("CONV_2D", tensors, opts, 6), [image(kind, x, seed)], FLOAT_TOLERANCE)


@pytest.mark.parametrize("kind", ["INT8", "INT16", "FLOAT32"])
@settings(max_examples=60)
@given(st.data(), windows(dilated=True), st.integers(1, 2), st.integers(1, 4), FUSED, SEEDS)
def test_depthwise_conv_2d(
    kind: str, data: st.DataObject, window: Window, batch: int, multiplier: int, fused: int, seed: int
) -> None:
    depth = data.draw(st.integers(1, 5))
    units = depth * multiplier
    x, w, y = (batch, *window.size, depth), (1, *window.kernel, units), (batch, *window.out, units)
    tensors = data.draw(layers(kind, x, w, y, 3, seed, narrow=False))
    opts = window_options("DepthwiseConv2DOptions", window, fused, DepthMultiplier=multiplier)
    check_against_judge(model("DEPTHWISE_CONV_2D", tensors, opts, 3), [image(kind, x, seed)], FLOAT_TOLERANCE)


@pytest.mark.parametrize("kind", ["INT8", "INT16", "FLOAT32"])
@settings(max_examples=60)
@given(st.data(), st.lists(st.integers(1, 4), max_size=3), st.integers(1, 40), st.booleans(), FUSED, SEEDS)
def test_fully_connected(
    kind: str, data: st.DataObject, lead: list[int], depth: int, keep: bool, fused: int, seed: int
) -> None:
    units = data.draw(st.integers(1, 12))
    keep = keep and bool(lead)
    x = (*lead, depth)
    y = (*lead, units) if keep else (math.prod(lead), units)
    tensors = data.draw(layers(kind, x, (units, depth), y, 0, seed))
    opts = options("FullyConnectedOptions", FusedActivationFunction=fused, KeepNumDims=keep)
    check_against_judge(model("FULLY_CONNECTED", tensors, opts, 6), [image(kind, x, seed)], FLOAT_TOLERANCE)


@pytest.mark.parametrize("kind", ["INT16", "FLOAT32"])
def test_fully_connected_with_weights_of_run_time(kind: str) -> None:
    x = Tensor("x", kind, (3, 11), scale=0.01 if kind == "INT16" else None)
    w = Tensor("w", "INT8" if kind == "INT16" else kind, (4, 11), scale=0.02 if kind == "INT16" else None)
    y = Tensor("y", kind, (3, 4), scale=0.2 if kind == "INT16" else None)
    given_w = np.maximum(values(str(w.type), (4, 11), 4), -127)
    data = model("FULLY_CONNECTED", [x, w, y], options("FullyConnectedOptions", FusedActivationFunction=1), 7)
    check_against_judge(data, [values(kind, (3, 11), 3), given_w], FLOAT_TOLERANCE)


def transposed(tensors: list[Tensor], shape: Shape, opts: Options) -> bytes:
    """tensors: x, weights, perhaps a bias, y."""
    x, w, *bias, y = tensors
    given = Tensor("shape", data=np.array(shape, np.int32))
    names = ["shape", "w", "x", *(b.name for b in bias)]
    return build_model([given, w, x, *bias, y], [Operator("TRANSPOSE_CONV", names, ["y"], opts, 4)])


@pytest.mark.parametrize("kind", ["INT8", "INT16", "FLOAT32"])
@settings(max_examples=40)
@given(st.data(), windows(), st.integers(1, 2), st.integers(1, 4), FUSED, SEEDS)
def test_transpose_conv(
    kind: str, data: st.DataObject, window: Window, batch: int, depth: int, fused: int, seed: int
) -> None:
    """The window is that of the convolution which would make x of y."""
    units = data.draw(st.integers(1, 4))
    x, w, y = (batch, *window.out, depth), (units, *window.kernel, depth), (batch, *window.size, units)
    tensors = data.draw(layers(kind, x, w, y, 0, seed, narrow=False))
    opts = options(
        "TransposeConvOptions",
        Padding=window.padding,
        StrideH=window.stride[0],
        StrideW=window.stride[1],
        FusedActivationFunction=fused,
    )
    check_against_judge(transposed(tensors, y, opts), [image(kind, x, seed)], FLOAT_TOLERANCE)


def test_transpose_conv_of_any_size() -> None:
    """TFLM drops what falls outside the size that is asked for, and fills up with the bias."""
    tensors = [
        Tensor("x", "INT8", (1, 4, 4, 3), scale=0.01, zero_point=5),
        Tensor("w", data=values("INT8", (2, 3, 3, 3), 1), scale=0.02),
        Tensor("b", data=np.array([300, -500], np.int32), scale=0.0002),
        Tensor("y", "INT8", (1, 12, 5, 2), scale=0.05),
    ]
    opts = options("TransposeConvOptions", StrideH=2, StrideW=2)
    check_against_judge(transposed(tensors, (1, 12, 5, 2), opts), [values("INT8", (1, 4, 4, 3), 2)])


def test_transpose_conv_refusals() -> None:
    def read(shape: Shape, x_kind: str = "INT8", bias: str = "int32", **fields: int) -> None:
        x, y = Tensor("x", x_kind, (1, 4, 4, 3), scale=0.5), Tensor("y", x_kind, (1, 8, 8, 2), scale=0.5)
        w, b = Tensor("w", data=np.ones((2, 3, 3, 3), np.int8), scale=0.5), Tensor("b", data=np.ones(2, bias))
        opts = options("TransposeConvOptions", **({"StrideH": 2, "StrideW": 2} | fields))
        read_tflite(transposed([x, w, b, y], shape, opts), "m", {})

    with pytest.raises(UnsupportedModel, match="reads it as s64"):
        read((1, 8, 8, 2), "INT16")
    with pytest.raises(UnsupportedModel, match="more than"):
        read((1, 8, 8, 2), StrideH=16000, StrideW=16000)
    with pytest.raises(InvalidModel, match="do not make an output"):
        read((1, 8, 8, 3))
    with pytest.raises(InvalidModel, match="rank 4"):
        read((8, 8, 2))


def test_refusals() -> None:
    def conv(w: Tensor, x_shape: Shape = (1, 3, 3, 2), x_kind: str = "INT8", **fields: int) -> None:
        x = Tensor("x", x_kind, x_shape, scale=0.5)
        y = Tensor("y", x_kind, (1, 3, 3, 4), scale=0.5)
        opts = (
            options("Conv2DOptions", StrideH=1, StrideW=1, Padding=1)
            if not fields
            else options("Conv2DOptions", **fields)
        )
        read_tflite(model("CONV_2D", [x, w, y], opts), "m", {})

    data = np.ones((4, 1, 1, 2), np.int8)
    with pytest.raises(UnsupportedModel, match="zero point 0"):
        conv(Tensor("w", data=data, scale=0.5, zero_point=1))
    with pytest.raises(UnsupportedModel, match="int16 with int8"):
        conv(Tensor("w", data=data, scale=0.5), x_kind="UINT8")
    with pytest.raises(InvalidModel, match="64-bit sums"):
        conv(Tensor("w", data=data, scale=1e6), x_kind="INT16")
    with pytest.raises(InvalidModel, match="positive"):
        conv(Tensor("w", data=data, scale=0.5), StrideH=0, StrideW=1)
    with pytest.raises(InvalidModel, match="channels of x"):
        conv(Tensor("w", data=data, scale=0.5), x_shape=(1, 3, 3, 3))
    with pytest.raises(InvalidModel, match="rank 4"):
        conv(Tensor("w", data=data, scale=0.5), x_shape=(3, 3, 2))
