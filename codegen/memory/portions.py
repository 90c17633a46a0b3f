"""When weights that lie outside are copied to the arena, and which bytes that takes: a double buffer as far as it goes.

The copy of a portion begins just before the kernel call that comes before the one which reads it, so that both go on at
the same time; where RAM is short, right before it is read. It does not begin ahead of control flow or in the sub-graph
before; the weights of a loop over rows are all copied before its first turn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from edgegen.ir.graph import Graph, Node
from edgegen.ir.kernel import Overlap
from edgegen.ir.plan import Placement
from edgegen.ir.portion import Portion, Share, Table
from edgegen.memory.buffers import Box, Overlaps
from edgegen.memory.storage import round_up

ANYWHERE = Overlap(1 << 40)
"""Of two boxes that one step needs, one after the other: the later may lie on any bytes of the earlier."""

Copies = tuple[Portion | None, ...]
"""Portions whose copies begin one after the other, each when the one before has come; None only waits for that."""


@dataclass
class Fetches:
    """When each portion of a graph and of its sub-graphs is copied.

    before: copies that begin right before a call of a node, by the number of its share; 0 of a node without any
    loops:  those that begin and end before a loop over rows
    spans:  first and last step at which a portion's bytes are in use; steps are those of `Graph.steps`
    after:  of a node's first portion whose copy begins while another node runs: that node
    """

    before: dict[tuple[Node, int], Copies] = field(default_factory=dict)
    loops: dict[Node, tuple[Portion, ...]] = field(default_factory=dict)
    spans: dict[Portion, tuple[int, int]] = field(default_factory=dict)
    after: dict[Node, Node] = field(default_factory=dict)


def fetches(graph: Graph) -> Fetches:
    """Of the model, its nodes in the order in which they run."""
    found = Fetches()
    numbers = {n: i for i, n in enumerate(graph.steps())}
    _schedule(graph, numbers, found, graph.copies_ahead)
    return found


@dataclass(frozen=True)
class _Call:
    node: Node
    number: int
    share: Share | None


def _schedule(graph: Graph, numbers: Mapping[Node, int], found: Fetches, ahead: bool) -> None:
    calls: list[_Call] = []
    for node in graph.nodes:
        if node.op.stretches:
            _add(calls, numbers, found, ahead)
            calls = []
            first = numbers[node] - sum(len(s.graph.nodes) for s in node.op.stretches)
            inner = [n for s in node.op.stretches for n in s.graph.nodes]
            needed = {share.portion.content: share.portion for n in inner for share in n.shares}
            for portion in (share.portion for n in inner for share in n.shares):
                found.spans[portion] = (first, numbers[node])
            if needed:
                found.loops[node] = tuple(needed.values())
        elif node.op.is_control:
            _add(calls, numbers, found, ahead)
            calls = []
            for sub in node.op.graphs:
                _schedule(sub, numbers, found, ahead)
        elif node.has_kernel:
            calls += [_Call(node, k, s) for k, s in enumerate(node.shares)] or [_Call(node, 0, None)]
    _add(calls, numbers, found, ahead)


def _add(calls: Sequence[_Call], numbers: Mapping[Node, int], found: Fetches, ahead: bool) -> None:
    """What is copied before calls that follow one another."""
    under_way = False
    for k, call in enumerate(calls):
        copies: list[Portion | None] = []
        step = numbers[call.node]
        if call.share is not None and not under_way:
            copies.append(call.share.portion)
            found.spans[call.share.portion] = (step, step)
        following = calls[k + 1] if k + 1 < len(calls) else None
        if ahead and following is not None and following.share is not None:
            copies.append(following.share.portion)
            found.spans[following.share.portion] = (step, numbers[following.node])
            if following.node is not call.node:
                found.after[following.node] = call.node
        elif call.share is not None:
            copies.append(None)
        under_way = bool(copies) and copies[-1] is not None
        if copies:
            found.before[call.node, call.number] = tuple(copies)


@dataclass(frozen=True)
class Slot:
    """Bytes for portions of which each is read before the copy of the next begins: every other one of a node's, or
    equal ones of a loop. box: its bytes, and from when to when they are in use"""

    portions: tuple[Portion, ...]
    box: Box
    name: str

    @property
    def traffic(self) -> int:
        """Bytes that a run writes and, at least once, reads."""
        return 2 * sum(p.bytes for p in self.portions)


def slots(graph: Graph, copied: Fetches, alignment: int) -> tuple[list[Slot], list[tuple[int, int]]]:
    """What a planned graph has in the arena for its portions, and (earlier, later) numbers of slots that one step needs
    one after the other, so that they may share bytes.

    copied: the graph's fetches; alignment: bytes, of each slot
    """
    found: list[Slot] = []
    pairs: list[tuple[int, int]] = []
    first: dict[Node, int] = {}

    def add(portions: Sequence[Portion], name: str) -> None:
        begun, ended = zip(*(copied.spans[p] for p in portions), strict=True)
        size = round_up(max(p.bytes for p in portions), alignment)
        found.append(Slot(tuple(portions), Box(size, min(begun), max(ended)), name))

    inside = graph.in_row_loops()
    for node in graph.steps():
        for equal in _equal(node):
            add(equal, node.name)
        if node in inside or not node.shares:
            continue
        first[node] = len(found)
        portions = [share.portion for share in node.shares]
        for group in _in_turn(portions, graph.copies_ahead):
            add(group, node.name)
        before = copied.after.get(node)
        if before is not None and before.in_shares:  # its last share leaves one of its two slots free
            pairs.append((first[before] + len(before.shares) % 2, first[node]))
    return found, pairs


def copied_together(node: Node, ahead: bool) -> list[int]:
    """Bytes of the portions of a node that is in no loop over rows which are in the arena at the same time.

    ahead: whether copies begin while the call before computes
    """
    groups = _in_turn([share.portion for share in node.shares], ahead)
    return [max(p.bytes for p in group) for group in groups]


def _in_turn(portions: Sequence[Portion], ahead: bool) -> list[Sequence[Portion]]:
    """Portions of a node's calls of which each is read before the copy of the next in its group begins."""
    groups = (portions[0::2], portions[1::2]) if ahead else (portions,)
    return [group for group in groups if group]


