"""Quantized add and sub of s8 as one linear form in integers, proved on every pair of inputs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edgegen.ir.fixed_point import FixedPoint
from edgegen.ops.binary.op import Binary, integer_clamp

_REACH = 3  # how far factors are varied in their last place
_ANYTHING = 1 << 60  # beyond all accumulators: no bound


@dataclass(frozen=True)
class LinearForm:
    """clamp((a * x + b * y + offset) >> shift), where no step exceeds 32 bits."""

    a: int
    b: int
    offset: int


def _factor(rescale: FixedPoint) -> float:
    return rescale.multiplier[0] * 2.0 ** (rescale.shift[0] - 31)


def linear_form(op: Binary, shift: int) -> LinearForm | None:
    """Factors and offset with which the linear form equals TFLM's three requantizations for all 65,536 pairs of s8.

    For given factors each pair bounds the offset from below and above; where the clamp decides, from one side only.
    Factors are tried from the real ones, rounded, outwards. None if none is exact, or 32 bits are too few.
    """
    assert op.a_rescale is not None
    assert op.b_rescale is not None
    assert op.requantize is not None
    values = np.arange(-128, 128)
    x, y = values[:, None], values[None, :]
    wanted = op.reference(x.astype(np.int8), y.astype(np.int8))[0].astype(np.int64)
    least, most = integer_clamp(op.clamp, np.dtype(np.int8))
    unit = 2.0 ** (op.left_shift + shift) * _factor(op.requantize)
    real = (unit * _factor(op.a_rescale), unit * _factor(op.b_rescale) * (-1 if op.function == "sub" else 1))
    if max(map(abs, real)) >= 1 << 31:
        return None
    steps = sorted(range(-_REACH, _REACH + 1), key=abs)
    for a, b in ((round(real[0]) + i, round(real[1]) + k) for i in steps for k in steps):
        sums = a * x + b * y
        low = int((np.where(wanted > least, wanted << shift, -_ANYTHING) - sums).max())
        high = int((np.where(wanted < most, (wanted + 1 << shift) - 1, _ANYTHING) - sums).min())
        if low <= high:
            offset = (low + high) // 2
            reach = 128 * (abs(a) + abs(b)) + abs(offset)
            return LinearForm(a, b, offset) if reach < 1 << 31 else None
    return None
