"""What each operator needs so that nothing beyond the size gets into its results, where a dimension is free."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import reduce
from typing import Protocol

import numpy as np

from edgegen.ir.dtypes import F32
from edgegen.ir.graph import Graph, Node
from edgegen.ir.op import Op
from edgegen.ir.tensor import Tensor, constant
from edgegen.ops.arg_reduce import ArgReduce
from edgegen.ops.attention import Attention
from edgegen.ops.batch_matmul import BatchMatmul
from edgegen.ops.binary import Binary
from edgegen.ops.broadcast_to import BroadcastTo
from edgegen.ops.cast import Cast
from edgegen.ops.clamp import Clamp
from edgegen.ops.compare import Compare
from edgegen.ops.concat import Concat
from edgegen.ops.conv2d import Conv2d
from edgegen.ops.copy import Copy
from edgegen.ops.cumulate import Cumulate
from edgegen.ops.dense import Dense
from edgegen.ops.depthwise_conv2d import DepthwiseConv2d
from edgegen.ops.gather import Gather
from edgegen.ops.gru import Gru
from edgegen.ops.l2_normalize import L2Normalize
from edgegen.ops.log_softmax import LogSoftmax
from edgegen.ops.lstm import Lstm
from edgegen.ops.pad import Pad
from edgegen.ops.prelu import Prelu
from edgegen.ops.reduce import Reduce
from edgegen.ops.requantize import Dequantize, Quantize, Requantize
from edgegen.ops.reshape import Reshape
from edgegen.ops.rnn import Rnn
from edgegen.ops.scaled_binary import ScaledBinary
from edgegen.ops.select_op import Select
from edgegen.ops.slice import Slice
from edgegen.ops.softmax import Softmax
from edgegen.ops.standardize import Standardize
from edgegen.ops.transpose import Transpose
from edgegen.ops.unary import Unary

Axes = tuple[int, ...]
"""Of a tensor: those that lie along the dimension."""

Beyond = float | int | bool
"""What stands for elements beyond the size."""


class Lengths(Protocol):
    """The model as it is written for every size; `graph` grows at its end."""

    graph: Graph

    @property
    def count(self) -> Tensor:
        """s32[]: the size."""

    def axes(self, tensor: Tensor | None) -> Axes: ...

    def now(self, tensor: Tensor) -> Tensor:
        """What nodes read in place of a tensor of the model."""

    def replaced(self, tensor: Tensor, axes: Axes, beyond: Beyond) -> Tensor:
        """The tensor with another value beyond the size, along these axes."""

    def keep(self, node: Node, inputs: list[Tensor | None] | None = None) -> None:
        """Adds the node, which reads these inputs, by default its own as they are now."""

    def add(self, op: Op, inputs: Sequence[Tensor], name: str) -> Tensor:
        """The result of a node more."""

    def is_read(self, tensor: Tensor) -> bool:
        """Whether a node, or who runs the model, reads the tensor."""


Rule = Callable[[Node, Lengths], bool]
"""Adds a node of which at least one input or output lies along the dimension; False, and nothing is added, if what is
beyond the size may get into its results."""


def _lies(node: Node, model: Lengths, axes: Sequence[int], output: int = 0) -> bool:
    """Whether the output lies along the dimension on just these axes."""
    return tuple(sorted(axes)) == model.axes(node.outputs[output])


def _own(node: Node, model: Lengths) -> Axes:
    return model.axes(node.inputs[0])


def _others_fixed(node: Node, model: Lengths) -> bool:
    return not any(model.axes(t) for t in node.inputs[1:])


def _element_by_element(node: Node, model: Lengths) -> bool:
    rank = node.out.rank
    found = {a - t.rank + rank for t in node.inputs if t is not None for a in model.axes(t)}
    if isinstance(node.op, BroadcastTo):
        found |= set(model.axes(node.out))
    if not _lies(node, model, list(found)):
        return False
    model.keep(node)
    return True


def _on_rows(node: Node, model: Lengths) -> bool:
    """Layers over the last axis."""
    axes, last = _own(node, model), node.input(0).rank - 1
    if last in axes or not _others_fixed(node, model) or not _lies(node, model, axes):
        return False
    model.keep(node)
    return True


def _sums_of_rows(beyond: Beyond) -> Rule:
    """Layers over the last axis to which `beyond` adds nothing."""

    def rule(node: Node, model: Lengths) -> bool:
        axes, x = _own(node, model), node.input(0)
        if x.rank - 1 not in axes:
            return _on_rows(node, model)
        if not x.dtype.is_float or not _lies(node, model, axes):
            return False
        model.keep(node, [model.replaced(x, (x.rank - 1,), beyond)])
        return True

    return rule


def _multiplied(node: Node, model: Lengths) -> bool:
    """Products of matrices; along the axis that adds up both factors are 0 beyond the size."""
    op, x, w = node.op, node.input(0), node.input(1)
    assert isinstance(op, BatchMatmul)
    rank = node.out.rank
    x_rows, x_sum = (x.rank - 1, x.rank - 2) if op.adj_x else (x.rank - 2, x.rank - 1)
    w_sum, w_units = (w.rank - 1, w.rank - 2) if op.adj_y else (w.rank - 2, w.rank - 1)
    along_x, along_w = model.axes(x), model.axes(w)
    found = {a - t.rank + rank for t in (x, w) for a in model.axes(t) if a < t.rank - 2}
    found |= {rank - 2} if x_rows in along_x else set()
    found |= {rank - 1} if w_units in along_w else set()
    sums = (x_sum in along_x, w_sum in along_w)
    if sums[0] != sums[1] or (sums[0] and op.requantize is not None) or not _lies(node, model, list(found)):
        return False
    if any(model.axes(t) for t in node.inputs[2:]):
        return False
    factors = [model.replaced(x, (x_sum,), 0), model.replaced(w, (w_sum,), 0)] if sums[0] else None
    model.keep(node, None if factors is None else [*factors, *node.inputs[2:]])
    return True


_NOTHING: Mapping[str, Beyond] = {
    "sum": 0,
    "mean": 0,
    "max": -math.inf,
    "min": math.inf,
    "prod": 1,
    "all": True,
    "any": False,
}


def _extreme(function: str, tensor: Tensor) -> Beyond:
    """What adds nothing to a reduction of the tensor's type."""
    if function in ("max", "min") and tensor.dtype.is_integer:
        low, high = tensor.dtype.range
        return low if function == "max" else high
    return _NOTHING[function]


