"""SOFTMAX."""

from __future__ import annotations

import tflite
from edgegen.frontends.tflite.importer import Operator, operator
from edgegen.ir.dtypes import F32, S8
from edgegen.ir.fixed_point import FixedPoint
from edgegen.ops.softmax import Softmax

_DIFFERENCE_BITS = 5  # integer bits of a scaled difference
_LARGEST_FACTOR = float((1 << 31) - 1)


def _softmax_s8(op: Operator, beta: float) -> Softmax:
    """tflite::PreprocessSoftmaxScaling and CalculateInputRadius."""
    if op.per_tensor(op.output) != (1 / 256, -128):
        raise op.unsupported("an s8 output must have scale 1/256 and zero point -128", "convert the model again")
    scale, _ = op.per_tensor(op.input(0))
    factor = min(beta * scale * (1 << (31 - _DIFFERENCE_BITS)), _LARGEST_FACTOR)
    if factor <= 1:
        raise op.unsupported(f"beta {beta} times the input's scale {scale} is too small", "scale the logits up")
    difference = FixedPoint.from_scales([factor], 0)
    radius = ((1 << _DIFFERENCE_BITS) - 1) * (1 << (31 - _DIFFERENCE_BITS)) >> difference.shift[0]
    return Softmax(difference=difference, diff_min=-radius)


@operator("SOFTMAX", last_version=2)
def softmax(op: Operator) -> None:
    """Over the last axis."""
    x, y, beta = op.input(0), op.output, float(op.options(tflite.SoftmaxOptions).Beta)
    if beta < 0:
        raise op.unsupported(f"the negative beta {beta} is not supported", "negate the logits")
    if (x.dtype, y.dtype) == (F32, F32):
        op.add(Softmax(beta), [x], y)
    elif (x.dtype, y.dtype) == (S8, S8):
        op.add(_softmax_s8(op, beta), [x], y)
    else:
        raise op.unsupported(f"{x.dtype} to {y.dtype} is not supported", "use full int8 or f32")
