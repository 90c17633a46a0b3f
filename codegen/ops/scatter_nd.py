"""ScatterNd: a tensor with elements or slices written where tuples of indices say."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from edgegen.errors import InvalidGraph
from edgegen.ir.dtypes import DTYPES
from edgegen.ir.graph import Node
from edgegen.ir.kernel import Kernel, Packed
from edgegen.ir.op import Op, known, present
from edgegen.ir.tensor import Array, TensorType
from edgegen.ops.gather import check_indices
from edgegen.ops.gather_nd import MAX_DEPTH
from edgegen.ops.strided_copy import natural_strides

Reduction = Literal["none", "add", "mul", "max", "min"]

ADDED = ("f32", "f64", "s8", "u8", "s16", "s32", "s64", "bool")
_WIDE = ("f32", "f64", "s32", "s64")
REDUCED: dict[Reduction, tuple[str, ...]] = {"add": ADDED, "mul": _WIDE, "max": _WIDE, "min": _WIDE}
"""Types of which kernels reduce."""
_INDEX_TYPES = ("s32", "s64")


def combine(reduction: Reduction, old: Array, value: Array) -> Array:
    """What an update makes of an element, or of a slice."""
    functions = {"add": np.add, "mul": np.multiply, "max": np.maximum, "min": np.minimum}
    return value if reduction == "none" else functions[reduction](old, value)


def _pack(node: Node) -> Packed:
    x, indices = node.input(0), node.input(1)
    depth = indices.shape[-1]
    return Packed(
        "edgegen_scatter_nd",
        {
            "count": math.prod(indices.shape[:-1]),
            "depth": depth,
            "extent": (*x.shape[:depth], *[1] * (MAX_DEPTH - depth)),
            "step": (*natural_strides(x.shape)[:depth], *[0] * (MAX_DEPTH - depth)),
            "run": math.prod(x.shape[depth:]),
            "bytes": x.type.elements * x.dtype.size,
        },
        inputs=(0, 1, 2),
    )


def _row(reduction: Reduction, dtype: str, index: str) -> Kernel:
    def when(node: Node) -> str | None:
        assert isinstance(node.op, ScatterNd)
        return None if node.op.reduction == reduction else f'reduces by "{reduction}"'

    name = f"scatter_nd_{reduction}_{dtype.replace('x', '')}_{index}"
    if dtype.startswith("x"):
        name = f"scatter_nd_{8 * int(dtype[1:])}_{index}"
    signature = f"{dtype} {index} {dtype} -> {dtype}"
    return Kernel(name, signature, _pack, header="scatter_nd", when=when, in_place=(0,))


@dataclass(frozen=True)
class ScatterNd(Op):
    """x, but with y[t0, t1, ..., ...] = updates[i, ...] for each tuple t = indices[i, :], i in order (ONNX ScatterND).

    reduction: "none": the last update of an element stays; "add": updates are added to it, in order, integers wrapping
               around and bool as "or" (TFLite SCATTER_ND, where x is 0); "mul", "max", "min" likewise

    Indices below 0 count from the end, as ONNX has it. A tuple that lies outside of x, which interpreters refuse at
    run time, is passed over.
    """

    reduction: Reduction = "none"

    def infer(self, *inputs: TensorType | None) -> tuple[TensorType, ...]:
        x, indices, updates = known(inputs[0], "x"), known(inputs[1], "indices"), known(inputs[2], "updates")
        check_indices(indices)
        if not indices.shape or x.dtype != updates.dtype or self.reduction not in ("none", *REDUCED):
            raise InvalidGraph(f"updates {updates} at {indices} do not change x {x}")
        depth = indices.shape[-1]
        if not 1 <= depth <= min(len(x.shape), MAX_DEPTH) or updates.shape != indices.shape[:-1] + x.shape[depth:]:
            raise InvalidGraph(f"updates {updates} at {indices} do not fit x {x}")
        return (TensorType(x.dtype, x.shape),)

    def reference(self, *inputs: Array | None) -> tuple[Array, ...]:
        x, indices, updates = present(inputs[0], "x"), present(inputs[1], "indices"), present(inputs[2], "updates")
        depth = indices.shape[-1]
        y = x.copy()
        extents = np.array(x.shape[:depth])
        tuples = indices.reshape(-1, depth).astype(np.int64)
        tuples = np.where(tuples < 0, tuples + extents, tuples)
        inside = ((tuples >= 0) & (tuples < extents)).all(axis=1)
        values = updates.reshape(-1, *x.shape[depth:])
        with np.errstate(over="ignore"):
            for t, value in zip(tuples[inside], values[inside], strict=True):
                y[tuple(t)] = combine(self.reduction, y[tuple(t)], value)
        return (y,)

    kernels = (
        *(_row("none", dtype, i) for dtype in ("x1", "x2", "x4", "x8") for i in _INDEX_TYPES),
        *(_row(r, DTYPES[d].name, i) for r, dtypes in REDUCED.items() for d in dtypes for i in _INDEX_TYPES),
    )
