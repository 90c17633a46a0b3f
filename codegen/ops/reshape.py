"""Reshape: the same bytes under another shape. Squeeze and expand-dims are the same operator."""

from __future__ import annotations

import math
from dataclasses import dataclass

from edgegen.errors import InvalidGraph
from edgegen.ir.op import Op, known, present
from edgegen.ir.tensor import Array, TensorType


@dataclass(frozen=True)
class Reshape(Op):
    """x -> the same elements, in the same order, as `shape`. Costs nothing: the output is a view."""

    shape: tuple[int, ...] = ()

    is_view = True

    def infer(self, *inputs: TensorType | None) -> tuple[TensorType, ...]:
        x = known(inputs[0], "x")
        if math.prod(self.shape) != x.elements:
            raise InvalidGraph(f"{x} has {x.elements} elements, shape {list(self.shape)} has {math.prod(self.shape)}")
        return (TensorType(x.dtype, self.shape),)

    def reference(self, *inputs: Array | None) -> tuple[Array, ...]:
        return (present(inputs[0], "x").reshape(self.shape),)
