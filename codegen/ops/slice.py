"""Slice: every step-th element of a box."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from edgegen.errors import InvalidGraph
from edgegen.ir.graph import Node
from edgegen.ir.kernel import Kernel, Packed
from edgegen.ir.layout import NATURAL, NCHW
from edgegen.ir.op import Op, known, present
from edgegen.ir.tensor import Array, TensorType
from edgegen.ops.strided_copy import (
    Dim,
    any_layout,
    fits,
    move_overlap,
    pack_copy,
    scalar_overlap,
    storage_axes,
    storage_strides,
)


def _pack(node: Node, in_order: bool) -> Packed:
    op, x, y = node.op, node.input(0), node.out
    assert isinstance(op, Slice)
    xs, ys = storage_strides(x.type), storage_strides(y.type)
    dims = [Dim(n, a * s, b) for n, a, s, b in zip(y.shape, xs, op.stride, ys, strict=True)]
    start = sum(b * a for b, a in zip(op.begin, xs, strict=True))
    return pack_copy(dims, x.type.layout.origin(x.shape) + start, x.dtype.size, in_order)


def _forward(node: Node) -> str | None:
    """Element k of the output then lies at or before its source, so the output may overwrite the input."""
    assert isinstance(node.op, Slice)
    return "strides must be positive" if min(node.op.stride, default=1) < 1 else fits(node.out.shape)


@dataclass(frozen=True)
class Slice(Op):
    """y[i, j, ...] = x[begin[0] + i * stride[0], begin[1] + j * stride[1], ...], of shape `size`.

    stride may be negative; every index must lie inside of x.
    """

    begin: tuple[int, ...] = ()
    size: tuple[int, ...] = ()
    stride: tuple[int, ...] = ()

    def infer(self, *inputs: TensorType | None) -> tuple[TensorType, ...]:
        x = known(inputs[0], "x")
        if not len(self.begin) == len(self.size) == len(self.stride) == len(x.shape):
            raise InvalidGraph(f"begin {self.begin}, size {self.size} and stride {self.stride} do not slice {x}")
        for n, b, k, s in zip(x.shape, self.begin, self.size, self.stride, strict=True):
            if s == 0 or k < 1 or not (0 <= b < n and 0 <= b + (k - 1) * s < n):
                raise InvalidGraph(f"{k} elements from {b} in steps of {s} leave a dimension of {n}")
        return (TensorType(x.dtype, self.size),)

    def reference(self, *inputs: Array | None) -> tuple[Array, ...]:
        x = present(inputs[0], "x")
        for axis, (b, k, s) in enumerate(zip(self.begin, self.size, self.stride, strict=True)):
            x = x.take(range(b, b + k * s, s), axis)
        return (x,)

    def offsets(self, inputs: Sequence[TensorType], y: TensorType) -> tuple[int, ...] | None:
        """A run of x as it is stored: whole elements of the outermost axis that is cut."""
        (x,) = inputs
        if x.layout != y.layout or x.layout not in (NATURAL, NCHW):
            return None
        if any(n > 1 and step != 1 for n, step in zip(self.size, self.stride, strict=True)):
            return None
        axes = storage_axes(x.layout, len(x.shape))
        cut = [i for i, axis in enumerate(axes) if self.size[axis] != x.shape[axis]]
        if any(self.size[axis] != 1 for axis in axes[: cut[-1] if cut else 0]):
            return None
        start = sum(b * s for b, s in zip(self.begin, storage_strides(x), strict=True))
        return (-start * x.dtype.size,)

    kernels = (
        Kernel(
            "move",
            "_ -> _",
            lambda node: _pack(node, True),
            header="copy",
            when=_forward,
            overlap=move_overlap,
        ),
        Kernel(
            "copy",
            "_ -> _",
            lambda node: _pack(node, False),
            when=lambda node: fits(node.out.shape),
            overlap=scalar_overlap,
            reads=any_layout,
            writes=any_layout,
            reads_border=True,
        ),
    )
