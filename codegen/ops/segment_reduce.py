"""SegmentReduce: rows added up, multiplied or compared by the segment that each belongs to."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from edgegen.errors import InvalidGraph
from edgegen.ir.dtypes import S32
from edgegen.ir.graph import Node
from edgegen.ir.kernel import Kernel, Packed
from edgegen.ir.op import Op, known, present
from edgegen.ir.tensor import Array, TensorType

_DTYPES = ("f32", "s32")
FUNCTIONS: dict[str, Callable[[Array, Array], Array]] = {
    "sum": np.add,
    "prod": np.multiply,
    "max": np.maximum,
    "min": np.minimum,
}


def _start(function: str, dtype: np.dtype) -> float:
    """What a segment without rows comes to: of max and min, the number that all others exceed or fall below."""
    if function in ("sum", "prod"):
        return float(function == "prod")
    limits = np.finfo(dtype) if dtype.kind == "f" else np.iinfo(dtype)
    return float(limits.min if function == "max" else limits.max)


@dataclass(frozen=True)
class SegmentReduce(Op):
    """x[rows...,...], segment s32[rows...] -> y[segments,...] (TFLite UNSORTED_SEGMENT_SUM, _PROD, _MAX, _MIN).

    function: one of FUNCTIONS; rows whose segment is none of 0 to `segments` - 1 are left out. Integers wrap around.
    """

    function: str = "sum"
    segments: int = 1

    @property
    def kind(self) -> str:
        return f"Segment{self.function.capitalize()}"

    def infer(self, *inputs: TensorType | None) -> tuple[TensorType, ...]:
        x, segment = known(inputs[0], "x"), known(inputs[1], "segments")
        if self.function not in FUNCTIONS or x.dtype.name not in _DTYPES or self.segments < 1:
            raise InvalidGraph(f"the {self.function} of {self.segments} segments of x {x} is not defined")
        if segment.dtype != S32 or x.shape[: len(segment.shape)] != segment.shape:
            raise InvalidGraph(f"segments {segment} are not those of the rows of x {x}")
        return (TensorType(x.dtype, (self.segments, *x.shape[len(segment.shape) :])),)

    def reference(self, *inputs: Array | None) -> tuple[Array, ...]:
        x, segment = present(inputs[0], "x"), present(inputs[1], "segments")
        y = np.full((self.segments, *x.shape[segment.ndim :]), _start(self.function, x.dtype), x.dtype)
        inside = (segment >= 0) & (segment < self.segments)
        with np.errstate(over="ignore"):
            for i, row in zip(segment[inside], x[inside], strict=True):
                y[i] = FUNCTIONS[self.function](y[i], row)
        return (y,)


def _pack(node: Node) -> Packed:
    assert isinstance(node.op, SegmentReduce)
    rows = math.prod(node.input(1).shape)
    inner = math.prod(node.out.shape[1:])
    return Packed("edgegen_segment_reduce", {"rows": rows, "inner": inner, "segments": node.op.segments}, inputs=(0, 1))


def _row(function: str, dtype: str) -> Kernel:
    def when(node: Node) -> str | None:
        assert isinstance(node.op, SegmentReduce)
        return None if node.op.function == function else f"computes the {function}"

    return Kernel(f"segment_{function}_{dtype}", f"{dtype} s32 -> {dtype}", _pack, header="segment_reduce", when=when)


SegmentReduce.kernels = tuple(_row(f, t) for f in FUNCTIONS for t in _DTYPES)
