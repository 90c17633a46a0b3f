"""What the order of a graph's nodes has to respect, and which bytes each node needs: the problem of its order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from edgegen.ir.graph import Graph, Node
from edgegen.ir.kernel import Overlap
from edgegen.ir.tensor import Tensor
from edgegen.memory.order import Problem, Reuse, Value
from edgegen.memory.portions import copied_together
from edgegen.memory.storage import Sharing, Storage, overlap_over, round_up, together


@dataclass(frozen=True)
class _Extent:
    """The whole units of the alignment that a tensor takes. before: bytes of them before its start"""

    before: int
    size: int


@dataclass
class OrderProblem:
    """The problem of a graph, the model or a sub-graph. Its node k stands for the nodes of `runs[k]`, in turn; views,
    which are free, are not among them.

    sharing:   of the whole model
    alignment: bytes
    inside:    of each node of control flow, bytes that its sub-graphs need beyond what they are handed and give back
    is_model:  it is no sub-graph, whose inputs and outputs are counted by the graph around it
    """

    graph: Graph
    sharing: Sharing
    alignment: int
    inside: Mapping[Node, int]
    is_model: bool
    runs: list[list[Node]] = field(default_factory=list)
    _values: list[Value] = field(default_factory=list)
    _pieces: dict[Tensor, list[tuple[int, int, int]]] = field(default_factory=dict)  # start and end in it, value

    def __post_init__(self) -> None:
        graph = self.graph
        self._views = {t: n for n in graph.nodes if n.is_view for t in n.outputs}
        self._mine = {*graph.sources, *(t for n in graph.nodes for t in n.outputs)} - {graph.fed}
        self._kept = set(graph.sinks)
        self.runs = self._in_runs()
        self._number = {n: k for k, run in enumerate(self.runs) for n in run}
        self._writer = {t: k for n, k in self._number.items() for t in n.outputs}
        self._readers: dict[Tensor, int] = {}
        for node, k in self._number.items():
            for tensor in _read(node):
                self._readers[tensor] = self._readers.get(tensor, 0) | 1 << k

    def _in_runs(self) -> list[list[Node]]:
        """The nodes that compute, each behind those that need nothing but constants and that only it reads.

        To run those earlier would need no byte less at any node, since their result is in use from then on.
        """
        readers: dict[Tensor, set[Node]] = {}
        kept = set(self._kept)
        for node in reversed(self.graph.nodes):
            for tensor in _read(node):
                found = readers.setdefault(tensor, set())
                found |= readers.get(node.out, set()) if node.is_view else {node}
                kept |= {tensor} if node.is_view and node.out in kept else set()
        early: dict[Node, list[Node]] = {}
        runs = []
        for node in self.graph.nodes:
            if node.is_view:
                continue
            waits = node.has_kernel and not _read(node) and len(node.outputs) == 1 and not self._scratch(node)
            others = readers.get(node.out, set())
            if waits and len(others) == 1 and node.out not in kept and not self.sharing.is_fixed(node.out):
                early.setdefault(next(iter(others)), []).append(node)
            else:
                runs.append([*early.get(node, ()), node])
        return runs

    def _scratch(self, node: Node) -> int:
        if node.op.is_control:
            return self.inside.get(node, 0)
        copied = sum(round_up(size, self.alignment) for size in copied_together(node, self.graph.copies_ahead))
        scratch = node.packed.scratch if node.packed is not None else 0
        return copied + (round_up(scratch, self.alignment) if scratch else 0)

    def state(self) -> Problem:
        before = [self._made_before(run) for run in self.runs]
        seen: set[Tensor] = set()
        for tensor in (t for t in self.graph.tensors() if t in self._mine):
            if tensor in seen:
                continue
            group = {t: o for t, o in self.sharing.group(tensor).items() if t in self._mine}
            seen |= group.keys()
            if self.sharing.is_fixed(tensor):
                self._add_fixed(list(group), before)
            elif not self.sharing.storage(tensor).persistent:
                self._add_pieces(group)
        reuses = [self._reuses(run[-1]) for run in self.runs]
        return Problem(
            tuple(before),
            tuple(self._values),
            tuple(max(map(self._scratch, run)) for run in self.runs),
            tuple(tuple(r) for r in reuses),
            tuple(self._most_reused(run[-1]) for run in self.runs),
        )

    def _made_before(self, run: list[Node]) -> int:
        """Mask of the nodes that compute what the run reads, seen through views."""
        mask, waiting = 0, [t for node in run for t in _read(node)]
        while waiting:
            tensor = waiting.pop()
            if tensor in self._writer:
                mask |= 1 << self._writer[tensor]
            elif tensor in self._views:
                waiting += _read(self._views[tensor])
        return mask & ~(1 << self._number[run[-1]])

    def _add_fixed(self, group: list[Tensor], before: list[int]) -> None:
        """State, and what control flow hands over: bytes that are rewritten. Who writes them keeps its place among
        those that touch them."""
        touched = {
            k: node.op.is_control or any(t in group for t in node.outputs)
            for node, k in self._number.items()
            if any(t in group for t in (*_read(node), *node.outputs))
        }
        for k, writes in touched.items():
            for j, also_writes in touched.items():
                if j < k and (writes or also_writes):
                    before[k] |= 1 << j
        whole = self.sharing.storage(group[0])
        ports = {*self.graph.inputs, *self.graph.outputs}
        if whole.persistent or not (self.is_model or ports.isdisjoint(group)):
            return
        writers = sum(1 << k for k in {self._writer[t] for t in group if t in self._writer})
        users = sum(1 << k for k in touched)
        source = any(t in self.graph.sources for t in group)
        kept = not self._kept.isdisjoint(group)
        for tensor in group:
            at = whole.offsets[tensor]
            self._pieces[tensor] = [(-at, whole.size - at, len(self._values))]
        self._values.append(Value(round_up(whole.size, self.alignment), writers, users, source, kept))

    def _add_pieces(self, group: dict[Tensor, int]) -> None:
        """Of each tensor that a node writes or a caller fills, the bytes that the same nodes need."""
        spans = {t: (at, at + t.type.bytes) for t, at in group.items()}
        edges = sorted({edge for span in spans.values() for edge in span})
        found: list[tuple[int, int, int]] = []
        for tensor, (start, end) in spans.items():
            if tensor in self._views:
                continue
            by_need: dict[tuple[int, bool], list[tuple[int, int]]] = {}
            for low, high in pairwise([e for e in edges if start <= e <= end] if start < end else [start, end]):
                over = [t for t, (first, last) in spans.items() if first <= low and high <= last]
                users = 0
                for each in over:
                    users |= self._readers.get(each, 0)
                by_need.setdefault((users, not self._kept.isdisjoint(over)), []).append((low, high))
            mine = 1 << self._writer[tensor] if tensor in self._writer else 0
            alone = len(by_need) == 1 and len(edges) == 2
            for (users, kept), pieces in by_need.items():
                size = sum(high - low for low, high in pieces)
                size = round_up(size, self.alignment) if alone else size
                found += [(low, high, len(self._values)) for low, high in pieces]
                self._values.append(Value(size, mine, users | mine, not mine, kept))
        for tensor, (start, end) in spans.items():
            within = [p for p in found if start <= p[0] and p[1] <= end]
            self._pieces[tensor] = [(low - start, high - start, number) for low, high, number in within]

    def _reuses(self, node: Node) -> Iterable[Reuse]:
        """Which inputs' bytes the node's first result may lie over."""
        if not node.has_kernel or node.packed is None or node.out not in self._pieces:
            return
        for tensor in dict.fromkeys(t for t in _read(node) if t in self._pieces):
            if node.out in self.sharing.group(tensor):
                continue
            place, other = self.sharing.storage(tensor), self.sharing.storage(node.out)
            passed = [i for i in node.packed.inputs if i < len(node.inputs) and node.inputs[i] is tensor]
            overlap = together([overlap_over(node, place, i) for i in passed])
            if overlap is not None:
                below, above = self._extent(place, tensor), self._extent(other, node.out)
                pieces = [(below.before + low, below.before + high, n) for low, high, n in self._pieces[tensor]]
                moved = overlap.moved(below.before - above.before)
                reuse = _reuse(moved, below.size, above.size, pieces, self.alignment)
                yield from [reuse] if reuse.ways else []

    def _extent(self, place: Storage, tensor: Tensor) -> _Extent:
        at = place.offsets[tensor]
        before = at % self.alignment
        return _Extent(before, round_up(before + tensor.type.bytes, self.alignment))

    def _most_reused(self, node: Node) -> int:
        """Bytes of the node's first result that may lie over inputs: over all of them together."""
        above = self._extent(self.sharing.storage(node.out), node.out)
        low, high = 0, above.size
        for i in node.packed.inputs if node.has_kernel and node.packed is not None else ():
            x = node.inputs[i] if i < len(node.inputs) else None
            overlap = node.overlap(i)
            if x is not None and not x.is_constant and overlap is not None:
                below = self._extent(self.sharing.storage(x), x)
                moved = overlap.moved(below.before - above.before)
                start, end = moved.untouched(below.size, above.size, self.alignment)
                low, high = max(low, start), min(high, end)
        return above.size - max(0, high - low)


