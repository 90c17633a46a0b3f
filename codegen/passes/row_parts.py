"""Which parts of a graph can become loops over rows, and which of them together keep a plan below a number of bytes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from edgegen.ir.graph import Graph, Node
from edgegen.ir.rows import row_bytes
from edgegen.ir.tensor import Tensor
from edgegen.ops.select import select_frugal
from edgegen.passes.post_optimize.stream_weights import resident_bytes
from edgegen.passes.row_costs import Cost, Needs, cost, floor
from edgegen.passes.row_turns import Call, Part, Turns, windows, with_rows
from edgegen.targets import Target

ROWS = (1, 2, 3, 4, 6, 8, 12, 16)  # of the result at a turn
LONGEST = 48  # nodes of a part
MOST_CALLS = 64  # of kernels in one turn
WORD = 4  # bytes: rows start at multiples of this, since kernels load words


@dataclass(frozen=True)
class Choice:
    """Nodes [first, end) of a graph as a loop that makes so many rows at a turn, see Turns and `row_loop`.

    bytes: in use, as estimated; work: instructions, likewise
    """

    first: int
    end: int
    rows: int
    at_most: int
    apart: bool
    bytes: int
    work: int


@dataclass(frozen=True)
class Candidate:
    """A part at nodes [first, end). beside: bytes that are in use all along besides its input and output."""

    part: Part
    first: int
    end: int
    beside: int
    x_dies: bool


def _may_slice(image: Tensor) -> bool:
    return row_bytes(image) % WORD == 0


class Parts:
    """The parts of one graph, and what each costs.

    use:   bytes in use at each of the graph's nodes without loops
    known: of loops that have been planned and did not fit, the bytes that there were then; of nodes likewise
    """

    def __init__(self, graph: Graph, use: Sequence[int], target: Target) -> None:
        self.graph, self.use, self.target = graph, use, target
        self._needs: dict[tuple[Node, int], Needs] = {}
        self._costs: dict[tuple[int, int, int, int], Cost | None] = {}
        self._floors: dict[tuple[int, int, int], int] = {}
        self.known: dict[Choice | int, int] = {}
        self._last: dict[Tensor, int] = {}
        for i, node in enumerate(graph.nodes):
            self._last.update((t, i) for t in node.inputs if t is not None and not t.is_constant)
        self._last.update((t, len(graph.nodes)) for t in graph.sinks)
        self._first = {t: i for i, n in enumerate(graph.nodes) for t in n.outputs}
        self.candidates = [c for first in range(len(graph.nodes)) for c in self._from(first)]

    def _from(self, first: int) -> list[Candidate]:
        """Parts that start with a node: of one image, to one image that alone is needed afterwards."""
        nodes = self.graph.nodes
        x: Tensor | None = None
        inside: dict[Tensor, None] = {}
        found = []
        for end in range(first + 1, min(first + LONGEST, len(nodes)) + 1):
            node = nodes[end - 1]
            read = windows(node)
            if read is None or not _may_slice(node.out):
                break
            outside = {node.input(i) for i in read} - inside.keys()
            if len(outside | {x or node.input(min(read))}) > 1:
                break
            x = x or next(iter(outside))
            inside[node.out] = None
            needed = [t for t in inside if self._last.get(t, -1) >= end]
            fed = self.graph.by_rows and first == 0
            if needed == [node.out] and (end > first + 1 or fed) and _may_slice(x):
                found.append(self._candidate(first, end, x))
        return found

    def _candidate(self, first: int, end: int, x: Tensor) -> Candidate:
        nodes = self.graph.nodes[first:end]
        beside = sum(
            t.type.bytes
            for t, last in self._last.items()
            if t is not x and last >= end and self._first.get(t, -1) < first
        )
        x_dies = self._last[x] < end
        fed = self.graph.by_rows and x in self.graph.inputs and x_dies
        return Candidate(Part(tuple(nodes), x, nodes[-1].out, fed), first, end, beside, x_dies)

    def needs(self, call: Call) -> Needs:
        """Of the kernel that would be chosen for so many rows in the middle of the image."""
        node, rows = call.node, call.end - call.first
        if (node, rows) not in self._needs:
            inputs = list(node.inputs)
            for i, window in (windows(node) or {}).items():
                inputs[i] = with_rows(node.input(i), (rows - 1) * window.stride + window.extent)
            some = Node(node.op.at_rows(0, 0), inputs, [with_rows(node.out, rows)], node.name)
            some.kernel = select_frugal(some, self.target)
            some.packed = some.kernel.pack(some)
            self._needs[node, rows] = Needs(some.packed.scratch, resident_bytes(some, self.target))
        return self._needs[node, rows]

    def _floor(self, candidate: Candidate, rows: int) -> int:
        key = (candidate.first, candidate.end, rows)
        if key not in self._floors:
            self._floors[key] = candidate.beside + floor(Turns(candidate.part, rows), candidate.x_dies)
        return self._floors[key]

    def cost(self, candidate: Candidate, rows: int, at_most: int) -> Cost | None:
        """None if a turn would be more calls than there is code for."""
        key = (candidate.first, candidate.end, rows, at_most)
        if key not in self._costs:
            turns = Turns(candidate.part, rows, at_most)
            known: Cost | None = None
            if max(turns.calls_made(turn) for turn in {0, turns.count // 2}) <= MOST_CALLS:
                found = cost(turns, self.needs, candidate.x_dies)
                known = replace(found, bytes=found.bytes + candidate.beside)
            self._costs[key] = known
        return self._costs[key]

    def cheapest(self, most: int, hope: float = 1.0) -> tuple[Choice, ...]:
        """The loops of least work with which no more than `most` bytes are in use; () if none are known or needed.

        hope: what is known of a loop or a node counts, and so much of what is only estimated
        """
        use = [self.known.get(i, bytes * hope) for i, bytes in enumerate(self.use)]
        hot = [i for i, bytes in enumerate(use) if bytes > most]
        ending: dict[int, list[Choice]] = {}
        for candidate in self.candidates:
            if not candidate.part.fed and not any(candidate.first <= i < candidate.end for i in hot):
                continue
            choice = self._choice(candidate, most, hope)
            if choice is not None:
                ending.setdefault(choice.end, []).append(choice)
        best: list[tuple[int, tuple[Choice, ...]] | None] = [(0, ())]
        for i, bytes in enumerate(use):
            whole = bytes <= most and not (self.graph.by_rows and i == 0)
            options = [best[i]] if whole else []
            for choice in ending.get(i + 1, ()):
                before = best[choice.first]
                options.append(None if before is None else (before[0] + choice.work, (*before[1], choice)))
            best.append(min((o for o in options if o is not None), key=lambda o: o[0], default=None))
        last = best[-1]
        return () if last is None else last[1]

    def _choice(self, candidate: Candidate, most: int, hope: float) -> Choice | None:
        given = 0 if candidate.part.fed else candidate.part.x.type.bytes
        if max(given, candidate.part.y.type.bytes) + candidate.beside > most:
            return None
        fitting = (c for c in self.ways(candidate, most / hope) if self.known.get(c, c.bytes * hope) <= most)
        return min(fitting, key=lambda c: c.work, default=None)

    def ways(self, candidate: Candidate, most: float = math.inf) -> Iterator[Choice]:
        """The loops that a part may become, without those of so many rows that they need more than `most` bytes."""
        for rows in ROWS:
            if rows > 1 and 2 * rows > candidate.part.y.shape[1]:
                return
            if self._floor(candidate, rows) > most:
                return  # more rows need more bytes
            for at_most in (0, rows):
                cost = self.cost(candidate, rows, at_most)
                if cost is not None:
                    for apart in (False, True):
                        work = cost.work + (cost.apart if apart else 0)
                        yield Choice(candidate.first, candidate.end, rows, at_most, apart, cost.bytes, work)

    def least(self) -> int | None:
        """The fewest bytes for which `cheapest` finds loops, to within 1 %; None if there is no way."""
        low, high = 0, max(self.use, default=0) - 1
        if self.graph.by_rows:
            high = 2 * high + 2
        if not self.cheapest(high):
            return None
        while high - low > max(high // 100, 16):
            middle = (low + high) // 2
            low, high = (low, middle) if self.cheapest(middle) else (middle, high)
        return high
