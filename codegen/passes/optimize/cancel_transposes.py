"""Removes transposes, or moves them to where they cancel each other.

A transpose that only moves axes of 1 is a view. A transpose whose result is read by one node that treats all places
alike (element by element, padding, slicing, joining, adding up) can as well follow that node; so transposes sink
towards the outputs, where simplify_algebra merges those that meet, until a dense layer takes one into its weights. They
pass reshapes, which need not know of the axes that change places, where another transpose waits on the other side.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from edgegen.ir.graph import Graph, Node
from edgegen.ir.tensor import Tensor, TensorType, constant
from edgegen.ops.cast import Cast
from edgegen.ops.clamp import Clamp
from edgegen.ops.dense import Dense
from edgegen.ops.requantize import Dequantize, Quantize, Requantize
from edgegen.ops.reshape import Reshape
from edgegen.ops.table import Table
from edgegen.ops.transpose import Transpose
from edgegen.ops.unary import Unary
from edgegen.passes.substitution import uses
from edgegen.passes.transposition import Axes, inverse, is_movable, on_source, through_reshape, untransposed
from edgegen.targets import Target

_OF_ONE_ELEMENT = (Cast, Clamp, Dequantize, Quantize, Requantize, Table, Unary)


@dataclass
class _Sinking:
    """One walk in which transposes sink.

    readers: nodes that read each tensor; producers: nodes that compute each
    """

    uses: Counter[Tensor]
    readers: dict[Tensor, list[Node]]
    producers: dict[Tensor, Node]

    def transposed(self, tensor: Tensor) -> tuple[Tensor, Axes] | None:
        """(source, perm) of a tensor that is a transpose and read once."""
        maker = self.producers.get(tensor)
        if maker is None or not isinstance(maker.op, Transpose) or self.uses[tensor] != 1:
            return None
        return maker.input(0), maker.op.perm

    def sources(self, node: Node) -> tuple[list[Tensor], Axes] | None:
        """What the node would read if its inputs, transposes by one permutation or constants, were not transposed."""
        found = [None if t is None or t.is_constant else self.transposed(t) for t in node.inputs]
        perms = {f[1] for f in found if f is not None}
        if len(perms) != 1:
            return None
        (perm,) = perms
        sources: list[Tensor] = []
        for tensor, known in zip(node.inputs, found, strict=True):
            if tensor is None or tensor.rank > len(perm) or (known is None and not tensor.is_constant):
                return None
            sources.append(untransposed(tensor, perm) if known is None else known[0])
        return sources, perm

    def pays(self, node: Node) -> bool:
        """Whether the transpose moves no more bytes after the node than before, or meets another there."""
        if node.out.type.bytes <= sum(t.type.bytes for t in node.inputs if t is not None and not t.is_constant):
            return True
        readers = self.readers.get(node.out, [])
        return self.uses[node.out] == 1 and len(readers) == 1 and isinstance(readers[0].op, Transpose)

    def sink(self, node: Node) -> Node | None:
        """Lets the node read untransposed sources; the transpose that must follow it, or None if nothing changed."""
        found = self.sources(node) if node.inputs and len(node.outputs) == 1 else None
        moved = on_source(node.op, found[1]) if found is not None else None
        if found is None or moved is None or len(moved[1]) != node.out.rank or not self.pays(node):
            return None
        sources, (op, perm), out = found[0], moved, node.out
        shape = tuple(out.shape[i] for i in inverse(perm))
        inner = Tensor(f"{out.name}/untransposed", TensorType(out.dtype, shape, out.type.quantization))
        node.op, node.inputs, node.outputs = op, [*sources], [inner]
        after = Node(Transpose(perm), [inner], [out], out.name, node.source)
        self.producers[inner], self.producers[out] = node, after
        self.uses[inner] = 1
        return after


def _sink_below(node: Node, state: _Sinking) -> Node | None:
    """Lets a reshape take the source of the transpose that it reads, if another transpose reads its result, or if it
    only drops axes of 1 before nodes that work on any order of axes; the transpose that must follow it, or None if
    nothing changed."""
    found, readers = state.transposed(node.input(0)), state.readers.get(node.out, [])
    moved = through_reshape(node.input(0).shape, node.out.shape, found[1]) if found is not None else None
    if found is None or moved is None:
        return None
    (shape, perm), out = moved, node.out
    meets = state.uses[out] == 1 and all(isinstance(n.op, Transpose) for n in readers)
    squeezes = [n for n in node.input(0).shape if n > 1] == [n for n in out.shape if n > 1]
    if not meets and not (squeezes and readers and all(is_movable(n, perm) for n in readers)):
        return None
    inner = Tensor(f"{out.name}/untransposed", TensorType(out.dtype, shape, out.type.quantization))
    node.op, node.inputs, node.outputs = Reshape(shape), [found[0]], [inner]
    after = Node(Transpose(perm), [inner], [out], out.name, node.source)
    state.producers[inner], state.producers[out] = node, after
    state.uses[inner] = 1
    return after


def _flatten_after(node: Node, state: _Sinking) -> Node | None:
    """Lets a node that computes element by element, and widens none, read what a reshape of a transpose reads; the
    reshape that must follow it, or None if nothing changed."""
    x = node.inputs[0] if len(node.inputs) == 1 else None
    flat = state.producers.get(x) if x is not None else None
    if x is None or flat is None or not isinstance(flat.op, Reshape) or state.uses[x] != 1:
        return None
    source, out = flat.input(0), node.out
    per_tensor = not isinstance(node.op, Dequantize) or len(node.op.scale) == 1
    alike = isinstance(node.op, _OF_ONE_ELEMENT) and on_source(node.op, tuple(range(out.rank))) is not None
    if not (alike and per_tensor) or state.transposed(source) is None or out.dtype.size > x.dtype.size:
        return None
    inner = Tensor(f"{out.name}/unshaped", TensorType(out.dtype, source.shape, out.type.quantization))
    node.inputs, node.outputs = [source], [inner]
    after = Node(Reshape(out.shape), [inner], [out], out.name, node.source)
    state.producers[inner], state.producers[out] = node, after
    state.uses[inner] = 1
    return after


def _rise_above(node: Node, state: _Sinking) -> Node | None:
    """Lets a transpose change places with the reshape before it, where that reads a transpose; the reshape that must
    follow it, or None if nothing changed."""
    reshape = state.producers.get(node.input(0))
    if reshape is None or not isinstance(reshape.op, Reshape) or state.uses[reshape.out] != 1:
        return None
    assert isinstance(node.op, Transpose)
    x, out = reshape.input(0), node.out
    moved = through_reshape(reshape.out.shape, x.shape, inverse(node.op.perm)) if state.transposed(x) else None
    if moved is None:
        return None
    shape, back = moved
    turned = Tensor(f"{x.name}/transposed", TensorType(x.dtype, shape, x.type.quantization))
    node.op, node.inputs, node.outputs = Transpose(inverse(back)), [x], [turned]
    after = Node(Reshape(out.shape), [turned], [out], out.name, node.source)
    state.producers[turned], state.producers[out] = node, after
    state.uses[turned] = 1
    return after


def _absorb(node: Node, producers: dict[Tensor, Node], uses_of: Counter[Tensor]) -> bool:
    """A dense layer over a flattened transpose reads the flattened source, with its weights in the order of that."""
    weights, flat = node.input(1), producers.get(node.input(0))
    moved = producers.get(flat.input(0)) if flat is not None and isinstance(flat.op, Reshape) else None
    if moved is None or flat is None or not isinstance(moved.op, Transpose):
        return False
    perm, y = moved.op.perm, moved.out
    if not perm or perm[0] != 0 or flat.out.shape[0] != y.shape[0] or weights.data is None or uses_of[weights] != 1:
        return False
    columns = weights.data.reshape(weights.shape[0], *y.shape[1:]).transpose(inverse(perm))
    values = np.ascontiguousarray(columns).reshape(weights.shape)
    reshape = Node(
        flat.op, [moved.input(0)], [Tensor(f"{flat.out.name}/untransposed", flat.out.type)], flat.name, flat.source
    )
    node.inputs = [
        reshape.out,
        constant(weights.name, values, weights.dtype, weights.type.quantization),
        *node.inputs[2:],
    ]
    producers[reshape.out] = reshape
    return True


def cancel_transposes(graph: Graph, target: Target) -> bool:
    """Exact for every operator but f32 dense layers, whose sums take another order."""
    del target
    state = _Sinking(uses(graph), graph.consumers(), graph.producers())
    nodes: list[Node] = []
    changed = False
    for node in graph.nodes:
        nodes.append(node)
        if isinstance(node.op, Transpose):
            if node.op.aliases(node.input(0).type, node.out.type):
                node.op = Reshape(node.out.shape)
                changed = True
            elif (after := _rise_above(node, state)) is not None:
                nodes.append(after)
                changed = True
        elif isinstance(node.op, Reshape):
            if node.inputs[0] is not None and (after := _sink_below(node, state)) is not None:
                nodes.append(after)
                changed = True
        elif isinstance(node.op, Dense):
            if _absorb(node, state.producers, state.uses):
                nodes.insert(len(nodes) - 1, state.producers[node.input(0)])
                changed = True
        elif (after := state.sink(node) or _flatten_after(node, state)) is not None:
            nodes.append(after)
            changed = True
    graph.nodes = nodes
    return changed
