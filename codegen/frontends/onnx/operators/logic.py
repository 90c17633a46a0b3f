"""Comparisons, truths and choices."""

from __future__ import annotations

import math
from functools import partial

from edgegen.frontends.onnx.importer import Operator, operator
from edgegen.frontends.onnx.operators.arithmetic import aligned
from edgegen.ir.tensor import Tensor
from edgegen.ops.compare import Compare
from edgegen.ops.select_op import Select
from edgegen.ops.unary import Unary


def _compare(op: Operator, a: Tensor, b: Tensor, *, relation: str) -> Tensor:
    return op.add(Compare(relation), [a, b])


def _compare_aligned(
    op: Operator, a: Tensor, b: Tensor, *, relation: str, axis: int | None = None, broadcast: int = 0
) -> Tensor:
    return op.add(Compare(relation), [a, aligned(op, a, b, broadcast, axis)])


for _name, _relation in (
    ("And", "and"),
    ("Equal", "equal"),
    ("Greater", "greater"),
    ("GreaterOrEqual", "greater_equal"),
    ("Less", "less"),
    ("LessOrEqual", "less_equal"),
    ("Or", "or"),
    ("Xor", "not_equal"),  # of truths
):
    operator(_name, until=6)(partial(_compare_aligned, relation=_relation))
    operator(_name, since=7)(partial(_compare, relation=_relation))


@operator("Not")
def not_(op: Operator, x: Tensor) -> Tensor:
    return op.add(Unary("not"), [x])


@operator("IsNaN", since=9)
def is_nan(op: Operator, x: Tensor) -> Tensor:
    """NaN alone is not equal to itself."""
    return op.add(Compare("not_equal"), [x, x])


@operator("IsInf", since=10)
def is_inf(op: Operator, x: Tensor, *, detect_negative: int = 1, detect_positive: int = 1) -> Tensor:
    infinity = op.constant(math.inf, x.dtype)
    if detect_negative and detect_positive:
        return op.add(Compare("equal"), [op.add(Unary("abs"), [x]), infinity])
    if detect_negative or detect_positive:
        return op.add(Compare("equal"), [x, op.constant(math.inf if detect_positive else -math.inf, x.dtype)])
    return op.add(Compare("less"), [infinity, x])  # never


@operator("Where", since=9)
def where(op: Operator, condition: Tensor, x: Tensor, y: Tensor) -> Tensor:
    return op.add(Select(), [condition, x, y])