def _reduced(node: Node, model: Lengths) -> bool:
    op, x, axes = node.op, node.input(0), _own(node, model)
    assert isinstance(op, Reduce)
    gone = tuple(a for a in axes if a in op.axes)
    kept = [a if op.keep_dims else a - sum(r < a for r in op.axes) for a in axes if a not in gone]
    if not _lies(node, model, kept) or (gone and op.requantize is not None):
        return False
    if not gone:
        model.keep(node)
        return True
    whole = model.replaced(x, gone, _extreme(op.function, x))
    if op.function != "mean":
        model.keep(node, [whole])
        return True
    places = math.prod(x.shape[a] for a in op.axes if a not in gone)
    total = model.add(Reduce("sum", op.axes, op.keep_dims), [whole], f"{node.out.name}/sum")
    counted = [model.add(Cast(x.dtype.name), [model.count], f"{node.out.name}/count")] * len(gone)
    factor = constant(f"{node.out.name}/places", np.array(places), x.dtype)
    number = reduce(lambda a, b: model.add(Binary("mul"), [a, b], f"{node.out.name}/number"), counted, factor)
    model.keep(replace(node, op=Binary("div")), [total, number])
    return True


def _argument(node: Node, model: Lengths) -> bool:
    op, x, axes = node.op, node.input(0), _own(node, model)
    assert isinstance(op, ArgReduce)
    if not _lies(node, model, [a - (op.axis < a) for a in axes if a != op.axis]):
        return False
    model.keep(node, [model.replaced(x, (op.axis,), _extreme(op.function, x))] if op.axis in axes else None)
    return True


def _transposed(node: Node, model: Lengths) -> bool:
    assert isinstance(node.op, Transpose)
    if not _lies(node, model, [node.op.perm.index(a) for a in _own(node, model)]):
        return False
    model.keep(node)
    return True


def _reshaped(node: Node, model: Lengths) -> bool:
    """Axes along the dimension stay axes of their own, with as many elements before them."""
    x, y = node.input(0), node.out

    def places(tensor: Tensor) -> list[int]:
        return [math.prod(tensor.shape[:a]) for a in model.axes(tensor)]

    if places(x) != places(y):
        return False
    model.keep(node)
    return True


def _joined(node: Node, model: Lengths) -> bool:
    assert isinstance(node.op, Concat)
    axes = model.axes(node.out)
    if node.op.axis in axes or any(model.axes(t) != axes for t in node.inputs):
        return False
    model.keep(node)
    return True


def _cut(node: Node, model: Lengths) -> bool:
    """What is cut along the dimension is whole, or the first element of it."""
    op, x, axes = node.op, node.input(0), _own(node, model)
    assert isinstance(op, Slice)
    whole = [a for a in axes if (op.begin[a], op.size[a], op.stride[a]) == (0, x.shape[a], 1)]
    if any((op.begin[a], op.size[a]) != (0, 1) for a in axes if a not in whole) or not _lies(node, model, whole):
        return False
    model.keep(node)
    return True


def _padded(node: Node, model: Lengths) -> bool:
    op, axes = node.op, _own(node, model)
    assert isinstance(op, Pad)
    if any(op.before[a] or op.after[a] for a in axes) or not _others_fixed(node, model):
        return False
    model.keep(node)
    return _lies(node, model, axes)


def _gathered(node: Node, model: Lengths) -> bool:
    op, x, indices = node.op, node.input(0), node.input(1)
    assert isinstance(op, Gather)
    if op.batch_dims or op.axis in model.axes(x):
        return False
    moved = [a + (indices.rank - 1 if a > op.axis else 0) for a in model.axes(x)]
    if not _lies(node, model, [*moved, *(op.axis + a for a in model.axes(indices))]):
        return False
    model.keep(node)
    return True


