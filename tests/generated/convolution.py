"""CONV_2D, DEPTHWISE_CONV_2D and TRANSPOSE_CONV."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from tests.generated.single import Draw, Shape, Single, generates, numbers
from tests.models.tflite_builder import Operator, Tensor, options

FINE = "UINT8 TO INT16"


def real(kind: str) -> str:
    """The type of activations and biases: HYBRID has f32 ones beside weights of s8."""
    return {"HYBRID": "FLOAT32", FINE: "UINT8"}.get(kind, kind)


def filters(draw: Draw, kind: str, shape: Shape, units_axis: int) -> Tensor:
    """Constant weights: s8 with one scale or one per unit, u8 with a zero point, or f32."""
    if kind == "FLOAT32":
        return Tensor("w", data=draw.values(kind, shape, 0.5))
    if real(kind) == "UINT8":
        return Tensor("w", data=draw.values("UINT8", shape), scale=draw.scale(-3, -1), zero_point=draw.zero("UINT8"))
    data = draw.within(-127, 127, shape, "INT8")
    if draw.yes(0.4) and (kind != "HYBRID" or len(shape) == 2):  # LiteRT wants convolutions per channel
        return Tensor("w", data=data, scale=draw.scale(-3, -1), axis=units_axis)
    scale = [draw.scale(-3, -1) for _ in range(shape[units_axis])]
    return Tensor("w", data=data, scale=scale, zero_point=[0] * len(scale), axis=units_axis)


def bias(draw: Draw, kind: str, count: int, depth: int, x: Tensor, w: Tensor) -> Tensor:
    """A constant bias of about the size of the products' sum, and of their scale."""
    if real(kind) == "FLOAT32":
        return Tensor("b", data=draw.values(real(kind), (count,)))
    wide = kind == "INT16"
    limit = (1 << 14 if wide else 1 << 7) * 64 * math.isqrt(depth)
    data = draw.within(-limit, limit, (count,), "INT64" if wide else "INT32")
    if isinstance(w.scale, list):
        return Tensor("b", data=data, scale=[float((x.scale or 1) * s) for s in w.scale], zero_point=[0] * count)
    return Tensor("b", data=data, scale=float((x.scale or 1) * w.scale))


def result(draw: Draw, kind: str, shape: Shape, x: Tensor, w: Tensor, depth: int) -> Tensor:
    """An output whose scale lets most sums of `depth` products neither saturate nor vanish."""
    if real(kind) == "FLOAT32":
        return Tensor("y", real(kind), shape)
    kind = "INT16" if kind == FINE else kind
    sx, sw = float(np.max(x.scale or 1)), float(np.max(w.scale or 1))
    spread = sx * sw * (1 << 14 if kind == "INT16" else 1 << 6) * 64 * math.sqrt(depth)
    scale = float(np.float32(spread / (1 << 14 if kind == "INT16" else 1 << 6) * 10 ** draw.real(-0.7, 0.7)))
    return Tensor("y", kind, shape, scale=scale, zero_point=draw.zero(kind))


def linear(draw: Draw, tensors: list[Tensor], operator: Operator, depth: int) -> Single:
    """A single whose result sums `depth` products of x and w, and perhaps a bias: floats are off by as many roundings,
    in whatever order they are added, of numbers as large as a product can be."""
    x, w = (next(t for t in tensors if t.name == name) for name in "xw")
    if x.type != "FLOAT32":
        return Single(tensors, operator)
    values = {t.name: draw.values("FLOAT32", t.shape) for t in (x, w) if t.data is None}
    scale = math.prod(float(np.abs(values.get(t.name, t.data)).max()) * float(np.max(t.scale or 1)) for t in (x, w))
    return Single(tensors, operator, values, depth + 1, scale)


@dataclass(frozen=True)
class Window:
    """A window over an image: what the options say of it, and the output's height and width."""

    fields: dict[str, Any]
    size: tuple[int, int]
    kernel: tuple[int, int]
    out: tuple[int, int]


