"""Cumulate: sums of all elements so far along one axis."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from edgegen.errors import InvalidGraph
from edgegen.ir.graph import Node
from edgegen.ir.kernel import Kernel, Packed
from edgegen.ir.op import Op, known, present
from edgegen.ir.tensor import Array, TensorType

_DTYPES = ("f32", "f64", "s32", "s64")


@dataclass(frozen=True)
class Cumulate(Op):
    """y[k] = x[0] + ... + x[k] along `axis` (TFLite CUMSUM). Integers wrap around.

    exclusive: without x[k] itself; reverse: from the end
    """

    axis: int = 0
    exclusive: bool = False
    reverse: bool = False

    def infer(self, *inputs: TensorType | None) -> tuple[TensorType, ...]:
        x = known(inputs[0], "x")
        if x.dtype.name not in _DTYPES or not 0 <= self.axis < len(x.shape):
            raise InvalidGraph(f"x {x} cannot be summed up along axis {self.axis}")
        return (TensorType(x.dtype, x.shape),)

    def reference(self, *inputs: Array | None) -> tuple[Array, ...]:
        x = present(inputs[0], "x")
        x = np.flip(x, self.axis) if self.reverse else x
        with np.errstate(over="ignore"):
            y = np.cumsum(x, axis=self.axis, dtype=x.dtype)
        if self.exclusive:
            y = np.roll(y, 1, self.axis)
            y[(slice(None),) * self.axis + (0,)] = 0
        return (np.ascontiguousarray(np.flip(y, self.axis) if self.reverse else y),)


def _pack(node: Node) -> Packed:
    op = node.op
    assert isinstance(op, Cumulate)
    shape = node.input(0).shape
    return Packed(
        "edgegen_cumulate",
        {
            "outer": math.prod(shape[: op.axis]),
            "length": shape[op.axis],
            "inner": math.prod(shape[op.axis + 1 :]),
            "exclusive": int(op.exclusive),
            "reverse": int(op.reverse),
        },
    )


Cumulate.kernels = tuple(
    Kernel(f"cumulate_{t}", f"{t} -> {t}", _pack, header="cumulate", in_place=(0,)) for t in _DTYPES
)
