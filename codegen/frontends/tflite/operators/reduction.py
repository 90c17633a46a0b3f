"""MEAN, SUM, REDUCE_MAX and their like, ARG_MAX, ARG_MIN and CUMSUM."""

from __future__ import annotations

import math

import numpy as np
import tflite

from edgegen.frontends.tflite.importer import Operator, operator
from edgegen.frontends.tflite.operators.fine_sums import fine, write_fine_sums
from edgegen.ir.dtypes import BOOL, F32, S8, S16, S32, S64, U8, DType
from edgegen.ir.fixed_point import FixedPoint, WideFixedPoint, quantize_multiplier
from edgegen.ops.arg_reduce import ArgReduce
from edgegen.ops.binary import Binary
from edgegen.ops.cast import Cast
from edgegen.ops.cumulate import Cumulate
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


def _parameters(op: Operator, *dtypes: DType) -> tuple[tuple[int, ...], bool]:
    """(axes, keep_dims). Raises UnsupportedModel unless input and output are of one of `dtypes`."""
    x, y = op.input(0), op.output
    if x.dtype != y.dtype or x.dtype not in dtypes:
        names = ", ".join(d.name for d in dtypes)
        raise op.unsupported(f"{x.dtype} to {y.dtype} is not supported", f"use one of {names} for both")
    return _axes(op), bool(op.options(tflite.ReducerOptions).KeepDims)


def _reduce(op: Operator, function: str, *dtypes: DType) -> None:
    """Of bool, a sum is whether any is true."""
    x, y = op.input(0), op.output
    axes, keep = _parameters(op, *dtypes)
    if x.dtype == BOOL:
        op.add(Reduce("any", axes, keep), [x], y)
        return
    if x.dtype not in (S8, S16):
        op.add(Reduce(function, axes, keep), [x], y)
        return
    count = math.prod(x.shape[a] for a in axes) if function == "mean" else 1
    if count == 0:
        raise op.invalid(f"{x.type} has nothing to reduce")
    op.add(Reduce(function, axes, keep, op.per_tensor(x)[1], _requantize(op, count)), [x], y)


@operator("MEAN", last_version=2, signed="computes")
def mean(op: Operator) -> None:
    """Plain integers are added up in s64; the mean leaves out its fraction (LiteRT)."""
    x, y = op.input(0), op.output
    if x.dtype not in (S32, S64):
        _reduce(op, "mean", F32, S8, S16)
        return
    axes, keep = _parameters(op, S32, S64)
    count = op.add_constant("count", np.array(math.prod(x.shape[a] for a in axes)), S64)
    total = op.add(Reduce("sum", axes, keep), [x if x.dtype == S64 else op.add(Cast("s64"), [x])])
    op.add(Cast(y.dtype.name), [op.add(Binary("div"), [total, count])], y)


@operator("SUM", last_version=2, signed="computes")
def sum_(op: Operator) -> None:
    _reduce(op, "sum", BOOL, F32, S8, S16, S32, S64)


def _plain(name: str, function: str, last_version: int, *dtypes: DType) -> None:
    """Registers a reduction of numbers as they are, which keep their quantization. The greatest bool is whether any is
    true, the least whether all are."""
    of_bool = {"max": "any", "min": "all"}.get(function, function)

    @operator(name, last_version, signed="moves")
    def read(op: Operator) -> None:
        axes, keep = _parameters(op, *dtypes)
        op.same_quantization(op.input(0), op.output)
        x = op.input(0)
        op.add(Reduce(of_bool if x.dtype == BOOL else function, axes, keep), [x], op.output)


_plain("REDUCE_MAX", "max", 3, BOOL, F32, S8, U8, S16, S32, S64)
_plain("REDUCE_MIN", "min", 3, BOOL, F32, S8, U8, S16, S32, S64)
_plain("REDUCE_ALL", "all", 1, BOOL)
_plain("REDUCE_ANY", "any", 2, BOOL)


@operator("REDUCE_PROD", last_version=2)
def reduce_prod(op: Operator) -> None:
    """Quantized as LiteRT's, which spreads the scale of the product of n over n steps: (scale_x^n / scale_y)^(1/n). Of
    bool, whether all are true."""
    axes, keep = _parameters(op, BOOL, F32, S8, S16, S32, S64)
    x, y = op.input(0), op.output
    if x.dtype not in (S8, S16):
        op.add(Reduce("all" if x.dtype == BOOL else "prod", axes, keep), [x], y)
        return
    (scale_x, zero_x), (scale_y, zero_y) = op.per_tensor(x), op.per_tensor(y)
    count = math.prod(x.shape[a] for a in axes)
    try:
        factor = (scale_x**count / scale_y) ** (1 / count)
    except (OverflowError, ZeroDivisionError) as error:
        raise op.invalid(f"the scale of a product of {count} is beyond f64") from error
    if factor < 2.0**-64:  # what f64 holds of such a scale is not what it is
        raise op.unsupported(f"the scale of a product of {count} is too small for f64", "multiply fewer at a time")
    op.add(Reduce("prod", axes, keep, zero_x, WideFixedPoint.from_scales([factor], zero_y)), [x], y)


def _arg(op: Operator, function: str) -> None:
    x, y = op.input(0), op.output
    if x.dtype not in (BOOL, F32, S8, U8, S16, S32) or y.dtype not in (S32, S64):
        raise op.unsupported(f"{x.dtype} to {y.dtype} is not supported", "use f32 or int8, and int32 indices")
    axes = op.integers(1, "the axis")
    if len(axes) != 1:
        raise op.invalid(f"has {len(axes)} axes instead of one")
    x = op.cast(x, U8) if x.dtype == BOOL else x
    op.add(ArgReduce(function, op.axis(axes[0], x.rank), y.dtype.name), [x], y)


@operator("ARG_MAX", last_version=3, signed="moves")
def arg_max(op: Operator) -> None:
    _arg(op, "max")


@operator("ARG_MIN", last_version=3, signed="moves")
def arg_min(op: Operator) -> None:
    _arg(op, "min")


@operator("CUMSUM", last_version=1)
def cumsum(op: Operator) -> None:
    """s8 as TFLM's: the numbers as s32 of finer steps, whose sums, which start at the input's zero point once more
    subtracted, wrap around and are brought to the output's scale."""
    x, y = op.input(0), op.output
    if x.dtype != y.dtype or x.dtype not in (F32, S8, S32, S64):
        raise op.unsupported(f"{x.dtype} to {y.dtype} is not supported", "use int8, f32, int32 or int64 for both")
    axes, options = op.integers(1, "the axis"), op.options(tflite.CumsumOptions)
    if len(axes) != 1:
        raise op.invalid(f"has {len(axes)} axes instead of one")
    sums = Cumulate(op.axis(axes[0], x.rank), bool(options.Exclusive), bool(options.Reverse))
    if x.dtype == S8:
        write_fine_sums(op, op.add(sums, [fine(op, x)]), x)
    else:
        op.add(sums, [x], y)
