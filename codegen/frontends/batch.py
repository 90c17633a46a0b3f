"""A dimension of any size up to a bound: the model runs once for each of that many elements of a batch.

Kernels know their sizes ahead of time, so that what varies is how often they run: a loop over the elements, whose
arena is that of one. That is the same only if no operator mixes elements, which is proved operator by operator:
how a tensor lies in memory tells where its elements are, and what the operator does along that axis whether it mixes.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

import numpy as np

from edgegen.frontends.batch_axes import RULES
from edgegen.frontends.bounds import add, bounded, extents, refused, sized
from edgegen.ir.dtypes import S32
from edgegen.ir.graph import Graph, Node
from edgegen.ir.tensor import Tensor, TensorType, constant
from edgegen.ops.binary import Binary
from edgegen.ops.broadcast_to import BroadcastTo
from edgegen.ops.compare import Compare
from edgegen.ops.concat import Concat
from edgegen.ops.control import While
from edgegen.ops.gather import Gather
from edgegen.ops.reshape import Reshape
from edgegen.ops.update_slice import UpdateSlice


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
    raise refused(f"a tensor is {two} for 2 elements, and {three} for 3")


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
            raise refused("the model keeps state from run to run")
        if len(two.nodes) != len(three.nodes):
            raise refused("its operators are others for 2 and 3 elements")
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
                raise refused(f'"{two.name}" is computed in another way for 3 elements')
            return
        if self._twins.get(two) is three:
            return
        self._add(two, three)
        data, axis = self.one[two].values, self.axes[two]
        for count, values in ((2, two.data), (3, three.data)):
            expected = data if axis is None else np.concatenate([data] * count, axis)
            if expected.tobytes() != np.ascontiguousarray(values).tobytes():
                raise refused(f'the constant "{two.name}" is another for each element')

    def _node(self, two: Node, three: Node) -> Node:
        """The node for one element."""
        alike = sized(two.op, ()) == sized(three.op, ()) and len(two.inputs) == len(three.inputs)
        if not alike or any((a is None) != (b is None) for a, b in zip(two.inputs, three.inputs, strict=True)):
            raise refused(f"{two.source} is another operator for 3 elements")
        for a, b in zip(two.inputs, three.inputs, strict=True):
            if a is not None and b is not None:
                self._same(a, b)
        for a, b in zip(two.outputs, three.outputs, strict=True):
            self._add(a, b)
        self._keeps_apart(two)
        inputs = [None if t is None else self.one[t] for t in two.inputs]
        outputs = [self.one[t] for t in two.outputs]
        return Node(sized(two.op, outputs[0].shape), inputs, outputs, two.name, two.source)

    def _keeps_apart(self, two: Node) -> None:
        """Raises UnsupportedModel unless each element's results depend on nothing of other elements."""
        axes = [None if t is None else self.axes[t] for t in two.inputs]
        results = [self.axes[t] for t in two.outputs]
        if all(a is None for a in axes):
            if any(a is not None for a in results) and not isinstance(two.op, BroadcastTo):
                raise refused(f"{two.source} makes elements out of what they share")
            return
        rule = RULES.get(type(two.op))
        kept = None if rule is None else rule(two, axes)
        if kept is None or results != (list(kept) if isinstance(kept, tuple) else [kept] * len(results)):
            raise refused(f"{two.source} mixes the elements of a batch, or may do so ({two.op.kind})")


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
            raise refused(f'it is not the first dimension of "{tensor.name}", which is {tensor.type} for 2 elements')
    batched = {proof.one[t] for t in two.inputs if proof.is_first(t)}
    return _Loop(proof.element, batched, dimension, bound).graph


class _Loop:
    """A graph whose only loop runs the model for one element after the other."""

    def __init__(self, model: Graph, batched: Collection[Tensor], dimension: str, bound: int) -> None:
        """batched: inputs of which there is one for each element"""
        self._batched = batched
        self.graph = Graph(model.name, [], [])
        given, count = (Tensor(name, TensorType(S32, ())) for name in (dimension, "count"))
        self.graph.nodes = bounded(given, 0, bound, count)
        whole = {t: Tensor(t.name, self._room(t.type, bound) if t in batched else t.type) for t in model.inputs}
        self.graph.inputs = [*whole.values(), given]
        rooms = [self._zeros(TensorType(t.dtype, (bound, *t.shape[1:])), t.name) for t in model.outputs]
        body = self._body(model, whole, [t.type for t in rooms])
        body.inputs.append(Tensor("count", count.type))
        condition = Graph("condition", [Tensor(t.name, t.type) for t in body.inputs], [])
        condition.outputs = [add(condition, Compare("less"), [condition.inputs[0], condition.inputs[-1]], "more")]
        first = constant("first", np.array(0), S32)
        results = [
            Tensor("done", first.type),
            *(Tensor(t.name, r.type) for t, r in zip(model.outputs, rooms, strict=True)),
        ]
        inputs = [first, *rooms, *whole.values(), count]
        self.graph.nodes.append(Node(While(condition, body), list(inputs), results, "batch", "batch"))
        self.graph.outputs = results[1:]
        self.graph.outputs += [extents(self.graph, t, {0: count}) for t in results[1:]]

    def _room(self, type: TensorType, bound: int) -> TensorType:
        return TensorType(type.dtype, (bound, *type.shape[1:]))

    def _zeros(self, type: TensorType, name: str) -> Tensor:
        zero = constant("zero", np.array(0), type.dtype)
        return add(self.graph, BroadcastTo(type.shape), [zero], f"{name}/room")

    def _body(self, model: Graph, whole: Mapping[Tensor, Tensor], rooms: Sequence[TensorType]) -> Graph:
        """(number, results..., inputs...) -> (number + 1, results with those of element `number`...)"""
        number = Tensor("number", TensorType(S32, ()))
        body = Graph("element", [number, *(Tensor("results", t) for t in rooms)], [])
        place = add(body, Reshape((1,)), [number], "place")
        for tensor in model.inputs:
            if tensor not in self._batched:
                body.inputs.append(tensor)
                continue
            body.inputs.append(Tensor(tensor.name, whole[tensor].type))
            body.nodes.append(Node(Gather(0), [body.inputs[-1], place], [tensor], tensor.name, "batch"))
        body.nodes += model.nodes
        one = constant("one", np.array(1), S32)
        body.outputs = [add(body, Binary("add"), [number, one], "next")]
        for tensor, results in zip(model.outputs, body.inputs[1:], strict=False):
            zeros = constant("zeros", np.zeros(tensor.rank - 1), S32)
            start = add(body, Concat(0), [place, zeros], "start") if tensor.rank > 1 else place
            body.outputs.append(add(body, UpdateSlice(), [results, tensor, start], f"{tensor.name}/results"))
        return body
