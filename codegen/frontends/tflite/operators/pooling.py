"""AVERAGE_POOL_2D, MAX_POOL_2D and L2_POOL_2D."""

from __future__ import annotations

import tflite

from edgegen.frontends.tflite.importer import Operator, operator
from edgegen.frontends.tflite.operators.activation_range import activation_clamp
from edgegen.frontends.tflite.operators.convolution import window_padding
from edgegen.ir.dtypes import F32, S8, S16, U8, DType
from edgegen.ops.pool2d import Pool2d
from edgegen.ops.pool2d.op import Pooling


def _pool(op: Operator, pooling: Pooling, *dtypes: DType) -> None:
    """The output keeps the input's quantization, as TFLM demands of both."""
    x, y = op.input(0), op.output
    if x.dtype not in dtypes or y.dtype != x.dtype:
        names = ", ".join(d.name for d in dtypes)
        raise op.unsupported(f"{x.dtype} to {y.dtype} is not supported", f"use one of {names} for both")
    if x.rank != 4:
        raise op.invalid(f"input {x.type} must have rank 4")
    if x.dtype != F32:
        (scale_x, zero_x), (scale_y, zero_y) = op.per_tensor(x), op.per_tensor(y)
        if abs(scale_x - scale_y) > 1e-6 or zero_x != zero_y:
            raise op.unsupported("input and output are quantized differently", "requantize outside of the pool")
    options = op.options(tflite.Pool2DOptions)
    kernel, stride = (options.FilterHeight, options.FilterWidth), (options.StrideH, options.StrideW)
    pad = window_padding(op, options.Padding, (x.shape[1], x.shape[2]), kernel, stride)
    clamp = activation_clamp(op, options.FusedActivationFunction, y)
    op.add(Pool2d(pooling, kernel, stride, pad, clamp), [x], y)


@operator("AVERAGE_POOL_2D", last_version=3)
def average_pool_2d(op: Operator) -> None:
    _pool(op, "average", F32, S8, U8, S16)


@operator("MAX_POOL_2D", last_version=3, signed="computes")
def max_pool_2d(op: Operator) -> None:
    _pool(op, "max", F32, S8, S16)


@operator("L2_POOL_2D", last_version=1)
def l2_pool_2d(op: Operator) -> None:
    _pool(op, "l2", F32)
