"""TopK: the greatest or least elements along an axis and where they lie."""

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
from edgegen.ops.overlap import Overlaps, after, param

_READS = ("f32", "f64", "s8", "u8", "s16", "s32", "s64", "u64")
_INDEX_TYPES = ("s32", "s64", "s16")


def _pack(node: Node) -> Packed:
    op, shape = node.op, node.input(0).shape
    assert isinstance(op, TopK)
    return Packed(
        "edgegen_top_k",
        {
            "outer": math.prod(shape[: op.axis]),
            "length": shape[op.axis],
            "inner": math.prod(shape[op.axis + 1 :]),
            "count": op.count,
            "largest": int(op.largest),
        },
    )


def _overlap(node: Node) -> Overlaps:
    """While an axis is read, the best so far lie where the result's elements along it do."""
    outer, length, inner, count = (param(node, name) for name in ("outer", "length", "inner", "count"))
    o, c, i = (at.reshape(-1) for at in np.indices((outer, inner, length), np.int64))
    kept = np.where(c > 0, (count - 1) * inner + c, 0)  # of the axes before this one
    own = np.where(i > 0, (np.minimum(i, count) - 1) * inner + c + 1, 0)
    return after(node, 0, (o * length + i) * inner + c, o * count * inner + np.maximum(kept, own))


@dataclass(frozen=True)
class TopK(Op):
    """(values, indices): the `count` greatest elements along `axis` in falling order, and their indices as `dtype`.

    largest: False: the least, in rising order

    Of equal elements the one of the lower index comes first; NaN is less than every number (TFLite TOPK_V2, ONNX TopK).
    """

    count: int = 1
    axis: int = 0
    largest: bool = True
    dtype: str = "s32"

    def infer(self, *inputs: TensorType | None) -> tuple[TensorType, ...]:
        x = known(inputs[0], "x")
        if self.dtype not in _INDEX_TYPES or x.dtype.name not in _READS:
            raise InvalidGraph(f"the greatest of x {x}, indices as {self.dtype}, are not defined")
        if not 0 <= self.axis < len(x.shape) or not 1 <= self.count <= x.shape[self.axis]:
            raise InvalidGraph(f"x {x} has no {self.count} elements along axis {self.axis}")
        if x.shape[self.axis] - 1 > DTYPES[self.dtype].range[1]:
            raise InvalidGraph(f"{self.dtype} does not hold the indices along axis {self.axis} of x {x}")
        shape = (*x.shape[: self.axis], self.count, *x.shape[self.axis + 1 :])
        return (TensorType(x.dtype, shape), TensorType(DTYPES[self.dtype], shape))

    def reference(self, *inputs: Array | None) -> tuple[Array, ...]:
        x = np.moveaxis(present(inputs[0], "x"), self.axis, -1)
        rising = np.where(np.isnan(x), -np.inf, x) if x.dtype.kind == "f" else x
        rank = np.unique(rising, return_inverse=True)[1].reshape(x.shape) + 1
        if x.dtype.kind == "f":
            rank = np.where(np.isnan(x), 0, rank)
        places = np.argsort(-rank if self.largest else rank, axis=-1, kind="stable")[..., : self.count]
        values = np.take_along_axis(x, places, -1)
        back = (np.moveaxis(values, -1, self.axis), np.moveaxis(places, -1, self.axis))
        return back[0], back[1].astype(DTYPES[self.dtype].np)

    kernels = tuple(
        Kernel(f"top_k_{of}_{to}", f"{of} -> {of} {to}", _pack, header="top_k", overlap=_overlap)
        for of in _READS
        for to in _INDEX_TYPES
    )
