"""Repitch: rows of an extent that is known at run time, moved to where those of the most begin, or back."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from edgegen.errors import InvalidGraph
from edgegen.ir.dtypes import S32
from edgegen.ir.graph import Node
from edgegen.ir.kernel import Kernel, Packed
from edgegen.ir.op import Op, known, present
from edgegen.ir.tensor import Array, TensorType

MAX_AXES = 2


def _pack(node: Node) -> Packed:
    op, x = node.op, node.input(0)
    assert isinstance(op, Repitch)
    first, last = op.axes[0], op.axes[-1]
    two = len(op.axes) == 2
    return Packed(
        "edgegen_repitch",
        {
            "outer": math.prod(x.shape[:first]),
            "first": x.shape[first] if two else 1,
            "middle": math.prod(x.shape[first + 1 : last]) if two else 1,
            "second": x.shape[last],
            "bytes": math.prod(x.shape[last + 1 :]) * x.dtype.size,
            "spread": int(op.spread),
        },
        inputs=tuple(range(len(node.inputs))),
    )


@dataclass(frozen=True)
class Repitch(Op):
    """x whose extents along `axes` are counts[i] (inputs 1 and on, s32[]) in a room of x's shape.

    spread: x's first bytes are a tensor of those extents, without gaps; the result has its elements at their places
            in x's shape. Else the other way around.

    What the elements leave of the result is 0. A count below 0 is 0, one beyond the extent is the extent.
    """

    axes: tuple[int, ...]
    spread: bool

    def infer(self, *inputs: TensorType | None) -> tuple[TensorType, ...]:
        x, counts = known(inputs[0], "x"), inputs[1:]
        if (
            not 1 <= len(self.axes) <= MAX_AXES
            or sorted(set(self.axes)) != list(self.axes)
            or len(counts) != len(self.axes)
        ):
            raise InvalidGraph(f"{len(counts)} counts do not fit axes {list(self.axes)}, {MAX_AXES} at most")
        if not 0 <= self.axes[0] <= self.axes[-1] < len(x.shape) or any(c != TensorType(S32, ()) for c in counts):
            raise InvalidGraph(f"x {x} has no rows along axes {list(self.axes)}, or they are not counted by s32[]")
        return (TensorType(x.dtype, x.shape),)

    def reference(self, *inputs: Array | None) -> tuple[Array, ...]:
        x = present(inputs[0], "x")
        extents = list(x.shape)
        for axis, count in zip(self.axes, inputs[1:], strict=True):
            extents[axis] = min(max(int(present(count, "count")), 0), x.shape[axis])
        inside = tuple(slice(n) for n in extents)
        y = np.zeros(x.shape, x.dtype)
        if self.spread:
            y[inside] = x.reshape(-1)[: math.prod(extents)].reshape(extents)
        else:
            y.reshape(-1)[: math.prod(extents)] = x[inside].reshape(-1)
        return (y,)

    kernels = (
        Kernel("repitch", "_ s32 -> _", _pack, header="repitch", in_place=(0,)),
        Kernel("repitch_2", "_ s32 s32 -> _", _pack, header="repitch", in_place=(0,)),
    )
