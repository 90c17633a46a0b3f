"""Push: the newest of the last few slices that a stream has brought."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from edgegen.errors import InvalidGraph
from edgegen.ir.graph import Node
from edgegen.ir.kernel import Kernel, Packed
from edgegen.ir.op import Op, known, present
from edgegen.ir.tensor import Array, TensorType


@dataclass(frozen=True)
class Push(Op):
    """x[1,...,n,...], buffer[1,...,slots,...] -> the buffer without its first n slices and with x behind the last.

    axis: of the slices, behind axes of 1
    """

    axis: int = 1

    def infer(self, *inputs: TensorType | None) -> tuple[TensorType, ...]:
        x, buffer = known(inputs[0], "x"), known(inputs[1], "buffer")
        if not 0 <= self.axis < len(buffer.shape) or len(x.shape) != len(buffer.shape):
            raise InvalidGraph(f"x {x} and the buffer {buffer} have no slices along axis {self.axis}")
        slots, count = buffer.shape[self.axis], x.shape[self.axis]
        fits = x.shape == (*buffer.shape[: self.axis], count, *buffer.shape[self.axis + 1 :]) and count <= slots
        if not fits or math.prod(buffer.shape[: self.axis]) != 1 or x.dtype != buffer.dtype:
            raise InvalidGraph(f"x {x} is no slice of the buffer {buffer}")
        return (TensorType(buffer.dtype, buffer.shape),)

    def reference(self, *inputs: Array | None) -> tuple[Array, ...]:
        x, buffer = present(inputs[0], "x"), present(inputs[1], "buffer")
        kept = np.take(buffer, range(x.shape[self.axis], buffer.shape[self.axis]), self.axis)
        return (np.concatenate([kept, x], axis=self.axis),)


def _pack(node: Node) -> Packed:
    x, buffer = node.input(0).type, node.input(1).type
    return Packed("edgegen_push", {"kept": buffer.bytes - x.bytes, "added": x.bytes}, inputs=(0, 1))


Push.kernels = (Kernel("push", "_ _ -> _", _pack, updates=((1, 0),)),)