def _cumulated(node: Node, model: Lengths) -> bool:
    op, x, axes = node.op, node.input(0), _own(node, model)
    assert isinstance(op, Cumulate)
    model.keep(node, [model.replaced(x, (op.axis,), 0)] if op.axis in axes and op.reverse else None)
    return _lies(node, model, axes)


def _convolved(node: Node, model: Lengths) -> bool:
    """Along the dimension, windows that reach beyond the size read what padding holds."""
    op, x, w, axes = node.op, node.input(0), node.input(1), _own(node, model)
    assert isinstance(op, Conv2d | DepthwiseConv2d)
    kernel = w.shape[1:3] if isinstance(op, Conv2d) else w.shape[:2]
    if 3 in axes or not _others_fixed(node, model) or not _lies(node, model, axes):
        return False
    if any(op.stride[a - 1] != 1 for a in axes if a):
        return False
    mixed = tuple(a for a in axes if a and kernel[a - 1] > 1)
    model.keep(node, [model.replaced(x, mixed, op.x_zero), *node.inputs[1:]] if mixed else None)
    return True


def _absent_parameters(node: Node) -> dict[int, tuple[int, ...]]:
    """Shapes, by their position, of what kernels of sequences with lengths of their own must be given, even if it is 0:
    biases and peepholes."""
    if isinstance(node.op, Lstm):
        units, cells = node.input(3).shape[0], node.input(4).shape[1]
        return {5: (units,), 6: (units - cells,)}
    return {4: (node.input(2).shape[0],)} if isinstance(node.op, Rnn) else {}


def _recurrent(node: Node, model: Lengths) -> bool:
    """Steps along the dimension; how many there are matters to those that read backwards and to the last state."""
    op, x = node.op, node.input(0)
    assert isinstance(op, Rnn | Gru | Lstm)
    time, batch = (0, 1) if op.time_major else (1, 0)
    at = 10 if isinstance(op, Lstm) else 5
    if _own(node, model) != (time,) or not _others_fixed(node, model):
        return False
    given = [*node.inputs, *[None] * (at + 1 - len(node.inputs))]
    if not op.reverse and not any(model.is_read(t) for t in node.outputs[1:]):
        model.keep(node)
    elif x.dtype != F32 or (isinstance(op, Lstm) and any(t is not None for t in given[7:10])):
        return False
    else:
        for i, shape in _absent_parameters(node).items():
            given[i] = given[i] or constant(f"{node.name}/zeros{i}", np.zeros(shape), F32)
        given[at] = given[at] or model.add(BroadcastTo((x.shape[batch],)), [model.count], f"{node.name}/lengths")
        model.keep(node, [None if t is None else model.now(t) for t in given])
    return _lies(node, model, (time,))


def _attended(node: Node, model: Lengths) -> bool:
    """Queries, or keys and values, along the dimension; as many keys count as the size says."""
    op = node.op
    assert isinstance(op, Attention)
    q, k, v, mask = (model.axes(t) for t in node.inputs[:4])
    rows, keys = (1 if op.q_by_row else 2), (1 if op.kv_by_row else 2)
    if q not in ((), (rows,)) or k not in ((), (keys,)) or v != k or (op.from_end and q):
        return False
    rank = node.input(3).rank
    if any(a != rank - 2 or not q for a in mask if a != rank - 1) or (rank - 1 in mask and not k):
        return False
    if len(node.outputs) > 1 or not _lies(node, model, q):
        return False
    inputs: list[Tensor | None] = [model.now(node.input(i)) for i in range(4)]
    if k:
        wide = model.add(Cast("s64"), [model.count], f"{node.name}/keys")
        lengths = model.add(BroadcastTo(node.input(4).shape), [wide], f"{node.name}/lengths")
        if not node.input(4).is_constant:
            lengths = model.add(Binary("minimum"), [lengths, model.now(node.input(4))], f"{node.name}/counted")
        inputs.append(lengths)
    else:
        inputs.append(model.now(node.input(4)))
    model.keep(node, inputs)
    return True


_ELEMENTS = (Binary, BroadcastTo, Cast, Clamp, Compare, Copy, Dequantize, Prelu, Quantize, Requantize, ScaledBinary)

RULES: Mapping[type[Op], Rule] = {
    **dict.fromkeys((*_ELEMENTS, Select, Unary), _element_by_element),
    **dict.fromkeys((Dense, Standardize), _on_rows),
    **dict.fromkeys((LogSoftmax, Softmax), _sums_of_rows(-math.inf)),
    **dict.fromkeys((Conv2d, DepthwiseConv2d), _convolved),
    **dict.fromkeys((Gru, Lstm, Rnn), _recurrent),
    ArgReduce: _argument,
    Attention: _attended,
    BatchMatmul: _multiplied,
    Concat: _joined,
    Cumulate: _cumulated,
    Gather: _gathered,
    L2Normalize: _sums_of_rows(0),
    Pad: _padded,
    Reduce: _reduced,
    Reshape: _reshaped,
    Slice: _cut,
    Transpose: _transposed,
}
"""Operators that are computed with a dimension free; with others the model is refused."""
