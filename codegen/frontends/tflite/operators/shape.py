"""Operators that only rename dimensions, and those that compute with shapes: ahead of time, since all are known."""

from __future__ import annotations

import math

import numpy as np
import tflite

from edgegen.frontends.tflite.importer import Operator, operator
from edgegen.frontends.tflite.operators.movement import check_u8
from edgegen.frontends.tflite.tensors import check_size
from edgegen.ir.dtypes import F32, S32, S64
from edgegen.ir.tensor import Array, Tensor, TensorType
from edgegen.ops.compare import Compare
from edgegen.ops.pad import Pad
from edgegen.ops.reshape import Reshape
from edgegen.ops.select_op import Select


def _requested_shape(op: Operator) -> tuple[int, ...]:
    """What a RESHAPE asks for: input 1, else its option, else the declared output; may hold one -1."""
    if op.optional(1) is not None:
        wanted = op.integers(1, "the shape")
        if op.input(1).rank != 1:
            raise op.invalid(f'shape "{op.input(1).name}" must be a list, is {op.input(1).type}')
    else:
        wanted = op.options(tflite.ReshapeOptions).integers("NewShape") or op.output.shape
    return () if wanted == (0,) and op.output.rank == 0 else wanted  # old converters write [0] for a scalar


def _fill_free(op: Operator, wanted: tuple[int, ...]) -> tuple[int, ...]:
    """The shape with its -1, if any, replaced by what is left of the elements."""
    x = op.input(0)
    if min(wanted, default=0) < -1 or wanted.count(-1) > 1:
        raise op.invalid(f"cannot reshape {x.type} to {list(wanted)}")
    fixed = math.prod(d for d in wanted if d != -1)
    if -1 in wanted and fixed and x.type.elements % fixed == 0:
        return tuple(x.type.elements // fixed if d == -1 else d for d in wanted)
    if fixed != x.type.elements:
        why = "; the model fixes this shape, whatever --shape says" if op.resized else ""
        raise op.invalid(f"cannot reshape {x.type} to {list(wanted)}{why}")
    return wanted


@operator("RESHAPE", last_version=1, signed="moves")
def reshape(op: Operator) -> None:
    """The shape must be known ahead of time."""
    op.add(Reshape(_fill_free(op, _requested_shape(op))), [op.input(0)], op.output)


@operator("SQUEEZE", last_version=2, signed="moves")
def squeeze(op: Operator) -> None:
    """Drops the listed dimensions, which must be 1; all that are 1 if none is listed."""
    x = op.input(0)
    listed = op.options(tflite.SqueezeOptions).integers("SqueezeDims")
    axes = {op.axis(a, x.rank) for a in listed} if listed else {i for i, d in enumerate(x.shape) if d == 1}
    if any(x.shape[a] != 1 for a in axes):
        raise op.invalid(f"cannot squeeze axes {sorted(axes)} of {x.type}")
    op.add(Reshape(tuple(d for i, d in enumerate(x.shape) if i not in axes)), [x], op.output)


@operator("EXPAND_DIMS", last_version=1, signed="moves")
def expand_dims(op: Operator) -> None:
    """Inserts a dimension of 1 before the axis that input 1 holds."""
    x, axes = op.input(0), op.integers(1, "the axis")
    if len(axes) != 1:
        raise op.invalid(f"has {len(axes)} axes instead of one")
    axis = op.axis(axes[0], x.rank + 1)
    check_u8(op, x, op.output)
    op.add(Reshape((*x.shape[:axis], 1, *x.shape[axis:])), [x], op.output)


def _define_integers(op: Operator, values: Array) -> None:
    if op.output.dtype not in (S32, S64):
        raise op.unsupported(f"{op.output.dtype} is not supported", "use int32 or int64")
    op.define_constant(op.output, values.astype(op.output.dtype.np))


@operator("SHAPE", last_version=1)
def shape(op: Operator) -> None:
    _define_integers(op, np.array(op.input(0).shape, np.int64))


@operator("RANK", last_version=1)
def rank(op: Operator) -> None:
    _define_integers(op, np.array(op.input(0).rank))


def _padded_shape(op: Operator, i: int, rank: int) -> Tensor:
    """The shape that input i holds, with as many dimensions of 1 before it as `rank` needs."""
    given = op.input(i)
    return op.add(Pad((rank - given.type.elements,), (0,), 1), [given])


@operator("BROADCAST_ARGS", last_version=1)
def broadcast_args(op: Operator) -> None:
    """The shape that two shapes broadcast to: of each dimension the one that is not 1."""
    a, b = op.input(0), op.input(1)
    if a.rank != 1 or b.rank != 1 or a.dtype != b.dtype or a.dtype not in (S32, S64):
        raise op.invalid(f"{a.type} and {b.type} must be shapes, lists of s32 or s64")
    rank = max(a.type.elements, b.type.elements)
    wide_a, wide_b = _padded_shape(op, 0, rank), _padded_shape(op, 1, rank)
    if wide_a.data is not None and wide_b.data is not None:
        pairs = zip(wide_a.data.tolist(), wide_b.data.tolist(), strict=True)
        if any(m != n and 1 not in (m, n) for m, n in pairs):
            raise op.invalid(f"{wide_a.data.tolist()} and {wide_b.data.tolist()} do not broadcast")
    one = op.add_constant("one", np.ones((1,), a.dtype.np), a.dtype)
    op.add(Select(), [op.add(Compare("equal"), [wide_a, one]), wide_b, wide_a], op.output)


@operator("RANGE", last_version=2)
def range_(op: Operator) -> None:
    """start, start + delta, ... up to but without limit. f32 is added up step by step, as LiteRT does."""
    dtype = op.output.dtype
    values = [op.constant(i, what) for i, what in enumerate(("the start", "the limit", "the delta"))]
    if dtype not in (F32, S32, S64) or any(v.dtype != dtype.np or v.size != 1 for v in values):
        raise op.invalid(f"a range of {dtype} needs three numbers of that type, and f32, s32 or s64")
    start, limit, delta = (v.reshape(-1)[0] for v in values)
    if not np.isfinite([start, limit, delta]).all() or delta == 0 or (limit - start > 0) != (delta > 0):
        raise op.invalid(f"a range from {start} to {limit} in steps of {delta} has no elements")
    steps = abs((limit - start) / delta) if dtype == F32 else -(-abs(int(limit) - int(start)) // abs(int(delta)))
    count = math.ceil(steps)
    check_size(op.output.name, TensorType(dtype, (count,)))
    if dtype == F32:
        steps_taken = np.full(count, delta, np.float32)
        steps_taken[0] = start
        op.define_constant(op.output, np.add.accumulate(steps_taken, dtype=np.float32))
    else:
        op.define_constant(op.output, (int(start) + int(delta) * np.arange(count)).astype(dtype.np))
