"""ATAN2, BITWISE_XOR, RIGHT_SHIFT and the operators of StableHLO that LiteRT computes on plain numbers."""

from __future__ import annotations

import numpy as np

from edgegen.frontends.tflite.operator import Operator, operator
from edgegen.ir.dtypes import BOOL, F16, F32, S8, S16, S32, S64, U8, U16, U32, DType
from edgegen.ir.tensor import Tensor
from edgegen.ops.binary import Binary
from edgegen.ops.cast import Cast
from edgegen.ops.compare import Compare

_SIGNED, _UNSIGNED = (S8, S16, S32, S64), (U8, U16, U32)


def _operands(op: Operator, *dtypes: DType) -> tuple[Tensor, Tensor]:
    """a and b, of the output's type. Raises UnsupportedModel unless that is one of `dtypes`."""
    a, b, y = op.input(0), op.input(1), op.output
    if not a.dtype == b.dtype == y.dtype or a.dtype not in dtypes:
        names = ", ".join(d.name for d in dtypes)
        raise op.unsupported(f"{a.dtype} with {b.dtype} to {y.dtype} is not supported", f"use one of {names} for all")
    return a, b


def _same_shape(op: Operator, a: Tensor, b: Tensor) -> None:
    if a.shape != b.shape:
        raise op.invalid(f"{a.type} and {b.type} differ in shape")


def _add_integers(op: Operator, function: str, a: Tensor, b: Tensor, most: int | None = None) -> None:
    """A function of whole numbers, computed on s32, or s64 where that does not hold them; the low bits are kept.

    most: the largest b that is told apart
    """
    dtype = a.dtype
    wide = S64 if dtype in (U32, S64) else S32
    a, b = (t if t.dtype == wide else op.add(Cast(wide.name), [t]) for t in (a, b))
    if most is not None:
        b = op.add(Binary("minimum"), [b, op.add_constant("most", np.array(most), wide)])
    if dtype == wide:
        op.add(Binary(function), [a, b], op.output)
    else:
        op.add(Cast(dtype.name), [op.add(Binary(function), [a, b])], op.output)


@operator("ATAN2", last_version=1)
def atan2(op: Operator) -> None:
    """f16 is computed in f32."""
    a, b = _operands(op, F16, F32)
    _same_shape(op, a, b)
    op.add(Binary("atan2"), [a, b], op.output)


@operator("BITWISE_XOR", last_version=1)
def bitwise_xor(op: Operator) -> None:
    _add_integers(op, "xor", *_operands(op, *_SIGNED[:3], *_UNSIGNED))


@operator("RIGHT_SHIFT", last_version=1)
def right_shift(op: Operator) -> None:
    """By at least 0 and at most all bits but one."""
    a, b = _operands(op, *_SIGNED[:3], *_UNSIGNED)
    _add_integers(op, "shift_right", a, b, 8 * a.dtype.size - 1 if a.dtype in _UNSIGNED else None)


def _stablehlo(name: str, function: str) -> None:
    """Registers an operator on tensors of one shape, without broadcasting; whole numbers wrap around, and of bool a
    sum is "or", a product "and"."""

    @operator(name, last_version=1)
    def read(op: Operator) -> None:
        a, b = _operands(op, BOOL, F16, F32, *_SIGNED, *_UNSIGNED)
        _same_shape(op, a, b)
        if a.dtype == BOOL:
            op.add(Compare("or" if function in ("add", "maximum") else "and"), [a, b], op.output)
            return
        if a.dtype in (F16, F32):
            op.add(Binary(function), [a, b], op.output)
        else:
            _add_integers(op, function, a, b)


_stablehlo("STABLEHLO_ADD", "add")
_stablehlo("STABLEHLO_MULTIPLY", "mul")
_stablehlo("STABLEHLO_MAXIMUM", "maximum")
_stablehlo("STABLEHLO_MINIMUM", "minimum")
