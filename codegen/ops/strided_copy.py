"""Copies between storages whose elements lie at regular distances: what slices, transposes and layout changes share.

Every such operator is a nest of loops over dimensions, each with a distance in x and one in y. Here the nest is
reduced: dimensions of 1 vanish, neighbours that are contiguous in both merge, what is contiguous on the inside becomes
one run for memcpy, and a transposing pair of loops is cut into tiles. The kernel walks what is left.
"""

from __future__ import annotations

from dataclasses import dataclass

from edgegen.ir.graph import Node
from edgegen.ir.kernel import Literal, Overlap, Packed
from edgegen.ir.layout import NATURAL, NCHW, Layout
from edgegen.ir.tensor import TensorType
from edgegen.ops.overlap import NONE, Overlaps, numbers, param

LOOPS = 6  # nested loops that the kernel has
TILE = 4  # elements along each side of a transposed tile; on x86-64 2 to 9 times as fast as whole rows, like 8 and 32
_REGISTERS = (1, 2, 4)  # bytes of runs that the kernels move in registers
INTERLEAVED = 4  # elements apart that vector loads of NEON gather
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


def _lengthen(dims: list[Dim], outer_stay: bool) -> list[Dim]:
    """A short innermost loop changes places with the longest one or, if outer loops should stay outside, with the
    innermost that is not short."""
    if not dims or dims[-1].count >= SHORT:
        return dims
    longest = max(dims, key=lambda d: d.count)
    if outer_stay:
        longest = next((d for d in reversed(dims) if d.count >= SHORT), longest)
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


def pack_copy(
    dims: list[Dim], x_start: int, size: int, in_order: bool = False, tiled: bool = True, outer_stay: bool = False
) -> Packed:
    """Parameters of the kernels `copy` and `move`.

    dims:       loops over all elements, in any order; the output starts at its storage's start
    x_start:    first element read, from the start of the input's storage; size: bytes of an element
    in_order:   elements must be written in the order of the output's storage, because it overwrites the input's
    tiled:      worth it on cores with caches
    outer_stay: outer loops stay outside though longer than the innermost one, so that y may follow x closely
    """
    nest = merged(dims)
    run = 1
    if nest and (nest[-1].x, nest[-1].y) == (1, 1):
        run = nest.pop().count
    elif not in_order:
        nest = _lengthen(nest, outer_stay)
        nest = _tile(nest) if tiled else nest
    nest = [Dim(1, 0, 0)] * (LOOPS - len(nest)) + nest
    params: dict[str, Literal] = {
        "count": tuple(d.count for d in nest),
        "x_step": tuple(d.x * size for d in nest),
        "y_step": tuple(d.y * size for d in nest),
        "x_start": x_start * size,
        "bytes": run * size,
        "backward": 0,
    }
    return Packed("edgegen_copy", params)


def _nest(node: Node) -> list[Dim]:
    """The loops in the node's params, in bytes."""
    loops = zip(*(numbers(node, name) for name in ("count", "x_step", "y_step")), strict=True)
    return [Dim(*loop) for loop in loops if loop[0] > 1]


def _overlap(node: Node, apart: int | None) -> Overlaps:
    """Of the kernels `copy` and `move`.

    apart: bytes by which a run must lie before its place in x or, from the end, behind it, so that it is copied safely;
           None: all of it is read before any is written
    """
    if node.input(0).is_constant or min((*node.input(0).shape, *node.out.shape, 1)) == 0:
        return NONE
    nest, size, start = _nest(node), param(node, "bytes"), param(node, "x_start")
    forward = _room(nest, size, apart, False)
    backward = _room([Dim(d.count, -d.x, -d.y) for d in nest], size, apart, True)
    return {0: Overlap(start + forward, least=start - backward)}


def _room(nest: list[Dim], size: int, apart: int | None, backward: bool) -> int:
    """How far beyond the first place read the first one written may lie: the least distance from the end of a write, of
    `size` bytes, to the start of a later read.

    Two such steps share the indices of some outer loops, differ in that of one loop, and have any in those within; as
    distances are linear in indices, the least is at the ends of their ranges.
    """
    shared, found = 0, list[int]()
    for i, loop in enumerate(nest):
        last = loop.count - 1
        pairs = [(1, 0), (last, 0), (last, last - 1)]  # indices of a step and of an earlier one
        if backward:
            pairs = [(before, after) for after, before in pairs]
        between = min(reads * loop.x - writes * loop.y for reads, writes in pairs)
        within = sum(min(0, (d.count - 1) * d.x) - max(0, (d.count - 1) * d.y) for d in nest[i + 1 :])
        found.append(shared + between + within - size)
        shared += min(0, last * (loop.x - loop.y))
    if apart is not None:
        found.append(shared - apart)
    return min(found, default=0)


def _has_vectors(node: Node) -> bool:
    """Whether compilers vectorize the copy, if they see that y lies apart from x: in one of the two innermost loops
    elements of up to 8 bytes are close together."""
    size, inner = param(node, "bytes"), _nest(node)[-2:]
    return size <= 8 and any(max(abs(d.x), d.y) <= INTERLEAVED * size and d.count >= SHORT for d in inner)


def copy_overlap(node: Node) -> Overlaps:
    """Of the kernel `copy`."""
    size = param(node, "bytes")
    return _overlap(node, None if size in _REGISTERS else size)


def scalar_overlap(node: Node) -> Overlaps:
    """The same, but none that costs instructions: compilers take loops apart and vectorize them only where y lies apart
    from x. Then the copy takes up to nine times fewer on cores with vectors, and without them a little overlap, of less
    than an eighth of y, is not worth it."""
    assert node.kernel is not None
    found = copy_overlap(node)
    little = all(8 * (node.out.type.bytes + overlap.most) < node.out.type.bytes for overlap in found.values())
    return NONE if little or (_has_vectors(node) and "dsp" not in node.kernel.requires) else found


def move_overlap(node: Node) -> Overlaps:
    """Of the kernel `move`."""
    return _overlap(node, None if param(node, "bytes") in _REGISTERS else 0)
