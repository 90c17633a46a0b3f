"""Convolutions and products of matrices on quantized integers: s32 sums, and results requantized by f32 factors."""

from __future__ import annotations

from typing import Any

import numpy as np

from edgegen.frontends.onnx.importer import Operator, operator
from edgegen.frontends.onnx.operators.quantization import MICROSOFT, limited, single
from edgegen.frontends.onnx.operators.windows import from_images, padding, per_axis, to_images, two
from edgegen.ir.dtypes import F32, F64, S8, S16, S32, U8
from edgegen.ir.fixed_point import ScaledRound
from edgegen.ir.tensor import Array, Tensor
from edgegen.ops.batch_matmul import MOST_PRODUCTS, BatchMatmul
from edgegen.ops.binary import Binary
from edgegen.ops.conv2d import Conv2d
from edgegen.ops.dense import Dense
from edgegen.ops.depthwise_conv2d import DepthwiseConv2d
from edgegen.ops.requantize import TO_SIGNED, TO_UNSIGNED
from edgegen.ops.transpose import Transpose
from edgegen.ops.unary import Unary


def _bytes(op: Operator, tensor: Tensor, what: str) -> Tensor:
    if tensor.dtype not in (S8, U8):
        raise op.invalid(f"{what} {tensor.type} is neither s8 nor u8")
    return tensor


def _signed(op: Operator, x: Tensor, zero: int) -> tuple[Tensor, int]:
    """x and its zero point as s8: the same distances from the zero point."""
    return (op.add(TO_SIGNED, [x]), zero - 128) if x.dtype == U8 else (x, zero)


def _weights(op: Operator, w: Tensor, zero: Tensor | None, axis: int) -> Array:
    """s8, or s16 where it must be: constant weights less their zero point, of all or along an axis."""
    values = op.values(_bytes(op, w, "weights"), "the weights").astype(np.int64)
    if zero is not None:
        zeros = op.values(zero, "the weights' zero point").astype(np.int64).reshape(-1)
        if len(zeros) not in (1, w.shape[axis]):
            raise op.invalid(f"zero points {zero.type} do not fit axis {axis} of weights {w.type}")
        values = values - zeros.reshape([-1 if i == axis else 1 for i in range(w.rank)])
    if values.size and (values.min() < -128 or values.max() > 127):
        if np.ptp(values) > 255:
            raise op.unsupported(
                "the weights' zero points lie so far apart that weights of one layer need more than 8 bits",
                help="quantize the weights per channel with zero points of 0",
            )
        return values.astype(np.int16)
    return values.astype(np.int8)


def _scheme(op: Operator, x: Tensor, w: Tensor, y: Tensor, units: int, zero: int) -> ScaledRound:
    """Factors x * w / y in f32, in this order, as onnxruntime's; a scale of each unit, or one."""
    scale = [op.values(t, "a scale").astype(np.float32).reshape(-1) for t in (x, w, y)]
    if len(scale[0]) != 1 or len(scale[2]) != 1 or len(scale[1]) not in (1, units):
        raise op.invalid(f"scales {x.type}, {w.type} and {y.type} do not fit {units} channels")
    factors = scale[0] * scale[1] / scale[2]
    return ScaledRound.from_scales([float(f) for f in factors], zero)


def _number(op: Operator, zero: Tensor | None, what: str) -> int:
    if zero is None:
        return 0
    values = op.values(zero, what)
    if values.size != 1:
        raise op.unsupported(f"{what} {zero.type} is not one number")
    return int(values.reshape(-1)[0])


