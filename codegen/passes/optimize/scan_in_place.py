"""Lets a loop that goes through a tensor slice by slice collect its results in that tensor.

A turn takes slice t of x and writes slice t of what the loop collects, until all are written. Where both have the same
type, one tensor does for both: the loop carries x, and each turn replaces the slice that it has taken.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from edgegen.ir.graph import Graph, Node
from edgegen.ir.tensor import Tensor
from edgegen.ops.binary import Binary
from edgegen.ops.compare import Compare
from edgegen.ops.concat import Concat
from edgegen.ops.control import While
from edgegen.ops.gather import Gather
from edgegen.ops.pad import Pad
from edgegen.ops.reshape import Reshape
from edgegen.ops.update_slice import UpdateSlice
from edgegen.passes.substitution import uses
from edgegen.targets import Target


@dataclass(frozen=True)
class _Slice:
    """A slice of the tensor at `position` of a loop's inputs that a turn's node takes or writes: number `place` along
    an axis."""

    position: int
    node: Node
    axis: int
    place: Tensor


def _is(tensor: Tensor | None, number: int) -> bool:
    """Whether the tensor is this one number."""
    return (
        tensor is not None and tensor.data is not None and tensor.data.size == 1 and int(tensor.data.flat[0]) == number
    )


@dataclass(frozen=True)
class _Scan:
    """A loop, as it is looked through."""

    node: Node
    op: While

    def _made(self, tensor: Tensor) -> Node | None:
        return self.op.body.producer(tensor)

    def _plain(self, tensor: Tensor) -> Tensor:
        """What the tensor is but a reshaped form of."""
        made = self._made(tensor)
        while made is not None and isinstance(made.op, Reshape):
            tensor = made.input(0)
            made = self._made(tensor)
        return tensor

    def _only(self, graph: Graph, tensor: Tensor, reader: Node) -> bool:
        return uses(graph)[tensor] == 1 and tensor in reader.inputs

    def taken(self) -> Iterator[_Slice]:
        """Slices that turns take of what stays what it is."""
        condition, body = self.op.graphs
        for node in body.nodes:
            op = node.op
            if not isinstance(op, Gather) or op.batch_dims or node.input(1).type.elements != 1:
                continue
            i = next((i for i, t in enumerate(body.inputs) if t is node.inputs[0] and i >= self.op.carried), None)
            if i is not None and self._only(body, body.inputs[i], node) and not uses(condition)[condition.inputs[i]]:
                yield _Slice(i, node, op.axis, self._plain(node.input(1)))

    def written(self) -> Iterator[_Slice]:
        """Slices that turns write of what nobody reads meanwhile."""
        condition, body = self.op.graphs
        for i, (before, after) in enumerate(zip(body.inputs, body.outputs, strict=False)):
            node = self._made(after)
            if node is None or not isinstance(node.op, UpdateSlice) or node.inputs[0] is not before:
                continue
            place = self._place(node)
            alone = self._only(body, before, node) and uses(body)[after] == 1
            if place is not None and alone and not uses(condition)[condition.inputs[i]]:
                yield _Slice(i, node, *place)

    def _place(self, node: Node) -> tuple[int, Tensor] | None:
        """(axis, number) of the one slice that a node writes."""
        x, update, start = node.input(0), node.input(1), self._plain(node.input(2))
        axes = [axis for axis, (n, u) in enumerate(zip(x.shape, update.shape, strict=True)) if (n, u) != (u, u)]
        found = self._numbers(start)
        if found is None or len(found) != 1 or axes not in ([], [found[0][0]]) or update.shape[found[0][0]] != 1:
            return None
        return found[0]

    def _numbers(self, start: Tensor) -> list[tuple[int, Tensor]] | None:
        """(axis, number) of each number of a place that is not 0; None if they are not known apart."""
        made = self._made(start)
        if made is not None and isinstance(made.op, Pad) and made.input(0).type.elements == 1 and made.op.value == 0:
            return [(made.op.before[0], self._plain(made.input(0)))]
        joined = made is not None and isinstance(made.op, Concat)
        parts = [t for t in made.inputs if t is not None] if made is not None and joined else [start]
        first = 0
        found: list[tuple[int, Tensor]] = []
        for part in parts:
            if part.data is None and part.type.elements == 1:
                found.append((first, self._plain(part)))
            elif part.data is None or part.data.any():
                return None
            first += part.type.elements
        return found

    def covers(self, place: Tensor, count: int) -> bool:
        """Whether the turns' places are all numbers below `count`, each once: turns are counted from 0 up, places from
        there or from the end."""
        condition, body = self.op.graphs
        made = self._made(place)
        if (
            made is not None
            and isinstance(made.op, Binary)
            and made.op.function == "sub"
            and _is(made.inputs[0], count - 1)
        ):
            place = self._plain(made.input(1))
        if place not in body.inputs[: self.op.carried]:
            return False
        i = body.inputs.index(place)
        step, asked = self._made(body.outputs[i]), condition.producer(condition.outputs[0])
        counts = step is not None and isinstance(step.op, Binary) and step.op.function == "add" and place in step.inputs
        counts = counts and step is not None and any(_is(t, 1) for t in step.inputs)
        ends = asked is not None and isinstance(asked.op, Compare) and asked.op.relation == "less"
        ends = ends and asked is not None and asked.inputs[0] is condition.inputs[i] and _is(asked.inputs[1], count)
        return counts and ends and _is(self.node.inputs[i], 0)

    def unite(self, taken: _Slice, written: _Slice) -> None:
        """The loop carries what it takes slices of, and writes there."""
        body = self.op.body
        taken.node.inputs[0] = body.inputs[written.position]
        self.node.inputs[written.position] = self.node.input(taken.position)
        del self.node.inputs[taken.position]
        for graph in self.op.graphs:
            del graph.inputs[taken.position]


def _pair(scan: _Scan) -> tuple[_Slice, _Slice] | None:
    body = scan.op.body
    for taken in scan.taken():
        for written in scan.written():
            x, y = body.inputs[taken.position], body.inputs[written.position]
            same = (x.dtype, x.shape, taken.axis) == (y.dtype, y.shape, written.axis) and taken.place is written.place
            in_turn = body.nodes.index(taken.node) < body.nodes.index(written.node)
            if same and in_turn and x.type.elements and scan.covers(taken.place, x.shape[taken.axis]):
                return taken, written
    return None


def scan_in_place(graph: Graph, target: Target) -> bool:
    """Where x is needed afterwards, it is copied before the loop, which takes no more than a tensor of its own."""
    del target
    changed = False
    for node in graph.nodes:
        while isinstance(node.op, While) and (pair := _pair(_Scan(node, node.op))) is not None:
            _Scan(node, node.op).unite(*pair)
            changed = True
    return changed
