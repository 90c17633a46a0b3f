"""Loops of ONNX: one operator of the core with a sub-graph, or their turns one after the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from edgegen.errors import UnsupportedModel
from edgegen.frontends.onnx.importer import FOLDED_BYTES, Operator, ValueNeeded
from edgegen.frontends.onnx.operators.chosen import sized
from edgegen.frontends.onnx.operators.movement import concat
from edgegen.frontends.onnx.subgraphs import captured, close, nested
from edgegen.frontends.onnx.values import Value, alike, flat, rebuilt
from edgegen.ir.dtypes import BOOL, S64, DType
from edgegen.ir.graph import Graph, Node
from edgegen.ir.tensor import Tensor, TensorType
from edgegen.ops.binary import Binary
from edgegen.ops.broadcast_to import BroadcastTo
from edgegen.ops.compare import Compare
from edgegen.ops.control import While
from edgegen.ops.update_slice import UpdateSlice

SMALL = 16
"""Nodes that all turns of a loop may have together to be written one after the other where a loop would do."""

MAX_TURNS = 1024
"""Of a loop whose turns are written one after the other because they differ."""

MAX_ROOM = 1 << 16
"""Turns for whose results a loop that may end earlier has room."""


@dataclass(frozen=True)
class Turn:
    """What one turn gives: the carried values, what is collected, and whether another one follows (None: always)."""

    again: Tensor | None
    carried: list[Value]
    collected: list[Tensor]


MAX_BYTES = 1 << 31
"""Of what a loop collects."""

Body = Callable[[Operator, Tensor, Sequence[Value]], Turn]
"""Adds one turn's nodes with an operator: (operator, number of the turn, carried values)."""


@dataclass(frozen=True)
class Stacked:
    """How what turns give is put together: along which axis of the result, and whether the last turn comes first."""

    axis: int = 0
    reverse: bool = False


