"""Comparisons, truths and choices."""

from __future__ import annotations

from functools import partial

from edgegen.frontends.onnx.importer import Operator, operator
from edgegen.ir.tensor import Tensor
from edgegen.ops.compare import Compare
from edgegen.ops.select_op import Select
from edgegen.ops.unary import Unary


def _compare(op: Operator, a: Tensor, b: Tensor, *, relation: str) -> Tensor:
    return op.add(Compare(relation), [a, b])


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
    operator(_name)(partial(_compare, relation=_relation))


@operator("Not")
def not_(op: Operator, x: Tensor) -> Tensor:
    return op.add(Unary("not"), [x])


@operator("Where", since=9)
def where(op: Operator, condition: Tensor, x: Tensor, y: Tensor) -> Tensor:
    return op.add(Select(), [condition, x, y])
