"""LOG_SOFTMAX, L2_NORMALIZATION and LOCAL_RESPONSE_NORMALIZATION."""

from __future__ import annotations

import math

import tflite

from edgegen.frontends.tflite.importer import Operator, operator
from edgegen.ir.dtypes import F32, S8
from edgegen.ir.fixed_point import FixedPoint
from edgegen.ops.l2_normalize import L2Normalize
from edgegen.ops.local_response import LocalResponse
from edgegen.ops.log_softmax import LogSoftmax

_DIFFERENCE_BITS = 5  # integer bits of a scaled difference
_LARGEST_FACTOR = float((1 << 31) - 1)


def _log_softmax_s8(op: Operator) -> LogSoftmax:
    """tflite::PreprocessLogSoftmaxScalingExp and CalculateInputRadius."""
    if op.per_tensor(op.output) != (1 / 16, 127):
        raise op.unsupported("an s8 output must have scale 1/16 and zero point 127", "convert the model again")
    scale = op.per_tensor(op.input(0))[0]
    factor = min(scale * (1 << (31 - _DIFFERENCE_BITS)), _LARGEST_FACTOR)
    if factor <= 1:
        raise op.unsupported(f"the input's scale {scale:g} is too small", "scale the logits up")
    difference = FixedPoint.from_scales([factor], 0)
    multiplier, shift = difference.multiplier[0], difference.shift[0]
    radius = math.floor(((1 << _DIFFERENCE_BITS) - 1) * (1 << (31 - _DIFFERENCE_BITS)) / (1 << shift))
    back = FixedPoint.from_scales([(1 << (31 - shift)) / multiplier], 0)
    return LogSoftmax(difference, -radius, back)


@operator("LOG_SOFTMAX", last_version=2, signed="computes")
def log_softmax(op: Operator) -> None:
    """Over the last axis."""
    x, y = op.input(0), op.output
    if (x.dtype, y.dtype) == (F32, F32):
        op.add(LogSoftmax(), [x], y)
    elif (x.dtype, y.dtype) == (S8, S8):
        op.add(_log_softmax_s8(op), [x], y)
    else:
        raise op.unsupported(f"{x.dtype} to {y.dtype} is not supported", "use full int8 or f32")


@operator("L2_NORMALIZATION", last_version=2, signed="computes")
def l2_normalization(op: Operator) -> None:
    """Along the last axis."""
    x, y = op.input(0), op.output
    if op.options(tflite.L2NormOptions).FusedActivationFunction != tflite.ActivationFunctionType.NONE:
        raise op.unsupported("a fused activation is not supported", "use a separate activation operator")
    if x.dtype != y.dtype or x.dtype not in (F32, S8):
        raise op.unsupported(f"{x.dtype} to {y.dtype} is not supported", "use full int8 or f32")
    if x.dtype == S8 and op.per_tensor(y) != (1 / 128, 0):
        raise op.unsupported("an s8 output must have scale 1/128 and zero point 0", "convert the model again")
    op.add(L2Normalize(op.per_tensor(x)[1] if x.dtype == S8 else 0, 7 if op.unsigned else 0), [x], y)


@operator("LOCAL_RESPONSE_NORMALIZATION", last_version=1)
def local_response_normalization(op: Operator) -> None:
    x, y = op.input(0), op.output
    if (x.dtype, y.dtype) != (F32, F32):
        raise op.unsupported(f"{x.dtype} to {y.dtype} is not supported", "use f32")
    options = op.options(tflite.LocalResponseNormalizationOptions)
    op.add(LocalResponse(options.Radius, options.Radius - 1, options.Bias, options.Alpha, options.Beta), [x], y)
