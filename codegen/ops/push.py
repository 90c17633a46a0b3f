"""Push: the newest of the last few slices that a stream has brought."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edgegen.errors import InvalidGraph
from edgegen.ir.graph import Node
from edgegen.ir.kernel import Kernel, Packed
from edgegen.ir.op import Op, known, present
from edgegen.ir.tensor import Array, TensorType


@dataclass(frozen=True)
class Push(Op):
    """x[1,1,...], buffer[1,slots,...] -> buffer[1,slots,...] without its first slice and with x behind the last."""

    def infer(self, *inputs: TensorType | None) -> tuple[TensorType, ...]:
        x, buffer = known(inputs[0], "x"), known(inputs[1], "buffer")
        fits = len(buffer.shape) >= 2 and x.shape == (1, 1, *buffer.shape[2:]) and buffer.shape[0] == 1
        if not fits or x.dtype != buffer.dtype:
            raise InvalidGraph(f"x {x} is no slice of the buffer {buffer}")
        return (TensorType(buffer.dtype, buffer.shape),)

    def reference(self, *inputs: Array | None) -> tuple[Array, ...]:
        x, buffer = present(inputs[0], "x"), present(inputs[1], "buffer")
        return (np.concatenate([buffer[:, 1:], x], axis=1),)


def _pack(node: Node) -> Packed:
    x, buffer = node.input(0).type, node.input(1).type
    return Packed("edgegen_push", {"kept": buffer.bytes - x.bytes, "added": x.bytes}, inputs=(0, 1))


Push.kernels = (Kernel("push", "_ _ -> _", _pack, updates=((1, 0),)),)
