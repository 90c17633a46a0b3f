"""Which of a board's memories holds which buffer: what a run touches most in the fastest that has room.

Every buffer costs the bytes of it that a run touches over the bytes that its memory gives in a cycle. Buffers are taken
in several orders, each into the fastest memory in which the bytes in use at every step still fit; exchanges between
memories better the cheapest result. The placement of each memory then says whether it fits to the byte; if not, the
next attempt puts less there. Results lie over dying inputs only within one memory.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from edgegen.ir.graph import Graph
from edgegen.ir.tensor import Tensor
from edgegen.memory.arena import Placed, place
from edgegen.memory.buffers import Buffer, Overlaps, forbidden, most_common
from edgegen.memory.storage import Storage, round_up
from edgegen.targets import Region

ATTEMPTS = 4  # at placing what fits step by step
EXCHANGES = 200_000  # pairs of buffers looked at: bounds the time, whatever the machine
SCRATCH_USES = 64
"""How often a kernel is taken to go through its scratch, and a run through the stack. Kernels do not say; it is often
enough that both go into the fastest memory that has room for them."""


@dataclass(frozen=True)
class Demand:
    """A buffer that wants a place. traffic: bytes of it that a run reads and writes; name: for messages."""

    buffer: Buffer
    traffic: int
    name: str


@dataclass(frozen=True)
class Fixed:
    """Bytes in use all the time, beside the arena of their memory. traffic, name: as of a demand."""

    bytes: int
    traffic: int
    name: str


@dataclass(frozen=True)
class Spread:
    """The memory of every buffer, by its number.

    homes:   of the buffers; -1: there is room in none
    fixed:   of what is in use all the time; -1 likewise
    offsets: of each buffer within its memory
    placed:  each memory's placement, of its buffers in order
    """

    homes: list[int]
    fixed: tuple[int, ...]
    offsets: list[int]
    placed: list[Placed]

    @property
    def left(self) -> list[int]:
        """Buffers for which there is no room."""
        return [i for i, home in enumerate(self.homes) if home < 0]

    @property
    def is_complete(self) -> bool:
        """Whether there is room for everything."""
        return -1 not in (*self.homes, *self.fixed)


def traffic(graph: Graph, storages: Sequence[Storage]) -> list[int]:
    """Bytes of each storage that a run touches: all of a tensor for each node, or caller, that writes or reads it.

    What a branch or one turn of a loop touches counts as if it ran once.
    """
    touched: dict[Tensor, int] = {}

    def touch(tensor: Tensor) -> None:
        touched[tensor] = touched.get(tensor, 0) + tensor.type.bytes

    for tensor in (*graph.inputs, *graph.outputs):
        touch(tensor)
    for node in graph.steps():
        if node.has_kernel and node.packed is not None:
            for i in node.packed.inputs:
                touch(node.input(i))
            for tensor in node.outputs:
                touch(tensor)
    return [sum(touched.get(t, 0) for t in s.tensors) for s in storages]


class _Question:
    """What does not change while memories are tried: demands, and what overlaps save if two share a memory."""

    def __init__(self, demands: Sequence[Demand], overlaps: Overlaps, alignment: int, seconds: int) -> None:
        self.demands, self.overlaps, self.alignment, self.seconds = demands, overlaps, alignment, seconds
        buffers = [d.buffer for d in demands]
        self.start = min((b.first for b in buffers), default=0)
        self.steps = max((b.last for b in buffers), default=0) - self.start + 1
        self.use = [{step: b.in_use(step) for step in range(b.first, b.last + 1)} for b in buffers]
        # {result: (step, what dies there, most bytes in common)}, and {what dies: (step, result)}
        self.over: dict[int, list[tuple[int, int, int]]] = {}
        self.under: dict[int, list[tuple[int, int]]] = {}
        for (i, j), pairs in overlaps.items():
            apart = forbidden(buffers[i], buffers[j], pairs, overlaps.get((j, i), {}), alignment)
            for step in sorted({result.first for _, result in pairs}):
                self.over.setdefault(j, []).append((step, i, most_common(buffers[i], buffers[j], step, apart)))
                self.under.setdefault(i, []).append((step, j))


class _Fill:
    """Memories while buffers are put into them: bytes in use at every step, overlaps as deep as they may be."""

    def __init__(self, question: _Question, rooms: Sequence[int]) -> None:
        self.question, self.rooms = question, rooms
        self.levels = [[0] * question.steps for _ in rooms]
        self.homes = [-1] * len(question.demands)

    def _saved(self, j: int, step: int, home: int) -> int:
        """Bytes that a result that begins at the step has in common with what dies there in the memory."""
        dying = self.question.over.get(j, ())
        common = sum(shared for at, i, shared in dying if at == step and self.homes[i] == home)
        return min(common, self.question.use[j][step])

    def _more(self, i: int, home: int) -> dict[int, int]:
        """{step: bytes that the buffer would add to those in use} if it came into the memory."""
        found = dict(self.question.use[i])
        results = {(j, step) for step, j in self.question.under.get(i, ()) if self.homes[j] == home}
        for j, step in results:
            found[step] += self._saved(j, step, home)
        self.homes[i] = home
        for j, step in results | {(i, step) for step, _, _ in self.question.over.get(i, ())}:
            found[step] -= self._saved(j, step, home)
        self.homes[i] = -1
        return found

    def fits(self, i: int, home: int) -> bool:
        """Whether there is room for the buffer, which is in no memory."""
        level, room, start = self.levels[home], self.rooms[home], self.question.start
        return all(level[step - start] + more <= room for step, more in self._more(i, home).items())

    def put(self, i: int, home: int) -> None:
        self._add(i, home, 1)
        self.homes[i] = home

    def take(self, i: int) -> int:
        """Takes the buffer out; the memory that it was in."""
        home, self.homes[i] = self.homes[i], -1
        self._add(i, home, -1)
        return home

    def _add(self, i: int, home: int, sign: int) -> None:
        for step, more in self._more(i, home).items():
            self.levels[home][step - self.question.start] += sign * more


class _Spreading:
    """Demands, and memories with so much room."""

    def __init__(self, question: _Question, rooms: Sequence[int], speeds: Sequence[float]) -> None:
        self.question, self.demands, self.rooms, self.speeds = question, question.demands, list(rooms), speeds

    def cost(self, homes: Sequence[int]) -> float:
        """Cycles that a run's accesses take at least; without end if there is no room for a buffer."""
        if any(home < 0 for home in homes):
            return float("inf")
        return sum(d.traffic / self.speeds[home] for d, home in zip(self.demands, homes, strict=True))

    def _first_fit(self, order: Sequence[int]) -> _Fill:
        fill = _Fill(self.question, self.rooms)
        for i in order:
            for home in range(len(self.rooms)):
                if fill.fits(i, home):
                    fill.put(i, home)
                    break
        return fill

    def _exchange(self, fill: _Fill) -> None:
        """Moves and swaps that lower the cost, hot buffers first, until there are none or the work is done."""
        work = EXCHANGES
        hot = sorted(range(len(self.demands)), key=lambda i: (-self.demands[i].traffic, i))
        changed = True
        while changed and work > 0:
            changed = False
            for i, home in itertools.product(hot, range(len(self.rooms))):
                if self.speeds[home] <= self.speeds[fill.homes[i]]:
                    continue
                work -= len(hot)
                if work < 0:
                    return
                changed |= self._improve(fill, i, home, hot)

    def _improve(self, fill: _Fill, i: int, home: int, hot: Sequence[int]) -> bool:
        """Brings a buffer into a faster memory, if need be for another one whose bytes a run touches less."""
        before = fill.take(i)
        if fill.fits(i, home):
            fill.put(i, home)
            return True
        ours = self.demands[i]
        for j in reversed(hot):
            theirs = self.demands[j]
            if theirs.traffic >= ours.traffic:
                break
            beside = theirs.buffer.first <= ours.buffer.last and ours.buffer.first <= theirs.buffer.last
            if fill.homes[j] != home or not beside:
                continue
            fill.take(j)
            if fill.fits(i, home):
                fill.put(i, home)
                if fill.fits(j, before):
                    fill.put(j, before)
                    return True
                fill.take(i)
            fill.put(j, home)
        fill.put(i, before)
        return False

    def fast(self) -> list[int]:
        """The cheapest memories found for the buffers, by the bytes in use at every step; -1: there is room in none."""
        best: list[int] = []
        for key in _ORDERS:
            order = sorted(range(len(self.demands)), key=[key(d) for d in self.demands].__getitem__)
            fill = self._first_fit(order)
            if -1 not in fill.homes:
                self._exchange(fill)
            if not best or (fill.homes.count(-1), self.cost(fill.homes)) < (best.count(-1), self.cost(best)):
                best = fill.homes
        return best

    def _members(self, homes: Sequence[int], home: int) -> list[int]:
        return [i for i, h in enumerate(homes) if h == home]

    def _place(self, members: Sequence[int]) -> Placed:
        number = {i: k for k, i in enumerate(members)}
        overlaps = self.question.overlaps.items()
        inside = {(number[i], number[j]): o for (i, j), o in overlaps if i in number and j in number}
        return place([self.demands[i].buffer for i in members], inside, self.question.alignment, self.question.seconds)

    def exactly(self) -> tuple[list[int], list[Placed]]:
        """Memories in which all buffers have offsets, and these; homes of -1 if none are found.

        Where a placement takes more than the bytes in use at a step, as much less is put there the next time; at last
        all buffers go into one memory.
        """
        spare = list(self.rooms)
        for _ in range(ATTEMPTS):
            homes = self.fast()
            if -1 in homes:
                break
            placed = [self._place(self._members(homes, home)) for home in range(len(spare))]
            over = [max(0, p.size - room) for p, room in zip(placed, spare, strict=True)]
            if not any(over):
                return homes, placed
            self.rooms = [room - excess for room, excess in zip(self.rooms, over, strict=True)]
        whole = self._place(range(len(self.demands)))
        home = next((home for home, room in enumerate(spare) if whole.size <= room), -1)
        empty = Placed([], 0, 0)
        return [home] * len(self.demands), [whole if at == home else empty for at in range(len(spare))]


