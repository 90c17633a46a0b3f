"""SOFTMAX."""

from __future__ import annotations

import numpy as np
import tflite

from edgegen.frontends.tflite.importer import Operator, operator
from edgegen.ir.dtypes import F16, F32, S8, S16
from edgegen.ir.fixed_point import FixedPoint
from edgegen.ops.softmax import Softmax

_DIFFERENCE_BITS = 5  # integer bits of a scaled difference
_LARGEST_FACTOR = float((1 << 31) - 1)


def _softmax_8(op: Operator, beta: float) -> Softmax:
    """tflite::PreprocessSoftmaxScaling and CalculateInputRadius."""
    wide = op.output.dtype == S16
    scale_y, zero_y = 2.0**-16 if wide else 2.0**-8, op.output.dtype.range[0]
    if (
        not np.isclose(op.per_tensor(op.output)[0], scale_y, 1e-3 if wide else 0, 0)
        or op.per_tensor(op.output)[1] != zero_y
    ):
        raise op.unsupported(
            f"an {op.output.dtype} output must have scale 1/{round(1 / scale_y)} and zero point {zero_y}",
            "convert the model again",
        )
    scale, _ = op.per_tensor(op.input(0))
    factor = min(beta * scale * (1 << (31 - _DIFFERENCE_BITS)), _LARGEST_FACTOR)
    if factor <= 1:
        raise op.unsupported(f"beta {beta} times the input's scale {scale} is too small", "scale the logits up")
    difference = FixedPoint.from_scales([factor], 0)
    radius = ((1 << _DIFFERENCE_BITS) - 1) * (1 << (31 - _DIFFERENCE_BITS)) >> difference.shift[0]
    return Softmax(difference=difference, diff_min=-radius, dtype="s16" if wide else "")


def _softmax_s16(op: Operator, beta: float) -> Softmax:
    """TFLM's CalculateSoftmaxParams: -65535 stands for -10."""
    if not np.isclose(op.per_tensor(op.output)[0], 2.0**-15, 1e-3, 0) or op.per_tensor(op.output)[1] != 0:
        raise op.unsupported("an s16 output must have scale 1/32768 and zero point 0", "convert the model again")
    factor = op.per_tensor(op.input(0))[0] * beta / (10.0 / 65535.0)
    if not factor < 1 << 14:
        raise op.unsupported(f"beta {beta} times the input's scale is beyond 32 bits", "scale the logits down")
    return Softmax(difference=FixedPoint.from_scales([factor], 0))


@operator("SOFTMAX", last_version=2, signed="computes")
def softmax(op: Operator) -> None:
    """Over the last axis."""
    x, y, beta = op.input(0), op.output, float(op.options(tflite.SoftmaxOptions).Beta)
    if beta < 0:
        raise op.unsupported(f"the negative beta {beta} is not supported", "negate the logits")
    if (x.dtype, y.dtype) in ((F16, F16), (F32, F32)):
        op.add(Softmax(beta), [x], y)
    elif (x.dtype, y.dtype) in ((S8, S8), (S8, S16)):
        op.add(_softmax_8(op, beta), [x], y)
    elif (x.dtype, y.dtype) == (S16, S16):
        op.add(_softmax_s16(op, beta), [x], y)
    else:
        raise op.unsupported(f"{x.dtype} to {y.dtype} is not supported", "use full int8 or f32")
