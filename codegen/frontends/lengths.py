"""A dimension of any size up to a bound, along which the model mixes what it computes: the length of a sequence.

The model is computed for the bound, whatever the size. What lies beyond the size is not of the model: nobody reads it,
but where an operator mixes what lies along the dimension. There it is replaced beforehand by what makes no difference:
0 in a sum and in the padding of a convolution, -infinity in a softmax. Recurrent layers are told the size.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from edgegen.frontends.bounds import Size, add, refused, sized
from edgegen.frontends.length_rules import RULES, Axes, Beyond, Lengths
from edgegen.ir.dtypes import S32
from edgegen.ir.graph import Graph, Node
from edgegen.ir.op import Op
from edgegen.ir.tensor import Array, Tensor, constant
from edgegen.ops.attention import Attention
from edgegen.ops.binary import Binary
from edgegen.ops.compare import Compare
from edgegen.ops.gather import Gather
from edgegen.ops.reshape import Reshape
from edgegen.ops.select_op import Select
from edgegen.ops.slice import Slice


class _Model(Lengths):
    """The model for the bound, as it is for every size; compared node by node with the one for one more."""

    def __init__(self, whole: Graph, more: Graph, dimension: str, bound: int) -> None:
        """Raises UnsupportedModel if the model's results may depend on what lies beyond the size."""
        if whole.state or more.state:
            raise refused("the model keeps state from run to run")
        if len(whole.nodes) != len(more.nodes):
            raise refused(f"its operators are others for {bound} and for {bound + 1}")
        self.graph = Graph(whole.name, list(whole.inputs), [])
        self.bound = bound
        self._size = Size(self.graph, dimension, 1, bound)
        self._axes: dict[Tensor, Axes] = {}
        self._twins: dict[Tensor, Tensor] = {}
        self._same_as: dict[Tensor, Tensor] = {}
        self._replaced: dict[tuple[Tensor, Axes, float], Tensor] = {}
        self._within: Tensor | None = None
        self._read = {t for n in whole.nodes for t in n.inputs} | set(whole.outputs)
        for a, b in zip(whole.inputs, more.inputs, strict=True):
            self._pair(a, b)
            self._check_port(a)
            if self._axes[a]:
                self._same_as[a] = self.replaced(a, self._axes[a], 0)
        self.graph.inputs.append(self._size.given)
        for m, n in zip(whole.nodes, more.nodes, strict=True):
            self._take(m, n)
        for a, b in zip(whole.outputs, more.outputs, strict=True):
            self._match(a, b)
            self._check_port(a)
            axes = self._axes[a]
            self.graph.outputs.append(self.replaced(a, axes, 0, a.name) if axes else self.now(a))
        self.graph.outputs += [self._size.extents(t, next(iter(self._axes[t]), None)) for t in whole.outputs]

    # Lengths: what rules ask

    def axes(self, tensor: Tensor | None) -> Axes:
        return self._axes.get(tensor, ()) if tensor is not None else ()

    @property
    def count(self) -> Tensor:
        return self._size.count

    def now(self, tensor: Tensor) -> Tensor:
        return self._same_as.get(tensor, tensor)

    def replaced(self, tensor: Tensor, axes: Axes, beyond: Beyond, name: str = "") -> Tensor:
        known = self._replaced.get((tensor, axes, beyond)) if not name else None
        if known is not None:
            return known
        result = self.now(tensor)
        fill = constant(f"{tensor.name}/beyond", np.array(beyond), tensor.dtype)
        for k, axis in enumerate(axes):
            last = k == len(axes) - 1
            shape = tuple(self.bound if i == axis else 1 for i in range(tensor.rank))
            within = add(self.graph, Reshape(shape), [self._positions()], f"{tensor.name}/within")
            called = name if name and last else f"{tensor.name}/cut"
            result = add(self.graph, Select(), [within, result, fill], called)
            result.type = replace(result.type, quantization=tensor.type.quantization)
        if not name:
            self._replaced[tensor, axes, beyond] = result
        return result

    def _positions(self) -> Tensor:
        """bool[bound]: whether each place is within the size."""
        if self._within is None:
            places = constant("places", np.arange(self.bound), S32)
            self._within = add(self.graph, Compare("less"), [places, self.count], "within")
        return self._within

    def add(self, op: Op, inputs: Sequence[Tensor], name: str) -> Tensor:
        return add(self.graph, op, inputs, name)

    def is_read(self, tensor: Tensor) -> bool:
        return tensor in self._read

    def keep(self, node: Node, inputs: list[Tensor | None] | None = None) -> None:
        given = [None if t is None else self.now(t) for t in node.inputs] if inputs is None else inputs
        self.graph.nodes.append(Node(node.op, given, node.outputs, node.name, node.source))

    # the comparison

    def _pair(self, a: Tensor, b: Tensor) -> None:
        """Two tensors stand for each other; the axes that grow are those along the dimension."""
        if a.dtype != b.dtype or a.rank != b.rank:
            raise refused(f"a tensor is {a.type} for {self.bound}, and {b.type} for one more")
        varying = tuple(i for i, (m, n) in enumerate(zip(a.shape, b.shape, strict=True)) if m != n)
        if any((a.shape[i], b.shape[i]) != (self.bound, self.bound + 1) for i in varying):
            raise refused(f"a tensor is {a.type} for {self.bound}, and {b.type} for one more")
        self._axes[a], self._twins[a] = varying, b

    def _match(self, a: Tensor, b: Tensor) -> None:
        """Raises UnsupportedModel unless they stand for each other; constants hold the same as far as both go."""
        if self._twins.get(a) is b:
            return
        if a.data is None or b.data is None:
            raise refused(f'"{a.name}" is computed in another way for one more')
        self._pair(a, b)
        common: Array = b.data[tuple(slice(n) for n in a.shape)]
        if np.ascontiguousarray(common).tobytes() != np.ascontiguousarray(a.data).tobytes():
            raise refused(f'the constant "{a.name}" is another for each size')

    def _check_port(self, tensor: Tensor) -> None:
        """Raises UnsupportedModel unless what lies within the size comes first in the tensor's bytes."""
        axes = self._axes[tensor]
        if len(axes) > 1 or any(n != 1 for i in axes for n in tensor.shape[:i]):
            raise refused(
                f'of "{tensor.name}", {tensor.type} for {self.bound}, all extents before the free one must be 1'
            )

    def _take(self, a: Node, b: Node) -> None:
        if len(a.inputs) != len(b.inputs) or any(
            (x is None) != (y is None) for x, y in zip(a.inputs, b.inputs, strict=True)
        ):
            raise refused(f"{a.source} is another operator for one more")
        for k, (x, y) in enumerate(zip(a.inputs, b.inputs, strict=True)):
            if x is not None and y is not None and not self._is_length(a, k):
                self._match(x, y)
        for x, y in zip(a.outputs, b.outputs, strict=True):
            self._pair(x, y)
        free = any(self.axes(t) for t in a.inputs) or any(self._is_length(a, k) for k in range(len(a.inputs)))
        if not free and not any(self.axes(t) for t in a.outputs):
            if a.op != b.op:
                raise refused(f"{a.source} is another operator for one more")
            self.keep(a)
            return
        if isinstance(a.op, Slice) and isinstance(b.op, Slice) and self._last(a, a.op, b.op):
            return
        rule = RULES.get(type(a.op))
        if sized(a.op, ()) != sized(b.op, ()):
            raise refused(f"{a.source} is another operator for one more")
        if rule is None or not rule(a, self):
            raise refused(f"{a.source} may mix what lies within the size and beyond it ({a.op.kind})")

    def _is_length(self, node: Node, k: int) -> bool:
        """Whether an input counts the keys of an attention, which are as many as the dimension has places."""
        if not isinstance(node.op, Attention) or k != 4:
            return False
        tensor = node.input(k)
        return tensor.data is not None and bool((tensor.data == self.bound).all()) and bool(self.axes(node.inputs[1]))

    def _last(self, node: Node, op: Slice, other: Slice) -> bool:
        """The last place along the dimension, which the size tells."""
        (axis, *more) = self.axes(node.input(0)) or (-1, -1)
        if more or op.size != other.size or op.size[axis] != 1 or op.begin[axis] != self.bound - 1:
            return False
        first = replace(op, begin=tuple(0 if i == axis else n for i, n in enumerate(op.begin)))
        if other != replace(op, begin=tuple(self.bound if i == axis else n for i, n in enumerate(op.begin))):
            return False
        place = add(self.graph, Binary("sub"), [self.count, constant("one", np.array(1), S32)], "last")
        row = add(self.graph, Reshape((1,)), [place], "last/row")
        chosen = add(self.graph, Gather(axis), [self.now(node.input(0)), row], f"{node.out.name}/last")
        self.graph.nodes.append(Node(first, [chosen], node.outputs, node.name, node.source))
        return True


def run_to_length(at: Callable[[int], Graph], dimension: str, bound: int) -> Graph:
    """A model whose dimension called `dimension` has any size up to `bound`, computed for the bound.

    at: the model with a size of that dimension. The result has an input more, s32[] called `dimension`: the size; it
    counts as 1 if it is less, and as the bound if it is greater. Inputs and outputs have room for the bound, the first
    axes of those that lie along the dimension being of 1; beyond the size outputs hold 0. For each output, another one
    called NAME_shape has its actual extents, s64[rank].

    Raises UnsupportedModel if an operator may mix what lies within the size and beyond it.
    """
    return _Model(at(bound), at(bound + 1), dimension, bound).graph
