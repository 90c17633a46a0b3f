"""FULLY_CONNECTED and BATCH_MATMUL."""

from __future__ import annotations

import numpy as np
import tflite

from edgegen.frontends.tflite.operator import Operator, operator
from edgegen.frontends.tflite.operators.activation_range import activation_clamp
from edgegen.frontends.tflite.operators.convolution import convolution_requantize, symmetric_weights
from edgegen.frontends.tflite.operators.hybrid import (
    add_hybrid,
    blockwise_dense,
    hybrid_batch_matmul,
    is_hybrid,
    layer_weights,
    weight_scales,
)
from edgegen.ir.dtypes import F32, S8, S16, S64
from edgegen.ir.fixed_point import FixedPoint, FixedPointOnce, WideFixedPoint
from edgegen.ir.op import Range
from edgegen.ir.tensor import Tensor
from edgegen.ops.batch_matmul import BatchMatmul
from edgegen.ops.binary import Binary
from edgegen.ops.cast import Cast
from edgegen.ops.dense import Dense
from edgegen.ops.reshape import Reshape
from edgegen.ops.row_scale import RowScale


def _once(op: Operator) -> FixedPoint:
    """LiteRT multiplies u8 matrices in a library of its own, which rounds once; its factor is in f64."""
    (scale_x, _), (scale_w, _), (scale_y, zero_y) = (op.per_tensor(t) for t in (op.input(0), op.input(1), op.output))
    return FixedPointOnce.from_scales([scale_x * scale_w / scale_y], zero_y)


def _is_product(op: Operator, x: Tensor, w: Tensor, b: Tensor | None) -> bool:
    """Whether the layer is a product of two s8 tensors computed at run time, either of which may have a zero point."""
    return w.data is None and b is None and not op.unsigned and (x.dtype, w.dtype, op.output.dtype) == (S8, S8, S8)


def _fine_product(op: Operator, x: Tensor, w: Tensor, b: Tensor | None, clamp: Range, result: Tensor | None) -> Tensor:
    """Of u8 tensors, as s16. x: the operator's input in rows"""
    if op.per_tensor(op.output)[1]:
        raise op.unsupported("s16 must have a zero point of 0", "calibrate the model again")
    sums = op.add(Dense(op.per_tensor(op.input(0))[1]), [x, symmetric_weights(op, w), b])
    return _requantized(op, sums, _once(op), clamp, result)


def _requantized(op: Operator, sums: Tensor, scheme: FixedPoint, clamp: Range, result: Tensor | None) -> Tensor:
    """s32 sums as s16 of zero point 0, in 64 bits: (sum * multiplier + half) >> (31 - shift) (FixedPointOnce)."""

    def step(function: str, x: Tensor, number: int) -> Tensor:
        return op.add(Binary(function), [x, op.add_constant(function, np.array(number), S64)])

    multiplier, shift = scheme.multiplier[0], scheme.shift[0]
    product = step("mul", op.cast(sums, S64), multiplier)
    if shift <= 30:
        product = step("shift_right", step("add", product, 1 << (30 - shift)), 31 - shift)
    low, high = max(int(clamp.low), S16.range[0]), min(int(clamp.high), S16.range[1])
    bounded = step("minimum", step("maximum", product, low), high)
    return op.add(Cast("s16"), [bounded], result)


@operator("FULLY_CONNECTED", last_version=14, signed="computes")
def fully_connected(op: Operator) -> None:
    """x of any rank is read as [batch, depth]; the output may keep x's leading dimensions."""
    x, w, b, y = op.input(0), layer_weights(op), op.optional(2), op.output
    options = op.options(tflite.FullyConnectedOptions)
    if options.WeightsFormat != tflite.FullyConnectedOptionsWeightsFormat.DEFAULT:
        raise op.unsupported("shuffled weights are not supported", "convert without shuffling")
    if w.rank != 2 or w.shape[1] == 0 or x.type.elements % w.shape[1]:
        raise op.invalid(f"input {x.type} does not divide into rows for weights {w.type}")
    rows = x.type.elements // w.shape[1]
    flat = x if x.rank == 2 and x.shape[0] == rows else op.add(Reshape((rows, w.shape[1])), [x])
    shape = (*x.shape[:-1], w.shape[0]) if options.KeepNumDims else (rows, w.shape[0])
    if not op.resized and y.type.elements == rows * w.shape[0]:
        shape = y.shape  # old converters keep the dimensions without saying so
    result = y if shape == (rows, w.shape[0]) else None
    if w.type.quantization is not None and w.type.quantization.block:
        product = blockwise_dense(op, flat, w, b, options.FusedActivationFunction, result)
    elif is_hybrid(x, w):
        scale, asymmetric = RowScale(weight_scales(op, w, 0)), bool(options.AsymmetricQuantizeInputs)
        activation = options.FusedActivationFunction
        product = add_hybrid(op, Dense(), (flat, w, b), scale, asymmetric, activation, result)
    elif _is_product(op, x, w, b):
        zero_w, clamp = op.per_tensor(w)[1], activation_clamp(op, options.FusedActivationFunction, y)
        factor = op.per_tensor(x)[0] * op.per_tensor(w)[0] / op.per_tensor(y)[0]
        scaled = FixedPoint.from_scales([factor], op.per_tensor(y)[1])
        matmul = BatchMatmul(False, True, op.per_tensor(x)[1], zero_w, scaled, clamp)
        product = op.add(matmul, [flat, w], result)
    elif op.unsigned and y.dtype == S16:
        product = _fine_product(op, flat, w, b, activation_clamp(op, options.FusedActivationFunction, y), result)
    else:
        clamp = activation_clamp(op, options.FusedActivationFunction, y)
        x_zero, requantize = convolution_requantize(op, x, w, b)
        if op.unsigned and requantize is not None:
            requantize = _once(op)
        product = op.add(Dense(x_zero, requantize, clamp), [flat, symmetric_weights(op, w), b], result)
    if result is None:
        op.add(Reshape(shape), [product], y)


