"""A dimension of any size up to a bound: the model runs once for each of that many elements of a batch.

Kernels know their sizes ahead of time, so that what varies is how often they run: a loop over the elements, whose
arena is that of one. That is the same only if no operator mixes elements, which is proved operator by operator:
how a tensor lies in memory tells where its elements are, and what the operator does along that axis whether it mixes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace

import numpy as np

from edgegen.errors import UnsupportedModel
from edgegen.ir.dtypes import S32, S64
from edgegen.ir.graph import Graph, Node
from edgegen.ir.op import Op
from edgegen.ir.tensor import Tensor, TensorType, constant
from edgegen.ops.arg_reduce import ArgReduce
from edgegen.ops.batch_matmul import BatchMatmul
from edgegen.ops.binary import Binary
from edgegen.ops.broadcast_to import BroadcastTo
from edgegen.ops.cast import Cast
from edgegen.ops.clamp import Clamp
from edgegen.ops.compare import Compare
from edgegen.ops.concat import Concat
from edgegen.ops.control import While
from edgegen.ops.conv2d import Conv2d
from edgegen.ops.conv3d import Conv3d
from edgegen.ops.copy import Copy
from edgegen.ops.cumulate import Cumulate
from edgegen.ops.dense import Dense
from edgegen.ops.depthwise_conv2d import DepthwiseConv2d
from edgegen.ops.gather import Gather
from edgegen.ops.l2_normalize import L2Normalize
from edgegen.ops.local_response import LocalResponse
from edgegen.ops.log_softmax import LogSoftmax
from edgegen.ops.one_hot import OneHot
from edgegen.ops.pad import Pad
from edgegen.ops.pool2d import Pool2d
from edgegen.ops.prelu import Prelu
from edgegen.ops.reduce import Reduce
from edgegen.ops.requantize import Dequantize, Quantize, Requantize
from edgegen.ops.reshape import Reshape
from edgegen.ops.resize import Resize
from edgegen.ops.select_op import Select
from edgegen.ops.slice import Slice
from edgegen.ops.softmax import Softmax
from edgegen.ops.top_k import TopK
from edgegen.ops.transpose import Transpose
from edgegen.ops.transpose_conv2d import TransposeConv2d
from edgegen.ops.unary import Unary
from edgegen.ops.update_slice import UpdateSlice


class AtMost(tuple[int, ...]):
    """Among shapes: a dimension that has any size up to a bound when the model runs."""

    def __new__(cls, bound: int) -> AtMost:
        return super().__new__(cls, (bound,))


Axes = Sequence[int | None]
"""Along which axis the elements of a batch lie, of each input; None for what all elements share."""


def _aligned(node: Node, axes: Axes) -> int | None:
    """Of operators that take element by element: counted from the last axis, as inputs are broadcast."""
    places = {a - t.rank for t, a in zip(node.inputs, axes, strict=True) if t is not None and a is not None}
    return node.out.rank + places.pop() if len(places) == 1 else None


def _only_first(axes: Axes) -> int | None:
    return axes[0] if all(a is None for a in axes[1:]) else None


def _outermost(node: Node, axes: Axes) -> int | None:
    return 0 if _only_first(axes) == 0 and node.out.rank else None


def _not_last(node: Node, axes: Axes) -> int | None:
    axis = _only_first(axes)
    return axis if axis is not None and axis < node.input(0).rank - 1 else None


def _reshaped(node: Node, axes: Axes) -> int | None:
    """Elements of the batch are that far apart that as many of them make up the tensor as before."""
    axis = axes[0]
    before = math.prod(node.input(0).shape[:axis])
    for i in range(node.out.rank):
        if math.prod(node.out.shape[:i]) == before and node.out.shape[i] > 1:
            return i
    return None


def _transposed(node: Node, axes: Axes) -> int | None:
    assert isinstance(node.op, Transpose)
    assert axes[0] is not None
    return node.op.perm.index(axes[0])


def _reduced(node: Node, axes: Axes) -> int | None:
    op, axis = node.op, _only_first(axes)
    assert isinstance(op, Reduce)
    if axis is None or axis in op.axes:
        return None
    return axis if op.keep_dims else axis - sum(a < axis for a in op.axes)


def _argument(node: Node, axes: Axes) -> int | None:
    assert isinstance(node.op, ArgReduce)
    axis = axes[0]
    return None if axis is None or axis == node.op.axis else axis - (node.op.axis < axis)


def _along(node: Node, axes: Axes) -> int | None:
    """Of operators that mix what lies along their own axis, which is no other's."""
    assert isinstance(node.op, Cumulate | TopK)
    axis = _only_first(axes)
    return None if axis == node.op.axis else axis


