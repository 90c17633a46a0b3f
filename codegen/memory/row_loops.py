"""What loops over rows hold over time: their input shrinks, their output grows, and images between lie in buffers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from edgegen.ir.graph import Node
from edgegen.ir.kernel import Overlap
from edgegen.ir.rows import Stretch, row_bytes
from edgegen.ir.tensor import Tensor


@dataclass(frozen=True)
class Moment:
    """A stretch in the line of time.

    first, last: its nodes' steps
    read:        the last step at which a turn reads the loop's input; before `first` if none does
    written:     the step at which a turn writes the loop's output
    """

    stretch: Stretch
    first: int
    last: int
    read: int
    written: int

    @property
    def repeats(self) -> bool:
        return self.stretch.turns > 1

    @property
    def gone(self) -> int:
        """The last step at which the rows are needed that the stretch's first turn reads, and those below them."""
        return self.last if self.repeats and self.read >= self.first else self.read

    @property
    def begun(self) -> int:
        """The first step at which rows are written."""
        return self.first if self.repeats else self.written


def moments(loop: Node, first: int) -> list[Moment]:
    """The stretches of a loop whose first node has the number `first`."""
    found = []
    for stretch in loop.op.stretches:
        nodes = stretch.graph.nodes
        rows = {stretch.rows} - {None}
        read, written = first - 1, first
        for step, node in enumerate(nodes, first):
            if not rows.isdisjoint(node.inputs):
                read = step
                rows.update(node.outputs if node.is_view else ())
            if node.out is stretch.graph.outputs[0]:
                written = step
        found.append(Moment(stretch, first, first + len(nodes) - 1, read, written))
        first += len(nodes)
    return found


def rest(loop: Node, k: int) -> Tensor | None:
    """What the loop's input is in use as while stretch k reads it: whole at first, then what is left."""
    if loop.op.stretches[k].fed:
        return None
    return loop.input(0) if k == 0 else loop.op.stretches[k].unread


def placed(loop: Node) -> Iterator[tuple[Tensor, Tensor, int]]:
    """(tensor, another, bytes that the first starts after the other) of all that lies at a fixed distance in a loop."""
    x, y = loop.input(0), loop.out
    anchors: dict[int, Tensor] = {}
    for stretch in loop.op.stretches:
        if stretch.reads is not None and not stretch.fed:
            assert stretch.rows is not None
            yield stretch.rows, x, stretch.reads[0] * row_bytes(x)
            if stretch.unread is not None:
                yield stretch.unread, x, stretch.reads[0] * row_bytes(x)
        yield stretch.graph.outputs[0], y, stretch.writes[0] * row_bytes(y)
        yield stretch.made, y, 0
        for buffer, tensor in (*stretch.kept, *stretch.keeps):
            yield tensor, anchors.setdefault(buffer, tensor), 0
        yield from _moved(stretch)


def _moved(stretch: Stretch) -> Iterator[tuple[Tensor, Tensor, int]]:
    """Rows that follow others in a buffer go to its start; all others, anywhere."""
    buffers = {tensor for _, tensor in stretch.kept}
    for node in stretch.graph.nodes:
        if node.is_view and any(tensor in buffers for tensor, offset in node.shared() if offset == 0):
            buffers.add(node.out)
        elif node.op.moved_rows and node.op.moved_rows[0] and node.input(0) in buffers:
            yield node.out, node.input(0), 0
            buffers.add(node.out)


@dataclass(frozen=True)
class Crossing:
    """How `above` may lie over `below`, which is a loop's input or what is left of it.

    until: the step at which `below` must end for that
    """

    below: Tensor
    above: Tensor
    overlap: Overlap
    until: int