def _equal(loop: Node) -> list[list[Portion]]:
    """The portions of a loop over rows, equal ones together."""
    groups: dict[str, list[Portion]] = {}
    for stretch in loop.op.stretches:
        for share in (share for node in stretch.graph.nodes for share in node.shares):
            groups.setdefault(share.portion.content, []).append(share.portion)
    return list(groups.values())


def overlaps_of(found: Sequence[Slot], pairs: Sequence[tuple[int, int]], start: int) -> Overlaps:
    """How slots may share bytes, as buffers with the numbers from `start` on."""
    return {(start + i, start + j): {(found[i].box, found[j].box): ANYWHERE} for i, j in pairs}


def places(
    found: Sequence[Slot], offsets: Sequence[int], spans: Mapping[Portion, tuple[int, int]]
) -> dict[Portion, Placement]:
    """Of each portion, given its slot's offset."""
    both = zip(found, offsets, strict=True)
    return {p: Placement(at, p.bytes, *spans[p]) for slot, at in both for p in slot.portions}


def copies(graph: Graph) -> list[int]:
    """Bytes of each that one run makes: of branches the larger sum, of a loop one turn."""
    inside = fetches(graph).loops
    return _copies(graph, inside)


def _copies(graph: Graph, loops: Mapping[Node, tuple[Portion, ...]]) -> list[int]:
    found: list[int] = []
    for node in graph.nodes:
        portions = loops.get(node, ()) if node.op.is_control else [share.portion for share in node.shares]
        found += [p.bytes for p in portions]
        found += [node.table.step] * node.table.count if node.table is not None else []
        inner = [] if node.op.stretches else [_copies(g, loops) for g in node.op.graphs]
        if node.op.is_loop:
            found += [size for each in inner for size in each]
        else:
            found += max(inner, key=sum, default=[])
    return found


def all_portions(graph: Graph) -> list[Portion]:
    """Every portion of a graph, equal ones once, in the order in which they are first read."""
    every = (share.portion for node in graph.steps() for share in node.shares)
    return list({p.content: p for p in reversed(list(every))}.values())[::-1]


def all_tables(graph: Graph) -> list[Table]:
    """Every table of which rows are copied, equal ones once, in the order in which they are first read."""
    return list({n.table.content: n.table for n in reversed(graph.steps()) if n.table is not None}.values())[::-1]


def streamed_bytes(graph: Graph) -> int:
    """Of the file that weights are copied from."""
    return sum(p.bytes for p in all_portions(graph)) + sum(t.bytes for t in all_tables(graph))