def _convolution(
    op: Operator,
    x: Tensor,
    x_zero: int,
    filters: Array,
    bias: Tensor | None,
    requantize: ScaledRound | None,
    auto_pad: str,
    dilations: tuple[int, ...],
    group: int,
    kernel_shape: tuple[int, ...],
    pads: tuple[int, ...],
    strides: tuple[int, ...],
) -> Tensor:
    """x s8[N,C,...] * filters[O,C/group,...]; of requantize None the s32 sums."""
    if x.rank != filters.ndim or x.rank < 3 or group < 1 or x.shape[1] != filters.shape[1] * group:
        raise op.invalid(f"weights of shape {list(filters.shape)} in {group} groups do not fit x {x.type}")
    if kernel_shape and tuple(kernel_shape) != filters.shape[2:]:
        raise op.invalid(f"kernel_shape {list(kernel_shape)} does not fit weights of shape {list(filters.shape)}")
    spatial = x.rank - 2
    stride = per_axis(op, strides, spatial, 1, "strides")
    dilation = per_axis(op, dilations, spatial, 1, "dilations")
    before, after = padding(op, auto_pad, pads, x.shape[2:], filters.shape[2:], stride, dilation)
    image = to_images(op, x)
    if x.rank == 3:
        filters = filters[:, :, None]
    dtype = S16 if filters.dtype == np.int16 else S8
    how: dict[str, Any] = {
        "stride": two(stride, 1),
        "dilation": two(dilation, 1),
        "pad": (*two(before, 0), *two(after, 0)),
        "x_zero": x_zero,
        "requantize": requantize,
    }
    if group == x.shape[1] and filters.shape[1] == 1:
        taps = op.constant(filters[:, 0].transpose(1, 2, 0), dtype)
        y = op.add(DepthwiseConv2d(**how), [image, taps, bias])
    else:
        y = op.add(Conv2d(**how), [image, op.constant(filters.transpose(0, 2, 3, 1), dtype), bias])
    return from_images(op, y, x.rank)


@operator("QLinearConv", since=10)
def qlinear_conv(
    op: Operator,
    x: Tensor,
    x_scale: Tensor,
    x_zero_point: Tensor,
    w: Tensor,
    w_scale: Tensor,
    w_zero_point: Tensor,
    y_scale: Tensor,
    y_zero_point: Tensor,
    b: Tensor | None = None,
    *,
    auto_pad: str = "NOTSET",
    dilations: tuple[int, ...] = (),
    group: int = 1,
    kernel_shape: tuple[int, ...] = (),
    pads: tuple[int, ...] = (),
    strides: tuple[int, ...] = (),
) -> Tensor:
    """As onnxruntime: round((sums + b) * (x_scale * w_scale / y_scale)), ties to even, plus the zero point."""
    filters = _weights(op, w, w_zero_point, 0)
    zero = _number(op, y_zero_point, "the output's zero point")
    is_u8 = _bytes(op, y_zero_point, "the output").dtype == U8
    scheme = _scheme(op, x_scale, w_scale, y_scale, w.shape[0], zero - 128 * is_u8)
    image, x_zero = _signed(op, _bytes(op, x, "x"), _number(op, x_zero_point, "the zero point of x"))
    if b is not None:
        b = op.constant(op.values(b, "the bias"), S32)
    window = (auto_pad, dilations, group, kernel_shape, pads, strides)
    y = _convolution(op, image, x_zero, filters, b, scheme, *window)
    return op.add(TO_UNSIGNED, [y]) if is_u8 else y


@operator("ConvInteger", since=10)
def conv_integer(
    op: Operator,
    x: Tensor,
    w: Tensor,
    x_zero_point: Tensor | None = None,
    w_zero_point: Tensor | None = None,
    *,
    auto_pad: str = "NOTSET",
    dilations: tuple[int, ...] = (),
    group: int = 1,
    kernel_shape: tuple[int, ...] = (),
    pads: tuple[int, ...] = (),
    strides: tuple[int, ...] = (),
) -> Tensor:
    """s32 sums of (x - x_zero_point) * (w - w_zero_point); padded pixels add nothing.

    With a zero point that is computed at run time, its product with the sum of the weights inside the image, which is
    known ahead of time, is subtracted from the sums of x itself.
    """
    filters = _weights(op, w, w_zero_point, 0)
    window = (auto_pad, dilations, group, kernel_shape, pads, strides)
    _bytes(op, x, "x")
    if x_zero_point is None or x_zero_point.is_constant:
        image, x_zero = _signed(op, x, _number(op, x_zero_point, "the zero point of x"))
        return _convolution(op, image, x_zero, filters, None, None, *window)
    image, least = _signed(op, x, 0)
    ones = op.constant(np.ones((1, *x.shape[1:]), np.int8), S8)
    inside = _convolution(op, ones, 0, filters, None, None, *window)
    zero = op.cast(op.reshape(x_zero_point, ()), S32)
    if least:
        zero = op.add(Binary("add"), [zero, op.constant(least, S32)])
    sums = _convolution(op, image, 0, filters, None, None, *window)
    return op.add(Binary("sub"), [sums, op.add(Binary("mul"), [inside, zero])])


