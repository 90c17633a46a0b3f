"""Reshape: the same elements under another shape. Squeeze and expand-dims are the same operator."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from edgegen.errors import InvalidGraph
from edgegen.ir.graph import Node
from edgegen.ir.kernel import Kernel, Packed
from edgegen.ir.layout import NATURAL, Layout
from edgegen.ir.op import Op, known, present
from edgegen.ir.quantization import Quantization
from edgegen.ir.tensor import Array, TensorType
from edgegen.ops.strided_copy import Dim, any_layout, fits, natural_strides, pack_copy, scalar_overlap, storage_strides


def _pack(node: Node) -> Packed:
    """Loops over the side that is not stored in natural order; the other side is then contiguous."""
    x, y = node.input(0).type, node.out.type
    if x.layout == NATURAL:
        dims = [Dim(n, a, b) for n, a, b in zip(y.shape, natural_strides(y.shape), storage_strides(y), strict=True)]
    else:
        dims = [Dim(n, a, b) for n, a, b in zip(x.shape, storage_strides(x), natural_strides(x.shape), strict=True)]
    return pack_copy(dims, x.layout.origin(x.shape), x.dtype.size)


def _writes(node: Node) -> tuple[Layout, ...]:
    return any_layout(node) if node.input(0).type.layout == NATURAL else (NATURAL,)


@dataclass(frozen=True)
class Reshape(Op):
    """x -> the same elements, in the same order, as `shape`.

    A view, which costs nothing, unless x is a constant or one side is not stored in natural order.
    """

    shape: tuple[int, ...] = ()

    is_view = True

    def infer(self, *inputs: TensorType | None) -> tuple[TensorType, ...]:
        x = known(inputs[0], "x")
        if math.prod(self.shape) != x.elements:
            raise InvalidGraph(f"{x} has {x.elements} elements, shape {list(self.shape)} has {math.prod(self.shape)}")
        return (TensorType(x.dtype, self.shape),)

    def reference(self, *inputs: Array | None) -> tuple[Array, ...]:
        return (present(inputs[0], "x").reshape(self.shape),)

    def carries(self, x: TensorType) -> Quantization | None:
        """Scales along an axis stay where the shape keeps that axis, with as many elements after it."""
        q = x.quantization
        if q is None or q.axis is None:
            return q
        after = math.prod(x.shape[q.axis + 1 :])
        kept = [i for i, n in enumerate(self.shape) if n == x.shape[q.axis] and math.prod(self.shape[i + 1 :]) == after]
        return replace(q, axis=kept[0]) if kept else None

    kernels = (
        Kernel(
            "copy",
            "_ -> _",
            _pack,
            when=lambda node: fits(node.input(0).shape if node.input(0).type.layout != NATURAL else node.out.shape),
            overlap=scalar_overlap,
            reads=any_layout,
            writes=_writes,
            reads_border=True,
        ),
    )