_ORDERS: tuple[Callable[[Demand], tuple[float, ...]], ...] = (
    lambda d: (-d.traffic / d.buffer.size, d.buffer.size),
    lambda d: (-d.traffic / (d.buffer.size * (d.buffer.last - d.buffer.first + 1)), d.buffer.size),
    lambda d: (-d.traffic, d.buffer.size),
    lambda d: (-d.buffer.size, -d.traffic),
)


def spread(
    demands: Sequence[Demand],
    overlaps: Overlaps,
    fixed: Sequence[Fixed],
    regions: Sequence[Region],
    alignment: int,
    struct_alignment: int,
    seconds: int,
) -> Spread:
    """A memory for every buffer, at the least cost that is found, and an offset within it.

    regions:          memories, the fastest first
    alignment:        of buffers, bytes; their boxes start and end at multiples of it
    struct_alignment: of each memory's arena and of what is fixed
    seconds:          for each placement, as of `place`

    If there is no room for all, some buffers have none: those that were left over when most bytes had found some.
    """
    speeds = [r.bytes_per_cycle for r in regions]
    question = _Question(demands, overlaps, alignment, seconds)
    found: list[tuple[float, tuple[int, ...], _Spreading]] = []
    partial: tuple[int, list[int], tuple[int, ...]] | None = None
    for homes in itertools.product(range(len(regions)), repeat=len(fixed)):
        rooms = _rooms(regions, fixed, homes, struct_alignment)
        if min(rooms) < 0:
            continue
        spreading = _Spreading(question, rooms, speeds)
        quick = spreading.fast()
        lost = sum(demands[i].buffer.size for i, home in enumerate(quick) if home < 0)
        if lost:
            if partial is None or lost < partial[0]:
                partial = lost, quick, homes
            continue
        apart = sum(f.traffic / speeds[home] for f, home in zip(fixed, homes, strict=True))
        found.append((spreading.cost(quick) + apart, homes, spreading))
    for _, fixed_homes, spreading in sorted(found, key=lambda f: f[:2]):
        homes_found, placed = spreading.exactly()
        if -1 not in homes_found:
            return Spread(homes_found, fixed_homes, _offsets(homes_found, placed), placed)
        partial = partial or (0, homes_found, fixed_homes)
    left, at = (partial[1], partial[2]) if partial is not None else ([-1] * len(demands), (-1,) * len(fixed))
    return Spread(left, at, [-1] * len(demands), [Placed([], 0, 0) for _ in regions])


def _rooms(regions: Sequence[Region], fixed: Sequence[Fixed], homes: Sequence[int], alignment: int) -> list[int]:
    """Bytes that each memory has for its arena beside what is fixed there."""
    rooms = [r.bytes // alignment * alignment for r in regions]
    for one, home in zip(fixed, homes, strict=True):
        rooms[home] -= round_up(one.bytes, alignment) if one.bytes else 0
    return rooms


def _offsets(homes: Sequence[int], placed: Sequence[Placed]) -> list[int]:
    queues = [iter(p.offsets) for p in placed]
    return [next(queues[home]) for home in homes]
