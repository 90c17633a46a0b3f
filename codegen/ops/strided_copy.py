"""Copies between storages whose elements lie at regular distances: what slices, transposes and layout changes share.

Every such operator is a nest of loops over dimensions, each with a distance in x and one in y. Here the nest is
reduced: dimensions of 1 vanish, neighbours that are contiguous in both merge, what is contiguous on the inside becomes
one run for memcpy, and a transposing pair of loops is cut into tiles. The kernel walks what is left.
"""

from __future__ import annotations

from dataclasses import dataclass

from edgegen.ir.graph import Node
from edgegen.ir.kernel import Literal, Packed
from edgegen.ir.layout import NATURAL, NCHW, Layout
from edgegen.ir.tensor import TensorType

LOOPS = 6  # nested loops that the kernel has
TILE = 4  # elements along each side of a transposed tile; on x86-64 2 to 9 times as fast as whole rows, like 8 and 32
SHORT = 8  # iterations below which an innermost loop costs more than what it copies


@dataclass(frozen=True)
class Dim:
    """A loop: `count` steps of `x` elements in the input and `y` elements in the output; x may be negative."""

    count: int
    x: int
    y: int


def natural_strides(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Elements between neighbours along each axis of a contiguous array."""
    strides = [1] * len(shape)
    for i in range(len(shape) - 2, -1, -1):
        strides[i] = strides[i + 1] * shape[i + 1]
    return tuple(strides)


def storage_strides(type: TensorType) -> tuple[int, ...]:
    """Elements between neighbours along each axis of a tensor as it is stored, without channel blocking."""
    return natural_strides(type.shape) if type.layout == NATURAL else type.layout.strides(type.shape)


def storage_axes(layout: Layout, rank: int) -> tuple[int, ...]:
    """The axes of the shape in the order in which they are stored, outermost first."""
    return (0, 3, 1, 2) if layout.order == "NCHW" and rank == 4 else tuple(range(rank))


def any_layout(_node: Node) -> tuple[Layout, ...]:
    """Layouts of a row that addresses elements through strides."""
    return (NATURAL, NCHW)


def merged(dims: list[Dim]) -> list[Dim]:
    """The same nest in the order of the output's storage, with contiguous neighbours made one loop."""
    nest: list[Dim] = []
    for dim in sorted((d for d in dims if d.count != 1), key=lambda d: -d.y):
        last = nest[-1] if nest else None
        if last is not None and (last.x, last.y) == (dim.x * dim.count, dim.y * dim.count):
            nest[-1] = Dim(last.count * dim.count, dim.x, dim.y)
        else:
            nest.append(dim)
    return nest


def _lengthen(dims: list[Dim]) -> list[Dim]:
    """A short innermost loop changes places with the longest one."""
    if not dims or dims[-1].count >= SHORT:
        return dims
    longest = max(dims, key=lambda d: d.count)
    return [*(d for d in dims if d is not longest), longest]


def _tile(dims: list[Dim]) -> list[Dim]:
    """Cuts the innermost loop and the one that walks x contiguously into tiles, where they divide into them."""
    rows = next((d for d in dims[:-1] if d.x == 1), None)
    columns = dims[-1] if dims else None
    if rows is None or columns is None or columns.y != 1 or len(dims) + 2 > LOOPS:
        return dims
    if rows.count % TILE or columns.count % TILE or TILE in (rows.count, columns.count):
        return dims
    outer = [d for d in dims if d not in (rows, columns)]
    return [
        *outer,
        Dim(rows.count // TILE, TILE * rows.x, TILE * rows.y),
        Dim(columns.count // TILE, TILE * columns.x, TILE * columns.y),
        Dim(TILE, rows.x, rows.y),
        Dim(TILE, columns.x, columns.y),
    ]


def loops_of(dims: list[Dim]) -> int:
    """Loops that the kernel needs for the nest."""
    nest = merged(dims)
    return len(nest) - bool(nest and (nest[-1].x, nest[-1].y) == (1, 1))


def fits(shape: tuple[int, ...]) -> str | None:
    """A row's `when`: the kernel's loops suffice whatever the strides."""
    rank = sum(d != 1 for d in shape)
    return None if rank <= LOOPS else f"{rank} dimensions are more than {LOOPS}"


def pack_copy(dims: list[Dim], x_start: int, size: int, in_order: bool = False, tiled: bool = True) -> Packed:
    """Parameters of the kernels `copy` and `move`.

    dims:     loops over all elements, in any order; the output starts at its storage's start
    x_start:  first element read, from the start of the input's storage; size: bytes of an element
    in_order: elements must be written in the order of the output's storage, because it overwrites the input's
    tiled:    worth it on cores with caches
    """
    nest = merged(dims)
    run = 1
    if nest and (nest[-1].x, nest[-1].y) == (1, 1):
        run = nest.pop().count
    elif not in_order:
        nest = _lengthen(nest)
        nest = _tile(nest) if tiled else nest
    nest = [Dim(1, 0, 0)] * (LOOPS - len(nest)) + nest
    params: dict[str, Literal] = {
        "count": tuple(d.count for d in nest),
        "x_step": tuple(d.x * size for d in nest),
        "y_step": tuple(d.y * size for d in nest),
        "x_start": x_start * size,
        "bytes": run * size,
    }
    return Packed("edgegen_copy", params)
