"""NonZero, Compress, Unique: results whose extents depend on values, with room for the greatest and their actual shape.

The elements of such a result lie one after the other under its actual shape, which is an output of its own; what
follows them is 0.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from edgegen.errors import InvalidGraph
from edgegen.ir.dtypes import BOOL, S64
from edgegen.ir.graph import Node
from edgegen.ir.kernel import Kernel, Literal, Packed
from edgegen.ir.op import Op, known, present
from edgegen.ir.tensor import Array, TensorType

_READS = ("f32", "f64", "s8", "u8", "s16", "s32", "s64", "u64", "bool")
_COMPARED = ("f32", "f64", "s8", "u8", "s16", "s32", "s64", "u64")


def roomy(values: Array, room: tuple[int, ...]) -> tuple[Array, Array]:
    """(a tensor of shape `room` that starts with the elements of `values`, their shape s64[rank])."""
    y = np.zeros(math.prod(room), values.dtype)
    y[: values.size] = values.reshape(-1)
    return y.reshape(room), np.array(values.shape, np.int64)


@dataclass(frozen=True)
class NonZero(Op):
    """x -> (indices s64[rank, elements], shape s64[2]): of each element that is not 0, in order (ONNX NonZero)."""

    def infer(self, *inputs: TensorType | None) -> tuple[TensorType, ...]:
        x = known(inputs[0], "x")
        if x.dtype.name not in _READS or not x.shape or not x.elements:
            raise InvalidGraph(f"the places of x {x} that are not 0 are not defined")
        return (TensorType(S64, (len(x.shape), x.elements)), TensorType(S64, (2,)))

    def reference(self, *inputs: Array | None) -> tuple[Array, ...]:
        x = present(inputs[0], "x")
        return roomy(np.stack(np.nonzero(x)).astype(np.int64), (x.ndim, x.size))


def _pack_non_zero(node: Node) -> Packed:
    """Extents from the innermost axis outwards are given as strides: elements from one index to the next."""
    shape = node.input(0).shape
    if len(shape) > _RANK:
        raise InvalidGraph(f"{len(shape)} axes")
    more = _RANK - len(shape)
    strides = tuple(math.prod(shape[i + 1 :]) for i in range(len(shape)))
    return Packed(
        "edgegen_non_zero",
        {
            "count": math.prod(shape),
            "rank": len(shape),
            "extent": shape + (1,) * more,
            "stride": strides + (1,) * more,
        },
    )


_RANK = 8


def _few_axes(node: Node) -> str | None:
    rank = node.input(0).rank
    return None if rank <= _RANK else f"x has {rank} axes, more than {_RANK}"


NonZero.kernels = tuple(
    Kernel(f"non_zero_{t}", f"{t} -> s64 s64", _pack_non_zero, header="non_zero", when=_few_axes) for t in _READS
)


@dataclass(frozen=True)
class Compress(Op):
    """(x, condition bool[count]) -> (y, shape s64[rank]): the slices of x along `axis` whose condition holds.

    Slices beyond the condition's end are left out; `count` is at most x's extent (ONNX Compress).
    """

    axis: int = 0

    def infer(self, *inputs: TensorType | None) -> tuple[TensorType, ...]:
        x, condition = known(inputs[0], "x"), known(inputs[1], "condition")
        if condition.dtype != BOOL or len(condition.shape) != 1 or not 0 <= self.axis < len(x.shape):
            raise InvalidGraph(f"condition {condition} chooses nothing along axis {self.axis} of x {x}")
        if not 1 <= condition.shape[0] <= x.shape[self.axis]:
            raise InvalidGraph(f"condition {condition} is longer than axis {self.axis} of x {x}")
        shape = (*x.shape[: self.axis], condition.shape[0], *x.shape[self.axis + 1 :])
        return (TensorType(x.dtype, shape), TensorType(S64, (len(shape),)))

    def reference(self, *inputs: Array | None) -> tuple[Array, ...]:
        x, condition = present(inputs[0], "x"), present(inputs[1], "condition")
        room = (*x.shape[: self.axis], len(condition), *x.shape[self.axis + 1 :])
        return roomy(np.compress(condition, x, self.axis), room)


def _pack_compress(node: Node) -> Packed:
    op, x = node.op, node.input(0)
    assert isinstance(op, Compress)
    params: dict[str, Literal] = {
        "outer": math.prod(x.shape[: op.axis]),
        "length": x.shape[op.axis],
        "bytes": math.prod(x.shape[op.axis + 1 :]) * x.dtype.size,
        "conditions": node.input(1).shape[0],
        "rank": x.rank,
        "axis": op.axis,
        "extent": x.shape + (1,) * (_RANK - x.rank),
    }
    return Packed("edgegen_compress", params, inputs=(0, 1))


Compress.kernels = (Kernel("compress", "_ bool -> _ s64", _pack_compress, when=_few_axes),)


@dataclass(frozen=True)
class Unique(Op):
    """x -> (y, shape, first s64[N], inverse s64[N], counts s64[N], number s64[1]): different slices along `axis`.

    The N slices of x, compared element by element; `first` has the index of the first slice that is each one of y,
    `inverse` the slice of y that each one of x is, `counts` how often each occurs. `first` and `counts` have `number`
    entries. NaN is equal to itself and follows all numbers. (ONNX Unique.)

    ascending: in rising order; else in the order of the first slices
    """

    axis: int = 0
    ascending: bool = True

    def infer(self, *inputs: TensorType | None) -> tuple[TensorType, ...]:
        x = known(inputs[0], "x")
        if x.dtype.name not in _COMPARED or not 0 <= self.axis < len(x.shape) or not x.elements:
            raise InvalidGraph(f"what is different along axis {self.axis} of x {x} is not defined")
        listed = TensorType(S64, (x.shape[self.axis],))
        shape = TensorType(S64, (len(x.shape),))
        return (TensorType(x.dtype, x.shape), shape, listed, listed, listed, TensorType(S64, (1,)))

    def reference(self, *inputs: Array | None) -> tuple[Array, ...]:
        x = present(inputs[0], "x")
        rows = np.moveaxis(x, self.axis, 0).reshape(x.shape[self.axis], -1)
        keys = [tuple((bool(v != v), 0 if v != v else v) for v in row.tolist()) for row in rows]
        groups: dict[tuple[tuple[bool, float], ...], list[int]] = {}
        for i, key in enumerate(keys):
            groups.setdefault(key, []).append(i)
        order = sorted(groups) if self.ascending else list(groups)
        first = np.array([groups[key][0] for key in order], np.int64)
        numbers = {key: i for i, key in enumerate(order)}
        y, shape = roomy(np.take(x, first, self.axis), x.shape)
        room = (len(rows),)
        inverse = np.array([numbers[key] for key in keys], np.int64)
        counts = np.array([len(groups[key]) for key in order], np.int64)
        return (y, shape, roomy(first, room)[0], inverse, *roomy(counts, room))


def _pack_unique(node: Node) -> Packed:
    """scratch: the slices in rising order, and the number of each group of equals."""
    op, x = node.op, node.input(0)
    assert isinstance(op, Unique)
    length = x.shape[op.axis]
    params: dict[str, Literal] = {
        "outer": math.prod(x.shape[: op.axis]),
        "length": length,
        "inner": math.prod(x.shape[op.axis + 1 :]),
        "ascending": int(op.ascending),
        "rank": x.rank,
        "axis": op.axis,
        "extent": x.shape + (1,) * (_RANK - x.rank),
    }
    return Packed("edgegen_unique", params, scratch=8 * length)


Unique.kernels = tuple(
    Kernel(f"unique_{t}", f"{t} -> {t} s64 s64 s64 s64 s64", _pack_unique, header="unique", when=_few_axes)
    for t in _COMPARED
)
