"""Arithmetic element by element: Add, Sub, Mul, Div, Pow, Mod, Max, Min, Sum, Mean and functions of one number."""

from __future__ import annotations

from functools import partial

from edgegen.frontends.onnx.importer import Operator, operator
from edgegen.ir.tensor import Tensor
from edgegen.ops.binary import Binary
from edgegen.ops.unary import Unary


def _binary(op: Operator, a: Tensor, b: Tensor, *, function: str) -> Tensor:
    return op.add(Binary(function), [a, b])


for _name, _function in (("Add", "add"), ("Sub", "sub"), ("Mul", "mul"), ("Div", "div")):
    operator(_name, since=7)(partial(_binary, function=_function))


@operator("Pow", since=7)
def pow_(op: Operator, x: Tensor, y: Tensor) -> Tensor:
    if x.dtype != y.dtype:
        y = op.cast(y, x.dtype)
    return op.add(Binary("pow"), [x, y])


@operator("Mod")
def mod(op: Operator, a: Tensor, b: Tensor, *, fmod: int = 0) -> Tensor:
    """fmod: the rest has a's sign, as C's fmod; else b's."""
    if fmod:
        # the rest of division that leaves out the fraction: of the magnitudes it is the floor's
        sign = op.add(Unary("sign"), [a])
        rest = op.add(Binary("floor_mod"), [op.add(Unary("abs"), [a]), op.add(Unary("abs"), [b])])
        return op.add(Binary("mul"), [rest, sign])
    return op.add(Binary("floor_mod"), [a, b])


def _folded(op: Operator, *inputs: Tensor, function: str) -> Tensor:
    """One input after the other."""
    if not inputs:
        raise op.invalid("has no inputs")
    total = inputs[0]
    for x in inputs[1:]:
        total = op.add(Binary(function), [total, x])
    return total


for _name, _function in (("Max", "maximum"), ("Min", "minimum"), ("Sum", "add")):
    operator(_name)(partial(_folded, function=_function))


@operator("Mean")
def mean(op: Operator, *inputs: Tensor) -> Tensor:
    total = _folded(op, *inputs, function="add")
    return op.add(Binary("mul"), [total, op.constant(1 / len(inputs), total.dtype)])


def _unary(op: Operator, x: Tensor, *, function: str) -> Tensor:
    return op.add(Unary(function), [x])


for _name, _function in (
    ("Abs", "abs"),
    ("Ceil", "ceil"),
    ("Cos", "cos"),
    ("Exp", "exp"),
    ("Floor", "floor"),
    ("Log", "log"),
    ("Neg", "neg"),
    ("Round", "round"),
    ("Sigmoid", "logistic"),
    ("Sign", "sign"),
    ("Sin", "sin"),
    ("Sqrt", "sqrt"),
    ("Tanh", "tanh"),
):
    operator(_name)(partial(_unary, function=_function))


@operator("Reciprocal")
def reciprocal(op: Operator, x: Tensor) -> Tensor:
    return op.add(Binary("div"), [op.constant(1, x.dtype), x])
