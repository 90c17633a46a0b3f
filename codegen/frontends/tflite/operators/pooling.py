"""AVERAGE_POOL_2D and MAX_POOL_2D."""

from __future__ import annotations

import tflite
from edgegen.frontends.tflite.importer import Operator, operator
from edgegen.frontends.tflite.operators.activation_range import activation_clamp
from edgegen.frontends.tflite.operators.convolution import window_padding
from edgegen.ir.dtypes import F32, S8
from edgegen.ops.pool2d import Pool2d
from edgegen.ops.pool2d.op import Pooling


def _pool(op: Operator, pooling: Pooling) -> None:
    """The output keeps the input's quantization, as TFLM demands of both."""
    x, y = op.input(0), op.output
    if x.dtype not in (F32, S8) or y.dtype != x.dtype:
        raise op.unsupported(f"{x.dtype} to {y.dtype} is not supported", "use full int8 or f32")
    if x.rank != 4:
        raise op.invalid(f"input {x.type} must have rank 4")
    if x.dtype == S8:
        (scale_x, zero_x), (scale_y, zero_y) = op.per_tensor(x), op.per_tensor(y)
        if abs(scale_x - scale_y) > 1e-6 or zero_x != zero_y:
            raise op.unsupported("input and output are quantized differently", "requantize outside of the pool")
    options = op.options(tflite.Pool2DOptions)
    kernel, stride = (options.FilterHeight, options.FilterWidth), (options.StrideH, options.StrideW)
    pad = window_padding(op, options.Padding, (x.shape[1], x.shape[2]), kernel, stride)
    clamp = activation_clamp(op, options.FusedActivationFunction, y)
    op.add(Pool2d(pooling, kernel, stride, pad, clamp), [x], y)


@operator("AVERAGE_POOL_2D", last_version=2)
def average_pool_2d(op: Operator) -> None:
    _pool(op, "average")


@operator("MAX_POOL_2D", last_version=2)
def max_pool_2d(op: Operator) -> None:
    _pool(op, "max")
