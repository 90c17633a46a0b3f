"""CONV_2D, DEPTHWISE_CONV_2D and TRANSPOSE_CONV."""

from __future__ import annotations

import numpy as np
import tflite

from edgegen.frontends.tflite.importer import Operator, operator
from edgegen.frontends.tflite.operators.activation_range import activation_clamp
from edgegen.frontends.tflite.operators.hybrid import hybrid_convolution, is_hybrid, layer_weights
from edgegen.ir.dtypes import F32, S8, S16, S32, S64
from edgegen.ir.fixed_point import FixedPoint, WideFixedPoint
from edgegen.ir.tensor import Tensor, TensorType, constant
from edgegen.ops.conv2d import Conv2d
from edgegen.ops.depthwise_conv2d import DepthwiseConv2d
from edgegen.ops.transpose_conv2d import TransposeConv2d
from edgegen.ops.window import Pads, Pair

MAX_WINDOW = 1 << 14
"""Pixels, along each axis: no window is larger than images are."""

MAX_PIXELS = 1 << 26
"""Of a padded image, so that the reference, which makes one, stays affordable."""


def window_padding(op: Operator, padding: int, size: Pair, kernel: Pair, stride: Pair, dilation: Pair = (1, 1)) -> Pads:
    """(top, left, bottom, right) of TFLite's SAME or VALID padding; an odd pixel goes to the bottom and right."""
    if min(*stride, *dilation, *kernel) < 1:
        raise op.invalid(f"kernel {kernel}, stride {stride} and dilation {dilation} must be positive")
    if max(*stride, *dilation, *kernel, *((k - 1) * d for k, d in zip(kernel, dilation, strict=True))) > MAX_WINDOW:
        raise op.unsupported(f"kernel {kernel}, stride {stride} and dilation {dilation} span more than {MAX_WINDOW}")
    if padding == tflite.Padding.VALID:
        return (0, 0, 0, 0)
    if padding != tflite.Padding.SAME:
        raise op.invalid(f"padding {padding} is unknown")
    total = []
    for n, k, s, d in zip(size, kernel, stride, dilation, strict=True):
        total.append(max((-(-n // s) - 1) * s + (k - 1) * d + 1 - n, 0))
    if (size[0] + total[0]) * (size[1] + total[1]) > MAX_PIXELS:
        raise op.unsupported(f"an image of {size} padded by {tuple(total)} has more than {MAX_PIXELS} pixels")
    top, left = total[0] // 2, total[1] // 2
    return (top, left, total[0] - top, total[1] - left)


def convolution_requantize(
    op: Operator, x: Tensor, w: Tensor, bias: Tensor | None, units_axis: int = 0
) -> tuple[int, FixedPoint | None]:
    """(zero point of x, requantization) of a convolution or dense layer; (0, None) for floats.

    bias: beside s16, its type says how wide the sums are
    units_axis: of the weights, along which they may have scales of their own

    The factor of each output channel is scale_x * scale_w / scale_y in f64. Raises UnsupportedModel for other types.
    """
    y = op.output
    types = (x.dtype, w.dtype, y.dtype)
    if types == (F32, F32, F32):
        return 0, None
    if op.unsigned:
        return _requantize_unsigned(op, x, w)
    if types not in ((S8, S8, S8), (S16, S8, S16)):
        raise op.unsupported(
            f"{x.dtype} input with {w.dtype} weights is not supported", "use full int8, int16 with int8 weights or f32"
        )
    scale_x, zero_x = op.per_tensor(x)
    scale_y, zero_y = op.per_tensor(y)
    q = op.quantization(w)
    if any(q.zero_point):
        raise op.unsupported("weights must have zero point 0", "convert with symmetric int8 weights")
    if q.axis not in (None, units_axis):
        raise op.invalid(f'weights "{w.name}" have their scales on axis {q.axis}, not {units_axis}')
    factors = [scale_x * s / scale_y for s in q.scale]
    if x.dtype == S8:
        return zero_x, FixedPoint.from_scales(factors, zero_y)
    if zero_x or zero_y:
        raise op.unsupported("s16 must have zero points of 0", "calibrate the model again")
    return 0, _requantize_s16(op, factors, bias)


def _requantize_unsigned(op: Operator, x: Tensor, w: Tensor) -> tuple[int, FixedPoint]:
    """As tflite::GetQuantizedConvolutionMultipler, which multiplies the scales in f32.

    Raises UnsupportedModel for results of another type than u8.
    """
    if (x.dtype, w.dtype, op.output.dtype) != (S8, S8, S8):
        raise op.unsupported(
            f"u8 weights beside {x.dtype}, giving {op.output.dtype}, are not supported", "use full int8"
        )
    (scale_x, zero_x), (scale_w, _), (scale_y, zero_y) = (op.per_tensor(t) for t in (x, w, op.output))
    return zero_x, FixedPoint.from_scales([float(np.float32(scale_x) * np.float32(scale_w)) / scale_y], zero_y)


def symmetric_weights(op: Operator, w: Tensor) -> Tensor:
    """The weights without their zero point, which only those of u8 may have: as s8 where it holds them, else as s16.

    Raises UnsupportedModel if they are computed at run time.
    """
    if not op.unsigned or op.per_tensor(w)[1] == 0:
        return w
    if w.data is None:
        raise op.unsupported("u8 weights computed at run time are not supported", "use full int8")
    values = w.data.astype(np.int16) - op.per_tensor(w)[1]
    low, high = S8.range
    dtype = S8 if low <= values.min(initial=0) and values.max(initial=0) <= high else S16
    return constant(w.name, values, dtype)


def _requantize_s16(op: Operator, factors: list[float], bias: Tensor | None) -> FixedPoint:
    """An s32 bias makes sums of 32 bits, requantized as those of s8; otherwise they have 64 bits."""
    if bias is not None and bias.dtype == S32:
        return FixedPoint.from_scales(factors, 0)
    if bias is not None and bias.data is not None and bias.data.size:
        largest = max(abs(int(bias.data.min())), abs(int(bias.data.max())))
        if largest >= 1 << 46:  # whatever the inputs are, half the range is left for their products
            raise op.unsupported(f"a bias of {largest} leaves 48-bit sums no room", "calibrate the model again")
    return WideFixedPoint.from_scales(factors, 0)


def _refuse_s32_bias(op: Operator, x: Tensor, bias: Tensor | None) -> None:
    if x.dtype == S16 and bias is not None and bias.dtype == S32:
        raise op.unsupported("s16 beside an s32 bias: TensorFlow Lite reads it as s64", "convert with an int64 bias")


def _size(op: Operator) -> Pair:
    x, w = op.input(0), op.input(1)
    if x.rank != 4 or w.rank != 4:
        raise op.invalid(f"input {x.type} and weights {w.type} must have rank 4")
    return x.shape[1], x.shape[2]


@operator("CONV_2D", last_version=8, signed="computes")
def conv_2d(op: Operator) -> None:
    """Weights are [O,kH,kW,C/groups], as Conv2d's."""
    options = op.options(tflite.Conv2DOptions)
    size, w = _size(op), layer_weights(op)
    stride = (options.StrideH, options.StrideW)
    dilation = (options.DilationHFactor, options.DilationWFactor)
    pad = window_padding(op, options.Padding, size, (w.shape[1], w.shape[2]), stride, dilation)
    if is_hybrid(op.input(0), w):
        hybrid_convolution(op, Conv2d(stride, dilation, pad), w, options.FusedActivationFunction)
        return
    x_zero, requantize = convolution_requantize(op, op.input(0), w, op.optional(2))
    clamp = activation_clamp(op, options.FusedActivationFunction, op.output)
    conv = Conv2d(stride, dilation, pad, x_zero, requantize, clamp)
    op.add(conv, [op.input(0), symmetric_weights(op, w), op.optional(2)], op.output)


@operator("DEPTHWISE_CONV_2D", last_version=7, signed="computes")
def depthwise_conv_2d(op: Operator) -> None:
    """Weights are [1,kH,kW,C*M]; the channel multiplier M follows from the shapes."""
    options = op.options(tflite.DepthwiseConv2DOptions)
    size, w = _size(op), layer_weights(op)
    if w.shape[0] != 1:
        raise op.invalid(f"depthwise weights {w.type} must start with 1")
    op.constant(1, "weights")
    stride = (options.StrideH, options.StrideW)
    dilation = (options.DilationHFactor, options.DilationWFactor)
    pad = window_padding(op, options.Padding, size, (w.shape[1], w.shape[2]), stride, dilation)
    if is_hybrid(op.input(0), w):
        filters = Tensor(w.name, TensorType(w.dtype, w.shape[1:]), w.values[0])
        hybrid_convolution(op, DepthwiseConv2d(stride, dilation, pad), filters, options.FusedActivationFunction)
        return
    _refuse_s32_bias(op, op.input(0), op.optional(2))
    x_zero, requantize = convolution_requantize(op, op.input(0), w, op.optional(2), units_axis=3)
    clamp = activation_clamp(op, options.FusedActivationFunction, op.output)
    symmetric = symmetric_weights(op, w)
    filters = Tensor(w.name, TensorType(symmetric.dtype, w.shape[1:]), symmetric.values[0])
    conv = DepthwiseConv2d(stride, dilation, pad, x_zero, requantize, clamp)
    op.add(conv, [op.input(0), filters, op.optional(2)], op.output)


@operator("TRANSPOSE_CONV", last_version=5, signed="computes")
def transpose_conv(op: Operator) -> None:
    """Inputs are the output's shape, weights [O,kH,kW,C], x and perhaps a bias; padding is that of a convolution from
    the output's size. A shape that comes at run time must be the one that the file declares, as in TFLM."""
    options = op.options(tflite.TransposeConvOptions)
    w, x, bias = op.input(1), op.input(2), op.optional(3)
    declared = op.input(0).data is None and not op.resized
    shape = op.output.shape if declared else op.integers(0, "the output's shape")
    if w.rank != 4 or x.rank != 4 or len(shape) != 4 or min(shape) < 1:
        raise op.invalid(f"output shape {shape}, weights {w.type} and input {x.type} must have rank 4 and elements")
    size, stride, kernel = (shape[1], shape[2]), (options.StrideH, options.StrideW), (w.shape[1], w.shape[2])
    pad = window_padding(op, options.Padding, size, kernel, stride)
    reach = [max(n * s + k, m) for n, s, k, m in zip(x.shape[1:3], stride, kernel, size, strict=True)]
    if reach[0] * reach[1] > MAX_PIXELS:
        raise op.unsupported(f"an image of {tuple(reach)} has more than {MAX_PIXELS} pixels")
    if shape[0] != x.shape[0] or shape[3] != w.shape[0]:
        raise op.invalid(f"input {x.type} and weights {w.type} do not make an output of {shape}")
    room = [n + pad[i] + pad[i + 2] - k for i, (n, k) in enumerate(zip(size, kernel, strict=True))]
    if declared and tuple(r // s + 1 for r, s in zip(room, stride, strict=True)) != x.shape[1:3]:
        raise op.unsupported(f"the output's shape comes at run time and cannot be {shape}", "make it a constant")
    _refuse_s32_bias(op, x, bias)
    if x.dtype == S16 and bias is not None and bias.dtype == S16:
        bias = op.add_constant("bias", op.constant(3, "the bias").astype(np.int64), S64)
    x_zero, requantize = convolution_requantize(op, x, w, bias)
    clamp = activation_clamp(op, options.FusedActivationFunction, op.output)
    conv = TransposeConv2d(size, stride, pad[:2], x_zero, requantize, clamp)
    op.add(conv, [x, symmetric_weights(op, w), bias], op.output)
