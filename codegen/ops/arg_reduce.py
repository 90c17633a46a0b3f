"""ArgReduce: where the greatest or least element lies along one axis."""

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
from edgegen.ops.overlap import Overlaps, in_turn, nested, param

_READS = ("f32", "f64", "s8", "u8", "s16", "s32", "s64", "u64")
_WRITES = ("s32", "s64")


@dataclass(frozen=True)
class ArgReduce(Op):
    """The index along `axis` of the first of the greatest ("max") or least ("min") elements (TFLite ARG_MAX, ARG_MIN).

    dtype: of the indices, s32 or s64
    """

    function: str = "max"
    axis: int = 0
    dtype: str = "s32"

    @property
    def kind(self) -> str:
        return f"Arg{self.function.capitalize()}"

    def infer(self, *inputs: TensorType | None) -> tuple[TensorType, ...]:
        x = known(inputs[0], "x")
        if self.function not in ("max", "min") or self.dtype not in _WRITES:
            raise InvalidGraph(f"arg {self.function} as {self.dtype} is not defined")
        if not 0 <= self.axis < len(x.shape) or x.shape[self.axis] == 0:
            raise InvalidGraph(f"x {x} has nothing along axis {self.axis}")
        return (TensorType(DTYPES[self.dtype], x.shape[: self.axis] + x.shape[self.axis + 1 :]),)

    def reference(self, *inputs: Array | None) -> tuple[Array, ...]:
        x = np.moveaxis(present(inputs[0], "x"), self.axis, 0)
        best, place = x[0], np.zeros(x.shape[1:], np.int64)
        for i in range(1, len(x)):
            better = x[i] > best if self.function == "max" else x[i] < best
            best, place = np.where(better, x[i], best), np.where(better, i, place)
        return (np.asarray(place, DTYPES[self.dtype].np),)


def _pack(node: Node) -> Packed:
    assert isinstance(node.op, ArgReduce)
    shape, axis = node.input(0).shape, node.op.axis
    params = {"outer": math.prod(shape[:axis]), "length": shape[axis], "inner": math.prod(shape[axis + 1 :])}
    return Packed("edgegen_arg_reduce", params)


def _overlap(node: Node) -> Overlaps:
    """A row's index is written when all its elements have been read."""
    outer, length, inner = (param(node, name) for name in ("outer", "length", "inner"))
    return in_turn(node, nested((outer, inner), (length * inner, 1)), any_type=True)


def _row(function: str, of: str, to: str) -> Kernel:
    def when(node: Node) -> str | None:
        assert isinstance(node.op, ArgReduce)
        return None if node.op.function == function else f"finds the {function}"

    return Kernel(f"arg_{function}_{of}_{to}", f"{of} -> {to}", _pack, "arg_reduce", when=when, overlap=_overlap)


ArgReduce.kernels = tuple(_row(f, of, to) for f in ("max", "min") for of in _READS for to in _WRITES)
