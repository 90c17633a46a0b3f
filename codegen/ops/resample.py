"""Resample: weighted sums of elements along one axis, at places that are known ahead of time."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from edgegen.errors import InvalidGraph
from edgegen.ir.dtypes import F32, F64, S32
from edgegen.ir.graph import Node
from edgegen.ir.kernel import Kernel, Packed
from edgegen.ir.op import Op, known, present
from edgegen.ir.tensor import Array, TensorType


@dataclass(frozen=True)
class Resample(Op):
    """y[o, i, k] = sum over t of x[o, places[i, t], k] * weights[i, t], i along `axis` (ONNX Resize, one axis each).

    x of f32 or f64, weights of the same type; places s32, those outside of x stand for its first or last element.
    """

    axis: int

    def infer(self, *inputs: TensorType | None) -> tuple[TensorType, ...]:
        x, places, weights = known(inputs[0], "x"), known(inputs[1], "places"), known(inputs[2], "weights")
        if not 0 <= self.axis < len(x.shape) or x.shape[self.axis] == 0 or x.dtype not in (F32, F64):
            raise InvalidGraph(f"x {x} cannot be resampled along axis {self.axis}")
        if places.dtype != S32 or weights.dtype != x.dtype or len(places.shape) != 2 or 0 in places.shape:
            raise InvalidGraph(f"places {places} must be s32 of rank 2, weights {weights} of x's type")
        if places.shape != weights.shape:
            raise InvalidGraph(f"places {places} and weights {weights} differ in shape")
        return (TensorType(x.dtype, (*x.shape[: self.axis], places.shape[0], *x.shape[self.axis + 1 :])),)

    def reference(self, *inputs: Array | None) -> tuple[Array, ...]:
        x, places, weights = present(inputs[0], "x"), present(inputs[1], "places"), present(inputs[2], "weights")
        at = np.clip(places, 0, x.shape[self.axis] - 1)
        shape = (-1, *(1,) * (x.ndim - 1 - self.axis))
        wide = x.astype(np.float64)
        y = sum(
            wide.take(at[:, t], self.axis) * weights[:, t].astype(np.float64).reshape(shape) for t in range(at.shape[1])
        )
        return (np.asarray(y, x.dtype),)

    def macs(self, *inputs: TensorType | None) -> int:
        (y,) = self.infer(*inputs)
        return y.elements * known(inputs[1], "places").shape[1]


def _pack(node: Node) -> Packed:
    op, x, places = node.op, node.input(0), node.input(1)
    assert isinstance(op, Resample)
    params = {
        "outer": math.prod(x.shape[: op.axis]),
        "extent": x.shape[op.axis],
        "inner": math.prod(x.shape[op.axis + 1 :]),
        "count": places.shape[0],
        "taps": places.shape[1],
    }
    return Packed("edgegen_resample", dict(params), inputs=(0, 1, 2))


Resample.kernels = tuple(
    Kernel(f"resample_{t}", f"{t} s32 {t} -> {t}", _pack, header="resample") for t in ("f32", "f64")
)
