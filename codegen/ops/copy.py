"""Copy: the same values in storage of their own, in another layout if need be."""

from __future__ import annotations

from dataclasses import dataclass

from edgegen.ir.graph import Node
from edgegen.ir.kernel import Kernel, Packed
from edgegen.ir.layout import NATURAL, Layout
from edgegen.ir.op import Op, known, present
from edgegen.ir.tensor import Array, TensorType
from edgegen.ops.pad import pack_pad, pad_overlap
from edgegen.ops.strided_copy import Dim, any_layout, fits, pack_copy, scalar_overlap, storage_strides


def _pack(node: Node) -> Packed:
    x, y = node.input(0), node.out
    xs, ys = storage_strides(x.type), storage_strides(y.type)
    dims = [Dim(n, a, b) for n, a, b in zip(x.shape, xs, ys, strict=True)]
    return pack_copy(dims, x.type.layout.origin(x.shape), x.dtype.size)


def _pack_bordered(node: Node) -> Packed:
    top, left, bottom, right = node.out.type.layout.border
    fill = node.out.type.layout.fill
    return pack_pad(node.input(0).type, (0, top, left, 0), (0, bottom, right, 0), fill)


def _image(node: Node) -> str | None:
    return None if node.out.rank == 4 else "only images have a border"


def _natural(_node: Node) -> tuple[Layout, ...]:
    return (NATURAL,)


@dataclass(frozen=True)
class Copy(Op):
    """x -> x. Breaks an aliasing, gives a constant a place in the arena, or changes the layout."""

    def infer(self, *inputs: TensorType | None) -> tuple[TensorType, ...]:
        x = known(inputs[0], "x")
        return (TensorType(x.dtype, x.shape),)

    def reference(self, *inputs: Array | None) -> tuple[Array, ...]:
        return (present(inputs[0], "x").copy(),)

    kernels = (
        Kernel(
            "copy",
            "_ -> _",
            _pack,
            when=lambda node: fits(node.out.shape),
            overlap=scalar_overlap,
            reads=any_layout,
            writes=any_layout,
            reads_border=True,
        ),
        Kernel(
            "pad",
            "_ -> _",
            _pack_bordered,
            when=_image,
            overlap=pad_overlap,
            reads=_natural,
            writes=_natural,
            writes_border=True,
        ),
    )
