"""Cuts a part of a graph into turns that make a few rows of its result each: a RowLoop.

Which rows exist follows from the result backwards. After a turn, each image between has the rows that its readers have
needed so far; what a reader needs again, or later, stays in the image's buffer. Rows that nobody needs any more make
room at once: those behind them move to the buffer's start.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from edgegen.ir.graph import Graph, Node
from edgegen.ir.rows import RowWindow, Stretch
from edgegen.ir.tensor import Tensor
from edgegen.ops.concat import Concat
from edgegen.ops.move_rows import MoveRows
from edgegen.ops.row_loop import RowLoop
from edgegen.ops.slice import Slice


def windows(node: Node) -> dict[int, RowWindow] | None:
    """The inputs that the node reads by rows, by their position; None if it does not work row by row.

    All of one image each; what it reads besides must be known ahead of time.
    """
    found = node.op.row_windows(*(None if t is None else t.type for t in node.inputs))
    if found is None or len(node.outputs) != 1 or node.out.rank != 4 or node.out.shape[0] != 1:
        return None
    taken: dict[int, RowWindow] = {}
    for i, (tensor, window) in enumerate(zip(node.inputs, found, strict=True)):
        if tensor is None:
            continue
        if (window is None) != tensor.is_constant or (window is not None and tensor.shape[0] != 1):
            return None
        if window is not None:
            taken[i] = window
    return taken or None


@dataclass(frozen=True)
class Part:
    """Nodes that compute y from x, in order: nothing else reads what is between, and all of them work row by row.

    fed: the caller hands over x row by row
    """

    nodes: tuple[Node, ...]
    x: Tensor
    y: Tensor
    fed: bool = False


@dataclass(frozen=True)
class Rows:
    """Of one image in one turn: rows [start, old) lie in its buffer already, rows [old, new) are computed.

    keep: the first row that later turns read; new if there is none
    """

    start: int
    old: int
    new: int
    keep: int


@dataclass(frozen=True)
class Call:
    """One node in one turn: it makes rows [first, end).

    drops: images of which it leaves only the rows from some number on, as (image, number), to be moved to the start of
           what there is of it
    """

    node: Node
    first: int
    end: int
    drops: tuple[tuple[Tensor, int], ...] = ()


class Turns:
    """The rows of every image in every turn.

    step:    rows of y that a turn makes
    at_most: rows of any image between that one call makes, which takes less room and more calls; 0: all that there are
             to make in the turn
    """

    def __init__(self, part: Part, step: int, at_most: int = 0) -> None:
        self.part, self.step, self.at_most = part, step, at_most
        self.windows = {n: windows(n) or {} for n in part.nodes}
        self.readers: dict[Tensor, list[tuple[Node, RowWindow]]] = {}
        for node in part.nodes:
            for i, window in self.windows[node].items():
                self.readers.setdefault(node.input(i), []).append((node, window))
        self.images = [*([part.x] if part.fed else []), *(n.out for n in part.nodes)]
        self.count = -(-part.y.shape[1] // step)
        self._number = {n.out: i for i, n in enumerate(part.nodes)}
        self.inner = [image for image in self.images if image is not part.y]
        self._made: dict[int, dict[Tensor, int]] = {}
        self._rows: dict[int, dict[Tensor, Rows]] = {}
        self._calls: dict[int, list[Call]] = {}

    def made(self, turn: int) -> dict[Tensor, int]:
        """How many rows of each image there are after a turn."""
        if turn not in self._made:
            self._made[turn] = self._needed(min((turn + 1) * self.step, self.part.y.shape[1]))
        return self._made[turn]

    def _needed(self, rows: int) -> dict[Tensor, int]:
        """How many rows of each image the first `rows` rows of y need."""
        needed = {self.part.y: rows}
        for node in reversed(self.part.nodes):
            count = needed.get(node.out, 0)
            for i, window in self.windows[node].items() if count else ():
                image = node.input(i)
                needed[image] = max(needed.get(image, 0), min(max(window.end(count), 0), image.shape[1]))
        return needed

    def span(self, turn: int, image: Tensor) -> tuple[int, int]:
        """Rows of the image that the turn computes."""
        before = self.made(turn - 1).get(image, 0) if turn else 0
        return before, max(before, self.made(turn).get(image, 0))

    def kept_from(self, turn: int, image: Tensor) -> int:
        """The first row of the image that turns after this one read; how many there are by then if none is read."""
        _, end = self.span(turn, image)
        first = end
        for node, window in self.readers.get(image, ()):
            _, done = self.span(turn, node.out)
            if done < self.made(self.count - 1).get(node.out, 0):
                first = min(first, max(window.first(done), 0))
        return first

    def rows(self, turn: int) -> dict[Tensor, Rows]:
        """Of each image but y."""
        if turn not in self._rows:
            found = {}
            for image in self.inner:
                old, new = self.span(turn, image)
                start = self.kept_from(turn - 1, image) if turn else old
                found[image] = Rows(start, old, new, self.kept_from(turn, image))
            self._rows[turn] = found
        return self._rows[turn]

    def calls_made(self, turn: int) -> int:
        """How many calls of kernels the turn takes."""
        step = self.at_most or self.part.y.shape[1] + 1
        return 1 + sum(-(-(r.new - r.old) // step) for image, r in self.rows(turn).items() if image is not self.part.x)

    def calls(self, turn: int) -> list[Call]:
        """In the order in which y asks for rows: whoever lacks some has them made, and no others."""
        if turn not in self._calls:
            found: list[Call] = []
            self._ask(turn, self.part.y, self.part.y.shape[1], {}, found)
            self._calls[turn] = self._with_drops(turn, found)
        return self._calls[turn]

    def _ask(self, turn: int, image: Tensor, end: int, made: dict[Tensor, int], found: list[Call]) -> None:
        """Adds the calls that make the image's rows up to `end`. made: how many rows of each image there are so far"""
        first, last = self.span(turn, image)
        first = made.get(image, first)
        step = self.at_most if image is not self.part.y else 0
        if not step or end > last:
            end = last
        node = self.part.nodes[self._number[image]]
        while first < end:
            done = min(first + step, end) if step else end
            for source, window in sorted(self._sources(node), key=lambda each: self._number[each[0]]):
                self._ask(turn, source, window.end(done), made, found)
            found.append(Call(node, first, done))
            first = made[image] = done

    def _sources(self, node: Node) -> list[tuple[Tensor, RowWindow]]:
        """The images that the node reads and another node makes."""
        read = [(node.input(i), window) for i, window in self.windows[node].items()]
        return [(image, window) for image, window in read if image in self._number]

    def _with_drops(self, turn: int, calls: list[Call]) -> list[Call]:
        """Room is made before more rows follow, and where no more follow."""
        touched: dict[Tensor, list[int]] = {image: [] for image in self.inner}
        reads: dict[tuple[Tensor, int], int] = {}  # the first row that each call reads
        for k, call in enumerate(calls):
            for i in self.windows[call.node]:
                image, first = call.node.input(i), self.read(call, i)[0]
                reads[image, k] = min(first, reads.get((image, k), first))
            for image in {call.node.out, *self.read_by(call.node)} & touched.keys():
                touched[image].append(k)
        drops: list[list[tuple[Tensor, int]]] = [[] for _ in calls]
        for image, rows in self.rows(turn).items():
            start, numbers = rows.start, touched[image]
            there = rows.new if image is self.part.x else rows.old
            for at, k in enumerate(numbers):
                there = calls[k].end if calls[k].node.out is image else there
                last = at + 1 == len(numbers)
                if not last and calls[numbers[at + 1]].node.out is not image:
                    continue
                needed = min([there, rows.keep, *(reads[image, n] for n in numbers[at + 1 :] if (image, n) in reads)])
                if needed > start:
                    drops[k].append((image, needed))
                    start = needed
        return [replace(call, drops=tuple(each)) for call, each in zip(calls, drops, strict=True)]

    def read_by(self, node: Node) -> list[Tensor]:
        """The images that a node reads."""
        return [node.input(i) for i in self.windows[node]]

    def read(self, call: Call, position: int) -> tuple[int, int, int, int]:
        """Rows [first, end) of an input that the call reads, and rows of padding above and below."""
        window, height = self.windows[call.node][position], call.node.input(position).shape[1]
        first, end = window.first(call.first), window.end(call.end)
        return max(first, 0), min(end, height), max(-first, 0), max(end - height, 0)

    def reads_of_x(self, turn: int) -> tuple[int, int] | None:
        """Rows of x that the turn reads or, if it is handed over, those that are new."""
        if self.part.fed:
            first, end = self.span(turn, self.part.x)
            return (first, end) if end > first else None
        spans = [
            self.read(call, i)[:2]
            for call in self.calls(turn)
            for i in self.windows[call.node]
            if call.node.input(i) is self.part.x
        ]
        return (min(a for a, _ in spans), max(b for _, b in spans)) if spans else None

    def form(self, turn: int) -> tuple[object, ...]:
        """All that tells turns apart, apart from where they read x and write y."""
        origin = self.reads_of_x(turn)
        images = self.rows(turn)
        calls = []
        for call in self.calls(turn):
            reads = []
            for i in self.windows[call.node]:
                first, end, above, below = self.read(call, i)
                image = call.node.input(i)
                start = images[image].start if image in images else (origin or (0, 0))[0]
                reads.append((first - start, end - first, above, below))
            drops = tuple((image, row - images[image].start) for image, row in call.drops)
            calls.append((call.node, call.end - call.first, tuple(reads), drops))
        kept = tuple((r.old - r.start, r.new - r.start, r.keep - r.start) for r in images.values())
        return (None if origin is None else origin[1] - origin[0], tuple(calls), kept)

    def is_possible(self) -> bool:
        """Whether every call reads at least one row that exists, and makes one that is read or kept."""
        for turn in range(self.count):
            read: dict[Tensor, list[tuple[int, int]]] = {}
            for call in self.calls(turn):
                for i in self.windows[call.node]:
                    first, end, _, _ = self.read(call, i)
                    if end <= first:
                        return False
                    read.setdefault(call.node.input(i), []).append((first, end))
            if not all(self._is_used(turn, call, read.get(call.node.out, [])) for call in self.calls(turn)):
                return False
        return True

    def _is_used(self, turn: int, call: Call, read: Sequence[tuple[int, int]]) -> bool:
        """Whether rows that a call makes are the result's, read in the turn, or kept: strides may leave out all of a
        few."""
        image = call.node.out
        if image is self.part.y or self.rows(turn)[image].keep < call.end:
            return True
        return any(first < call.end and end > call.first for first, end in read)


