"""The order of nodes that needs fewest bytes at its busiest node.

A problem is a graph of numbered nodes and the values that they write and use. Sets of nodes are bit masks. What is in
use after some nodes have run depends on which they are, not on their order, so a search over sets is exact: it takes
the set whose busiest node was least busy, and of those the largest, and runs each node that can follow. Before and
after a node that every other node is tied to, the order is a matter of its own.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

BEAMS = (1, 8, 64)  # how many sets the heuristic search keeps, one trial after the other


@dataclass(frozen=True)
class Value:
    """Bytes that are in use from the first of its writers, or from the start, to the last of its users.

    writers, users: masks; a writer is a user too
    kept: in use to the end
    """

    size: int
    writers: int
    users: int
    source: bool = False
    kept: bool = False


@dataclass(frozen=True)
class Reuse:
    """Bytes of a node's result that may be those of what it reads.

    ways: (values, bytes), by number, most bytes first: so many if all of the values end with the node
    """

    ways: tuple[tuple[tuple[int, ...], int], ...]

    @property
    def most(self) -> int:
        return self.ways[0][1]


@dataclass(frozen=True)
class Problem:
    """Nodes 0, 1, ... in an order that is possible.

    before: mask of the nodes that must run before each
    extra:  bytes that each needs while it runs
    reuses: of each node; together they save at most `most_reused` bytes
    """

    before: tuple[int, ...]
    values: tuple[Value, ...]
    extra: tuple[int, ...]
    reuses: tuple[tuple[Reuse, ...], ...]
    most_reused: tuple[int, ...]


@dataclass(frozen=True)
class Ordered:
    """An order, the bytes at its busiest node, the fewest that any order could need there, and the work done.

    is_only: there is no other order
    """

    order: tuple[int, ...]
    peak: int
    bound: int
    work: int
    is_only: bool


def members(mask: int) -> Iterator[int]:
    """The numbers in a mask, least first."""
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low


class _Usage:
    """What running a node does to the bytes in use."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        count = len(problem.before)
        self.writes: list[list[Value]] = [[] for _ in range(count)]
        self.uses: list[list[Value]] = [[] for _ in range(count)]
        for value in problem.values:
            for v in () if value.source else members(value.writers):
                self.writes[v].append(value)
            for v in () if value.kept else members(value.users):
                self.uses[v].append(value)
        self.start = sum(v.size for v in problem.values if v.source and (v.users or v.kept))

    def run(self, done: int, level: int, v: int) -> tuple[int, int]:
        """(bytes in use while node v runs, bytes in use afterwards). done: those before, which leave `level` bytes."""
        after = ~(done | 1 << v)
        for value in self.writes[v]:
            if not value.writers & done:
                level += value.size
        during = level + self.problem.extra[v]
        values = self.problem.values
        saved = 0
        for reuse in self.problem.reuses[v]:
            for read, size in reuse.ways:
                if not any(values[i].users & after or values[i].kept for i in read):
                    saved += size
                    break
        for value in self.uses[v]:
            if not value.users & after:
                level -= value.size
        return during - min(saved, self.problem.most_reused[v]), level

    def peak(self, order: Sequence[int], done: int, level: int) -> tuple[int, int]:
        """(bytes at the busiest node, bytes in use afterwards) of some nodes in an order."""
        peak = 0
        for v in order:
            during, level = self.run(done, level, v)
            peak = max(peak, during)
            done |= 1 << v
        return peak, level


class _Relatives:
    """Which nodes must run before and after each, however far."""

    def __init__(self, problem: Problem) -> None:
        count = len(problem.before)
        self.above, self.below = [0] * count, [0] * count
        self.after = [0] * count
        for v, mask in enumerate(problem.before):
            for u in members(mask):
                self.above[v] |= self.above[u] | 1 << u
                self.after[u] |= 1 << v
        for v in reversed(range(count)):
            for u in members(self.after[v]):
                self.below[v] |= self.below[u] | 1 << u

    def segments(self) -> list[range]:
        """The nodes cut behind each that all others must run before or after: its number is how many come before."""
        count = len(self.above)
        ties = [
            v for v in range(count) if self.above[v].bit_count() == v and self.below[v].bit_count() == count - 1 - v
        ]
        starts = [0, *(v + 1 for v in ties)]
        return [range(a, b) for a, b in pairwise([*starts, count]) if a < b]


def least_at(usage: _Usage, relatives: _Relatives, v: int) -> int:
    """Bytes that no order can avoid while node v runs: what it touches, and what is handed from before it to behind."""
    problem, me = usage.problem, 1 << v
    level = problem.extra[v]
    for value in problem.values:
        begun = value.source or value.writers & (relatives.above[v] | me)
        needed = value.kept or value.users & (relatives.below[v] | me)
        level += value.size if begun and needed else 0
    return level - min(sum(r.most for r in problem.reuses[v]), problem.most_reused[v])


Trail = tuple["Trail", int] | None
"""The nodes run so far, from the last back to the first."""


def _order(trail: Trail) -> list[int]:
    found = []
    while trail is not None:
        trail, v = trail
        found.append(v)
    return found[::-1]


