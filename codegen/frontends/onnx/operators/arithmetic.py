"""Arithmetic element by element: Add, Sub, Mul, Div, Pow, Mod, Max, Min, Sum, Mean and functions of one number."""

from __future__ import annotations

from functools import partial

from edgegen.frontends.onnx.importer import Operator, operator
from edgegen.ir.tensor import Tensor
from edgegen.ops.binary import Binary
from edgegen.ops.compare import Compare
from edgegen.ops.select_op import Select
from edgegen.ops.unary import Unary


def _binary(op: Operator, a: Tensor, b: Tensor, *, function: str) -> Tensor:
    return op.add(Binary(function), [a, b])


def aligned(op: Operator, a: Tensor, b: Tensor, broadcast: int, axis: int | None) -> Tensor:
    """b with axes of 1, so that it broadcasts as before opset 7: its axes are those of a from `axis` on."""
    if not broadcast or axis is None:
        return b
    return op.reshape(b, (*b.shape, *(1,) * (a.rank - op.axis(axis, a.rank) - b.rank)))


def _binary_aligned(
    op: Operator,
    a: Tensor,
    b: Tensor,
    *,
    function: str,
    axis: int | None = None,
    broadcast: int = 0,
    consumed_inputs: tuple[int, ...] = (),
) -> Tensor:
    del consumed_inputs  # a hint that opset 6 dropped
    return op.add(Binary(function), [a, aligned(op, a, b, broadcast, axis)])


for _name, _function in (("Add", "add"), ("Sub", "sub"), ("Mul", "mul"), ("Div", "div"), ("Pow", "pow")):
    operator(_name, until=6)(partial(_binary_aligned, function=_function))
    if _name != "Pow":
        operator(_name, since=7)(partial(_binary, function=_function))


@operator("Pow", since=7)
def pow_(op: Operator, x: Tensor, y: Tensor) -> Tensor:
    """Of x's type. Integers to the power of floats are floats first."""
    if x.dtype.is_integer and y.dtype.is_float:
        return op.cast(op.add(Binary("pow"), [op.cast(x, y.dtype), y]), x.dtype)
    return op.add(Binary("pow"), [x, op.cast(y, x.dtype)])


@operator("Mod")
def mod(op: Operator, a: Tensor, b: Tensor, *, fmod: int = 0) -> Tensor:
    """fmod: the rest has a's sign, as C's fmod; else b's."""
    return op.add(Binary("fmod" if fmod else "floor_mod"), [a, b])


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
    ("Acos", "acos"),
    ("Acosh", "acosh"),
    ("Asin", "asin"),
    ("Asinh", "asinh"),
    ("Atan", "atan"),
    ("Atanh", "atanh"),
    ("Ceil", "ceil"),
    ("Cos", "cos"),
    ("Cosh", "cosh"),
    ("Erf", "erf"),
    ("Exp", "exp"),
    ("Floor", "floor"),
    ("Log", "log"),
    ("Mish", "mish"),
    ("Neg", "neg"),
    ("Round", "round"),
    ("Sigmoid", "logistic"),
    ("Sign", "sign"),
    ("Sin", "sin"),
    ("Sinh", "sinh"),
    ("Softplus", "softplus"),
    ("Softsign", "softsign"),
    ("Sqrt", "sqrt"),
    ("Tan", "tan"),
    ("Tanh", "tanh"),
):
    operator(_name)(partial(_unary, function=_function))


@operator("Reciprocal")
def reciprocal(op: Operator, x: Tensor) -> Tensor:
    return op.add(Binary("div"), [op.constant(1, x.dtype), x])


for _name, _function in (("BitwiseAnd", "and"), ("BitwiseOr", "or"), ("BitwiseXor", "xor")):
    operator(_name, since=18)(partial(_binary, function=_function))


@operator("BitwiseNot", since=18)
def bitwise_not(op: Operator, x: Tensor) -> Tensor:
    ones = -1 if x.dtype.name[0] == "s" else x.dtype.range[1]
    return op.add(Binary("xor"), [x, op.constant(ones, x.dtype)])


@operator("BitShift", since=11)
def bit_shift(op: Operator, x: Tensor, y: Tensor, *, direction: str) -> Tensor:
    """A shift of all bits and more leaves 0, or the sign; so does a negative one."""
    if direction == "LEFT":
        return op.add(Binary("shift_left"), [x, y])
    if direction != "RIGHT":
        raise op.invalid(f'direction is "{direction}"')
    if y.dtype.name[0] == "s":
        negative = op.add(Compare("less"), [y, op.constant(0, y.dtype)])
        y = op.add(Select(), [negative, op.constant(y.dtype.range[1], y.dtype), y])
    return op.add(Binary("shift_right"), [x, y])
