"""GATHER, SCATTER_ND, ONE_HOT, TOPK_V2 and their like."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np

from edgegen.ir.tensor import Array
from tests.generated.movement import MOVED
from tests.generated.single import NUMPY, Draw, Shape, Single, Tensor, generates, like, numbers
from tests.models.tflite_builder import Operator, options


def _indices(draw: Draw, name: str, values: Array) -> tuple[Tensor, dict[str, Any]]:
    """A tensor of indices, constant or given at run time, and its values then."""
    kind = draw.choice(("INT32", "INT32", "INT64"))
    values = values.astype(NUMPY[kind])
    if draw.yes(0.4):
        return Tensor(name, data=values), {}
    return Tensor(name, kind, values.shape), {name: values}


@generates("GATHER", *MOVED, unjudged=("UINT32",))
def gather(draw: Draw, kind: str) -> Single:
    shape = draw.shape(1, 4)
    axis = draw.integer(0, len(shape) - 1)
    batch = draw.integer(0, axis) if draw.yes(0.3) else 0
    wanted = (*shape[:batch], *draw.shape(0, 2))
    indices, values = _indices(draw, "i", draw.within(0, shape[axis] - 1, wanted))
    x = draw.tensor("x", kind, shape)
    y = like("y", x, (*shape[:axis], *wanted[batch:], *shape[axis + 1 :]))
    table = options("GatherOptions", Axis=axis - draw.choice((0, len(shape))), BatchDims=batch)
    return Single([x, indices, y], Operator("GATHER", ["x", "i"], ["y"], table), values)


def _tuples(draw: Draw, shape: Shape, depth: int, leading: Shape) -> Array:
    """Indices into the first `depth` axes."""
    columns = [draw.within(0, n - 1, leading) for n in shape[:depth]]
    return np.stack(columns, -1)


@generates("GATHER_ND", *MOVED, unjudged=("UINT32",))
def gather_nd(draw: Draw, kind: str) -> Single:
    shape, leading = draw.shape(1, 4), draw.shape(1, 2)
    depth = draw.integer(1, len(shape))
    indices, values = _indices(draw, "i", _tuples(draw, shape, depth, leading))
    x = draw.tensor("x", kind, shape)
    y = like("y", x, (*leading, *shape[depth:]))
    return Single([x, indices, y], Operator("GATHER_ND", ["x", "i"], ["y"], options("GatherNdOptions")), values)


@generates("SCATTER_ND", "FLOAT32", "INT8", "UINT8", "INT32", "INT64", "BOOL", unjudged=("INT16",))
def scatter_nd(draw: Draw, kind: str) -> Single:
    """No place twice: the order in which floats are added would matter."""
    shape, count = draw.shape(1, 3), draw.integer(1, 5)
    depth = draw.integer(1, len(shape))
    places = list(np.ndindex(*shape[:depth]))
    chosen = np.array(draw.rng.sample(places, min(count, len(places))), np.int32)
    updates = Tensor("u", kind, (len(chosen), *shape[depth:]))
    tensors = [Tensor("i", "INT32", chosen.shape), updates, numbers("s", shape), Tensor("y", kind, shape)]
    operator = Operator("SCATTER_ND", ["i", "u", "s"], ["y"], options("ScatterNdOptions"))
    return Single(tensors, operator, {"i": chosen})


@generates("SPARSE_TO_DENSE", *MOVED, unjudged=("INT16", "UINT32", "BOOL"))
def sparse_to_dense(draw: Draw, kind: str) -> Single:
    shape = draw.shape(1, 4)
    places = sorted(draw.rng.sample(list(np.ndindex(*shape)), min(draw.integer(1, 5), math.prod(shape))))
    indices = np.array(places, np.int32)
    elsewhere = Tensor("e", data=draw.values(kind, ()))
    values = Tensor("v", kind, (len(places),) if draw.yes(0.7) else ())
    tensors = [Tensor("i", "INT32", indices.shape), numbers("s", shape), values, elsewhere, Tensor("y", kind, shape)]
    operator = Operator("SPARSE_TO_DENSE", ["i", "s", "v", "e"], ["y"], options("SparseToDenseOptions"))
    return Single(tensors, operator, {"i": indices})


@generates("ONE_HOT", "FLOAT32", "INT8", "UINT8", "INT16", "INT32", "INT64", "BOOL", unjudged=("INT16", "UINT32"))
def one_hot(draw: Draw, kind: str) -> Single:
    """Some indices are none of the depth's."""
    shape, depth = draw.shape(1, 3), draw.integer(1, 6)
    axis = draw.integer(0, len(shape))
    indices = Tensor("i", draw.choice(("INT32", "INT64")), shape)
    values = {"i": draw.within(-1, depth, shape, str(indices.type))}
    one = Tensor("one", data=draw.values(kind, ()))
    zero = Tensor("zero", data=draw.values(kind, ()))
    tensors = [indices, numbers("d", depth), one, zero, Tensor("y", kind, (*shape[:axis], depth, *shape[axis:]))]
    table = options("OneHotOptions", Axis=-1 if axis == len(shape) else axis)
    return Single(tensors, Operator("ONE_HOT", ["i", "d", "one", "zero"], ["y"], table), values)


