"""Operators that read or write where indices say: GATHER, SCATTER_ND, ONE_HOT, TOPK_V2 and their like.

Indices that are known ahead of time must lie inside; those computed at run time are taken as the core operators say.
"""

from __future__ import annotations

import numpy as np
import tflite

from edgegen.frontends.tflite.importer import Operator, operator
from edgegen.frontends.tflite.operators.sizes import one_size, sizes
from edgegen.frontends.tflite.tensors import check_size
from edgegen.ir.dtypes import BOOL, F32, S8, S16, S32, S64, U8
from edgegen.ir.tensor import Tensor, TensorType
from edgegen.ops.arg_reduce import ArgReduce
from edgegen.ops.binary import Binary
from edgegen.ops.broadcast_to import BroadcastTo
from edgegen.ops.cast import Cast
from edgegen.ops.chosen import Compress, Unique
from edgegen.ops.compare import Compare
from edgegen.ops.gather import Gather
from edgegen.ops.gather_nd import GatherNd
from edgegen.ops.one_hot import OneHot
from edgegen.ops.reduce import Reduce
from edgegen.ops.requantize import Dequantize
from edgegen.ops.reshape import Reshape
from edgegen.ops.scatter_nd import ScatterNd
from edgegen.ops.select_op import Select
from edgegen.ops.slice import Slice
from edgegen.ops.top_k import TopK
from edgegen.ops.update_slice import UpdateSlice


def _check_inside(op: Operator, indices: Tensor, extents: tuple[int, ...]) -> None:
    """Raises InvalidModel if constant indices, of which the last axis is a tuple, leave their axes."""
    if indices.data is not None and ((indices.data < 0) | (indices.data >= np.array(extents, np.int64))).any():
        raise op.invalid(f'indices "{indices.name}" {indices.type} leave axes of {list(extents)}')


def _regular(indices: Tensor) -> tuple[int, int] | None:
    """(first, step) of constant indices at regular distances, else None."""
    if indices.data is None or indices.type.elements == 0:
        return None
    values = indices.data.astype(np.int64).reshape(-1)
    step = int(values[1] - values[0]) if values.size > 1 else 1
    return (int(values[0]), step) if step and (np.diff(values) == step).all() else None


@operator("GATHER", last_version=8, signed="moves")
def gather(op: Operator) -> None:
    """Indices at regular distances, known ahead of time, are a slice."""
    x, indices, options = op.input(0), op.input(1), op.options(tflite.GatherOptions)
    axis = op.axis(options.Axis, x.rank)
    batch = options.BatchDims + (indices.rank if options.BatchDims < 0 else 0)
    _check_inside(op, indices, x.shape[axis : axis + 1])
    (type,) = Gather(axis, batch).infer(x.type, indices.type)
    regular = _regular(indices) if batch == 0 and not x.is_constant else None
    if regular is None:
        op.add(Gather(axis, batch), [x, indices], op.output)
        return
    begin, size, stride = [0] * x.rank, list(x.shape), [1] * x.rank
    (begin[axis], stride[axis]), size[axis] = regular, indices.type.elements
    part = op.add(Slice(tuple(begin), tuple(size), tuple(stride)), [x])
    op.add(Reshape(type.shape), [part], op.output)


@operator("GATHER_ND", last_version=6, signed="moves")
def gather_nd(op: Operator) -> None:
    x, indices = op.input(0), op.input(1)
    if indices.rank and indices.shape[-1] <= x.rank:
        _check_inside(op, indices, x.shape[: indices.shape[-1]])
    op.add(GatherNd(), [x, indices], op.output)