def with_rows(tensor: Tensor, rows: int, name: str = "") -> Tensor:
    """A tensor for so many rows of an image."""
    shape = (1, rows, *tensor.shape[2:])
    return Tensor(name or tensor.name, replace(tensor.type, shape=shape))


class _Body:
    """The graph of one turn under way.

    apart: what is kept between turns does not lie where new rows follow it, but is moved there
    whole: each image's rows at hand, and the first one's number
    """

    def __init__(self, turns: Turns, turn: int, name: str, apart: bool) -> None:
        self.turns, self.turn, self.part, self.apart = turns, turn, turns.part, apart
        self.graph = Graph(name, [], [], in_turns=True)
        self.whole: dict[Tensor, tuple[Tensor, int]] = {}
        self.found: list[int] = []
        self.left: list[int] = []

    def build(self) -> Graph:
        turns, graph = self.turns, self.graph
        origin = turns.reads_of_x(self.turn)
        x: Tensor | None = None
        if origin is not None:
            x = with_rows(self.part.x, origin[1] - origin[0], self.part.x.name)
            graph.inputs.append(x)
        for number, (image, r) in enumerate(turns.rows(self.turn).items()):
            if r.old > r.start:
                kept = with_rows(image, r.old - r.start, f"{image.name}/kept")
                graph.inputs.append(kept)
                self.found.append(number)
                self.whole[image] = (kept, r.start)
        if x is not None and origin is not None:
            self._add(self.part.x, x, origin[0], self.part.x.name)
        for call in turns.calls(self.turn):
            self._compute(call)
            for image, first in call.drops:
                self._drop(image, first)
        graph.outputs.append(self.whole[self.part.y][0])
        for number, image in enumerate(turns.inner):
            if image in self.whole:
                graph.outputs.append(self.whole[image][0])
                self.left.append(number)
        return graph

    def _drop(self, image: Tensor, first: int) -> None:
        """Rows from `first` on take the place of those before them."""
        whole, start = self.whole.pop(image)
        count = start + whole.shape[1] - first
        if count:
            self.whole[image] = (self._move(whole, first - start, count), first)

    def _move(self, whole: Tensor, first: int, count: int) -> Tensor:
        moved = with_rows(whole, count, f"{whole.name}/from{first}")
        self.graph.nodes.append(Node(MoveRows(first, count), [whole], [moved], moved.name))
        return moved

    def _compute(self, call: Call) -> None:
        node, image = call.node, call.node.out
        inputs = list(node.inputs)
        above = below = 0
        for i in self.turns.windows[node]:
            first, end, above, below = self.turns.read(call, i)
            inputs[i] = self._rows(node.input(i), first, end)
        made = with_rows(image, call.end - call.first, image.name)
        op = node.op.at_rows(above, below)
        self.graph.nodes.append(Node(op, inputs, [made], node.name, node.source))
        self._add(image, made, call.first, node.name)

    def _add(self, image: Tensor, made: Tensor, first: int, name: str) -> None:
        """New rows of the image, which follow those that are kept."""
        kept = self.whole.get(image)
        if kept is None:
            self.whole[image] = (made, first)
            return
        if self.apart and kept[0] in self.graph.inputs:
            kept = self._move(kept[0], 0, kept[0].shape[1]), kept[1]
        both = with_rows(image, kept[0].shape[1] + made.shape[1], f"{image.name}/rows")
        self._view(Node(Concat(1), [kept[0], made], [both], f"{name}/rows"))
        self.whole[image] = (both, kept[1])

    def _rows(self, image: Tensor, first: int, end: int) -> Tensor:
        """Rows [first, end) of the image, out of those at hand."""
        whole, start = self.whole[image]
        if (first, end) == (start, start + whole.shape[1]):
            return whole
        part = with_rows(image, end - first, f"{image.name}/from{first - start}")
        cut = Slice((0, first - start, 0, 0), part.shape, (1, 1, 1, 1))
        self._view(Node(cut, [whole], [part], part.name))
        return part

    def _view(self, node: Node) -> None:
        node.offsets = node.op.offsets([t.type for t in node.inputs if t is not None], node.out.type)
        self.graph.nodes.append(node)