def window(draw: Draw, largest: int = 4, dilated: bool = True) -> Window:
    """Strides, dilations and padding (0: SAME, 1: VALID) of a window that fits its image."""
    kernel, stride = [(draw.integer(1, largest), draw.integer(1, largest)) for _ in range(2)]
    dilation = (draw.integer(1, 3), draw.integer(1, 3)) if dilated and draw.yes(0.3) else (1, 1)
    spans = [(k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True)]
    padding = draw.integer(0, 1)
    size = tuple(draw.integer(e if padding else 1, e + 6) for e in spans)
    out = [-(-n // s) if padding == 0 else (n - e) // s + 1 for n, e, s in zip(size, spans, stride, strict=True)]
    fields = {"StrideH": stride[0], "StrideW": stride[1], "Padding": padding}
    if dilated:
        fields |= {"DilationHFactor": dilation[0], "DilationWFactor": dilation[1]}
    return Window(fields, (size[0], size[1]), kernel, (out[0], out[1]))


@generates("CONV_2D", "FLOAT32", "HYBRID", "INT8", "UINT8", "INT16", weight=3)
def conv_2d(draw: Draw, kind: str) -> Single:
    shape, groups = window(draw), draw.choice((1, 1, 1, 2, 3))
    channels, units = groups * draw.choice((1, 2, 3, 4, 8, 17)), groups * draw.choice((1, 3, 4, 8, 17))
    x = draw.tensor("x", real(kind), (draw.integer(1, 2), *shape.size, channels))
    w = filters(draw, kind, (units, *shape.kernel, channels // groups), 0)
    depth = math.prod(shape.kernel) * channels // groups
    y = result(draw, kind, (x.shape[0], *shape.out, units), x, w, depth)
    table = options("Conv2DOptions", FusedActivationFunction=draw.choice((0, 0, 1, 2, 3)), **shape.fields)
    tensors = [x, w, y]
    if draw.yes(0.8) or kind in ("UINT8", "HYBRID"):  # LiteRT, their only judge, wants a bias
        tensors.append(bias(draw, kind, units, depth, x, w))
    names = ["x", "w", "b"] if len(tensors) == 4 else ["x", "w"]
    return linear(draw, tensors, Operator("CONV_2D", names, ["y"], table), depth)


@generates("DEPTHWISE_CONV_2D", "FLOAT32", "HYBRID", "INT8", "UINT8", "INT16", weight=3)
def depthwise_conv_2d(draw: Draw, kind: str) -> Single:
    shape, channels, multiplier = window(draw), draw.choice((1, 2, 3, 4, 8, 17)), draw.choice((1, 1, 1, 2, 3))
    units, depth = channels * multiplier, math.prod(shape.kernel)
    x = draw.tensor("x", real(kind), (draw.integer(1, 2), *shape.size, channels))
    w = filters(draw, kind, (1, *shape.kernel, units), 3)
    y = result(draw, kind, (x.shape[0], *shape.out, units), x, w, depth)
    activation = draw.choice((0, 0, 1, 2, 3))
    table = options(
        "DepthwiseConv2DOptions", DepthMultiplier=multiplier, FusedActivationFunction=activation, **shape.fields
    )
    tensors = [x, w, y]
    if draw.yes(0.8):
        tensors.append(bias(draw, kind, units, depth, x, w))
    names = ["x", "w", "b"] if len(tensors) == 4 else ["x", "w"]
    return linear(draw, tensors, Operator("DEPTHWISE_CONV_2D", names, ["y"], table), depth)


@generates("TRANSPOSE_CONV", "FLOAT32", "INT8", "UINT8", "INT16", weight=2)
def transpose_conv(draw: Draw, kind: str) -> Single:
    """The output's size is one from which a convolution of the same window comes to the input's."""
    shape = window(draw, 4, dilated=False)
    channels, units = draw.choice((1, 2, 3, 8)), draw.choice((1, 2, 4, 5))
    x = draw.tensor("x", kind, (draw.integer(1, 2), *shape.out, channels))
    w = filters(draw, kind, (units, *shape.kernel, channels), 0)
    depth = math.prod(shape.kernel) * channels
    size = (x.shape[0], *shape.size, units)
    y = result(draw, kind, size, x, w, depth)
    table = options("TransposeConvOptions", FusedActivationFunction=draw.choice((0, 1, 3)), **shape.fields)
    tensors, names = [numbers("shape", size), w, x, y], ["shape", "w", "x"]
    if draw.yes(0.7):
        tensors.append(bias(draw, kind, units, depth, x, w))
        names.append("b")
    return linear(draw, tensors, Operator("TRANSPOSE_CONV", names, ["y"], table), depth)
