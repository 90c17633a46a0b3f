"""Single layers of s8 with random data, and their float relatives, as tests of several targets' rows take them."""

from __future__ import annotations

import numpy as np

from edgegen.ir.fixed_point import FixedPoint
from edgegen.ir.op import NO_CLAMP, Range
from edgegen.ir.tensor import Array
from edgegen.ops.binary import Binary
from edgegen.ops.conv2d import Conv2d
from edgegen.ops.depthwise_conv2d import DepthwiseConv2d
from edgegen.ops.pool2d import Pool2d
from edgegen.ops.pool2d.op import Pooling
from edgegen.ops.softmax import Softmax
from edgegen.ops.window import Pads, Pair
from tests.harness import Case, constant_input

Size = tuple[int, int, int, int]

S8 = Range(-128, 127)


def _weights(rng: np.random.Generator, shape: tuple[int, ...], weight: int) -> Array:
    """weight: largest magnitude, or -128 for nothing but -128."""
    return np.full(shape, -128) if weight == -128 else rng.integers(-weight, weight + 1, shape)


def _rescale(rng: np.random.Generator, factor: float, taps: int, units: int, zero: int) -> FixedPoint:
    """Factors of which the sums of `taps` products need about the same, whatever their number."""
    factors = factor / np.sqrt(taps) * rng.uniform(0.5, 2, units)
    return FixedPoint.from_scales([float(f) for f in factors], zero)


def conv_s8(
    x: Size,
    units: int,
    kernel: Pair = (1, 1),
    stride: Pair = (1, 1),
    dilation: Pair = (1, 1),
    pad: Pads = (0, 0, 0, 0),
    zeros: Pair = (-128, -128),
    clamp: Range = S8,
    factor: float = 0.004,
    weight: int = 127,
    bias: bool = True,
) -> Case:
    """A convolution. zeros: of x and y; weight: largest magnitude, or -128 for nothing but -128, in most of x too."""
    rng = np.random.default_rng([*x, units, *kernel, *pad])
    w = _weights(rng, (units, *kernel, x[3]), weight)
    data = rng.integers(-128, 128, x)
    if weight == -128:
        data[rng.random(x) < 0.7] = -128
    inputs = [data.astype(np.int8), constant_input(w.astype(np.int8))]
    if bias:
        inputs.append(constant_input(rng.integers(-4000, 4000, units).astype(np.int32)))
    requantize = _rescale(rng, factor, kernel[0] * kernel[1] * x[3], units, zeros[1])
    op = Conv2d(stride, dilation, pad, zeros[0], requantize, clamp)
    return Case(op, inputs, label=f"{x} * {units}x{kernel}, stride {stride}, dilation {dilation}, pad {pad}")


def depthwise_s8(
    x: Size,
    kernel: Pair = (3, 3),
    stride: Pair = (1, 1),
    dilation: Pair = (1, 1),
    pad: Pads = (0, 0, 0, 0),
    zeros: Pair = (-128, -128),
    clamp: Range = S8,
    factor: float = 0.01,
    weight: int = 127,
    multiplier: int = 1,
    row: str = "",
) -> Case:
    """A depthwise convolution. zeros, weight: as conv_s8; multiplier: channels of y for each of x."""
    units = x[3] * multiplier
    rng = np.random.default_rng([*x, units, *kernel, *pad])
    w = _weights(rng, (*kernel, units), weight)
    data = np.full(x, -128) if weight == -128 else rng.integers(-128, 128, x)
    requantize = _rescale(rng, factor, kernel[0] * kernel[1], units, zeros[1])
    op = DepthwiseConv2d(stride, dilation, pad, zeros[0], requantize, clamp)
    bias = constant_input(rng.integers(-4000, 4000, units).astype(np.int32))
    inputs = [data.astype(np.int8), constant_input(w.astype(np.int8)), bias]
    return Case(op, inputs, row, f"{x}, kernel {kernel}, stride {stride}, dilation {dilation}, pad {pad}")


def pool(
    row: str,
    pooling: Pooling,
    x: Size,
    kernel: Pair,
    stride: Pair = (1, 1),
    pad: Pads = (0, 0, 0, 0),
    clamp: Range = NO_CLAMP,
    fill: int | None = None,
    dtype: str = "s8",
) -> Case:
    """A pool of s8 or f32, of `fill` everywhere if given; {} of the row stand for the pooling and the type."""
    rng = np.random.default_rng([*x, *kernel])
    values = rng.integers(-128, 128, x) if fill is None else np.full(x, fill)
    data = values.astype(np.int8) if dtype == "s8" else rng.normal(size=x).astype(np.float32)
    label = f"{pooling} {x}, kernel {kernel}, stride {stride}, pad {pad}, {dtype}"
    return Case(Pool2d(pooling, kernel, stride, pad, clamp), [data], row.format(pooling, dtype), label)


def linear(
    function: str, scales: tuple[float, float, float], zeros: tuple[int, int, int], clamp: Range = NO_CLAMP
) -> Binary:
    """TFLM's ADD or SUB of s8 with the scales and zero points of a, b and y."""
    twice = 2 * max(scales[:2])
    rescale = [FixedPoint.from_scales([s / twice], 0) for s in scales[:2]]
    requantize = FixedPoint.from_scales([twice / ((1 << 20) * scales[2])], zeros[2])
    return Binary(function, zeros[0], zeros[1], 20, rescale[0], rescale[1], requantize, clamp)


LINEAR = [
    linear("add", (0.0235, 0.0157, 0.0310), (-128, -128, -128)),
    linear("add", (0.051, 0.0072, 0.044), (3, -17, 5), Range(5, 127)),
    linear("sub", (0.02, 0.02, 0.02), (0, 0, 0)),
    linear("sub", (0.0039, 0.08, 0.1), (127, -128, -1), Range(-100, 99)),
]
NO_LINEAR_FORM = linear("add", (1.0, 1.0, 0.2), (0, 0, 0))

ALL_A, ALL_B = (v.astype(np.int8) for v in np.meshgrid(np.arange(-128, 128), np.arange(-128, 128)))
"""Every pair of s8, s8[256,256] each."""


def softmax_s8(scale: float) -> Softmax:
    """As imported from TFLite for an input of this scale and beta 1."""
    difference = FixedPoint.from_scales([scale * 2.0**26], 0)
    return Softmax(difference=difference, diff_min=-(31 * 2**26 >> difference.shift[0]))


def softmax_case(row: str, shape: tuple[int, int], scale: float, fill: int | None = None) -> Case:
    rng = np.random.default_rng(shape)
    x = rng.integers(-128, 128, shape) if fill is None else np.full(shape, fill)
    return Case(softmax_s8(scale), [x.astype(np.int8)], row, f"{shape}, scale {scale}")
