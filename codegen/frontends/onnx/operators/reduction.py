"""Reductions over axes, and the places of extremes."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import numpy as np

from edgegen.frontends.onnx.importer import Operator, operator
from edgegen.ir.dtypes import BOOL, S64
from edgegen.ir.tensor import Tensor
from edgegen.ops.arg_reduce import ArgReduce
from edgegen.ops.binary import Binary
from edgegen.ops.cumulate import Cumulate
from edgegen.ops.one_hot import OneHot
from edgegen.ops.reduce import Reduce
from edgegen.ops.slice import Slice
from edgegen.ops.unary import Unary

Body = Callable[[Operator, Tensor, tuple[int, ...], bool], Tensor]


def _plain(op: Operator, x: Tensor, axes: tuple[int, ...], keep: bool, *, function: str) -> Tensor:
    if x.dtype == BOOL:
        function = {"max": "any", "min": "all"}.get(function, function)
    return op.add(Reduce(function, axes, keep), [x])


def _l1(op: Operator, x: Tensor, axes: tuple[int, ...], keep: bool) -> Tensor:
    return op.add(Reduce("sum", axes, keep), [op.add(Unary("abs"), [x])])


def _sum_square(op: Operator, x: Tensor, axes: tuple[int, ...], keep: bool) -> Tensor:
    return op.add(Reduce("sum", axes, keep), [op.add(Binary("mul"), [x, x])])


def _l2(op: Operator, x: Tensor, axes: tuple[int, ...], keep: bool) -> Tensor:
    return op.add(Unary("sqrt"), [_sum_square(op, x, axes, keep)])


def _log_sum(op: Operator, x: Tensor, axes: tuple[int, ...], keep: bool) -> Tensor:
    return op.add(Unary("log"), [op.add(Reduce("sum", axes, keep), [x])])


def _log_sum_exp(op: Operator, x: Tensor, axes: tuple[int, ...], keep: bool) -> Tensor:
    """max(x) + log(sum(exp(x - max(x)))), which does not overflow."""
    most = op.add(Reduce("max", axes, True), [x])
    powers = op.add(Unary("exp"), [op.add(Binary("sub"), [x, most])])
    total = op.add(Unary("log"), [op.add(Reduce("sum", axes, keep), [powers])])
    return op.add(Binary("add"), [total, op.reshape(most, total.shape)])


def _of_nothing(op: Operator, x: Tensor, axes: tuple[int, ...], keep: bool) -> Tensor:
    """What the operator gives where axes without elements are reduced: what changes no other element's result."""
    shape = [1 if i in axes else n for i, n in enumerate(x.shape) if keep or i not in axes]
    ends = {"ReduceMax": -1, "ReduceLogSum": -1, "ReduceLogSumExp": -1, "ReduceMin": 1}
    if op.name not in ends:
        return op.constant(np.full(shape, 1 if op.name == "ReduceProd" else 0), x.dtype)
    limits = (-np.inf, np.inf) if x.dtype.is_float else (0, 1) if x.dtype == BOOL else x.dtype.range
    return op.constant(np.full(shape, limits[ends[op.name] > 0]), x.dtype)


def _by_attribute(
    op: Operator, x: Tensor, *, body: Body, axes: tuple[int, ...] | None = None, keepdims: int = 1
) -> Tensor:
    chosen = tuple(range(x.rank)) if not axes else op.axes(axes, x.rank)
    if any(x.shape[axis] == 0 for axis in chosen):
        return _of_nothing(op, x, chosen, bool(keepdims))
    return body(op, x, chosen, bool(keepdims))


def _by_input(
    op: Operator,
    x: Tensor,
    axes: Tensor | None = None,
    *,
    body: Body,
    keepdims: int = 1,
    noop_with_empty_axes: int = 0,
) -> Tensor:
    chosen = () if axes is None else op.integers(axes, "the axes")
    if not chosen and noop_with_empty_axes:
        return body(op, x, (), bool(keepdims))
    return _by_attribute(op, x, body=body, axes=chosen, keepdims=keepdims)


for _name, _body, _until in (
    ("ReduceL1", _l1, 17),
    ("ReduceL2", _l2, 17),
    ("ReduceLogSum", _log_sum, 17),
    ("ReduceLogSumExp", _log_sum_exp, 17),
    ("ReduceMax", partial(_plain, function="max"), 17),
    ("ReduceMean", partial(_plain, function="mean"), 17),
    ("ReduceMin", partial(_plain, function="min"), 17),
    ("ReduceProd", partial(_plain, function="prod"), 17),
    ("ReduceSum", partial(_plain, function="sum"), 12),
    ("ReduceSumSquare", _sum_square, 17),
):
    operator(_name, until=_until)(partial(_by_attribute, body=_body))
    operator(_name, since=_until + 1)(partial(_by_input, body=_body))


def _arg(
    op: Operator, x: Tensor, *, function: str, axis: int = 0, keepdims: int = 1, select_last_index: int = 0
) -> Tensor:
    axis = op.axis(axis, x.rank)
    if select_last_index:  # the first one from the end
        last = [n - 1 if i == axis else 0 for i, n in enumerate(x.shape)]
        steps = [-1 if i == axis else 1 for i in range(x.rank)]
        x = op.add(Slice(tuple(last), x.shape, tuple(steps)), [x])
    y = op.add(ArgReduce(function, axis, "s64"), [x])
    if select_last_index:
        y = op.add(Binary("sub"), [op.constant(x.shape[axis] - 1, S64), y])
    return op.reshape(y, (*x.shape[:axis], 1, *x.shape[axis + 1 :])) if keepdims else y


@operator("Hardmax")
def hardmax(op: Operator, x: Tensor, *, axis: int | None = None) -> Tensor:
    """1 where the first of the greatest elements along the axis lies, 0 elsewhere."""
    if op.version < 13:  # all axes from this one on are one
        along = op.axis(1 if axis is None else axis, x.rank)
        flat = op.reshape(x, (math.prod(x.shape[:along]), math.prod(x.shape[along:])))
        return op.reshape(_first_greatest(op, flat, 1), x.shape)
    return _first_greatest(op, x, op.axis(-1 if axis is None else axis, x.rank))


def _first_greatest(op: Operator, x: Tensor, axis: int) -> Tensor:
    place = op.add(ArgReduce("max", axis, "s32"), [x])
    one, zero = op.constant(1, x.dtype), op.constant(0, x.dtype)
    return op.add(OneHot(x.shape[axis], axis), [place, one, zero])


operator("ArgMax")(partial(_arg, function="max"))
operator("ArgMin")(partial(_arg, function="min"))


@operator("CumSum", since=11)
def cum_sum(op: Operator, x: Tensor, axis: Tensor, *, exclusive: int = 0, reverse: int = 0) -> Tensor:
    (along,) = op.integers(axis, "the axis")
    return op.add(Cumulate(op.axis(along, x.rank), bool(exclusive), bool(reverse)), [x])


@operator("CumProd", since=26)
def cum_prod(op: Operator, x: Tensor, axis: Tensor, *, exclusive: int = 0, reverse: int = 0) -> Tensor:
    (along,) = op.integers(axis, "the axis")
    return op.add(Cumulate(op.axis(along, x.rank), bool(exclusive), bool(reverse), "prod"), [x])
