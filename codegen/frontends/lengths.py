"""A dimension of any size up to a bound, along which the model mixes what it computes: the length of a sequence.

The model is computed for the bound, whatever the size. What lies beyond the size is not of the model: nobody reads it,
but where an operator mixes what lies along the dimension. There it is replaced beforehand by what makes no difference:
0 in a sum and in the padding of a convolution, -infinity in a softmax. Recurrent layers are told the size.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace

import numpy as np

from edgegen.errors import InvalidModel
from edgegen.frontends.bounds import add, bounded, extents, refused, sized
from edgegen.frontends.length import SIZE, Axes, Beyond, Length, Lengths
from edgegen.frontends.length_rules import RULES
from edgegen.ir.dtypes import S32
from edgegen.ir.graph import Graph, Node
from edgegen.ir.op import Op
from edgegen.ir.tensor import Tensor, TensorType, constant
from edgegen.ops.attention import Attention
from edgegen.ops.binary import Binary
from edgegen.ops.compare import Compare
from edgegen.ops.gather import Gather
from edgegen.ops.repitch import MAX_AXES, Repitch
from edgegen.ops.requantize import Dequantize
from edgegen.ops.reshape import Reshape
from edgegen.ops.resize import Resize
from edgegen.ops.select_op import Select
from edgegen.ops.slice import Slice
from edgegen.ops.transpose import Transpose
from edgegen.ops.transpose_conv2d import TransposeConv2d


def _unsized(op: Op) -> Op:
    """The operator without what may depend on the size, which its rule looks at."""
    if isinstance(op, Slice):
        return replace(op, begin=(), size=())
    return replace(op, size=(1, 1)) if isinstance(op, Resize | TransposeConv2d) else sized(op, ())


class _Model(Lengths):
    """The model for the bound, as it is for every size; compared node by node with what it is for other sizes."""

    def __init__(self, graphs: Sequence[Graph], dimension: str, sizes: Sequence[int]) -> None:
        """graphs: of these sizes, of which the first is the bound

        Raises UnsupportedModel if the model's results may depend on what lies beyond the size.
        """
        whole = graphs[0]
        for graph, size in zip(graphs, sizes, strict=True):
            if graph.state:
                raise refused("the model keeps state from run to run")
            if len(graph.nodes) != len(whole.nodes):
                raise refused(f"its operators are others for {sizes[0]} and for {size}")
        self.sizes = tuple(sizes)
        self.graph = Graph(whole.name, list(whole.inputs), [])
        self._axes: dict[Tensor, Axes] = {}
        self._twins: dict[Tensor, tuple[Tensor, ...]] = {}
        self._same_as: dict[Tensor, Tensor] = {}
        self._replaced: dict[tuple[Tensor, tuple[int, ...], float], Tensor] = {}
        self._within: dict[tuple[Length, int], Tensor] = {}
        self._counts = {SIZE: Tensor("count", TensorType(S32, ()))}
        self._needed = {SIZE: 1}
        self._made_by: dict[Tensor, Node] = {}
        self._nodes: dict[Node, tuple[Node, ...]] = {}
        self._read = {t for n in whole.nodes for t in n.inputs} | set(whole.outputs)
        for tensors in zip(*(g.inputs for g in graphs), strict=True):
            self._take_input(tensors)
        for nodes in zip(*(g.nodes for g in graphs), strict=True):
            self._take(nodes)
        for tensors in zip(*(g.outputs for g in graphs), strict=True):
            self._match(tensors)
            self.graph.outputs.append(self._ported(tensors[0], spread=False))
        for tensor in whole.outputs:
            counts = {axis: self.count(length) for axis, length in self.axes(tensor).items()}
            self.graph.outputs.append(extents(self.graph, tensor, counts))
        given = Tensor(dimension, TensorType(S32, ()))
        self.graph.inputs.append(given)
        self.least = self._least()
        self.graph.nodes[:0] = bounded(given, self.least, self.sizes[0], self._counts[SIZE])

    def _least(self) -> int:
        """The least size from which on there are as many places of each kind as the model needs."""
        allowed = self.sizes[0]
        while allowed > 1 and all(n.at(allowed - 1) >= least for n, least in self._needed.items()):
            allowed -= 1
        return allowed

    # Lengths: what rules ask

    def axes(self, tensor: Tensor | None) -> Axes:
        return self._axes.get(tensor, {}) if tensor is not None else {}

    def at_sizes(self, node: Node) -> Sequence[Node]:
        return self._nodes[node]

    def count(self, length: Length) -> Tensor:
        if length not in self._counts:
            factor, term, divisor = length.steps[-1]
            result = self.count(Length(length.steps[:-1]))
            for function, number, neutral in (("mul", factor, 1), ("add", term, 0), ("div", divisor, 1)):
                if number != neutral:
                    result = self.add(Binary(function), [result, constant(function, np.array(number), S32)], "count")
            self._counts[length] = result
        return self._counts[length]

    def need(self, length: Length, least: int) -> None:
        self._needed[length] = max(least, self._needed.get(length, 1))

    def lies(self, tensor: Tensor, axes: Axes) -> bool:
        for size, twin in zip(self.sizes, self._twins[tensor], strict=True):
            wanted = tuple(axes[a].at(size) if a in axes else n for a, n in enumerate(tensor.shape))
            if twin.dtype != tensor.dtype or twin.shape != wanted:
                return False
        for length in axes.values():
            self.need(length, 1)
        self._axes[tensor] = dict(sorted(axes.items()))
        return True

    def inferred(self, extents: Sequence[int]) -> Length | None:
        found: set[Length] = set()
        for length in self._needed:
            times, rest = divmod(extents[0], length.at(self.sizes[0]))
            candidate = length.then(times)
            if not rest and times and all(candidate.at(s) == n for s, n in zip(self.sizes, extents, strict=True)):
                found.add(candidate)
        if SIZE in found:
            return SIZE
        return found.pop() if len(found) == 1 else None

    def now(self, tensor: Tensor) -> Tensor:
        return self._same_as.get(tensor, tensor)

    def replaced(self, tensor: Tensor, axes: Sequence[int], beyond: Beyond, least: bool = False) -> Tensor:
        known = self._replaced.get((tensor, tuple(axes), beyond))
        if known is not None:
            return known
        if (least or beyond == 0) and self._dequantized(tensor):
            result = self._cut_integers(tensor, axes, least)
        else:
            result = self._filled(self.now(tensor), self._axes[tensor], axes, beyond)
        self._replaced[tensor, tuple(axes), beyond] = result
        return result

    def _dequantized(self, tensor: Tensor) -> bool:
        """Whether the tensor is of quantized integers, perhaps moved."""
        maker = self._made_by.get(tensor)
        if maker is None:
            return False
        if isinstance(maker.op, Dequantize):
            return len(maker.op.scale) == 1
        return isinstance(maker.op, Transpose | Reshape) and self._dequantized(maker.input(0))

    def _cut_integers(self, tensor: Tensor, axes: Sequence[int], least: bool) -> Tensor:
        """0 or the least beyond the size, put there before the integers become real numbers: layers that read these
        can still become layers of integers."""
        maker = self._made_by[tensor]
        x, op = maker.input(0), maker.op
        if isinstance(op, Dequantize):
            cut = self._filled(x, self._axes[tensor], axes, x.dtype.range[0] if least else op.zero_point[0])
        elif isinstance(op, Transpose):
            cut = self._cut_integers(x, [op.perm[a] for a in axes], least)
        else:
            places = {math.prod(tensor.shape[:a]) for a in axes}
            cut = self._cut_integers(x, [a for a in self._axes[x] if math.prod(x.shape[:a]) in places], least)
        return self.add(op, [cut], f"{tensor.name}/cut")

    def _filled(self, tensor: Tensor, lengths: Axes, axes: Sequence[int], beyond: Beyond) -> Tensor:
        fill = constant(f"{tensor.name}/beyond", np.array(beyond), tensor.dtype)
        result = tensor
        for axis in axes:
            shape = tuple(tensor.shape[axis] if i == axis else 1 for i in range(tensor.rank))
            within = self.within(lengths[axis], tensor.shape[axis])
            within = self.add(Reshape(shape), [within], f"{tensor.name}/within")
            result = self.add(Select(), [within, result, fill], f"{tensor.name}/cut")
            result.type = replace(result.type, quantization=tensor.type.quantization)
        return result

    def continued(self, tensor: Tensor, axis: int) -> Tensor:
        places = constant("places", np.arange(tensor.shape[axis]), S32)
        last = self.add(
            Binary("sub"), [self.count(self._axes[tensor][axis]), constant("one", np.array(1), S32)], "last"
        )
        nearest = self.add(Binary("minimum"), [places, last], f"{tensor.name}/nearest")
        return self.add(Gather(axis), [self.now(tensor), nearest], f"{tensor.name}/continued")

    def within(self, length: Length, extent: int) -> Tensor:
        if (length, extent) not in self._within:
            places = constant("places", np.arange(extent), S32)
            within = self.add(Compare("less"), [places, self.count(length)], "within")
            self._within[length, extent] = within
        return self._within[length, extent]

    def add(self, op: Op, inputs: Sequence[Tensor], name: str) -> Tensor:
        return add(self.graph, op, inputs, name)

    def is_read(self, tensor: Tensor) -> bool:
        return tensor in self._read

    def keep(self, node: Node, inputs: list[Tensor | None] | None = None) -> None:
        given = [None if t is None else self.now(t) for t in node.inputs] if inputs is None else inputs
        self.graph.nodes.append(Node(node.op, given, node.outputs, node.name, node.source))
        self._made_by.update(dict.fromkeys(node.outputs, self.graph.nodes[-1]))

    # the comparison

    def _varying(self, tensors: tuple[Tensor, ...]) -> dict[int, tuple[int, ...]]:
        """The axes whose extents depend on the size, and these extents."""
        first = tensors[0]
        if any(t.dtype != first.dtype or t.rank != first.rank for t in tensors):
            raise refused(f"a tensor is {' and '.join(str(t.type) for t in tensors)} for {self._said()}")
        extents = enumerate(zip(*(t.shape for t in tensors), strict=True))
        return {axis: each for axis, each in extents if len(set(each)) > 1}

    def _said(self) -> str:
        return " and ".join(str(size) for size in self.sizes)

    def _take_input(self, tensors: tuple[Tensor, ...]) -> None:
        first, self._twins[tensors[0]] = tensors[0], tensors
        if not self.lies(first, dict.fromkeys(self._varying(tensors), SIZE)):
            raise refused(f"a tensor is {' and '.join(str(t.type) for t in tensors)} for {self._said()}")
        if self._axes[first]:
            self._same_as[first] = self._ported(first, spread=True)

    def _ported(self, tensor: Tensor, spread: bool) -> Tensor:
        """An input where the model reads it, or an output as who runs the model does: without gaps."""
        axes = self.axes(tensor)
        if not axes:
            return self.now(tensor)
        if len(axes) > MAX_AXES:
            raise refused(f'"{tensor.name}" has {len(axes)} axes that are free; there may be {MAX_AXES}')
        counts = [self.count(length) for length in axes.values()]
        name = f"{tensor.name}/rows" if spread else tensor.name
        result = self.add(Repitch(tuple(axes), spread), [self.now(tensor), *counts], name)
        result.type = tensor.type
        return result

    def _match(self, tensors: tuple[Tensor, ...]) -> None:
        """Raises UnsupportedModel unless they stand for each other; constants hold the same as far as all go."""
        first = tensors[0]
        if self._twins.get(first) == tensors:
            return
        if first.data is None or any(t.data is None for t in tensors):
            raise refused(f'"{first.name}" is computed in another way for {self._said()}')
        found = {axis: self.inferred(each) for axis, each in self._varying(tensors).items()}
        self._twins[first] = tensors
        lengths = {axis: length for axis, length in found.items() if length is not None}
        if len(lengths) < len(found) or not self.lies(first, lengths):
            raise refused(f"a constant is {' and '.join(str(t.type) for t in tensors)} for {self._said()}")
        for tensor in tensors:
            inside = tuple(slice(min(m, n)) for m, n in zip(first.shape, tensor.shape, strict=True))
            if np.ascontiguousarray(first.values[inside]).tobytes() != tensor.values[inside].tobytes():
                raise refused(f'the constant "{first.name}" is another for each size')

    def _take(self, nodes: tuple[Node, ...]) -> None:
        first = nodes[0]
        absent = [t is None for t in first.inputs]
        if any([t is None for t in n.inputs] != absent or len(n.outputs) != len(first.outputs) for n in nodes):
            raise refused(f"{first.source} is another operator for {self._said()}")
        for k, tensors in enumerate(zip(*(n.inputs for n in nodes), strict=True)):
            given = tuple(t for t in tensors if t is not None)
            if given and not self._are_keys(first, k, given):
                self._match(given)
        outputs = list(zip(*(n.outputs for n in nodes), strict=True))
        self._twins.update((each[0], each) for each in outputs)
        self._nodes[first] = nodes
        depends = any(self.axes(t) for t in first.inputs) or any(self._varying(each) for each in outputs)
        if not depends and all(n.op == first.op for n in nodes):
            self.keep(first)
            return
        if any(_unsized(n.op) != _unsized(first.op) for n in nodes):
            raise refused(f"{first.source} is another operator for {self._said()}")
        rule = RULES.get(type(first.op))
        if rule is None or not rule(first, self):
            raise refused(f"{first.source} may mix what lies within the size and beyond it ({first.op.kind})")

    def _are_keys(self, node: Node, k: int, tensors: Sequence[Tensor]) -> bool:
        """Whether an input counts the keys of an attention, which are as many as the dimension has places."""
        keys = self.axes(node.inputs[1]).values() if isinstance(node.op, Attention) and k == 4 else ()
        each = list(zip(tensors, self.sizes, strict=True))
        return any(all(t.data is not None and bool((t.data == n.at(s)).all()) for t, s in each) for n in keys)


def run_to_length(at: Callable[[int], Graph], dimension: str, bound: int) -> Graph:
    """A model whose dimension called `dimension` has any size up to `bound`, computed for the bound.

    at: the model with a size of that dimension. The result has an input more, s32[] called `dimension`: the size; it
    counts as the bound if it is greater, and if it is less than the model's windows need, as the least that they do.
    Inputs and outputs have room for the bound; what is of the size comes first there, without gaps, and in outputs 0
    follows. For each output, another one called NAME_shape has its actual extents, s64[rank].

    Raises UnsupportedModel if an operator may mix what lies within the size and beyond it.
    """
    other = bound - 1 if bound > 2 else bound + 1  # 1 is what is broadcast
    graphs, sizes = [at(bound), at(other)], [bound, other]
    middle = (bound + 1) // 2
    if middle not in (1, *sizes):
        with suppress(InvalidModel):  # windows may need more
            graphs.append(at(middle))
            sizes.append(middle)
    return _Model(graphs, dimension, sizes).graph
