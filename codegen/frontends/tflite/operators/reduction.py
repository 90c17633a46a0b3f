"""MEAN and SUM."""

from __future__ import annotations

import math

import tflite
from edgegen.frontends.tflite.importer import Operator, operator
from edgegen.ir.dtypes import F32, S8
from edgegen.ir.fixed_point import FixedPoint, quantize_multiplier
from edgegen.ops.reduce import Reduce


def _axes(op: Operator) -> tuple[int, ...]:
    """The reduced axes, sorted; negative ones count from the last, repeated ones count once."""
    rank = op.input(0).rank
    return tuple(sorted({op.axis(a, rank) for a in op.integers(1, "the axes")}))


def _requantize(op: Operator, count: int) -> FixedPoint:
    """From the sum of `count` numbers to their mean: TFLM divides the multiplier by the count, in integers."""
    (scale_x, _), (scale_y, zero_y) = op.per_tensor(op.input(0)), op.per_tensor(op.output)
    if scale_y == 0:
        raise op.invalid(f'"{op.output.name}" has scale 0')
    multiplier, shift = quantize_multiplier(scale_x / scale_y)
    gain = min(count.bit_length() - 1, 32, 31 + shift)
    return FixedPoint(((multiplier << gain) // count,), (shift - gain,), zero_y)


def _reduce(op: Operator, function: str) -> None:
    x, y = op.input(0), op.output
    if x.dtype != y.dtype or x.dtype not in (F32, S8):
        raise op.unsupported(f"{x.dtype} to {y.dtype} is not supported", "use full int8 or f32")
    axes, keep = _axes(op), bool(op.options(tflite.ReducerOptions).KeepDims)
    if x.dtype == F32:
        op.add(Reduce(function, axes, keep), [x], y)
        return
    count = math.prod(x.shape[a] for a in axes) if function == "mean" else 1
    if count == 0:
        raise op.invalid(f"{x.type} has nothing to reduce")
    op.add(Reduce(function, axes, keep, op.per_tensor(x)[1], _requantize(op, count)), [x], y)


@operator("MEAN", last_version=2)
def mean(op: Operator) -> None:
    _reduce(op, "mean")


@operator("SUM", last_version=2)
def sum_(op: Operator) -> None:
    _reduce(op, "sum")
