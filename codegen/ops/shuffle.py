"""Shuffle: groups along an axis take turns."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from edgegen.errors import InvalidGraph
from edgegen.ir.graph import Node
from edgegen.ir.kernel import Kernel, Packed
from edgegen.ir.op import Op, known, present
from edgegen.ir.quantization import Quantization
from edgegen.ir.tensor import Array, TensorType
from edgegen.ops.strided_copy import Dim, any_layout, copy_overlap, fits, pack_copy, storage_strides


def _pack(node: Node, tiled: bool) -> Packed:
    op, x, y = node.op, node.input(0), node.out
    assert isinstance(op, Shuffle)
    xs, ys = storage_strides(x.type), storage_strides(y.type)
    each = x.shape[op.axis] // op.groups
    dims = [Dim(n, xs[i], ys[i]) for i, n in enumerate(x.shape) if i != op.axis]
    dims += [Dim(op.groups, each * xs[op.axis], ys[op.axis]), Dim(each, xs[op.axis], op.groups * ys[op.axis])]
    return pack_copy(dims, x.type.layout.origin(x.shape), x.dtype.size, tiled=tiled, outer_stay=True)


def _when(node: Node) -> str | None:
    assert isinstance(node.op, Shuffle)
    return fits((*node.out.shape, node.op.groups))


@dataclass(frozen=True)
class Shuffle(Op):
    """Element g * n + j of x along `axis`, which has groups * n, is element j * groups + g of y (ShuffleNet)."""

    axis: int = 0
    groups: int = 1

    def infer(self, *inputs: TensorType | None) -> tuple[TensorType, ...]:
        x = known(inputs[0], "x")
        if not 0 <= self.axis < len(x.shape) or self.groups < 1 or x.shape[self.axis] % self.groups:
            raise InvalidGraph(f"axis {self.axis} of x {x} does not divide into {self.groups} groups")
        return (TensorType(x.dtype, x.shape),)

    def reference(self, *inputs: Array | None) -> tuple[Array, ...]:
        x = present(inputs[0], "x")
        before, after = x.shape[: self.axis], x.shape[self.axis + 1 :]
        apart = x.reshape(*before, self.groups, x.shape[self.axis] // self.groups, *after)
        return (apart.swapaxes(self.axis, self.axis + 1).reshape(x.shape),)

    def carries(self, x: TensorType) -> Quantization | None:
        q = x.quantization
        return None if q is not None and (q.block or q.axis == self.axis) else q

    kernels = tuple(
        Kernel(
            "copy",
            "_ -> _",
            partial(_pack, tiled="dsp" not in core),
            requires=core,
            when=_when,
            overlap=copy_overlap,
            reads=any_layout,
            writes=any_layout,
            reads_border=True,
        )
        for core in (frozenset({"dsp"}), frozenset[str]())  # Cortex-M4 has no cache that tiles would spare
    )
