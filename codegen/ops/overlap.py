"""How far a kernel's output may lie over the bytes of its input, from the order in which the kernel reads and writes.

A kernel works in steps. Step k reads nothing of the input before byte reads[k], and until it has read its last byte the
kernel may have written the output's bytes [0, written[k]). An output that starts `most` bytes after the input disturbs
nothing if, at each step, what was written lies before all that this step and later ones read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from edgegen.ir.graph import Node
from edgegen.ir.kernel import Overlap
from edgegen.ir.layout import NATURAL, NCHW

Offsets = npt.NDArray[np.int64]
Overlaps = Mapping[int, Overlap]

NONE: Overlaps = {}


def distance(reads: Offsets, written: Offsets) -> int:
    """The `most` of an overlap, of steps in the order in which they run. What nothing was written before binds not."""
    from_here = np.minimum.accumulate(reads[::-1])[::-1]
    return int((from_here - written)[written > 0].min(initial=reads.max()))


def applies(node: Node) -> bool:
    """Whether x lies in any order of its axes and the output in the natural one, without a border, in elements that C
    may alias: of one type, or of bytes."""
    x, y = node.input(0), node.out
    return _may_alias(node, 0) and x.type.layout in (NATURAL, NCHW) and y.type.layout == NATURAL


def _may_alias(node: Node, position: int) -> bool:
    """Whether an input may share bytes with the output in C: both are of one type, or one of them is of bytes."""
    x, y = node.input(position), node.out
    same = x.dtype == y.dtype or x.dtype.size == 1 or y.dtype.size == 1
    return same and not x.is_constant and min((*x.shape, *y.shape, 1)) > 0


def after(node: Node, position: int, reads: Offsets, written: Offsets, any_type: bool = False) -> dict[int, Overlap]:
    """Of a kernel that runs in steps: of an input, each step's lowest element, and the output's elements that are
    written until it has read it. Nothing where no byte could be shared.

    any_type: the kernel's pointer to the output may alias any other
    """
    if reads.size == 0 or not (any_type or _may_alias(node, position)):
        return {}
    sizes = node.input(position).dtype.size, node.out.dtype.size
    if not written.any():  # all is read before
        return {position: Overlap(node.input(position).type.bytes)}
    most = distance(reads.reshape(-1) * sizes[0], written.reshape(-1) * sizes[1])
    return {position: Overlap(most)} if most > -node.out.type.bytes else {}


def together(found: Iterable[Overlaps]) -> Overlaps:
    """What all ways allow in which a kernel may go through its steps, from the first to the last."""
    ways = list(found)
    return {i: Overlap(min(way[i].most for way in ways)) for i in ways[0] if all(i in way for way in ways)}


def in_turn(node: Node, reads: Offsets, position: int = 0, any_type: bool = False) -> Overlaps:
    """Of a kernel that writes the output in as many steps, each when it has read what it needs of an input, from the
    element reads[k] on."""
    written = ordinals(reads.size) * (node.out.type.elements // max(reads.size, 1))
    return after(node, position, reads, written, any_type)


def nested(extent: Sequence[int], stride: Sequence[int]) -> Offsets:
    """The offsets that nested loops of such extents go through, outermost first, each with a stride."""
    found = np.zeros(1, np.int64)
    for count, step in zip(extent, stride, strict=True):
        found = np.add.outer(found, ordinals(count) * step).reshape(-1)
    return found


def from_end(node: Node, reads: Offsets, written: Offsets) -> int:
    """The `least` of an overlap, of a kernel that goes through its steps from the last to the first.

    reads:   one past the last byte of x that each step reads
    written: the first byte of the output that is written until the step has read that
    """
    x, y = node.input(0).type.bytes, node.out.type.bytes
    return x - y - distance((x - reads)[::-1], (y - written)[::-1])


def turning(node: Node, most: int, steps: Callable[[], tuple[Offsets, Offsets]]) -> Overlaps:
    """The overlap of a kernel that, if it turns, goes through its steps from the last to the first.

    steps: what they read and have written, as `from_end` takes it
    """
    if node.packed is None or not node.packed.turns:
        return {0: Overlap(most)}
    return {0: Overlap(most, least=from_end(node, *steps()))}


def ordinals(count: int) -> Offsets:
    """0, 1, and so on: the numbers of so many steps."""
    return np.arange(count, dtype=np.int64)


def over_rows(node: Node, early: int) -> Overlaps:
    """Of a kernel that takes one row of x after the other and writes that row of the output.

    early: elements of a row of the output that are written, from its start, before that of x is read for the last time
    """
    x, y = node.input(0), node.out
    rows = ordinals(x.type.elements // x.shape[-1])
    return after(node, 0, rows * x.shape[-1], rows * y.shape[-1] + early)


def param(node: Node, name: str) -> int:
    """A whole number that the row's `pack` has put into the kernel's params."""
    assert node.packed is not None
    value = node.packed.params[name]
    assert isinstance(value, int)
    return value


def numbers(node: Node, name: str) -> tuple[int, ...]:
    """Whole numbers that it has put there, likewise."""
    assert node.packed is not None
    value = node.packed.params[name]
    assert isinstance(value, tuple)
    return tuple(int(number) for number in value)