@operator("EMBEDDING_LOOKUP", last_version=5)
def embedding_lookup(op: Operator) -> None:
    """Input 0 chooses rows of input 1. Rows of s8, with one scale or one each, may become f32.

    TFLM takes the first scale for every row; the rows' own scales are followed, as LiteRT does.
    """
    lookup, table = op.input(0), op.input(1)
    if lookup.rank != 1 or not table.rank:
        raise op.invalid(f"{lookup.type} does not choose rows of {table.type}")
    _check_inside(op, lookup, table.shape[:1])
    if table.dtype == op.output.dtype:
        op.add(Gather(), [table, lookup], op.output)
        return
    if table.dtype != S8 or op.output.dtype != F32:
        raise op.unsupported(f"a table of {table.dtype} for {op.output.dtype} is not supported", "use int8 or f32")
    q = op.quantization(table)
    if any(q.zero_point):
        raise op.unsupported(f'table "{table.name}" has a zero point other than 0', "quantize it symmetrically")
    rows = op.add(Gather(), [table, lookup])
    if q.per_tensor:
        op.add(Dequantize(q.scale, (0,)), [rows], op.output)
        return
    if q.axis != 0:
        raise op.unsupported(f'table "{table.name}" has scales along axis {q.axis}', "use one scale for each row")
    shape = (table.shape[0], *[1] * (table.rank - 1))
    scales = op.add(Gather(), [op.add_constant("scales", np.array(q.scale, np.float32).reshape(shape), F32), lookup])
    op.add(Binary("mul"), [op.add(Dequantize((1.0,), (0,)), [rows]), scales], op.output)


def _filled(op: Operator, value: Tensor, shape: tuple[int, ...]) -> Tensor:
    """A tensor of one value, to be written into."""
    if value.type.elements != 1:
        raise op.invalid(f'"{value.name}" must be one element, is {value.type}')
    check_size(op.output.name, TensorType(value.dtype, shape))
    return op.add(BroadcastTo(shape), [value if value.rank == 0 else op.add(Reshape(()), [value])])


@operator("SCATTER_ND", last_version=1)
def scatter_nd(op: Operator) -> None:
    """Updates of the same place add up, on a ground of 0."""
    indices, updates, shape = op.input(0), op.input(1), sizes(op, 2, "the shape")
    if updates.dtype not in (F32, S8, U8, S16, S32, S64, BOOL):
        raise op.unsupported(f"{updates.dtype} is not supported", "use f32 or a signed integer")
    if indices.rank and indices.shape[-1] <= len(shape):
        _check_inside(op, indices, shape[: indices.shape[-1]])
    ground = _filled(op, op.add_constant("ground", np.zeros((), updates.dtype.np), updates.dtype), shape)
    op.add(ScatterNd("add"), [ground, indices, updates], op.output)


@operator("SPARSE_TO_DENSE", last_version=3)
def sparse_to_dense(op: Operator) -> None:
    """Inputs: places, the shape, one value or one for each place, the value elsewhere. The last value of a place stays.

    Places are tuples; where they are one number each, or there is only one, the axis of the tuples may be missing.
    """
    places, shape, values = op.input(0), sizes(op, 1, "the shape"), op.input(2)
    rank, count = len(shape), 1 if places.rank == 0 else places.shape[0]
    if rank == 0 or places.type.elements != count * rank or values.shape not in ((), (count,)):
        raise op.invalid(f"values {values.type} at {places.type} do not make {list(shape)}")
    ground = _filled(op, op.input(3), shape)
    tuples = places if places.shape == (count, rank) else op.add(Reshape((count, rank)), [places])
    _check_inside(op, tuples, shape)
    each = values if values.shape == (count,) else op.add(BroadcastTo((count,)), [values])
    op.add(ScatterNd(), [ground, tuples, each], op.output)


@operator("ONE_HOT", last_version=1)
def one_hot(op: Operator) -> None:
    """Inputs: indices, the depth, the value where the index says and the value elsewhere."""
    indices, depth = op.input(0), one_size(op, 1, "the depth")
    axis = op.axis(op.options(tflite.OneHotOptions).Axis, indices.rank + 1)
    shape = (*indices.shape[:axis], depth, *indices.shape[axis:])
    check_size(op.output.name, TensorType(op.output.dtype, shape))
    op.add(OneHot(depth, axis), [indices, op.input(2), op.input(3)], op.output)


@operator("TOPK_V2", last_version=3)
def top_k(op: Operator) -> None:
    """The greatest along the last axis, and where they lie. Integers keep their quantization."""
    x = op.input(0)
    if len(op.outputs) != 2 or not x.rank:
        raise op.invalid(f"{x.type} has no last axis, or {len(op.outputs)} outputs instead of 2")
    if x.dtype not in (F32, S8, U8, S16, S32, S64):
        raise op.unsupported(f"{x.type} is not supported, nor does TensorFlow Lite compute it", "cast it to f32 first")
    count, (values, indices) = one_size(op, 1, "the count"), op.outputs
    op.add_all(TopK(count, x.rank - 1, True, indices.dtype.name), [x], [values, indices])


