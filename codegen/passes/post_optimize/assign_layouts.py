"""Decides how every image lies in memory.

Each node starts with the best kernel row that could compute it. Each rank-4 activation then takes the layout that the
row that writes it and the rows that read it rank highest together. Where they agree on none, the rows that cannot do
with the natural order give way to the next best that can: nothing is ever copied from one layout to another. In the
end, transposes become views where the rows around them can just as well use the other order.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from edgegen.ir.graph import Graph, Node
from edgegen.ir.kernel import Kernel
from edgegen.ir.layout import NATURAL, NCHW, Layout
from edgegen.ir.tensor import Tensor
from edgegen.ops.select import candidates, rejection
from edgegen.targets import Target


@dataclass
class _Negotiation:
    """The state of the decisions.

    rows:   kernel rows that each node could take, best first; the first is the one it takes at present
    pinned: tensors that must lie in natural order
    """

    graph: Graph
    target: Target
    rows: dict[Node, tuple[Kernel, ...]]
    producers: dict[Tensor, Node]
    consumers: dict[Tensor, list[Node]]
    pinned: set[Tensor] = field(default_factory=set)

    def row(self, node: Node) -> Kernel | None:
        """The row that the node takes at present; None for views, control flow and nodes that no row computes."""
        return self.rows[node][0] if self.rows[node] else None

    def score(self, tensor: Tensor, layout: Layout) -> int | None:
        """Sum of the places at which writer and readers rank the layout; None if one of them cannot do with it."""
        writer = self.row(self.producers[tensor])
        ranks = [writer.write_rank(self.producers[tensor], layout) if writer is not None else None]
        for reader in self.consumers.get(tensor, ()):
            row = self.row(reader)
            ranks.append(row.read_rank(reader, layout) if row is not None else None)
        return None if None in ranks else sum(r for r in ranks if r is not None)

    def proposals(self, tensor: Tensor) -> list[Layout]:
        """Layouts that the writer or a reader names, the writer's first."""
        writer = self.producers[tensor]
        named = [*(self.rows[writer][0].writes(writer) if self.rows[writer] else ())]
        for reader in self.consumers.get(tensor, ()):
            named += self.rows[reader][0].reads(reader) if self.rows[reader] else ()
        return list(dict.fromkeys(named))

    def settle(self, tensor: Tensor) -> bool:
        """Gives the tensor the best layout; where there is none, the natural one. Whether a node changed its row."""
        scores = {layout: self.score(tensor, layout) for layout in self.proposals(tensor)}
        agreed = [layout for layout, score in scores.items() if score is not None]
        if agreed and tensor not in self.pinned:
            _store(tensor, min(agreed, key=lambda layout: scores[layout] or 0))
            return False
        self.pinned.add(tensor)
        _store(tensor, NATURAL)
        nodes = [self.producers[tensor], *self.consumers.get(tensor, ())]
        return sum(self.give_way(node, tensor) for node in nodes) > 0

    def give_way(self, node: Node, tensor: Tensor) -> bool:
        """Drops the rows before the first that reads or writes the tensor in natural order, if there is one."""
        rows = self.rows[node]
        for i, row in enumerate(rows):
            reads = tensor not in node.inputs or row.read_rank(node, NATURAL) is not None
            writes = tensor not in node.outputs or row.write_rank(node, NATURAL) is not None
            if reads and writes:
                self.rows[node] = rows[i:]
                return i > 0
        return False

    def holds(self, node: Node) -> bool:
        """Whether the node's row computes it as its tensors lie now; in natural order, `candidates` has said so."""
        row = self.row(node)
        if row is None or row.layout_conflict(node) is not None:
            return row is None
        natural = all(t.type.layout == NATURAL for t in _images(node))
        return natural or rejection(row, node, self.target) is None


def _store(tensor: Tensor, layout: Layout) -> None:
    tensor.type = replace(tensor.type, layout=layout)


def _images(node: Node) -> list[Tensor]:
    return [t for t in (*node.inputs, *node.outputs) if t is not None and not t.is_constant and t.rank == 4]


def _negotiate(graph: Graph, target: Target) -> _Negotiation:
    rows = {n: () if n.is_view else candidates(n, target) for n in graph.nodes}
    state = _Negotiation(graph, target, rows, graph.producers(), graph.consumers())
    state.pinned = {*graph.sources, *graph.sinks}
    images = [t for n in graph.nodes for t in n.outputs if t.rank == 4]
    while True:
        for tensor in graph.sources:
            for node in state.consumers.get(tensor, ()) if tensor.rank == 4 else ():
                state.give_way(node, tensor)
        while sum(state.settle(t) for t in images):
            continue
        # a row may have conditions on several tensors together: if it does not hold after all, they turn natural
        broken = {t for n in graph.nodes if not state.holds(n) for t in _images(n)} - state.pinned
        if not broken:
            return state
        state.pinned |= broken


def _try(tensor: Tensor, layout: Layout, state: _Negotiation) -> bool:
    """Stores the tensor in `layout` if the rows that its nodes take at present hold then too; else leaves it."""
    before = tensor.type.layout
    _store(tensor, layout)
    nodes = [state.producers[tensor], *state.consumers.get(tensor, ())]
    if all(n.is_view or (state.rows[n] and state.holds(n)) for n in nodes):
        return True
    _store(tensor, before)
    return False


def _free_transposes(state: _Negotiation) -> None:
    """Stores the result or the source of a node so that both are the same bytes, where no kernel gets worse."""
    outside = {*state.graph.sources, *state.graph.sinks}
    for node in state.graph.nodes:
        source = node.inputs[0] if node.inputs else None
        if source is None or source.is_constant or source.rank != 4 or node.out.rank != 4 or node.is_view:
            continue
        for tensor in (node.out, source):
            for layout in (NATURAL, NCHW):
                as_stored = replace(tensor.type, layout=layout)
                types = (as_stored, node.out.type) if tensor is source else (source.type, as_stored)
                if tensor not in outside and not node.is_view and node.op.aliases(*types):
                    _try(tensor, layout, state)


def assign_layouts(graph: Graph, target: Target) -> bool:
    """Inputs, outputs and state of the graph, constants and tensors of other ranks keep the natural order."""
    before = {t: t.type.layout for t in graph.tensors()}
    for tensor in before:
        _store(tensor, NATURAL)
    state = _negotiate(graph, target)
    _free_transposes(state)
    return any(t.type.layout != layout for t, layout in before.items())
