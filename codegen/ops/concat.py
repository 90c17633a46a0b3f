"""Concat: tensors one after the other along an axis."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edgegen.errors import InvalidGraph
from edgegen.ir.graph import Node
from edgegen.ir.kernel import Kernel, Packed
from edgegen.ir.layout import NATURAL, NCHW, Layout
from edgegen.ir.op import Op, known, present
from edgegen.ir.rows import RowWindow, element_rows
from edgegen.ir.tensor import Array, TensorType
from edgegen.ops.strided_copy import storage_axes

MAX_INPUTS = 8
"""Of one node, as the kernels take one argument for each; more are joined in several steps."""


def _pack(node: Node) -> Packed:
    op, y = node.op, node.out
    assert isinstance(op, Concat)
    axes = storage_axes(y.type.layout, y.rank)
    position = axes.index(op.axis)
    inner = math.prod(y.shape[a] for a in axes[position + 1 :]) * y.dtype.size
    runs = [node.input(i).shape[op.axis] * inner for i in range(len(node.inputs))]
    return Packed(
        "edgegen_concat",
        {
            "outer": math.prod(y.shape[a] for a in axes[:position]),
            "run": (*runs, *[0] * (MAX_INPUTS - len(runs))),
        },
        inputs=tuple(range(len(node.inputs))),
    )


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
        Kernel(f"concat_{n}", f"{' '.join('_' * n)} -> _", _pack, header="concat", reads=_reads, writes=_writes)
        for n in range(1, MAX_INPUTS + 1)
    )
