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
from edgegen.ops.overlap import NONE, Offsets, Overlaps, applies, distance, param, turning


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
        "backward": 0,
    }
    return Packed("edgegen_resample", dict(params), inputs=(0, 1, 2))


def _overlap(node: Node) -> Overlaps:
    """A slice of y is the first of its slices of x, weighed, to which the others are added one after the other."""
    op, x, places = node.op, node.input(0), node.input(1)
    assert isinstance(op, Resample)
    if not applies(node) or not places.is_constant:
        return NONE
    slice_, outer = param(node, "inner") * x.dtype.size, np.arange(param(node, "outer"), dtype=np.int64)[:, None]
    at = np.clip(places.values.astype(np.int64), 0, x.shape[op.axis] - 1)
    lone, short = at.shape[1] == 1, param(node, "inner") == 1

    def read(chosen: Offsets) -> Offsets:
        return ((outer * x.shape[op.axis] + chosen) * slice_).reshape(-1)

    first = np.arange(len(outer) * len(at), dtype=np.int64) * slice_
    # the first slice is read in step with what is written, the others when all has been
    starts, before = read(at[:, 0]), first
    if not lone:
        starts = np.stack([starts, read(at[:, 1:].min(axis=1))], 1).reshape(-1)
        before = np.stack([first, first + slice_], 1).reshape(-1)
    edge = 0 if short else 1
    ends, after = read(at.max(axis=1)) + slice_, first + (slice_ if lone and short else 0)
    return turning(node, distance(starts + edge, before + edge), lambda: (ends, after))


Resample.kernels = tuple(
    Kernel(f"resample_{t}", f"{t} s32 {t} -> {t}", _pack, header="resample", overlap=_overlap) for t in ("f32", "f64")
)
