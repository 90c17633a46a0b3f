"""Concat: tensors one after the other along an axis."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edgegen.errors import InvalidGraph
from edgegen.ir.graph import Node
from edgegen.ir.kernel import Kernel, Overlap, Packed
from edgegen.ir.layout import NATURAL, NCHW, Layout
from edgegen.ir.op import Op, known, present
from edgegen.ir.rows import RowWindow, element_rows
from edgegen.ir.tensor import Array, TensorType
from edgegen.ops.overlap import NONE, Overlaps, distance, param
from edgegen.ops.strided_copy import storage_axes

MAX_INPUTS = 8
"""Of one node, as the kernels take one argument for each; more are joined in several steps."""

LEAST_MOVED = 256
"""Bytes of an input that the kernel moves before it turns to the next one, but a 16th of the rows at most: what it has
moved of one input binds where the others may lie."""


def _pack(node: Node) -> Packed:
    op, y = node.op, node.out
    assert isinstance(op, Concat)
    axes = storage_axes(y.type.layout, y.rank)
    position = axes.index(op.axis)
    inner = math.prod(y.shape[a] for a in axes[position + 1 :]) * y.dtype.size
    runs = [node.input(i).shape[op.axis] * inner for i in range(len(node.inputs))]
    outer = math.prod(y.shape[a] for a in axes[:position])
    return Packed(
        "edgegen_concat",
        {
            "outer": outer,
            "rows": max(1, min(LEAST_MOVED // max(*runs, 1), outer // 16)),
            "run": (*runs, *[0] * (MAX_INPUTS - len(runs))),
            "backward": 0,
        },
        inputs=tuple(range(len(node.inputs))),
    )


def _mosts(outer: int, rows: int, runs: Sequence[int]) -> list[int]:
    """How many bytes, at most, the output may start after each input, if the kernel runs from the start."""
    row, step, before = np.arange(outer, dtype=np.int64), sum(runs), 0
    block = row // rows * rows
    found = []
    for run in runs:
        own = (row - 1) * step + before + run
        others = (np.minimum(block + rows, outer) - 1) * step + before if before else block * step
        found.append(distance(row * run, np.where(row > block, np.maximum(own, others), others)))
        before += run
    return found


def _overlap(node: Node) -> Overlaps:
    """Every input may lie inside of the output, whichever way the kernel runs, but only one of them as a whole.

    The other ones stick out: from the start, by all rows but one of those behind it. So where several could lie there
    it runs the way in which the larger one of the first and the last is inside.
    """
    assert node.packed is not None
    outer, rows, y = param(node, "outer"), param(node, "rows"), node.out.type.bytes
    runs = [t.type.bytes // outer if outer else 0 for t in map(node.input, range(len(node.inputs)))]
    activations = {i: node.input(i) for i in range(len(runs)) if not node.input(i).is_constant}
    if y == 0:
        return NONE
    alone = len(set(activations.values())) == 1
    forward, backward = _mosts(outer, rows, runs), _mosts(outer, rows, runs[::-1])[::-1]
    most = {i: forward[i] if alone or runs[0] >= runs[-1] else -y for i in activations}
    least = {i: x.type.bytes - y - backward[i] if alone or runs[0] < runs[-1] else None for i, x in activations.items()}
    return {i: Overlap(most[i], least=least[i]) for i in activations}


def _reads(node: Node) -> tuple[Layout, ...]:
    """Constants lie in natural order, and all inputs must lie alike."""
    return (NATURAL,) if any(t is None or t.is_constant for t in node.inputs) else (NATURAL, NCHW)


def _writes(node: Node) -> tuple[Layout, ...]:
    layouts = {t.type.layout for t in node.inputs if t is not None}
    return tuple(layouts) if len(layouts) == 1 else ()


@dataclass(frozen=True)
class Concat(Op):
    """y = the inputs one after the other along `axis`; their other dimensions are equal."""

    axis: int = 0

    def infer(self, *inputs: TensorType | None) -> tuple[TensorType, ...]:
        types = [known(t, f"input {i}") for i, t in enumerate(inputs)]
        if not types:
            raise InvalidGraph("nothing to concatenate")
        first = types[0]
        if not 0 <= self.axis < len(first.shape):
            raise InvalidGraph(f"{first} has no axis {self.axis}")

        def others(t: TensorType) -> tuple[int, ...]:
            return (*t.shape[: self.axis], *t.shape[self.axis + 1 :])

        for t in types:
            if t.dtype != first.dtype or len(t.shape) != len(first.shape) or others(t) != others(first):
                raise InvalidGraph(f"cannot concatenate {first} and {t} along axis {self.axis}")
        total = sum(t.shape[self.axis] for t in types)
        return (TensorType(first.dtype, (*first.shape[: self.axis], total, *first.shape[self.axis + 1 :])),)

    def row_windows(self, *inputs: TensorType | None) -> tuple[RowWindow | None, ...] | None:
        return element_rows(*inputs) if self.axis > 1 else None

    def reference(self, *inputs: Array | None) -> tuple[Array, ...]:
        return (np.concatenate([present(x, f"input {i}") for i, x in enumerate(inputs)], self.axis),)

    def offsets(self, inputs: Sequence[TensorType], y: TensorType) -> tuple[int, ...] | None:
        """One after the other, where `axis` is the outermost as stored."""
        axes = storage_axes(y.layout, len(y.shape))
        outer = axes[: axes.index(self.axis)]
        alike = y.layout in (NATURAL, NCHW) and all(t.layout == y.layout for t in inputs)
        if not alike or any(y.shape[a] != 1 for a in outer):
            return None
        return tuple(sum(t.bytes for t in inputs[:i]) for i in range(len(inputs)))

    kernels = tuple(
        Kernel(
            f"concat_{n}",
            f"{' '.join('_' * n)} -> _",
            _pack,
            header="concat",
            overlap=_overlap,
            reads=_reads,
            writes=_writes,
        )
        for n in range(1, MAX_INPUTS + 1)
    )
