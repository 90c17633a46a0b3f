"""Operators that only rename dimensions."""

from __future__ import annotations

import math

import tflite

from edgegen.frontends.tflite.importer import Operator, operator
from edgegen.ops.reshape import Reshape


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
    op.same_quantization(op.input(0), op.output)
    op.add(Reshape(_fill_free(op, _requested_shape(op))), [op.input(0)], op.output)


@operator("SQUEEZE", last_version=2, signed="moves")
def squeeze(op: Operator) -> None:
    """Drops the listed dimensions, which must be 1; all that are 1 if none is listed."""
    x = op.input(0)
    listed = op.options(tflite.SqueezeOptions).integers("SqueezeDims")
    axes = {op.axis(a, x.rank) for a in listed} if listed else {i for i, d in enumerate(x.shape) if d == 1}
    if any(x.shape[a] != 1 for a in axes):
        raise op.invalid(f"cannot squeeze axes {sorted(axes)} of {x.type}")
    op.same_quantization(x, op.output)
    op.add(Reshape(tuple(d for i, d in enumerate(x.shape) if i not in axes)), [x], op.output)


@operator("EXPAND_DIMS", last_version=1, signed="moves")
def expand_dims(op: Operator) -> None:
    """Inserts a dimension of 1 before the axis that input 1 holds."""
    x, axes = op.input(0), op.integers(1, "the axis")
    if len(axes) != 1:
        raise op.invalid(f"has {len(axes)} axes instead of one")
    axis = op.axis(axes[0], x.rank + 1)
    op.same_quantization(x, op.output)
    op.add(Reshape((*x.shape[:axis], 1, *x.shape[axis:])), [x], op.output)