def crossings(loop: Node, own: int) -> list[Crossing]:
    """How results may lie over the loop's input, whose own number is `own`.

    Where stretches repeat, input and output are in use all the time, each turn less of one and more of the other.
    """
    x, y = loop.input(0), loop.out
    times = moments(loop, own - sum(len(s.graph.nodes) for s in loop.op.stretches))
    found = [c for k in range(len(times)) if (c := _first_result(loop, times, k)) is not None]
    for k, time in enumerate(times):
        stretch, below = time.stretch, rest(loop, k)
        if not time.repeats or below is None or stretch.reads is None:
            continue
        most = []
        for turn in range(stretch.turns):
            needed = stretch.read(turn)
            if time.written > time.read:  # the rows of this turn are read before any is written
                needed = stretch.read(turn + 1) if turn + 1 < stretch.turns else _next_read(times, k)
            if needed is not None:
                most.append(needed * row_bytes(x) - stretch.written(turn) * row_bytes(y))
        distance = min(most, default=x.type.bytes)
        for tensor, start in [(below, stretch.reads[0] * row_bytes(x) if k else 0), *parts_read(loop, stretch)]:
            found.append(Crossing(tensor, stretch.made, Overlap(distance - start), time.gone))
    return found


def parts_read(loop: Node, stretch: Stretch) -> list[tuple[Tensor, int]]:
    """The rows of the loop's input that a stretch's first turn reads, whole and in parts, and where each starts."""
    x = loop.input(0)
    if stretch.reads is None or stretch.rows is None:
        return []
    starts = {stretch.rows: stretch.reads[0] * row_bytes(x)}
    for node in stretch.graph.nodes:
        if node.is_view and node.input(0) in starts:
            starts[node.out] = starts[node.input(0)] - node.shared()[0][1]
    return list(starts.items())


def _next_read(times: list[Moment], k: int) -> int | None:
    """The first row of the input that stretches after k read."""
    return next((t.stretch.reads[0] for t in times[k + 1 :] if t.stretch.reads is not None), None)


def _first_result(loop: Node, times: list[Moment], k: int) -> Crossing | None:
    """How the result of the one node that reads the loop's input in a stretch may lie over what is left of it.

    What the node's kernel allows, and no further than the rows that are read later.
    """
    x, time = loop.input(0), times[k]
    stretch, below = time.stretch, rest(loop, k)
    if time.repeats or below is None or stretch.reads is None or stretch.rows is None:
        return None
    readers = [n for n in stretch.graph.nodes if stretch.rows in n.inputs]
    node = readers[0]
    if len(readers) > 1 or not node.has_kernel or node.inputs.count(stretch.rows) > 1:
        return None
    overlap = node.overlap(node.inputs.index(stretch.rows))
    start, following = stretch.reads[0], _next_read(times, k)
    room = x.type.bytes if following is None else (following - start) * row_bytes(x) - node.out.type.bytes
    if overlap is None or (overlap.step != 1 and overlap.most > room):
        return None
    skew = 0 if k else start * row_bytes(x)
    return Crossing(below, node.out, Overlap(min(overlap.most, room) + skew, overlap.step), time.gone)


def uses(loop: Node, first: int) -> dict[Tensor, tuple[int, int]]:
    """First and last step at which each tensor that a loop adds is in use, as far as its graphs do not say."""
    spans: dict[Tensor, tuple[int, int]] = {}
    times = moments(loop, first)
    free = first
    for k, time in enumerate(times):
        stretch = time.stretch
        if k and stretch.unread is not None:
            spans[stretch.unread] = (free, time.gone)
        free = max(free, time.gone + 1)
        until = times[k + 1].begun - 1 if k + 1 < len(times) else time.last
        spans[stretch.made] = (time.begun, until)
        arrived = [tensor for _, tensor in stretch.kept]  # from the turn before
        arrived += [stretch.rows] if stretch.fed and stretch.rows is not None else []  # or from the caller
        spans.update(dict.fromkeys(arrived, (time.first - 1, time.first)))
    return spans


def moved_bytes(loop: Node) -> int:
    """Bytes that all turns together move to the start of buffers."""
    return sum(s.turns * node.out.type.bytes for s in loop.op.stretches for node in s.moves)
