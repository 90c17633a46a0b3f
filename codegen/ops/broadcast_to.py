"""BroadcastTo: the elements repeated along axes of 1 and along new outer axes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edgegen.errors import InvalidGraph
from edgegen.ir.graph import Node
from edgegen.ir.kernel import Kernel, Literal, Packed
from edgegen.ir.op import Op, known, present
from edgegen.ir.tensor import Array, TensorType
from edgegen.ops.strided_copy import (
    LOOPS,
    SHORT,
    Dim,
    any_layout,
    loops_of,
    merged,
    pack_copy,
    scalar_overlap,
    storage_strides,
)


def _dims(node: Node) -> list[Dim]:
    x, y = node.input(0), node.out
    xs = [0 if n == 1 else s for n, s in zip(x.shape, storage_strides(x.type), strict=True)]
    steps = [0] * (y.rank - x.rank) + xs
    return [Dim(n, a, b) for n, a, b in zip(y.shape, steps, storage_strides(y.type), strict=True)]


def _pack(node: Node) -> Packed:
    x = node.input(0)
    return pack_copy(_dims(node), x.type.layout.origin(x.shape), x.dtype.size)


def _few_loops(node: Node) -> str | None:
    count = loops_of(_dims(node))
    return None if count <= LOOPS else f"repeats over {count} runs of axes, more than {LOOPS}"


def _pack_repeat(node: Node) -> Packed:
    nest, x = merged(_dims(node)), node.input(0)
    run = nest.pop().count
    nest = [Dim(1, 0, 0)] * (LOOPS - len(nest)) + nest
    params: dict[str, Literal] = {
        "count": tuple(d.count for d in nest),
        "x_step": tuple(d.x * x.dtype.size for d in nest),
        "y_step": tuple(d.y * x.dtype.size for d in nest),
        "x_start": x.type.layout.origin(x.shape) * x.dtype.size,
        "run": run,
        "bytes": x.dtype.size,
    }
    return Packed("edgegen_repeat", params)


def _long_runs(node: Node) -> str | None:
    nest = merged(_dims(node))
    if not nest or (nest[-1].x, nest[-1].y) != (0, 1) or nest[-1].count < SHORT:
        return f"repeats elements at least {SHORT} times in a row"
    return _few_loops(node)


def _pack_fill(node: Node) -> Packed:
    return Packed("edgegen_fill", {"count": node.out.type.elements, "bytes": node.out.dtype.size})


def _one_element(node: Node) -> str | None:
    count = node.input(0).type.elements
    return None if count == 1 else f"repeats one element, not {count}"


@dataclass(frozen=True)
class BroadcastTo(Op):
    """x repeated to `shape` as numpy broadcasts: axes count from the last, and those of 1 repeat.

    TFLite BROADCAST_TO; FILL repeats a scalar; ONNX Expand with the broadcast shape.
    """

    shape: tuple[int, ...] = ()

    def infer(self, *inputs: TensorType | None) -> tuple[TensorType, ...]:
        x = known(inputs[0], "x")
        extra = len(self.shape) - len(x.shape)
        if extra < 0 or any(n not in (1, m) for n, m in zip(x.shape, self.shape[extra:], strict=True)):
            raise InvalidGraph(f"{x} does not broadcast to {list(self.shape)}")
        return (TensorType(x.dtype, self.shape),)

    def reference(self, *inputs: Array | None) -> tuple[Array, ...]:
        return (np.array(np.broadcast_to(present(inputs[0], "x"), self.shape)),)

    kernels = (
        Kernel("fill", "_ -> _", _pack_fill, when=_one_element, writes=any_layout),
        Kernel(
            "repeat",
            "_ -> _",
            _pack_repeat,
            header="fill",
            when=_long_runs,
            reads=any_layout,
            writes=any_layout,
            reads_border=True,
        ),
        Kernel(
            "copy",
            "_ -> _",
            _pack,
            when=_few_loops,
            overlap=scalar_overlap,
            reads=any_layout,
            writes=any_layout,
            reads_border=True,
        ),
    )
