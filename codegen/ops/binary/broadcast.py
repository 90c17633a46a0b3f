"""How two operands are walked while their result is written from first to last element."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edgegen.ir.graph import Node
from edgegen.ir.kernel import Overlap
from edgegen.ir.tensor import TensorType
from edgegen.ops.overlap import Overlaps, after, nested
from edgegen.ops.strided_copy import natural_strides, storage_axes, storage_strides

MAX_LOOPS = 6


@dataclass(frozen=True)
class Loops:
    """The fewest nested loops over the output in storage order, outermost first.

    extent: iterations; a, b: elements between neighbours of each operand, 0 where it repeats
    """

    extent: tuple[int, ...]
    a: tuple[int, ...]
    b: tuple[int, ...]

    @property
    def contiguous(self) -> tuple[int, ...]:
        """Elements between neighbours of the output itself."""
        return natural_strides(self.extent)

    def padded(self, count: int) -> Loops:
        """The same with outer loops of one iteration, `count` loops in all."""
        more = count - len(self.extent)
        return Loops((1,) * more + self.extent, (0,) * more + self.a, (0,) * more + self.b)


def _steps(operand: TensorType, rank: int) -> tuple[int, ...]:
    """Elements between neighbours along each of the output's `rank` axes; 0 where the operand repeats."""
    strides = storage_strides(operand)
    steps = [0 if n == 1 else s for n, s in zip(operand.shape, strides, strict=True)]
    return (0,) * (rank - len(steps)) + tuple(steps)


def nest(node: Node, count: int) -> tuple[tuple[int, ...], list[tuple[int, ...]]]:
    """(iterations, steps of each operand) of an element-wise node over its first `count` inputs; operands and output in
    any unblocked layout."""
    out = node.out
    steps = [_steps(node.input(i).type, out.rank) for i in range(count)]
    merged: list[tuple[int, ...]] = []  # iterations and each operand's step
    for axis in storage_axes(out.type.layout, out.rank):
        n, here = out.shape[axis], tuple(s[axis] for s in steps)
        if n == 1:
            continue
        if merged and merged[-1][1:] == tuple(s * n for s in here):
            merged[-1] = (merged[-1][0] * n, *here)
        else:
            merged.append((n, *here))
    merged = merged or [(1, *[0] * count)]
    return tuple(m[0] for m in merged), [tuple(m[1 + i] for m in merged) for i in range(count)]


def loops(node: Node) -> Loops:
    """The loops of an element-wise node over inputs 0 and 1."""
    extent, (a, b) = nest(node, 2)
    return Loops(extent, a, b)


def walked_in_order(node: Node) -> str | None:
    """A row's `when`: operands as large as the output are read as it is written, so it may take over their bytes."""
    found = loops(node)
    if len(found.extent) > MAX_LOOPS:
        return f"broadcasts over {len(found.extent)} runs of axes, more than {MAX_LOOPS}"
    for i, steps in enumerate((found.a, found.b)):
        moving = [(s, c) for s, c, n in zip(steps, found.contiguous, found.extent, strict=True) if n > 1]
        if node.input(i).type.elements == node.out.type.elements and any(s != c for s, c in moving):
            return f"input {i} lies in another order than the output"
    return None


def few_loops(node: Node) -> str | None:
    """A row's `when`: the broadcast needs no more loops than the kernel has."""
    count = len(loops(node).extent)
    return None if count <= MAX_LOOPS else f"broadcasts over {count} runs of axes, more than {MAX_LOOPS}"


def over_operands(node: Node, count: int = 2, any_type: bool = False) -> Overlaps:
    """Of a kernel that writes each element of the output when it has read those of its first `count` inputs that make
    it. Of a run of the innermost loop the ends say all, since both sides move evenly."""
    extent, steps = nest(node, count)
    ends = np.unique([0, min(1, extent[-1] - 1), extent[-1] - 1])
    written = np.add.outer(nested(extent[:-1], natural_strides(extent)[:-1]), ends)
    found: dict[int, Overlap] = {}
    for i, of_input in enumerate(steps):
        reads = np.add.outer(nested(extent[:-1], of_input[:-1]), ends * of_input[-1])
        found |= after(node, i, reads, written, any_type)
    return found