def _joined(node: Node, axes: Axes) -> int | None:
    assert isinstance(node.op, Concat)
    found = set(axes)
    return found.pop() if len(found) == 1 and node.op.axis not in found else None


def _cut(node: Node, axes: Axes) -> int | None:
    axis = axes[0]
    assert isinstance(node.op, Slice)
    assert axis is not None
    whole = node.out.shape[axis] == node.input(0).shape[axis] and node.op.stride[axis] == 1
    return axis if whole else None


def _padded(node: Node, axes: Axes) -> int | None:
    axis = axes[0]
    assert isinstance(node.op, Pad)
    assert axis is not None
    return None if node.op.before[axis] or node.op.after[axis] else axis


def _gathered(node: Node, axes: Axes) -> int | None:
    op = node.op
    assert isinstance(op, Gather)
    x, indices = axes[0], axes[1]
    if op.batch_dims or (x is not None and indices is not None):
        return None
    if x is None:
        return None if indices is None else op.axis + indices
    return None if x == op.axis else x + (node.input(1).rank - 1 if x > op.axis else 0)


def _multiplied(node: Node, axes: Axes) -> int | None:
    """Of leading axes as they are broadcast; of rows of x where all take the same matrix."""
    op = node.op
    assert isinstance(op, BatchMatmul)
    x, w = axes[0], axes[1]
    rows = node.input(0).rank - (1 if op.adj_x else 2)
    if any(a is not None for a in axes[2:]):
        return None
    if x is not None and x == rows and w is None:
        return node.out.rank - 2
    leading = [a - t.rank for t, a in zip(node.inputs[:2], (x, w), strict=True) if t is not None and a is not None]
    if len(set(leading)) != 1 or leading[0] >= -2:
        return None
    return node.out.rank + leading[0]


def _one_hot(node: Node, axes: Axes) -> int | None:
    assert isinstance(node.op, OneHot)
    axis = _only_first(axes)
    return None if axis is None else axis + (axis >= node.op.axis)


RULES: Mapping[type[Op], Callable[[Node, Axes], int | None]] = {
    **dict.fromkeys(
        (Binary, BroadcastTo, Cast, Clamp, Compare, Copy, Dequantize, Prelu, Quantize, Requantize, Select, Unary),
        _aligned,
    ),
    **dict.fromkeys(
        (Conv2d, Conv3d, Dense, DepthwiseConv2d, LocalResponse, Pool2d, Resize, TransposeConv2d), _outermost
    ),
    **dict.fromkeys((L2Normalize, LogSoftmax, Softmax), _not_last),
    **dict.fromkeys((Cumulate, TopK), _along),
    ArgReduce: _argument,
    BatchMatmul: _multiplied,
    Concat: _joined,
    Gather: _gathered,
    OneHot: _one_hot,
    Pad: _padded,
    Reduce: _reduced,
    Reshape: _reshaped,
    Slice: _cut,
    Transpose: _transposed,
}
"""Of operators that keep the elements of a batch apart: the axis where they lie in the results, given those of the
inputs, of which one at least has them; None if the operator mixes them after all."""


def _refused(why: str) -> UnsupportedModel:
    return UnsupportedModel(
        "the size of the batch must be known ahead of time", [("why", why)], "choose it: --shape NAME=SIZE"
    )


def _axis(two: TensorType, three: TensorType) -> int | None:
    """The axis whose size is a multiple of the batch's, which is 2 or 3; None if there is none.

    The elements lie one after the other along it. Raises UnsupportedModel if sizes depend on the batch in other ways.
    """
    if two.dtype == three.dtype and len(two.shape) == len(three.shape):
        varying = [i for i, (b, c) in enumerate(zip(two.shape, three.shape, strict=True)) if b != c]
        if not varying:
            return None
        b, c = two.shape[varying[0]], three.shape[varying[0]]
        if len(varying) == 1 and 3 * b == 2 * c:
            return varying[0]
    raise _refused(f"a tensor is {two} for 2 elements, and {three} for 3")


def _sized(op: Op, shape: tuple[int, ...]) -> Op:
    """The operator with another size of its result, if it states one."""
    if isinstance(op, Reshape | BroadcastTo):
        return replace(op, shape=shape)
    return replace(op, size=shape) if isinstance(op, Slice) else op


