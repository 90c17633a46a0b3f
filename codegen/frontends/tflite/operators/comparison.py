"""EQUAL, LESS and their like, LOGICAL_AND and LOGICAL_OR, SELECT and SELECT_V2."""

from __future__ import annotations

from edgegen.frontends.tflite.importer import Operator, operator
from edgegen.ir.dtypes import BOOL, F16, F32, S8, S16, S32, S64, DType
from edgegen.ir.fixed_point import FixedPoint
from edgegen.ir.tensor import Tensor
from edgegen.ops.compare import Compare
from edgegen.ops.reshape import Reshape
from edgegen.ops.select_op import Select

_LEFT_SHIFT = 8  # TFLM's of quantized operands


def _scaled(a: Tensor, b: Tensor) -> bool:
    return a.type.quantization is not None and b.type.quantization is not None


def _compare(op: Operator, relation: str, *dtypes: DType) -> None:
    """s8 as TFLM's ComparisonsPrepare, which takes the scales themselves as factors, so they must be below 1.

    s16 as LiteRT's: numbers are ordered as they are, whatever their scales, and compared for equality as s8 is. TFLM
    answers GREATER of s16 with what happens to be in memory.
    """
    a, b = op.input(0), op.input(1)
    if a.dtype != b.dtype or a.dtype not in dtypes or op.output.dtype != BOOL:
        raise op.unsupported(
            f"{a.dtype} with {b.dtype} to {op.output.dtype} is not supported",
            f"use {', '.join(d.name for d in dtypes)} for both",
        )
    compare = Compare(relation)
    if a.dtype == S8 or (a.dtype == S16 and relation in ("equal", "not_equal") and _scaled(a, b)):
        (scale_a, zero_a), (scale_b, zero_b) = op.per_tensor(a), op.per_tensor(b)
        if max(scale_a, scale_b) >= 1:
            raise op.unsupported(f"{a.dtype} with a scale of 1 or more is not supported", "calibrate the model again")
        rescale_a, rescale_b = FixedPoint.from_scales([scale_a], 0), FixedPoint.from_scales([scale_b], 0)
        compare = Compare(relation, zero_a, zero_b, _LEFT_SHIFT, rescale_a, rescale_b)
    op.add(compare, [a, b], op.output)


def _relation(name: str, relation: str, last_version: int, *dtypes: DType) -> None:
    """Registers an operator that is one relation."""

    @operator(name, last_version, signed="computes")
    def read(op: Operator) -> None:
        _compare(op, relation, *dtypes)


_relation("EQUAL", "equal", 4, F16, F32, S8, S16, S32, S64, BOOL)
_relation("NOT_EQUAL", "not_equal", 3, F16, F32, S8, S16, S32, S64, BOOL)
_relation("GREATER", "greater", 2, F16, F32, S8, S16, S32, S64)
_relation("GREATER_EQUAL", "greater_equal", 3, F16, F32, S8, S16, S32, S64)
_relation("LESS", "less", 3, F16, F32, S8, S16, S32, S64)
_relation("LESS_EQUAL", "less_equal", 2, F16, F32, S8, S16, S32, S64)
_relation("LOGICAL_AND", "and", 1, BOOL)
_relation("LOGICAL_OR", "or", 1, BOOL)


def _select(op: Operator) -> None:
    op.add(Select(), [op.input(0), op.input(1), op.input(2)], op.output)


@operator("SELECT_V2", last_version=2, signed="moves")
def select_v2(op: Operator) -> None:
    _select(op)


@operator("SELECT", last_version=4, signed="moves")
def select(op: Operator) -> None:
    """The condition has the operands' shape, or none, or one element for each index of their first axis."""
    condition, a = op.input(0), op.input(1)
    if op.input(2).shape != a.shape:
        raise op.invalid(f"{a.type} and {op.input(2).type} differ in shape")
    if condition.shape in (a.shape, ()):
        _select(op)
        return
    if condition.rank != 1 or not a.rank or condition.shape[0] != a.shape[0]:
        raise op.invalid(f"condition {condition.type} fits neither {a.type} nor its first axis")
    column = op.add(Reshape((a.shape[0], *[1] * (a.rank - 1))), [condition])
    op.add(Select(), [column, a, op.input(2)], op.output)