def _dense(
    op: Operator, a: Tensor, a_zero: int, weights: Array, bias: Tensor | None, requantize: ScaledRound | None
) -> Tensor:
    """a s8[...,K] * weights[K,N] + bias[N]."""
    if a.shape[-1] != weights.shape[0]:
        raise op.invalid(f"{a.type} and weights of shape {list(weights.shape)} do not multiply")
    rows = a.type.elements // a.shape[-1] if a.shape[-1] else 0
    w = op.constant(weights.T, S16 if weights.dtype == np.int16 else S8)
    y = op.add(Dense(a_zero, requantize), [op.reshape(a, (rows, a.shape[-1])), w, bias])
    return op.reshape(y, (*a.shape[:-1], weights.shape[1]))


def _differences(op: Operator, x: Tensor, zero: Tensor | None, is_row: bool) -> Tensor:
    """x less its zero point, f64, which holds every sum of products exactly; zero: one, or of each row or column."""
    wide = op.cast(op.cast(x, S32), F64)
    if zero is None or single(zero) == 0:
        return wide
    offset = op.cast(op.cast(zero, S32), F64)
    if offset.type.elements == 1:
        offset = op.reshape(offset, ())
    elif offset.rank == 1 and is_row:
        offset = op.reshape(offset, (offset.shape[0], 1))
    return op.add(Binary("sub"), [wide, offset])


def _integer_product(op: Operator, a: Tensor, b: Tensor, a_zero: Tensor | None, b_zero: Tensor | None) -> Tensor:
    """s32 sums of products, as numpy.matmul. Weights known ahead of time make it a dense layer."""
    if min(a.rank, b.rank) < 2:
        raise op.unsupported(f"a product of {a.type} and {b.type}; both must be matrices")
    one_zero = a_zero is None or a_zero.type.elements == 1
    if b.is_constant and b.rank == 2 and one_zero and (b_zero is None or b_zero.is_constant) and a.type.elements:
        weights = _weights(op, b, b_zero, 1)
        known = a_zero is None or a_zero.is_constant
        x, zero = _signed(op, a, _number(op, a_zero, "a zero point") if known else 0)
        if known or a_zero is None:
            return _dense(op, x, zero, weights, None, None)
        offset = op.cast(op.reshape(a_zero, ()), S32)
        if zero:
            offset = op.add(Binary("add"), [offset, op.constant(zero, S32)])
        totals = op.constant(weights.astype(np.int64).sum(axis=0), S32)
        sums = _dense(op, x, 0, weights, None, None)
        return op.add(Binary("sub"), [sums, op.add(Binary("mul"), [totals, offset])])
    zeros = [0.0 if zero is None else single(zero) for zero in (a_zero, b_zero)]
    if None not in zeros and a.shape[-1] <= MOST_PRODUCTS:
        (x, x_zero), (w, w_zero) = (_signed(op, t, int(z or 0)) for t, z in zip((a, b), zeros, strict=True))
        return op.add(BatchMatmul(x_zero=x_zero, w_zero=w_zero), [x, w])
    y = op.add(BatchMatmul(), [_differences(op, a, a_zero, True), _differences(op, b, b_zero, False)])
    return op.cast(y, S32)


@operator("MatMulInteger", since=10)
def matmul_integer(
    op: Operator,
    a: Tensor,
    b: Tensor,
    a_zero_point: Tensor | None = None,
    b_zero_point: Tensor | None = None,
) -> Tensor:
    return _integer_product(op, _bytes(op, a, "A"), _bytes(op, b, "B"), a_zero_point, b_zero_point)


@operator("QLinearMatMul", since=10)
def qlinear_matmul(
    op: Operator,
    a: Tensor,
    a_scale: Tensor,
    a_zero_point: Tensor,
    b: Tensor,
    b_scale: Tensor,
    b_zero_point: Tensor,
    y_scale: Tensor,
    y_zero_point: Tensor,
) -> Tensor:
    """As onnxruntime: round(sums * (a_scale * b_scale / y_scale)), ties to even, plus the zero point."""
    return _quantized_product(op, a, a_scale, a_zero_point, b, b_scale, b_zero_point, None, y_scale, y_zero_point)


