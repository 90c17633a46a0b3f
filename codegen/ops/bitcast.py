"""Bitcast: the same bytes read as another type."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from edgegen.errors import InvalidGraph
from edgegen.ir.dtypes import DTYPES
from edgegen.ir.graph import Node
from edgegen.ir.kernel import Kernel, Packed
from edgegen.ir.op import Op, known, present
from edgegen.ir.tensor import Array, TensorType


@dataclass(frozen=True)
class Bitcast(Op):
    """x's bytes, in order, as `dtype` elements of `shape`, least significant bytes first (TFLite BITCAST)."""

    dtype: str
    shape: tuple[int, ...]

    def infer(self, *inputs: TensorType | None) -> tuple[TensorType, ...]:
        x = known(inputs[0], "x")
        y = TensorType(DTYPES[self.dtype], self.shape)
        if x.elements * x.dtype.size != math.prod(self.shape) * y.dtype.size or "bool" in (x.dtype.name, self.dtype):
            raise InvalidGraph(f"x {x} cannot be read as {y}")
        return (y,)

    def reference(self, *inputs: Array | None) -> tuple[Array, ...]:
        x = np.ascontiguousarray(present(inputs[0], "x"))
        return (np.frombuffer(x.tobytes(), DTYPES[self.dtype].np).reshape(self.shape),)


def _pack(node: Node) -> Packed:
    return Packed("edgegen_bitcast", {"bytes": node.out.type.bytes})


Bitcast.kernels = (Kernel("bitcast", "_ -> _", _pack),)
