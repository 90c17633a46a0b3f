"""What copies of weights that go on while nodes run must leave alone, and what must leave them alone."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

from edgegen.errors import InvalidGraph
from edgegen.ir.portion import Portion

if TYPE_CHECKING:
    from edgegen.ir.graph import Graph, Node
    from edgegen.ir.plan import Placement, Plan


class Copied:
    """The portions of a planned graph: the node that reads each, and which of its shares does.

    Raises InvalidGraph for a portion without a place, or with one that leaves the arena.
    """

    def __init__(self, graph: Graph, plan: Plan) -> None:
        self.plan = plan
        self.apart = 2 if graph.copies_ahead else 1  # shares whose portions may lie in the same bytes
        self.numbers = {n: i for i, n in enumerate(graph.steps())}
        self.readers: dict[Portion, tuple[Node, int]] = {}
        for node in self.numbers:
            self.readers |= {share.portion: (node, k) for k, share in enumerate(node.shares)}
        for portion, (node, _) in self.readers.items():
            place = plan.portions.get(portion)
            if place is None or place.size < portion.bytes:
                raise _fail(node, f"{portion.bytes} bytes of its weights have no place in the arena")
            if not 0 <= place.offset <= plan.arena_bytes - place.size or not plan.is_whole(place):
                raise _fail(node, "its weights leave the memory that they begin in")
            if not place.first <= self.numbers[node] <= place.last:
                raise _fail(node, "its weights are not there when it runs")

    def beside(self, node: Node) -> list[tuple[str, Placement]]:
        """What is copied or read while the node runs."""
        number = self.numbers[node]
        found = ((self.readers[p][0], place) for p, place in self.plan.portions.items())
        return [(f'the weights of "{n.name}"', place) for n, place in found if place.first <= number <= place.last]

    def check(self, loops: set[Node]) -> None:
        """Raises InvalidGraph if two portions share bytes though one is copied before the other has been read.

        loops: nodes of loops over rows, whose weights are all there at the same time
        """
        for a, b in combinations(self.readers, 2):
            first, second = self.plan.portions[a], self.plan.portions[b]
            if first.offset < second.offset + second.size and second.offset < first.offset + first.size:
                together = first.first <= second.last and second.first <= first.last
                if together and not self._in_turn(a, b, loops) and not self._in_turn(b, a, loops):
                    raise _fail(self.readers[a][0], f'its weights and those of "{self.readers[b][0].name}" overlap')

    def _in_turn(self, a: Portion, b: Portion, loops: set[Node]) -> bool:
        """Whether `a` has been read before the copy of `b` begins, or both are the same."""
        (node, share), (later, k) = self.readers[a], self.readers[b]
        if node in loops or later in loops:
            return a.content == b.content
        if node is later:
            return share + self.apart <= k
        return self.numbers[node] == self.plan.portions[b].first and share + 1 < len(node.shares)


def _fail(node: Node, text: str) -> InvalidGraph:
    return InvalidGraph(f'{node.op.kind} "{node.name}": {text}')
