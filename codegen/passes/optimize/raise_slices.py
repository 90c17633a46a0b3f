"""Lets slices read what was reshaped and transposed for them: what they cut off then moves no more.

Exporters write "every second channel" as a reshape to [C/2, 2, ...], a transpose and a choice along the axis of 2.
Taken before the reshape, it is a slice in steps of 2, and what is left of the transpose moves axes of 1 only.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from edgegen.ir.graph import Graph, Node
from edgegen.ir.tensor import Tensor, TensorType
from edgegen.ops.reshape import Reshape
from edgegen.ops.slice import Slice
from edgegen.ops.transpose import Transpose
from edgegen.passes.substitution import uses
from edgegen.passes.transposition import before, regrouped
from edgegen.targets import Target

Cut = tuple[int, int, int]
"""First index, count and step along an axis."""


def _before_split(extents: Sequence[int], cuts: Sequence[Cut]) -> Cut | None:
    """The slice of one axis that, split into axes of these extents, is cut like this; None if there is none."""
    partial = [k for k, (n, cut) in enumerate(zip(extents, cuts, strict=True)) if cut != (0, n, 1)]
    if not partial:
        return 0, math.prod(extents), 1
    (k, *more), (begin, count, step) = partial, cuts[partial[0]]
    outer, inner = math.prod(extents[:k]), math.prod(extents[k + 1 :])
    if more:
        return None
    if outer == 1 and (inner == 1 or step == 1):
        return begin * inner, count * inner, step
    return (begin, outer, extents[k]) if inner == count == 1 else None


def _before_reshape(op: Slice, shape: tuple[int, ...], reshaped: tuple[int, ...]) -> Slice | None:
    """The slice of a tensor of `shape` that takes what `op` takes of it as `reshaped`."""
    cuts = [(0, n, 1) for n in shape]
    for axes, others in regrouped(shape, reshaped):
        there = [(op.begin[i], op.size[i], op.stride[i]) for i in others]
        long = [i for i in axes if shape[i] > 1]
        if len(long) == 1:
            cut = _before_split([reshaped[i] for i in others], there)
            if cut is None:
                return None
            cuts[long[0]] = cut
        elif any(cut != (0, reshaped[i], 1) for i, cut in zip(others, there, strict=True)):
            return None
    begin, size, stride = zip(*cuts, strict=True)
    return Slice(begin, size, stride)


def _above_transpose(node: Node, source: Tensor, perm: tuple[int, ...]) -> Node:
    """Lets the slice read the transpose's source; the transpose that must follow it."""
    op, out = node.op, node.out
    assert isinstance(op, Slice)
    node.op = Slice(before(op.begin, perm), before(op.size, perm), before(op.stride, perm))
    inner = Tensor(f"{out.name}/untransposed", TensorType(out.dtype, before(out.shape, perm), out.type.quantization))
    node.inputs, node.outputs = [source], [inner]
    return Node(Transpose(perm), [inner], [out], out.name, node.source)


def _above_reshape(node: Node, source: Tensor, op: Slice) -> Node:
    """Lets the slice read the reshape's source; the reshape that must follow it."""
    out = node.out
    inner = Tensor(f"{out.name}/unshaped", TensorType(out.dtype, op.size, out.type.quantization))
    node.op, node.inputs, node.outputs = op, [source], [inner]
    return Node(Reshape(out.shape), [inner], [out], out.name, node.source)


def raise_slices(graph: Graph, target: Target) -> bool:
    """Exact. A transpose is passed if all that read it are slices, which together take no more than it has."""
    del target
    producers, readers, uses_of = graph.producers(), graph.consumers(), uses(graph)

    def is_for_slices(tensor: Tensor) -> bool:
        found = readers.get(tensor, [])
        if uses_of[tensor] != len(found) or not all(isinstance(n.op, Slice) for n in found):
            return False
        return sum(n.out.type.bytes for n in found) <= tensor.type.bytes

    passed = {t for t, n in producers.items() if isinstance(n.op, Transpose) and is_for_slices(t)}
    nodes: list[Node] = []
    for node in graph.nodes:
        nodes.append(node)
        maker = producers.get(node.input(0)) if isinstance(node.op, Slice) else None
        if maker is None or maker.inputs[0] is None or maker.input(0).is_constant:
            continue
        source = maker.input(0)
        if isinstance(maker.op, Transpose) and maker.out in passed:
            nodes.append(_above_transpose(node, source, maker.op.perm))
        elif isinstance(maker.op, Reshape):
            assert isinstance(node.op, Slice)
            op = _before_reshape(node.op, source.shape, maker.out.shape)
            if op is not None:
                nodes.append(_above_reshape(node, source, op))
    changed = len(nodes) > len(graph.nodes)
    graph.nodes = nodes
    return changed