def _quantized_product(
    op: Operator,
    a: Tensor,
    a_scale: Tensor,
    a_zero: Tensor,
    b: Tensor,
    b_scale: Tensor,
    b_zero: Tensor,
    bias: Tensor | None,
    y_scale: Tensor,
    y_zero: Tensor,
) -> Tensor:
    _bytes(op, a, "A"), _bytes(op, b, "B"), _bytes(op, y_zero, "the output")
    known = (a_scale, a_zero, b_scale, b_zero, y_scale, y_zero, *(() if bias is None else (bias,)))
    one = a_scale.type.elements == a_zero.type.elements == y_scale.type.elements == y_zero.type.elements == 1
    if all(t.is_constant for t in known) and one and min(a.rank, b.rank) >= 2:
        is_u8, plain = y_zero.dtype == U8, b_scale.type.elements == b_zero.type.elements == 1 and bias is None
        y_point = _number(op, y_zero, "the output's zero point") - 128 * is_u8
        x, zero = _signed(op, a, _number(op, a_zero, "a zero point"))
        y = None
        if b.is_constant and b.rank == 2:
            scheme = _scheme(op, a_scale, b_scale, y_scale, b.shape[1], y_point)
            y = _dense(op, x, zero, _weights(op, b, b_zero, 1), bias, scheme)
        elif plain and a.shape[-1] <= MOST_PRODUCTS:
            w, w_zero = _signed(op, b, _number(op, b_zero, "a zero point"))
            product = BatchMatmul(
                x_zero=zero, w_zero=w_zero, requantize=_scheme(op, a_scale, b_scale, y_scale, 1, y_point)
            )
            y = op.add(product, [x, w])
        if y is not None:
            return op.add(TO_UNSIGNED, [y]) if is_u8 else y
    sums = _integer_product(op, a, b, a_zero, b_zero)
    if bias is not None:
        sums = op.add(Binary("add"), [sums, bias])
    factor = op.add(Binary("mul"), [op.cast(a_scale, F32), op.cast(b_scale, F32)])
    factor = op.add(Binary("div"), [factor, op.cast(y_scale, F32)])
    if factor.type.elements == 1:
        factor = op.reshape(factor, ())
    rounded = op.add(Unary("round"), [op.add(Binary("mul"), [op.cast(sums, F32), factor])])
    zero_point = op.reshape(y_zero, ()) if y_zero.type.elements == 1 else y_zero
    return limited(op, rounded, zero_point, y_zero.dtype)


@operator("QGemm", domain=MICROSOFT)
def qgemm(
    op: Operator,
    a: Tensor,
    a_scale: Tensor,
    a_zero_point: Tensor,
    b: Tensor,
    b_scale: Tensor,
    b_zero_point: Tensor,
    c: Tensor | None = None,
    y_scale: Tensor | None = None,
    y_zero_point: Tensor | None = None,
    *,
    alpha: float = 1.0,
    transA: int = 0,
    transB: int = 0,
) -> Tensor:
    """alpha * A' * B' + C, C in steps of alpha * a_scale * b_scale; without an output's scale the result is f32."""
    x = op.add(Transpose((1, 0)), [a]) if transA else a
    w = op.add(Transpose((1, 0)), [b]) if transB else b
    if alpha != 1:
        a_scale = op.scaled(a_scale, alpha)
    if c is not None:
        c = op.reshape(c, (w.shape[1],)) if c.type.elements == w.shape[1] else c
    if y_scale is not None and y_zero_point is not None:
        return _quantized_product(op, x, a_scale, a_zero_point, w, b_scale, b_zero_point, c, y_scale, y_zero_point)
    sums = _integer_product(op, _bytes(op, x, "A"), _bytes(op, w, "B"), a_zero_point, b_zero_point)
    if c is not None:
        sums = op.add(Binary("add"), [sums, c])
    factor = op.add(Binary("mul"), [a_scale, b_scale])
    return op.add(Binary("mul"), [op.cast(sums, F32), factor])


@operator("MatMulIntegerToFloat", domain=MICROSOFT)
def matmul_integer_to_float(
    op: Operator,
    a: Tensor,
    b: Tensor,
    a_scale: Tensor,
    b_scale: Tensor,
    a_zero_point: Tensor | None = None,
    b_zero_point: Tensor | None = None,
    bias: Tensor | None = None,
) -> Tensor:
    sums = _integer_product(op, _bytes(op, a, "A"), _bytes(op, b, "B"), a_zero_point, b_zero_point)
    factor = op.add(Binary("mul"), [op.reshape(a_scale, ()) if a_scale.type.elements == 1 else a_scale, b_scale])
    y = op.add(Binary("mul"), [op.cast(sums, F32), factor])
    return y if bias is None else op.add(Binary("add"), [y, bias])