@operator("DYNAMIC_UPDATE_SLICE", last_version=6, signed="moves")
def dynamic_update_slice(op: Operator) -> None:
    """Input 0 with input 1 at the place that input 2 holds."""
    op.add(UpdateSlice(), [op.input(0), op.input(1), op.input(2)], op.output)


@operator("HASHTABLE_LOOKUP", last_version=1)
def hashtable_lookup(op: Operator) -> None:
    """Inputs: keys to look up, the table's keys in rising order, its rows. Outputs: the rows, 0 for keys that it lacks,
    and as u8 whether it has each."""
    wanted, keys, rows = op.input(0), op.input(1), op.input(2)
    if wanted.rank != 1 or keys.rank != 1 or not rows.rank or rows.shape[0] != keys.shape[0] or len(op.outputs) != 2:
        raise op.invalid(f"{keys.type} and {rows.type} do not make a table for {wanted.type}")
    if wanted.dtype != S32 or keys.dtype != S32 or op.outputs[1].dtype != U8:
        raise op.unsupported(f"keys of {wanted.dtype} and {keys.dtype} are not supported", "use int32")
    if keys.data is not None and (np.diff(keys.data.astype(np.int64)) <= 0).any():
        raise op.invalid(f'the keys "{keys.name}" must rise')
    check_size(op.output.name, TensorType(BOOL, (wanted.shape[0], keys.shape[0])))
    column = op.add(Reshape((wanted.shape[0], 1)), [wanted])
    equal = op.add(Compare("equal"), [column, keys])
    found = op.add(Reduce("any", (1,)), [equal])
    place = op.add(ArgReduce("max", 1), [op.add(Cast("u8"), [equal])])
    each = op.add(Reshape((wanted.shape[0], *[1] * (rows.rank - 1))), [found])
    zero = op.add_constant("zero", np.zeros((), rows.dtype.np), rows.dtype)
    op.add(Select(), [each, op.add(Gather(), [rows, place]), zero], op.outputs[0])
    op.add(Cast("u8"), [found], op.outputs[1])


@operator("WHERE", last_version=2)
def where(op: Operator) -> None:
    """Where the condition is not 0: one row of indices each, in order."""
    condition = op.input(0)
    if op.output.dtype != S64:
        raise op.invalid(f'"{op.output.name}" must be s64, is {op.output.type}')
    if condition.data is not None:
        op.define_constant(op.output, np.argwhere(condition.data).astype(np.int64))
        return
    count = condition.type.elements
    if condition.rank == 0:
        raise op.invalid(f"condition {condition.type} has no axes")
    check_size(op.output.name, TensorType(S64, (count, condition.rank)))
    if condition.dtype != BOOL:
        zero = op.add_constant("zero", np.zeros((), condition.dtype.np), condition.dtype)
        condition = op.add(Compare("not_equal"), [condition, zero])
    places = op.add_constant("places", np.argwhere(np.ones(condition.shape, np.bool_)), S64)
    chosen = op.add_all(Compress(0), [places, op.add(Reshape((count,)), [condition])], [None, None])
    op.define_sized(op.output, *chosen)


@operator("UNIQUE", last_version=1)
def unique(op: Operator) -> None:
    """The different elements in the order in which they first stand, and which of them each element is."""
    x, which = op.input(0), op.outputs[1]
    if x.dtype not in (F32, S8, U8, S16, S32, S64) or which.dtype not in (S32, S64):
        raise op.unsupported(f"{x.dtype} with places of {which.dtype} is not supported", "use int32 for both")
    flat = op.add(Reshape((x.type.elements,)), [x])
    values, extents, _, inverse, *_ = op.add_all(Unique(0, ascending=False), [flat], [None] * 6)
    op.define_sized(op.outputs[0], values, extents)
    places = op.add(Reshape(x.shape), [inverse])
    op.add(Cast(which.dtype.name), [places], which)