class _Proof:
    """The model for 2 and 3 elements, compared node by node; what it is for one element.

    axes:    of the tensors for 2 elements; one: those for one element in their places
    element: the graph for one element
    """

    def __init__(self, two: Graph, three: Graph) -> None:
        """Raises UnsupportedModel if the model may mix elements."""
        self.axes: dict[Tensor, int | None] = {}
        self.one: dict[Tensor, Tensor] = {}
        self._twins: dict[Tensor, Tensor] = {}
        if two.state or three.state:
            raise _refused("the model keeps state from run to run")
        if len(two.nodes) != len(three.nodes):
            raise _refused("its operators are others for 2 and 3 elements")
        for a, b in zip(two.inputs, three.inputs, strict=True):
            self._add(a, b)
        nodes = [self._node(m, n) for m, n in zip(two.nodes, three.nodes, strict=True)]
        for a, b in zip(two.outputs, three.outputs, strict=True):
            self._same(a, b)
        inputs, outputs = [self.one[t] for t in two.inputs], [self.one[t] for t in two.outputs]
        self.element = Graph(two.name, inputs, outputs, nodes)

    def is_first(self, tensor: Tensor) -> bool:
        """Whether the first axis is the batch, and nothing else."""
        return self.axes[tensor] == 0 and tensor.shape[0] == 2

    def _add(self, two: Tensor, three: Tensor) -> None:
        axis = _axis(two.type, three.type)
        shape = tuple(n // 2 if i == axis else n for i, n in enumerate(two.shape))
        type = TensorType(two.dtype, shape, two.type.quantization)
        data = two.data if two.data is None or axis is None else two.data.take(range(shape[axis]), axis)
        self.axes[two], self._twins[two], self.one[two] = axis, three, Tensor(two.name, type, data)

    def _same(self, two: Tensor, three: Tensor) -> None:
        """The tensors stand for each other; constants hold the same for each element."""
        if two.data is None or three.data is None:
            if self._twins.get(two) is not three:
                raise _refused(f'"{two.name}" is computed in another way for 3 elements')
            return
        if self._twins.get(two) is three:
            return
        self._add(two, three)
        data, axis = self.one[two].values, self.axes[two]
        for count, values in ((2, two.data), (3, three.data)):
            expected = data if axis is None else np.concatenate([data] * count, axis)
            if expected.tobytes() != np.ascontiguousarray(values).tobytes():
                raise _refused(f'the constant "{two.name}" is another for each element')

    def _node(self, two: Node, three: Node) -> Node:
        """The node for one element."""
        alike = _sized(two.op, ()) == _sized(three.op, ()) and len(two.inputs) == len(three.inputs)
        if not alike or any((a is None) != (b is None) for a, b in zip(two.inputs, three.inputs, strict=True)):
            raise _refused(f"{two.source} is another operator for 3 elements")
        for a, b in zip(two.inputs, three.inputs, strict=True):
            if a is not None and b is not None:
                self._same(a, b)
        for a, b in zip(two.outputs, three.outputs, strict=True):
            self._add(a, b)
        self._keeps_apart(two)
        inputs = [None if t is None else self.one[t] for t in two.inputs]
        outputs = [self.one[t] for t in two.outputs]
        return Node(_sized(two.op, outputs[0].shape), inputs, outputs, two.name, two.source)

    def _keeps_apart(self, two: Node) -> None:
        """Raises UnsupportedModel unless each element's results depend on nothing of other elements."""
        axes = [None if t is None else self.axes[t] for t in two.inputs]
        results = {self.axes[t] for t in two.outputs}
        if all(a is None for a in axes):
            if results != {None} and not isinstance(two.op, BroadcastTo):
                raise _refused(f"{two.source} makes elements out of what they share")
            return
        rule = RULES.get(type(two.op))
        axis = None if rule is None else rule(two, axes)
        if axis is None or results != {axis}:
            raise _refused(f"{two.source} mixes the elements of a batch, or may do so ({two.op.kind})")


def run_in_batches(at: Callable[[int], Graph], dimension: str, bound: int) -> Graph:
    """A model whose dimension called `dimension` has any size up to `bound`.

    at: the model with a size of that dimension. The result has an input more, s32[] called `dimension`: the size; it
    counts as 0 if it is less, and as the bound if it is greater. Inputs and outputs have room for the bound; for each
    output, another one called NAME_shape has its actual extents, s64[rank].

    Raises UnsupportedModel if an operator may mix what lies along that dimension, or it is not the first one.
    """
    two = at(2)
    proof = _Proof(two, at(3))
    for tensor in (*two.inputs, *two.outputs):
        if not proof.is_first(tensor) and (proof.axes[tensor] is not None or tensor in two.outputs):
            raise _refused(f'it is not the first dimension of "{tensor.name}", which is {tensor.type} for 2 elements')
    batched = {proof.one[t] for t in two.inputs if proof.is_first(t)}
    return _Loop(proof.element, batched, dimension, bound).graph


class _Loop:
    """A graph whose only loop runs the model for one element after the other."""

    def __init__(self, model: Graph, batched: Collection[Tensor], dimension: str, bound: int) -> None:
        """batched: inputs of which there is one for each element"""
        self._batched = batched
        count = Tensor(dimension, TensorType(S32, ()))
        self.graph = Graph(model.name, [], [])
        whole = {t: Tensor(t.name, self._room(t.type, bound) if t in batched else t.type) for t in model.inputs}
        self.graph.inputs = [*whole.values(), count]
        least, most = (constant(name, np.array(n), S32) for name, n in (("none", 0), ("bound", bound)))
        counted = self._add(self.graph, Binary("maximum"), [count, least], "count/positive")
        counted = self._add(self.graph, Binary("minimum"), [counted, most], "count")
        rooms = [self._zeros(TensorType(t.dtype, (bound, *t.shape[1:])), t.name) for t in model.outputs]
        body = self._body(model, whole, [t.type for t in rooms])
        body.inputs.append(Tensor("count", counted.type))
        condition = Graph("condition", [Tensor(t.name, t.type) for t in body.inputs], [])
        condition.outputs = [self._add(condition, Compare("less"), [condition.inputs[0], condition.inputs[-1]], "more")]
        first = constant("first", np.array(0), S32)
        results = [
            Tensor("done", first.type),
            *(Tensor(t.name, r.type) for t, r in zip(model.outputs, rooms, strict=True)),
        ]
        inputs = [first, *rooms, *whole.values(), counted]
        self.graph.nodes.append(Node(While(condition, body), list(inputs), results, "batch", "batch"))
        self.graph.outputs = results[1:]
        along = self._add(self.graph, Cast("s64"), [counted], "count/s64")
        along = self._add(self.graph, Reshape((1,)), [along], "count/row")
        for tensor in results[1:]:
            rest = constant(f"{tensor.name}/rest", np.array(tensor.shape[1:]), S64)
            shape = self._add(
                self.graph, Concat(0), [along, rest] if tensor.rank > 1 else [along], f"{tensor.name}_shape"
            )
            self.graph.outputs.append(shape)

    def _room(self, type: TensorType, bound: int) -> TensorType:
        return TensorType(type.dtype, (bound, *type.shape[1:]))

    def _add(self, graph: Graph, op: Op, inputs: Sequence[Tensor], name: str) -> Tensor:
        (type,) = op.infer(*(t.type for t in inputs))
        result = Tensor(name, type)
        graph.nodes.append(Node(op, list(inputs), [result], name, "batch"))
        return result

    def _zeros(self, type: TensorType, name: str) -> Tensor:
        zero = constant("zero", np.array(0), type.dtype)
        return self._add(self.graph, BroadcastTo(type.shape), [zero], f"{name}/room")

    def _body(self, model: Graph, whole: Mapping[Tensor, Tensor], rooms: Sequence[TensorType]) -> Graph:
        """(number, results..., inputs...) -> (number + 1, results with those of element `number`...)"""
        number = Tensor("number", TensorType(S32, ()))
        body = Graph("element", [number, *(Tensor("results", t) for t in rooms)], [])
        place = self._add(body, Reshape((1,)), [number], "place")
        for tensor in model.inputs:
            if tensor not in self._batched:
                body.inputs.append(tensor)
                continue
            body.inputs.append(Tensor(tensor.name, whole[tensor].type))
            body.nodes.append(Node(Gather(0), [body.inputs[-1], place], [tensor], tensor.name, "batch"))
        body.nodes += model.nodes
        one = constant("one", np.array(1), S32)
        body.outputs = [self._add(body, Binary("add"), [number, one], "next")]
        for tensor, results in zip(model.outputs, body.inputs[1:], strict=False):
            zeros = constant("zeros", np.zeros(tensor.rank - 1), S32)
            start = self._add(body, Concat(0), [place, zeros], "start") if tensor.rank > 1 else place
            body.outputs.append(self._add(body, UpdateSlice(), [results, tensor, start], f"{tensor.name}/results"))
        return body