class _Search:
    """Orders of a segment, whose nodes run when those in `done` have, which left `level` bytes in use.

    work: steps that may still be looked at, one for each node run in thought
    """

    def __init__(self, usage: _Usage, relatives: _Relatives, segment: range, done: int, level: int, work: int) -> None:
        self.usage, self.done, self.level, self.work = usage, done, level, work
        self.before = {v: usage.problem.before[v] & ~done for v in segment}
        self.after = {v: [u for u in members(relatives.after[v]) if u in self.before] for v in segment}
        self.first = tuple(v for v in segment if not self.before[v])

    def ends(self, level: int) -> int:
        """Bytes that no order can avoid at its first or at its last node. level: bytes in use after all of them."""
        usage, whole = self.usage, self.done
        for v in self.before:
            whole |= 1 << v
        last = []
        for v in (v for v in self.before if not self.after[v]):
            done = whole & ~(1 << v)
            written = sum(value.size for value in usage.writes[v] if not value.writers & done)
            freed = sum(value.size for value in usage.uses[v] if not value.users & ~whole)
            last.append(usage.run(done, level + freed - written, v)[0])
        return max(min(last), min(usage.run(self.done, self.level, v)[0] for v in self.first))

    def _ready(self, ready: tuple[int, ...], v: int, done: int) -> tuple[int, ...]:
        """What can run once v, one of `ready`, has; done: with v."""
        at = ready.index(v)
        left = ready[:at] + ready[at + 1 :]
        more = [u for u in self.after[v] if not self.before[u] & ~done]
        return tuple(sorted(left + tuple(more))) if more else left

    def beam(self, width: int, floor: int) -> tuple[int, list[int]]:
        """(peak, order), where only so many sets are followed at a time. Peaks up to `floor` are all the same."""
        states: list[tuple[int, int, int, tuple[int, ...], Trail]] = [(floor, self.level, self.done, self.first, None)]
        for _ in self.before:
            found: dict[int, tuple[int, int, int, tuple[int, ...], Trail]] = {}
            for peak, level, done, ready, trail in states:
                self.work -= len(ready)
                for v in ready:
                    during, after = self.usage.run(done, level, v)
                    then, worst = done | 1 << v, max(peak, during)
                    known = found.get(then)
                    if known is None or (worst, after) < known[:2]:
                        found[then] = (worst, after, then, ready, (trail, v))
            best = sorted(found.values(), key=lambda s: s[:3])[:width]
            states = [(p, n, done, self._ready(r, t[1], done), t) for p, n, done, r, t in best if t is not None]
        return states[0][0], _order(states[0][4])

    def exact(self, floor: int, most: int) -> tuple[int, list[int] | None]:
        """The least peak below `most` with its order; else (what no order undercuts, None)."""
        least = {self.done: floor}
        heap: list[tuple[int, int, int, int, int, tuple[int, ...], Trail]] = []
        heapq.heappush(heap, (floor, 0, self.level, 0, self.done, self.first, None))
        pushed = 0
        while heap:
            peak, depth, level, _, done, ready, trail = heapq.heappop(heap)
            if not ready:
                return peak, _order(trail)
            if self.work < 0:
                return peak, None
            if least[done] < peak:
                continue
            self.work -= len(ready)
            steps = [(v, *self.usage.run(done, level, v)) for v in ready]
            # a node that raises neither the peak nor what is in use afterwards is best run at once
            free = next(((v, during, after) for v, during, after in steps if during <= peak and after <= level), None)
            for v, during, after in steps if free is None else [free]:
                worst, then = max(peak, during), done | 1 << v
                if worst < most and worst < least.get(then, most):
                    least[then] = worst
                    pushed += 1
                    left = self._ready(ready, v, then)
                    heapq.heappush(heap, (worst, depth - 1, after, pushed, then, left, (trail, v)))
        return most, None


def least_peak(problem: Problem, work: int) -> Ordered:
    """The order with the least peak, the given one if no other has less; an exact one if `work` steps suffice."""
    usage, relatives = _Usage(problem), _Relatives(problem)
    sources = sum(v.size for v in problem.values if v.source)
    floor = max([sources, *(least_at(usage, relatives, v) for v in range(len(problem.before)))])
    parts: list[tuple[int, range, int, int, int]] = []  # (peak, segment, nodes before it, bytes before and after it)
    done, level = 0, usage.start
    for segment in relatives.segments():
        peak, after = usage.peak(segment, done, level)
        parts.append((peak, segment, done, level, after))
        done, level = done | sum(1 << v for v in segment), after
    orders: dict[int, list[int]] = {}
    bound = highest = floor
    left = work
    for peak, segment, done, level, after in sorted(parts, key=lambda part: (-part[0], part[1].start)):
        if peak <= highest:
            break
        search = _Search(usage, relatives, segment, done, level, left)
        best = peak
        ends = search.ends(after)
        for width in BEAMS:
            if best > max(highest, ends) and search.work > 0:
                found, order = search.beam(width, highest)
                if found < best:
                    best, orders[segment.start] = found, order
        bound = max(bound, ends)
        if best > max(highest, ends):
            least, exact = search.exact(highest, best)
            if exact is not None:
                best, orders[segment.start] = least, exact
            bound = max(bound, least) if least > highest else bound  # up to `highest` it has looked at nothing
        highest, left = max(highest, best), search.work
    whole = [
        v
        for _, segment, *_ in sorted(parts, key=lambda part: part[1].start)
        for v in orders.get(segment.start, segment)
    ]
    return Ordered(tuple(whole), highest, min(bound, highest), work - left, len(parts) == len(whole))