@generates("TOPK_V2", "FLOAT32", "INT8", "UINT8", "INT16", "INT32", "INT64")
def top_k(draw: Draw, kind: str) -> Single:
    """Some elements are equal, of which the first count more."""
    shape = draw.shape(1, 3, 9)
    count = draw.integer(1, shape[-1])
    x, out = draw.tensor("x", kind, shape), (*shape[:-1], count)
    values = {"x": draw.within(0, 9, shape).astype(NUMPY[kind])} if draw.yes(0.3) else {}
    tensors = [x, numbers("k", count), like("y", x, out), Tensor("y1", "INT32", out)]
    return Single(tensors, Operator("TOPK_V2", ["x", "k"], ["y", "y1"], options("TopKV2Options")), values)


@generates("DYNAMIC_UPDATE_SLICE", *MOVED)
def dynamic_update_slice(draw: Draw, kind: str) -> Single:
    """Places beyond the end are moved inside."""
    shape = draw.shape(1, 4)
    part = tuple(draw.integer(1, n) for n in shape)
    indices, values = _indices(draw, "i", np.array([draw.integer(0, n) for n in shape]))
    x = draw.tensor("x", kind, shape)
    tensors = [x, like("u", x, part), indices, like("y", x)]
    operator = Operator("DYNAMIC_UPDATE_SLICE", ["x", "u", "i"], ["y"], options("DynamicUpdateSliceOptions"))
    return Single(tensors, operator, values)


@generates("EMBEDDING_LOOKUP", *MOVED, "HYBRID")
def embedding_lookup(draw: Draw, kind: str) -> Single:
    """HYBRID: rows of s8, each with a scale of its own, become f32."""
    shape, count = draw.shape(2, 3), draw.integer(1, 4)
    lookup = Tensor("i", "INT32", (count,))
    values = {"i": draw.within(0, shape[0] - 1, (count,))}
    y = Tensor("y", kind, (count, *shape[1:]))
    if kind == "HYBRID":
        table = Tensor("t", data=draw.within(-127, 127, shape, "INT8"), scale=draw.scale())
        y = replace(y, type="FLOAT32")
    else:
        table = draw.tensor("t", kind, shape)
        y = like("y", table, y.shape)
        table = replace(table, data=draw.values(kind, shape))
    operator = Operator("EMBEDDING_LOOKUP", ["i", "t"], ["y"])
    return Single([lookup, table, y], operator, values)


@generates("WHERE", *MOVED, unjudged=("INT16",))
def where(draw: Draw, kind: str) -> Single:
    """The condition is constant and not all 0: how many rows there are must be known."""
    shape = draw.shape(1, 3)
    condition = draw.within(0, 1, shape).astype(NUMPY[kind])
    condition.reshape(-1)[0] = 1
    rows = np.argwhere(condition)
    tensors = [Tensor("c", data=condition), Tensor("y", "INT64", rows.shape, signature=(-1, len(shape)))]
    return Single(tensors, Operator("WHERE", ["c"], ["y"], options("WhereOptions")))
