"""Operators that repeat elements: TILE, BROADCAST_TO, FILL, and the matrices that MATRIX_DIAG makes of diagonals."""

from __future__ import annotations

import numpy as np

from edgegen.frontends.tflite.importer import Operator, operator
from edgegen.frontends.tflite.operators.movement import check_u8
from edgegen.frontends.tflite.operators.sizes import sizes
from edgegen.frontends.tflite.tensors import check_size
from edgegen.ir.dtypes import BOOL
from edgegen.ir.tensor import Tensor, TensorType
from edgegen.ops.broadcast_to import BroadcastTo
from edgegen.ops.reshape import Reshape
from edgegen.ops.select_op import Select

REPEATED = 3  # axes that one node repeats: more need more loops than its kernel has


def _repeat(op: Operator, x: Tensor, times: tuple[int, ...]) -> Tensor:
    """x repeated along each axis: a new axis outside of it is broadcast, then both become one."""
    apart = tuple(d for n, t in zip(x.shape, times, strict=True) for d in ((1, n) if t != 1 else (n,)))
    wide = tuple(d for n, t in zip(x.shape, times, strict=True) for d in ((t, n) if t != 1 else (n,)))
    repeated = op.add(BroadcastTo(wide), [op.add(Reshape(apart), [x])])
    return op.add(Reshape(tuple(n * t for n, t in zip(x.shape, times, strict=True))), [repeated])


@operator("TILE", last_version=3, signed="moves")
def tile(op: Operator) -> None:
    """Input 1 says how often each axis repeats. The innermost are repeated first, so that later copies are long."""
    x, times = op.input(0), sizes(op, 1, "how often axes repeat")
    if len(times) != x.rank:
        raise op.invalid(f"{len(times)} counts do not repeat the axes of {x.type}")
    check_size(op.output.name, TensorType(x.dtype, tuple(n * t for n, t in zip(x.shape, times, strict=True))))
    axes = [i for i in reversed(range(x.rank)) if times[i] != 1]
    while len(axes) > REPEATED:
        now, axes = axes[:REPEATED], axes[REPEATED:]
        x = _repeat(op, x, tuple(t if i in now else 1 for i, t in enumerate(times)))
    y = _repeat(op, x, tuple(t if i in axes else 1 for i, t in enumerate(times))) if axes else x
    op.add(Reshape(y.shape), [y], op.output)


@operator("BROADCAST_TO", last_version=4, signed="moves")
def broadcast_to(op: Operator) -> None:
    x, shape = op.input(0), sizes(op, 1, "the shape")
    check_size(op.output.name, TensorType(x.dtype, shape))
    op.add(BroadcastTo(shape), [x], op.output)


@operator("FILL", last_version=5)
def fill(op: Operator) -> None:
    """Inputs: the shape and one value."""
    shape, value = sizes(op, 0, "the shape"), op.input(1)
    if value.rank:
        raise op.invalid(f'the value "{value.name}" must be a scalar, is {value.type}')
    check_u8(op, value, op.output)
    check_size(op.output.name, TensorType(value.dtype, shape))
    op.add(BroadcastTo(shape), [value], op.output)


def _set_diagonal(op: Operator, diagonal: Tensor, ground: Tensor, rows: int, columns: int) -> None:
    """`ground` with the elements of `diagonal` where row and column are the same."""
    shorter = min(rows, columns)
    if diagonal.shape[-1] != shorter or diagonal.dtype != ground.dtype:
        raise op.invalid(f"{diagonal.type} is no diagonal of {rows} rows and {columns} columns")
    mask = op.add_constant("diagonal", np.eye(rows, columns, dtype=bool), BOOL)
    spread = (shorter, 1) if rows <= columns else (1, shorter)
    op.add(Select(), [mask, op.add(Reshape((*diagonal.shape[:-1], *spread)), [diagonal]), ground], op.output)


@operator("MATRIX_DIAG", last_version=1)
def matrix_diag(op: Operator) -> None:
    """Matrices with the rows of x as diagonals, 0 elsewhere."""
    x = op.input(0)
    if not x.rank:
        raise op.invalid(f"{x.type} is no diagonal")
    check_size(op.output.name, TensorType(x.dtype, (*x.shape, x.shape[-1])))
    zero = op.add_constant("ground", np.zeros((), x.dtype.np), x.dtype)
    _set_diagonal(op, x, zero, x.shape[-1], x.shape[-1])


@operator("MATRIX_SET_DIAG", last_version=1)
def matrix_set_diag(op: Operator) -> None:
    """The matrices of input 0 with the diagonals of input 1."""
    x, diagonal = op.input(0), op.input(1)
    if x.rank < 2 or diagonal.shape[:-1] != x.shape[:-2] or not diagonal.rank:
        raise op.invalid(f"{diagonal.type} holds no diagonals of {x.type}")
    _set_diagonal(op, diagonal, x, x.shape[-2], x.shape[-1])
