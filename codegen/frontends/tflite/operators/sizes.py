"""Constant inputs that hold sizes: counts, depths, shapes."""

from __future__ import annotations

from edgegen.frontends.tflite.importer import Operator


def sizes(op: Operator, i: int, what: str) -> tuple[int, ...]:
    """Values of input i, none of them negative. Raises as Operator.constant does, and InvalidModel."""
    values = op.constant(i, what)
    if values.dtype.name not in ("int16", "int32", "int64") or values.ndim > 1 or (values < 0).any():
        tensor = op.input(i)
        raise op.invalid(f'{what} "{tensor.name}" must be s32 or s64 and not negative, is {tensor.type}')
    return tuple(int(v) for v in values.reshape(-1))


def one_size(op: Operator, i: int, what: str) -> int:
    """The only value of input i, at least 1. Raises as `sizes` does."""
    values = sizes(op, i, what)
    if len(values) != 1 or values[0] < 1:
        raise op.invalid(f"{what} must be one number above 0, is {list(values)}")
    return values[0]
