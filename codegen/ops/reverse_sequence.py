"""ReverseSequence: the first elements of each sequence in reverse, as many as are known at run time."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from edgegen.errors import InvalidGraph
from edgegen.ir.graph import Node
from edgegen.ir.kernel import Kernel, Packed
from edgegen.ir.op import Op, known, present
from edgegen.ir.tensor import Array, TensorType

_INDEX_TYPES = ("s32", "s64")


def _pack(node: Node) -> Packed:
    op, x = node.op, node.input(0)
    assert isinstance(op, ReverseSequence)
    first, second = sorted((op.axis, op.batch_axis))
    return Packed(
        "edgegen_reverse_sequence",
        {
            "outer": math.prod(x.shape[:first]),
            "first": x.shape[first],
            "middle": math.prod(x.shape[first + 1 : second]),
            "second": x.shape[second],
            "bytes": math.prod(x.shape[second + 1 :]) * x.dtype.size,
            "batch_first": int(op.batch_axis < op.axis),
        },
        inputs=(0, 1),
    )


@dataclass(frozen=True)
class ReverseSequence(Op):
    """x with the first lengths[b] elements along `axis` in reverse, for each index b along `batch_axis`.

    A length that is negative counts as 0, one beyond the axis as all of it; interpreters refuse both at run time
    (TFLite REVERSE_SEQUENCE, ONNX ReverseSequence).
    """

    axis: int = 0
    batch_axis: int = 1

    def infer(self, *inputs: TensorType | None) -> tuple[TensorType, ...]:
        x, lengths = known(inputs[0], "x"), known(inputs[1], "lengths")
        rank = len(x.shape)
        if not (0 <= self.axis < rank and 0 <= self.batch_axis < rank) or self.axis == self.batch_axis:
            raise InvalidGraph(f"x {x} has no sequences along axis {self.axis}, one for each of axis {self.batch_axis}")
        if lengths.dtype.name not in _INDEX_TYPES or lengths.shape != (x.shape[self.batch_axis],):
            raise InvalidGraph(f"lengths {lengths} do not fit axis {self.batch_axis} of x {x}")
        return (TensorType(x.dtype, x.shape),)

    def reference(self, *inputs: Array | None) -> tuple[Array, ...]:
        x, lengths = present(inputs[0], "x"), present(inputs[1], "lengths")
        y = np.moveaxis(x.copy(), (self.batch_axis, self.axis), (0, 1))
        for b, length in enumerate(np.clip(lengths.astype(np.int64), 0, x.shape[self.axis])):
            y[b, :length] = y[b, :length][::-1].copy()
        return (np.ascontiguousarray(np.moveaxis(y, (0, 1), (self.batch_axis, self.axis))),)

    kernels = tuple(
        Kernel(f"reverse_sequence_{i}", f"_ {i} -> _", _pack, header="reverse_sequence") for i in _INDEX_TYPES
    )
