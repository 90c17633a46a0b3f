"""Transpose: the axes in another order."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from edgegen.errors import InvalidGraph
from edgegen.ir.graph import Node
from edgegen.ir.kernel import Kernel, Packed
from edgegen.ir.layout import Layout
from edgegen.ir.op import Op, known, present
from edgegen.ir.quantization import Quantization
from edgegen.ir.tensor import Array, TensorType
from edgegen.ops.strided_copy import Dim, any_layout, fits, pack_copy, scalar_overlap, storage_strides


def _pack(node: Node, tiled: bool) -> Packed:
    op, x, y = node.op, node.input(0), node.out
    assert isinstance(op, Transpose)
    xs, ys = storage_strides(x.type), storage_strides(y.type)
    dims = [Dim(n, xs[axis], s) for n, axis, s in zip(y.shape, op.perm, ys, strict=True)]
    return pack_copy(dims, x.type.layout.origin(x.shape), x.dtype.size, tiled=tiled)


def _writes(node: Node) -> tuple[Layout, ...]:
    """The layout that makes the output the input's bytes comes first, if there is one."""
    free = [k for k in any_layout(node) if node.op.aliases(node.input(0).type, node.out.type.with_layout(k))]
    return (*free, *(k for k in any_layout(node) if k not in free))


@dataclass(frozen=True)
class Transpose(Op):
    """y = x with axis i of y being axis perm[i] of x."""

    perm: tuple[int, ...] = ()

    def infer(self, *inputs: TensorType | None) -> tuple[TensorType, ...]:
        x = known(inputs[0], "x")
        if sorted(self.perm) != list(range(len(x.shape))):
            raise InvalidGraph(f"{list(self.perm)} does not permute the axes of {x}")
        return (TensorType(x.dtype, tuple(x.shape[axis] for axis in self.perm)),)

    def reference(self, *inputs: Array | None) -> tuple[Array, ...]:
        return (present(inputs[0], "x").transpose(self.perm),)

    def carries(self, x: TensorType) -> Quantization | None:
        q = x.quantization
        if q is None or q.axis is None:
            return q
        axis = self.perm.index(q.axis)
        if not q.block:
            return replace(q, axis=axis)
        blocks = tuple(-(-n // q.block) if i == q.axis else n for i, n in enumerate(x.shape))
        scale, zero = (
            np.array(values).reshape(blocks).transpose(self.perm).reshape(-1).tolist()
            for values in (q.scale, q.zero_point)
        )
        return Quantization(tuple(scale), tuple(zero), axis, q.block)

    def aliases(self, x: TensorType, y: TensorType) -> bool:
        """Axes of 1 move freely, and layouts can undo the permutation."""
        if any((*x.layout.border, *y.layout.border, x.layout.offset, y.layout.offset)):
            return False
        if x.layout.block != 1 or y.layout.block != 1:
            return False
        xs, ys = storage_strides(x), storage_strides(y)
        return all(n == 1 or xs[axis] == s for n, axis, s in zip(y.shape, self.perm, ys, strict=True))

    kernels = tuple(
        Kernel(
            "copy",
            "_ -> _",
            partial(_pack, tiled="dsp" not in core),
            requires=core,
            when=lambda node: fits(node.out.shape),
            overlap=scalar_overlap,
            reads=any_layout,
            writes=_writes,
            reads_border=True,
        )
        for core in (frozenset({"dsp"}), frozenset[str]())  # Cortex-M4 has no cache that tiles would spare
    )