def _read(node: Node) -> list[Tensor]:
    """The activations that the node reads, each once."""
    return list(dict.fromkeys(t for t in node.inputs if t is not None and not t.is_constant))


def _reuse(overlap: Overlap, below: int, above: int, pieces: list[tuple[int, int, int]], unit: int) -> Reuse:
    """How a result of `above` bytes may lie over an input of `below` bytes, a multiple of `unit` bytes after it.

    Bytes in common grow and shrink evenly with the distance, but for where the result reaches another piece of the
    input: at one of these distances they are most.

    pieces: (start, end, number of the value) of each part of the input, whose bytes may be needed longer than others
    """
    most = overlap.most // unit * unit
    least = None if overlap.least is None else -(-overlap.least // unit) * unit
    distances = {most, *([] if least is None else [least])}
    if overlap.step == 0:
        distances = {most} if most == overlap.most else set()
    else:
        edges = {0, below - above, *(low - above for low, _, _ in pieces), *(high for _, high, _ in pieces)}
        distances |= {d for d in edges if d <= most or (least is not None and d >= least)}
    found: dict[tuple[int, ...], int] = {}
    for d in distances:
        values = tuple(sorted({n for low, high, n in pieces if low < d + above and d < high}))
        found[values] = max(found.get(values, 0), min(below, d + above) - max(0, d))
    ways = sorted(found.items(), key=lambda way: (-way[1], len(way[0]), way[0]))
    kept = [w for k, w in enumerate(ways) if w[1] > 0 and not any(set(o[0]) <= set(w[0]) for o in ways[:k])]
    return Reuse(tuple(kept))
