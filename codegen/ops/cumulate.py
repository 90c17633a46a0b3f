"""Cumulate: sums or products of all elements so far along one axis."""

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
_NAMES = {"sum": "cumulate", "prod": "cumulate_product"}


@dataclass(frozen=True)
class Cumulate(Op):
    """y[k] = x[0] + ... + x[k] along `axis` (TFLite CUMSUM). Integers wrap around.

    exclusive: without x[k] itself; reverse: from the end
    function:  "sum", or "prod" (ONNX CumProd)
    """

    axis: int = 0
    exclusive: bool = False
    reverse: bool = False
    function: str = "sum"

    @property
    def kind(self) -> str:
        return "Cumulate" if self.function == "sum" else "CumulateProduct"

    def infer(self, *inputs: TensorType | None) -> tuple[TensorType, ...]:
        x = known(inputs[0], "x")
        if x.dtype.name not in _DTYPES or self.function not in _NAMES or not 0 <= self.axis < len(x.shape):
            what = "multiplied" if self.function == "prod" else "summed up"
            raise InvalidGraph(f"x {x} cannot be {what} along axis {self.axis}")
        return (TensorType(x.dtype, x.shape),)

    def reference(self, *inputs: Array | None) -> tuple[Array, ...]:
        x = present(inputs[0], "x")
        x = np.flip(x, self.axis) if self.reverse else x
        with np.errstate(all="ignore"):
            y = (np.cumsum if self.function == "sum" else np.cumprod)(x, axis=self.axis, dtype=x.dtype)
        if self.exclusive:
            y = np.roll(y, 1, self.axis)
            y[(slice(None),) * self.axis + (0,)] = self.function == "prod"
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


def _row(function: str, dtype: str) -> Kernel:
    def when(node: Node) -> str | None:
        assert isinstance(node.op, Cumulate)
        return None if node.op.function == function else f"computes the {function}"

    name = f"{_NAMES[function]}_{dtype}"
    return Kernel(name, f"{dtype} -> {dtype}", _pack, header="cumulate", when=when, in_place=(0,))


Cumulate.kernels = tuple(_row(f, t) for f in _NAMES for t in _DTYPES)
