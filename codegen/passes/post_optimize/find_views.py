"""Makes views of slices and concatenations: their bytes lie where they are needed, and nothing moves them.

A slice of contiguous rows is a place in its source. What a concatenation joins is written straight into its output; an
input that cannot lie there, such as a constant or one that is needed elsewhere, is copied there. A pad is a
concatenation of its input and of what it adds. This holds for what is contiguous as stored, as rows of one image and
images of a batch are; kernels cannot write with gaps, so pieces of channels are still moved. What state and control
flow rewrite is left alone.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from edgegen.ir.graph import Graph, Node
from edgegen.ir.tensor import Array, Tensor, constant
from edgegen.memory.storage import VIEW_ALIGNMENT, Sharing
from edgegen.ops.broadcast_to import BroadcastTo
from edgegen.ops.concat import Concat
from edgegen.ops.pad import Pad, only_value
from edgegen.ops.select import select
from edgegen.ops.strided_copy import fits
from edgegen.passes.post_optimize.store_state import copy_of
from edgegen.targets import Target


def _filled(like: Tensor, shape: tuple[int, ...], value: Array, name: str, target: Target) -> Node:
    """A node, with its kernel, that writes one value into a tensor of this shape, else such as `like`."""
    one = constant(f"{name}/value", value.reshape(1), like.dtype)
    node = Node(BroadcastTo(shape), [one], [Tensor(name, replace(like.type, shape=shape))], name)
    node.kernel = select(node, target)
    node.packed = node.kernel.pack(node)
    return node


class _Views:
    """Which tensors lie at fixed distances so far.

    No two that nodes write or callers fill have a byte in common, so that views are sound in every order of the nodes.
    """

    def __init__(self, graph: Graph, target: Target) -> None:
        self.sharing = Sharing(graph, target.io)
        self.target = target
        self.views = {t for n in graph.steps() if n.is_view for t in n.outputs}

    def _written(self, tensor: Tensor) -> list[tuple[int, int]]:
        """[start, end) of all that lies at a fixed distance from `tensor` and is no view, counted from its start."""
        group = self.sharing.group(tensor)
        start = group[tensor]
        return [(at - start, at - start + t.type.bytes) for t, at in group.items() if t not in self.views]

    def _can_lie(self, x: Tensor, y: Tensor, offset: int) -> bool:
        """Whether x can start `offset` bytes after y, which is a view of it."""
        if x.is_constant or offset % max(VIEW_ALIGNMENT, x.dtype.size) != 0:
            return False
        if self.sharing.is_fixed(x) or self.sharing.is_fixed(y):
            return False
        group = self.sharing.group(y)
        if x in group:
            return group[x] - group[y] == offset
        there = self._written(y)
        for start, end in ((a + offset, b + offset) for a, b in self._written(x)):
            # the rest of y's bytes is for other inputs
            first, last = max(start, 0), min(end, y.type.bytes)
            if first < last and not offset <= first < last <= offset + x.type.bytes:
                return False
            if any(a < end and start < b for a, b in there):
                return False
        return True

    def find(self, node: Node) -> list[int] | None:
        """Makes the node a view where an input of it, at least, can lie where it has to; inputs that must be copied."""
        y, inputs = node.out, [t for t in node.inputs if t is not None]
        offsets = node.op.offsets([t.type for t in inputs], y.type)
        if offsets is None or min(t.type.bytes for t in (y, *inputs)) == 0 or any(fits(t.shape) for t in inputs):
            return None
        self.views.add(y)
        elsewhere = []
        for i, (x, offset) in enumerate(zip(inputs, offsets, strict=True)):
            if self._can_lie(x, y, offset):
                self.sharing.join(y, x, -offset)
            else:
                elsewhere.append(i)
        if len(elsewhere) == len(inputs):
            self.views.remove(y)
            return None
        node.kernel, node.packed, node.offsets = None, None, offsets
        return elsewhere

    def join_pad(self, node: Node, graph: Graph) -> bool:
        """Makes a pad a concatenation, and a view, if its input can lie where it has to: what it adds is written there.
        Whether it did."""
        op = node.op
        assert isinstance(op, Pad)
        x, y = node.input(0), node.out
        axis = op.joins(x.type, y.type)
        if axis is None or min(x.type.bytes, y.type.bytes) == 0:
            return False
        row = y.type.bytes // y.shape[axis]
        start, end = op.before[axis] * row, op.before[axis] * row + x.type.bytes
        self.views.add(y)
        if not self._can_lie(x, y, start):
            self.views.remove(y)
            return False
        self.sharing.join(y, x, -start)
        parts = {start: x}
        for count, at, side in ((op.before[axis], 0, "before"), (op.after[axis], end, "after")):
            if count:
                shape = (*y.shape[:axis], count, *y.shape[axis + 1 :])
                border = _filled(y, shape, np.array(op.value, y.dtype.np), f"{node.name}/{side}", self.target)
                parts[at] = self._put(border, at, node, graph)
        node.op, node.inputs = Concat(axis), [parts[at] for at in sorted(parts)]
        node.kernel, node.packed, node.offsets = None, None, tuple(sorted(parts))
        return True

    def _put(self, new: Node, offset: int, view: Node, graph: Graph) -> Tensor:
        """Adds a node before a view, to write so many bytes after its start."""
        graph.insert_before(view, new)
        self.sharing.add(new.out)
        self.sharing.join(new.out, view.out, offset)
        return new.out

    def copy_inputs(self, node: Node, graph: Graph, positions: list[int]) -> None:
        """Copies inputs of a view to where its bytes are."""
        assert node.offsets is not None
        for i in positions:
            x, name = node.input(i), f"{node.name}/input{i}"
            value = only_value(x.data) if x.data is not None else None
            copy = copy_of(x, name, self.target) if value is None else _filled(x, x.shape, value, name, self.target)
            node.inputs[i] = self._put(copy, node.offsets[i], node, graph)


def find_views(graph: Graph, target: Target) -> bool:
    views = _Views(graph, target)
    changed = False
    for each in graph.everywhere():
        for node in list(each.nodes):
            if node.has_kernel and isinstance(node.op, Pad):
                # turns move the rows that they keep, and may do so between a border and what it surrounds
                changed |= not each.in_turns and views.join_pad(node, each)
                continue
            elsewhere = views.find(node) if node.has_kernel and None not in node.inputs else None
            if elsewhere is not None:
                views.copy_inputs(node, each, elsewhere)
                changed = True
    return changed