def _add_s16_by_s8(op: Operator, x: Tensor, w: Tensor, adjoint: tuple[bool, bool]) -> None:
    """As LiteRT's, with sums of 64 bits; a constant matrix makes a dense layer.

    Each column of w may have a scale of its own. LiteRT, whose BATCH_MATMUL knows scales of whole tensors only, takes
    such a w for one of scale 0, and all its results are 0.
    """
    (scale_x, zero_x), (scale_y, zero_y) = op.per_tensor(x), op.per_tensor(op.output)
    q, units_axis = op.quantization(w), w.rank - (2 if adjoint[1] else 1)
    if zero_x or zero_y or any(q.zero_point):
        raise op.unsupported("s16 times s8 must have zero points of 0", "calibrate the model again")
    requantize = WideFixedPoint.from_scales([scale_x * s / scale_y for s in q.scale], 0)
    low, high = S16.range
    if w.data is None or w.rank != 2 or adjoint[0] or x.rank < 2 or x.shape[-1] != w.shape[1 - units_axis]:
        if not q.per_tensor:
            raise op.unsupported("a matrix with many scales must be constant, of rank 2, and the second")
        op.add(BatchMatmul(*adjoint, requantize=requantize, clamp=Range(low, high)), [x, w], op.output)
        return
    if q.axis not in (None, units_axis):
        raise op.invalid(f'"{w.name}" has its scales on axis {q.axis}, not {units_axis}')
    weights = op.add_constant("weights", w.data if adjoint[1] else w.data.T, S8)
    flat = x if x.rank == 2 else op.add(Reshape((x.type.elements // x.shape[-1], x.shape[-1])), [x])
    dense = Dense(requantize=requantize, clamp=Range(low, high))
    if x.rank == 2:
        op.add(dense, [flat, weights, None], op.output)
    else:
        op.add(Reshape((*x.shape[:-1], weights.shape[0])), [op.add(dense, [flat, weights, None])], op.output)


@operator("BATCH_MATMUL", last_version=4)
def batch_matmul(op: Operator) -> None:
    """The factor is scale_x * scale_w / scale_y in f64; s16 has sums of 64 bits."""
    options, x, w, y = op.options(tflite.BatchMatMulOptions), op.input(0), op.input(1), op.output
    types, adjoint = (x.dtype, w.dtype, y.dtype), (bool(options.AdjX), bool(options.AdjY))
    if types == (F32, F32, F32):
        op.add(BatchMatmul(*adjoint), [x, w], y)
        return
    if is_hybrid(x, w):
        hybrid_batch_matmul(op, x, w, *adjoint, asymmetric=bool(options.AsymmetricQuantizeInputs))
        return
    if types == (S16, S8, S16):
        _add_s16_by_s8(op, x, w, adjoint)
        return
    if types not in ((S8, S8, S8), (S16, S16, S16)):
        raise op.unsupported(f"{x.dtype} times {w.dtype} giving {y.dtype} is not supported", "use s8, s16 or f32")
    (scale_x, zero_x), (scale_w, zero_w), (scale_y, zero_y) = (op.per_tensor(t) for t in (x, w, y))
    if x.dtype == S16 and (zero_x or zero_w or zero_y):
        raise op.unsupported("s16 must have zero points of 0", "calibrate the model again")
    scheme = FixedPoint if x.dtype == S8 else WideFixedPoint
    requantize = scheme.from_scales([scale_x * scale_w / scale_y], zero_y)
    low, high = y.dtype.range
    op.add(BatchMatmul(*adjoint, zero_x, zero_w, requantize, Range(low, high)), [x, w], y)
