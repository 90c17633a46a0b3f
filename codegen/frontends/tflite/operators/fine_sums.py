"""Sums of s8 as ADD_N and CUMSUM of TensorFlow Lite Micro form them: s32 of steps 2^19 finer than the input's."""

from __future__ import annotations

import numpy as np

from edgegen.frontends.tflite.operator import Operator
from edgegen.ir.dtypes import S32
from edgegen.ir.fixed_point import FixedPoint
from edgegen.ir.op import Range
from edgegen.ir.tensor import Tensor
from edgegen.ops.binary import Binary
from edgegen.ops.requantize import Requantize

_FINER = 19


def fine(op: Operator, x: Tensor) -> Tensor:
    """x without its zero point, as s32 in finer steps."""
    return op.add(Requantize(FixedPoint.from_scales([float(1 << _FINER)], 0), op.per_tensor(x)[1], "s32"), [x])


def write_fine_sums(op: Operator, sums: Tensor, x: Tensor) -> None:
    """Brings s32 sums of fine numbers to the output's s8.

    TFLM starts each sum at -zero_point of the input instead of 0 (ADD_N and CUMSUM, int8, with an input offset where
    its comment says 0), so a model whose zero point is not 0 is computed with that offset there, and here.
    """
    (scale_x, zero_x), (scale_y, zero_y) = op.per_tensor(x), op.per_tensor(op.output)
    factor = scale_x / ((1 << _FINER) * scale_y)
    if factor >= 1:
        raise op.unsupported("the output's scale is too small for the input's", "calibrate the model again")
    if zero_x:
        start = op.add_constant("start", np.array(-zero_x << _FINER), S32)
        sums = op.add(Binary("add"), [sums, start])
    requantize = FixedPoint.from_scales([factor], zero_y)
    op.add(Requantize(requantize, 0, "s8", Range(-128, 127)), [sums], op.output)