@dataclass
class Repeated:
    """A loop to be imported.

    initial: what is carried into the first turn
    number:  type of the turn's number, which is a scalar
    limit:   how many turns there are at most, a scalar of that type; again: whether there is a first one (None: always)
    stacked: of each collected value; the plain way for those beyond it
    """

    op: Operator
    body: Body
    initial: list[Value]
    number: DType
    limit: Tensor | None
    again: Tensor | None
    stacked: Sequence[Stacked] = ()

    def run(self) -> tuple[list[Value], list[Value]]:
        """The carried values after the last turn, and the collected ones of all turns.

        One While where all turns are alike, with room for what they all collect if it may end earlier. Where a turn
        needs its number ahead of time, or sizes change from turn to turn, the turns follow one another, if it is known
        how many there are. Raises InvalidModel, and UnsupportedModel (ValueNeeded among them).
        """
        graph = Graph(f"{self.op.label}/body", [Tensor("turn", TensorType(self.number, ()))], [])
        inner = nested(self.op, graph, "turn")
        before = [Tensor(t.name, t.type) for t in flat(self.initial)]
        graph.inputs += before
        carried = rebuilt(self.initial, before)
        try:
            turn = self.body(inner, graph.inputs[0], carried)
        except ValueNeeded as error:
            return self._one_after_the_other(None, error)
        for value, after in zip(carried, turn.carried, strict=True):
            if isinstance(value, Tensor) and isinstance(after, Tensor) and value.dtype != after.dtype:
                raise self.op.invalid(f"what it carries changes its type from {value.dtype} to {after.dtype}")
        if not alike(turn.carried, carried):
            return self._one_after_the_other(turn, self.op.unsupported("what it carries changes its size"))
        turns = self._turns(turn)
        room = self._most() if turns is None else turns
        if turn.collected and room is None:
            return self._one_after_the_other(turn, self.op.unsupported("the size of what it collects is not known"))
        tiny = turns is not None and turns * max(1, len(graph.nodes)) <= SMALL
        if tiny or not all(t.type.elements for t in [*before, *turn.collected]):
            return self._one_after_the_other(turn, self.op.unsupported("it has tensors of no elements"))
        return self._loop(inner, graph, turn, room or 0, turns is not None)

    def _turns(self, turn: Turn) -> int | None:
        """How many turns there are, if that is known."""
        if self.again is not None and self.again.data is not None and not self.again.data.all():
            return 0
        if self.limit is None or self.limit.data is None or self.again is not None or turn.again is not None:
            return None
        return max(0, int(self.limit.data.reshape(-1)[0]))

    def _most(self) -> int | None:
        """How many turns there may be, if that is known and not too many to have room for."""
        if self.limit is None or self.limit.data is None:
            return None
        most = max(0, int(self.limit.data.reshape(-1)[0]))
        return most if most <= MAX_ROOM else None

    def _way(self, k: int, element: Tensor) -> Stacked:
        """Raises InvalidModel for an axis that the result does not have."""
        way = self.stacked[k] if k < len(self.stacked) else Stacked()
        return Stacked(self.op.axis(way.axis, element.rank + 1), way.reverse)

    def _one_after_the_other(self, like: Turn | None, why: UnsupportedModel) -> tuple[list[Value], list[Value]]:
        """like: a turn, whose types collected values have where there are no turns; why: what forbids a loop."""
        op, values, again = self.op, self.initial, self.again
        limit = None if self.limit is None else int(op.values(self.limit, "how many turns there are").reshape(-1)[0])
        collected: list[list[Tensor]] = []
        number = 0
        while limit is None or number < limit:
            if again is not None and not op.values(again, "whether there is another turn").all():
                break
            if number == MAX_TURNS:
                raise op.unsupported(f"its turns differ, and there are more than {MAX_TURNS}: {why.what}")
            turn = self.body(nested(op, op.model.graph, f"turn{number}"), op.constant(number, self.number), values)
            values, again, like = turn.carried, turn.again, turn
            collected.append(turn.collected)
            number += 1
        if like is None:
            raise why
        columns = zip(*collected, strict=True) if collected else [() for _ in like.collected]
        stacks: list[Value] = [
            self._stack(k, list(elements), element)
            for k, (elements, element) in enumerate(zip(columns, like.collected, strict=True))
        ]
        return values, stacks

    def _stack(self, k: int, elements: list[Tensor], like: Tensor) -> Tensor:
        """Collected values of all turns as one tensor. Raises InvalidModel if their sizes differ."""
        op, way = self.op, self._way(k, like)
        if any((t.dtype, t.shape) != (like.dtype, like.shape) for t in elements):
            raise op.invalid(f"what it collects changes its size from turn to turn: {like.type}")
        shape, rest = like.shape[: way.axis], like.shape[way.axis :]
        if not elements or not like.type.elements:
            return op.constant(np.zeros((*shape, len(elements), *rest)), like.dtype)
        single = [op.reshape(t, (*shape, 1, *rest)) for t in (elements[::-1] if way.reverse else elements)]
        return concat(op, *single, axis=way.axis)

    def _loop(
        self, inner: Operator, graph: Graph, turn: Turn, room: int, full: bool
    ) -> tuple[list[Value], list[Value]]:
        """room: turns that there may be where values are collected; full: whether there are as many"""
        op, number, values = self.op, graph.inputs[0], flat(turn.carried)
        initial = [op.constant(0, self.number), *flat(self.initial)]
        graph.outputs = [inner.add(Binary("add"), [number, inner.constant(1, self.number)]), *values]
        asked = self.again is not None or turn.again is not None
        if asked:
            true = op.constant(True, BOOL)
            graph.inputs.append(Tensor("again", TensorType(BOOL, ())))
            initial.append(true if self.again is None else op.reshape(self.again, ()))
            graph.outputs.append(true if turn.again is None else inner.reshape(turn.again, ()))
        known = all(t.is_constant for t in initial) and not captured([graph])
        known = known and room * sum(t.type.bytes for t in turn.collected) <= FOLDED_BYTES
        for k, element in enumerate(turn.collected):
            self._collect(inner, graph, self._way(k, element), element, room)
            initial.append(self._buffer(graph.inputs[-1].type, known))
        condition = self._condition(graph, graph.inputs[1 + len(values)] if asked else None)
        results = op.add_all(While(condition, graph), [*initial, *close([condition, graph])])
        collected: list[Value] = list(results[len(results) - len(turn.collected) :])
        if not full:
            collected = [self._cut(y, results[0]) for y in results[len(results) - len(turn.collected) :]]
        return rebuilt(self.initial, results[1:]), collected

    def _cut(self, collected: Tensor, count: Tensor) -> Value:
        """What was collected in `count` turns, which are fewer than there is room for."""
        op = self.op
        along = op.cast(op.reshape(count, (1,)), S64)
        return sized(op, collected, concat(op, along, op.constant(collected.shape[1:], S64), axis=0))

    def _collect(self, inner: Operator, graph: Graph, way: Stacked, element: Tensor, turns: int) -> None:
        """The loop carries one tensor more, of which each turn writes its own part."""
        shape, rest = element.shape[: way.axis], element.shape[way.axis :]
        buffer = Tensor(element.name, TensorType(element.dtype, (*shape, turns, *rest)))
        place = graph.inputs[0]
        if way.reverse:
            place = inner.add(Binary("sub"), [inner.constant(turns - 1, self.number), place])
        before, after = (inner.constant(np.zeros(len(sizes)), self.number) for sizes in (shape, rest))
        start = concat(inner, before, inner.reshape(place, (1,)), after, axis=0)
        part = inner.reshape(element, (*shape, 1, *rest))
        graph.inputs.append(buffer)
        graph.outputs.append(inner.add(UpdateSlice(), [buffer, part, start]))

    def _buffer(self, type: TensorType, known: bool) -> Tensor:
        """Room for what is collected; a constant where the whole loop is computed ahead of time."""
        if known:
            return self.op.constant(np.zeros(type.shape), type.dtype)
        if type.bytes > MAX_BYTES:
            raise self.op.unsupported(f"what it collects, {type}, has more than {MAX_BYTES:,} bytes")
        result = Tensor(f"{self.op.label}/collected", type)
        zero = self.op.constant(0, type.dtype)
        node = Node(BroadcastTo(type.shape), [zero], [result], result.name, self.op.source)
        self.op.model.graph.nodes.append(node)
        return result

    def _condition(self, body: Graph, again: Tensor | None) -> Graph:
        """Whether there is another turn, of what the body takes. Raises InvalidModel if there always is."""
        twins = {t: Tensor(t.name, t.type) for t in body.inputs}
        graph = Graph(f"{self.op.label}/condition", list(twins.values()), [])
        inner = nested(self.op, graph, "condition")
        answers = [] if again is None else [twins[again]]
        if self.limit is not None:
            answers.append(inner.add(Compare("less"), [graph.inputs[0], self.limit]))
        if not answers:
            raise self.op.invalid("the loop never ends")
        graph.outputs = [answers[0] if len(answers) == 1 else inner.add(Compare("and"), answers)]
        return graph