def row_loop(part: Part, rows: int, at_most: int = 0, apart: bool = False) -> RowLoop | None:
    """The part, so many rows of y at a time; None if a turn would have rows that nothing but padding makes.

    at_most: rows that one call makes of an image between, see Turns
    apart:   kept rows have a place of their own, where they take less room, and are moved once more at each turn
    """
    turns = Turns(part, rows, at_most)
    if not turns.is_possible():
        return None
    forms = [turns.form(t) for t in range(turns.count)]
    stretches: list[Stretch] = []
    turn = 0
    while turn < turns.count:
        end = _alike(turns, forms, turn)
        body = _Body(turns, turn, f"{part.y.name} rows {turn * rows}", apart)
        graph = body.build()
        reads, further = turns.reads_of_x(turn), turns.reads_of_x(min(turn + 1, turns.count - 1))
        x_step = further[0] - reads[0] if reads and further and end - turn > 1 else 0
        y_step = rows if end - turn > 1 else 0
        unread = part.x.shape[1] - reads[0] if reads and turn and not part.fed else 0
        stretches.append(
            Stretch(
                graph,
                end - turn,
                (reads[0], x_step) if reads else None,
                (turn * rows, y_step),
                tuple(body.found),
                tuple(body.left),
                with_rows(part.x, unread, f"{part.x.name}/unread") if unread else None,
                with_rows(part.y, min(end * rows, part.y.shape[1]), f"{part.y.name}/made"),
                part.fed,
            )
        )
        turn = end
    return RowLoop(rows, tuple(stretches))


def _alike(turns: Turns, forms: Sequence[tuple[object, ...]], turn: int) -> int:
    """One past the last turn that is like `turn`: of its form, reading x further down by the same number of rows."""
    end = turn + 1
    starts = [turns.reads_of_x(t) for t in range(turns.count)]
    while end < turns.count and forms[end] == forms[turn]:
        a, b, c, d = starts[turn], starts[turn + 1], starts[end - 1], starts[end]
        if a and b and c and d and b[0] - a[0] != d[0] - c[0]:
            break
        end += 1
    return end
