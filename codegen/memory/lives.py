"""What the bytes of a planned graph hold after which node, read off the graph: what its C is checked against.

The plan's own intervals are those that it was made with, so they prove nothing. Here every graph is walked backwards
from what is read to what writes it, branch by branch and around loops.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from edgegen.ir.graph import Graph, Node
from edgegen.ir.plan import Placement, Plan
from edgegen.ir.tensor import Tensor

Live = frozenset[Tensor]


@dataclass(frozen=True)
class Life:
    """Bytes that node `first` writes and node `last` is the last to read: no node between the two may change them.

    name:   of the tensor; of scratch, which lives for one node, "scratch"; of copied weights, their node's
    offset: as the plan counts
    first:  -1 if the caller or the last run writes them; last: the number of nodes if the caller or the next one reads

    Nodes have their numbers of `graph.steps()`. A value that branches or loops hold on to in several pieces has as many
    rows; only those with kernels count.
    """

    name: str
    offset: int
    size: int
    first: int
    last: int


class _Walk:
    """A graph walked backwards: before which nodes each tensor holds a value, and which of those leave it so."""

    def __init__(self, graph: Graph) -> None:
        steps = graph.steps()
        self.numbers = {n: i for i, n in enumerate(steps)}
        self.end = len(steps)
        self.held: dict[Tensor, set[int]] = {}
        self.kept: dict[Tensor, set[int]] = {}
        self.origin: dict[Tensor, Tensor] = {}
        for each in steps:
            if each.is_view and len(_read(each)) == 1:
                self.origin[each.out] = _read(each)[0]
        self._hold(self.end, _activations(graph.sinks))
        self.before(graph, _activations(graph.sinks))

    def _hold(self, step: int, tensors: Iterable[Tensor]) -> None:
        for tensor in tensors:
            self.held.setdefault(tensor, set()).add(step)

    def _without(self, live: Live, written: Iterable[Tensor]) -> Live:
        """What is live before a node that writes some tensors, and so their views, too."""
        gone = set(written)

        def stays(tensor: Tensor) -> bool:
            while tensor not in gone and tensor in self.origin:
                tensor = self.origin[tensor]
            return tensor not in gone

        return frozenset(t for t in live if stays(t))

    def before(self, graph: Graph, live: Live) -> Live:
        """What is live before the first node, given what is after the last one."""
        for node in reversed(graph.nodes):
            if node.op.stretches:
                live = self._computed(node, live)
            elif node.op.is_loop:
                live = self._loop(node, live)
            elif node.op.is_control:
                live = self._branches(node, live)
            elif node.is_view:
                live = live if node.out in self.origin else self._joined(node, live)
            else:
                live = self._computed(node, live)
        return live

    def _computed(self, node: Node, live: Live) -> Live:
        step, through = self.numbers[node], self._without(live, node.outputs)
        live = through | set(_read(node))
        self._hold(step, live)
        for tensor in through:
            self.kept.setdefault(tensor, set()).add(step)
        return live

    def _joined(self, node: Node, live: Live) -> Live:
        """Before parts that lie side by side are one tensor, each part is needed by itself."""
        through = self._without(live, node.outputs)
        return through if len(through) == len(live) else through | set(_read(node))

    def _branches(self, node: Node, live: Live) -> Live:
        through = self._without(live, node.outputs)
        for graph in node.op.graphs:
            self.before(graph, through | {inner for inner, outer in node.results(graph) if outer in live})
        return through | set(_read(node))

    def _loop(self, node: Node, live: Live) -> Live:
        """The values that a turn finds, whose names are those of the body's inputs, may not die in the condition."""
        condition, body = node.op.graphs
        carried = body.inputs[: len(node.outputs)]
        through = self._without(live, node.outputs) | {outer for _, outer in node.arguments(body)[len(carried) :]}
        self.before(condition, through | set(carried) | _activations(condition.outputs))
        self.before(body, through | _activations(body.outputs))
        return through | set(_read(node))


def _activations(tensors: Iterable[Tensor]) -> Live:
    return frozenset(t for t in tensors if not t.is_constant)


def _read(node: Node) -> list[Tensor]:
    return [t for t in node.inputs if t is not None and not t.is_constant]


def lives(graph: Graph) -> list[Life]:
    """A row for each stretch of time in which bytes hold something, in order of offsets. The graph must be planned."""
    plan = graph.plan
    assert plan is not None, f"{graph.name} is not planned"
    walk = _Walk(graph)
    inside = graph.in_row_loops()
    workers = [(i, n) for n, i in walk.numbers.items() if n.op.stretches or (n.has_kernel and n not in inside)]
    stops = [*(i for i, _ in workers), walk.end]
    stretches = [(t, *s) for t, held in walk.held.items() for s in _stretches(held, walk.kept.get(t, set()), stops)]
    stretches += [(t, i, i) for i, n in workers for t in n.outputs]
    longest: dict[tuple[int, int, int], Life] = {}
    for tensor, first, last in stretches:
        if tensor is graph.fed:
            continue
        place = plan.tensors[tensor]
        key = place.offset, place.size, first
        if place.size and (key not in longest or longest[key].last < last):
            longest[key] = Life(tensor.name, place.offset, place.size, first, last)
    scratch = [Life("scratch", p.offset, p.size, i, i) for i, n in workers for p in _worked_in(n, plan)]
    copied = list(_copied(graph, plan, inside, walk.numbers))
    return sorted([*longest.values(), *scratch, *copied], key=lambda r: (r.offset, r.size, r.first))


def _worked_in(node: Node, plan: Plan) -> list[Placement]:
    """Where a node works: in its scratch; a loop over rows in all that its turns hold, which share bytes."""
    inner = [n for s in node.op.stretches for n in s.graph.nodes]
    places = [plan.tensors[t] for s in node.op.stretches for t in s.graph.inputs]
    places += [plan.tensors[n.out] for n in inner]
    places += [plan.scratch[n] for n in (node, *inner) if n in plan.scratch]
    return list({(p.offset, p.size): p for p in places}.values())


def _copied(graph: Graph, plan: Plan, inside: set[Node], numbers: Mapping[Node, int]) -> Iterator[Life]:
    """The portions of weights: what node `first` runs beside writes them; those of a loop over rows are its own."""
    loops = {n: loop for loop in graph.steps() for s in loop.op.stretches for n in s.graph.nodes}
    for node in graph.steps():
        for share in node.shares:
            place = plan.portions[share.portion]
            last = numbers[loops[node] if node in inside else node]
            first = last if node in inside else place.first
            yield Life(f"weights of {node.name}", place.offset, place.size, first, last)


def _stretches(held: set[int], kept: set[int], stops: list[int]) -> Iterator[tuple[int, int]]:
    """(first, last) of each run of nodes, among those with kernels, before which a tensor is held.

    stops: the nodes with kernels, and the end. A run begins after the stop before it: with what writes the tensor or,
    inside of branches and loops, some node that leaves it alone, since its value is not there yet.
    """
    at = [-1, *stops]
    ordered = sorted(held)
    for k, stop in enumerate(ordered):
        i = bisect.bisect_left(at, stop)
        if k == 0 or at[i - 1] != ordered[k - 1] or ordered[k - 1] not in kept:
            first = at[i - 1]
        if stop not in kept:
            yield first, stop
        elif k + 1 == len(ordered) or at[i + 1] != ordered[k + 1]:
            yield first, at[i + 1]
