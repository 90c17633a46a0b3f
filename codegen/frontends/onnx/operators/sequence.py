"""Sequences and optionals, whose lengths are known while importing: the graph has their tensors only."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx

from edgegen.frontends.onnx.importer import Operator, operator
from edgegen.frontends.onnx.operators.movement import concat
from edgegen.frontends.onnx.subgraphs import SubGraph, nested
from edgegen.frontends.onnx.values import NOTHING, Nothing, TensorList, Value, describe, tensor_of
from edgegen.ir.dtypes import BOOL, S64
from edgegen.ir.tensor import Tensor
from edgegen.ops.gather import Gather
from edgegen.ops.slice import Slice


def _list(op: Operator, value: Value) -> tuple[Tensor, ...]:
    if not isinstance(value, TensorList):
        raise op.invalid(f"takes a sequence, not {describe(value)}")
    return value.elements


def _position(op: Operator, value: Value, count: int) -> int:
    """One of `count` places, which may be counted from the end."""
    tensor = tensor_of(value, f"{op.where}: the position")
    places = op.integers(tensor, "the position")
    if len(places) != 1 or not -count <= places[0] < count:
        raise op.invalid(f"position {list(places)} is not one of {count}")
    return places[0] % count


@operator("SequenceEmpty", since=11)
def sequence_empty(op: Operator, *, dtype: int = onnx.TensorProto.FLOAT) -> TensorList:
    del op, dtype  # each element has its own
    return TensorList()


@operator("SequenceConstruct", since=11)
def sequence_construct(op: Operator, *inputs: Tensor | None) -> TensorList:
    elements = tuple(t for t in inputs if t is not None)
    if len(elements) != len(inputs):
        raise op.invalid("lacks an element")
    return TensorList(elements)


@operator("SequenceInsert", since=11, any_value=True)
def sequence_insert(op: Operator, sequence: Value, tensor: Value, position: Value | None = None) -> TensorList:
    elements = _list(op, sequence)
    new = tensor_of(tensor, f"{op.where}: the new element")
    place = len(elements) if position is None else _position_between(op, position, len(elements))
    return TensorList((*elements[:place], new, *elements[place:]))


def _position_between(op: Operator, value: Value, count: int) -> int:
    """Before one of `count` elements or, at `count`, behind them."""
    tensor = tensor_of(value, f"{op.where}: the position")
    places = op.integers(tensor, "the position")
    if len(places) != 1 or not -count <= places[0] <= count:
        raise op.invalid(f"position {list(places)} is not one of {count + 1}")
    return places[0] if places[0] >= 0 else places[0] + count


@operator("SequenceErase", since=11, any_value=True)
def sequence_erase(op: Operator, sequence: Value, position: Value | None = None) -> TensorList:
    elements = _list(op, sequence)
    if not elements:
        raise op.invalid("the sequence is empty")
    place = len(elements) - 1 if position is None else _position(op, position, len(elements))
    return TensorList(elements[:place] + elements[place + 1 :])


@operator("SequenceAt", since=11, any_value=True)
def sequence_at(op: Operator, sequence: Value, position: Value) -> Tensor:
    """One element; at a position known at run time only if all are of one type."""
    elements = _list(op, sequence)
    place = tensor_of(position, f"{op.where}: the position")
    if place.data is None and elements and len({(t.dtype, t.shape) for t in elements}) == 1:
        together = concat(op, *(op.reshape(t, (1, *t.shape)) for t in elements), axis=0)
        return op.add(Gather(0), [together, op.reshape(place, ())])
    return elements[_position(op, position, len(elements))]


@operator("SequenceLength", since=11, any_value=True)
def sequence_length(op: Operator, sequence: Value) -> Tensor:
    return op.constant(len(_list(op, sequence)), S64)


@operator("ConcatFromSequence", since=11, any_value=True)
def concat_from_sequence(op: Operator, sequence: Value, *, axis: int, new_axis: int = 0) -> Tensor:
    elements = _list(op, sequence)
    if not elements:
        raise op.invalid("the sequence is empty")
    if not new_axis:
        return concat(op, *elements, axis=axis)
    if len({t.shape for t in elements}) != 1:
        raise op.invalid("the elements differ in shape")
    shape = elements[0].shape
    axis = op.axis(axis, len(shape) + 1)
    single = [op.reshape(t, (*shape[:axis], 1, *shape[axis:])) for t in elements]
    return concat(op, *single, axis=axis)


@operator("SplitToSequence", since=11)
def split_to_sequence(
    op: Operator, x: Tensor, split: Tensor | None = None, *, axis: int = 0, keepdims: int = 1
) -> TensorList:
    """split: the parts' sizes along the axis, or one size of all but the last; 1 each if absent.

    keepdims: whether parts of size 1 by default keep the axis
    """
    axis = op.axis(axis, x.rank)
    length = x.shape[axis]
    sizes = _sizes(op, split, length)
    parts, first = [], 0
    for size in sizes:
        shape = (*x.shape[:axis], size, *x.shape[axis + 1 :])
        if not size:
            part = op.constant(np.zeros(shape), x.dtype)
        else:
            begin = tuple(first if i == axis else 0 for i in range(x.rank))
            part = x if shape == x.shape else op.add(Slice(begin, shape, (1,) * x.rank), [x])
        dropped = split is None and not keepdims
        parts.append(op.reshape(part, x.shape[:axis] + x.shape[axis + 1 :]) if dropped else part)
        first += size
    return TensorList(tuple(parts))


def _sizes(op: Operator, split: Tensor | None, length: int) -> Sequence[int]:
    if split is None:
        return [1] * length
    sizes = op.integers(split, "the sizes of the parts")
    if split.rank == 0:
        (size,) = sizes
        if size < 1:
            raise op.invalid(f"parts of {size}")
        return [min(size, length - first) for first in range(0, length, size)]
    if min(sizes, default=0) < 0 or sum(sizes) != length:
        raise op.invalid(f"parts of {list(sizes)} do not make {length}")
    return sizes


@operator("SequenceMap", since=17, any_value=True)
def sequence_map(op: Operator, sequence: Value, *others: Value | None, body: onnx.GraphProto) -> list[TensorList]:
    """The sub-graph of each element by itself; of other sequences it gets the element there, of tensors all."""
    elements = _list(op, sequence)
    given: list[tuple[Tensor, ...]] = [elements]
    for other in others:
        if isinstance(other, TensorList) and len(other.elements) != len(elements):
            raise op.invalid(f"sequences of {len(elements)} and {len(other.elements)} elements")
        tensors = other.elements if isinstance(other, TensorList) else None
        given.append(tensors or (tensor_of(other, f"{op.where}: an input"),) * len(elements))
    part = SubGraph(body)
    rows = []
    for k, row in enumerate(zip(*given, strict=True)):
        results = part.run(nested(op, op.model.graph, str(k)), row)
        rows.append([tensor_of(v, f"{op.where}: a result") for v in results])
    columns = zip(*rows, strict=True) if rows else [() for _ in body.output]
    return [TensorList(tuple(column)) for column in columns]


@operator("Optional", since=15, any_value=True)
def optional(op: Operator, value: Value | None = None, *, type: onnx.TypeProto | None = None) -> Value:
    if value is None and type is None:
        raise op.invalid("has neither an element nor a type")
    return NOTHING if value is None else value


@operator("OptionalHasElement", since=15, any_value=True)
def optional_has_element(op: Operator, value: Value | None = None) -> Tensor:
    return op.constant(value is not None and not isinstance(value, Nothing), BOOL)


@operator("OptionalGetElement", since=15, any_value=True)
def optional_get_element(op: Operator, value: Value) -> Value:
    if isinstance(value, Nothing):
        raise op.invalid("the optional holds nothing")
    return value
