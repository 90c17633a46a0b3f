"""An exact search for offsets: which of each two buffers lies below the other, or over it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from edgegen.memory.buffers import Interval

WORK_PER_SECOND = 50_000  # pairs looked at for each second that a slow machine may take

_FAR = 1 << 62  # more than any two offsets differ by

_Least = tuple[int, int, int]  # (a, b, distance): b starts at least so far after a


@dataclass(frozen=True)
class Relation:
    """Two buffers in use together. apart: distances of the second's start from the first's that they must not have, as
    open intervals, sorted and disjoint."""

    first: int
    second: int
    apart: tuple[Interval, ...]

    def ways(self) -> list[list[_Least]]:
        """The ways in which both can lie: one of them holds wherever no distance is one that they must not have."""
        i, j = self.first, self.second
        found: list[list[_Least]] = []
        for k in range(len(self.apart) + 1):
            way: list[_Least] = []
            if k > 0:
                way.append((i, j, self.apart[k - 1][1]))
            if k < len(self.apart):
                way.append((j, i, -self.apart[k][0]))
            found.append(way)
        return found


@dataclass(frozen=True)
class Bounded:
    """Offsets, if some were found, and the fewest bytes that any could take."""

    offsets: list[int] | None
    bound: int


class _Exhausted(Exception):
    """The search has used up its work."""


def _distances(relation: Relation) -> tuple[int, int, tuple[Interval, ...]]:
    """(first, second, least and greatest distance between their starts of each of the relation's ways)."""
    starts = (-_FAR, *(high for _, high in relation.apart))
    ends = (*(low for low, _ in relation.apart), _FAR)
    return relation.first, relation.second, tuple(zip(starts, ends, strict=True))


class _Search:
    """work: pairs that may still be looked at"""

    def __init__(self, sizes: Sequence[int], relations: Sequence[Relation], work: int) -> None:
        self.ways = [r.ways() for r in relations]
        self.distances = [_distances(r) for r in relations]
        self.lesser = [min(sizes[r.first], sizes[r.second]) for r in relations]
        self.work = work

    def _spread(self, low: list[int], high: list[int], imposed: list[_Least]) -> bool:
        """Narrows the bounds of all offsets until they respect what was imposed; False if that is impossible."""
        changed = True
        while changed:
            changed = False
            self.work -= len(imposed)
            for a, b, distance in imposed:
                if low[a] + distance > low[b]:
                    low[b] = low[a] + distance
                    changed = True
                if high[b] - distance < high[a]:
                    high[a] = high[b] - distance
                    changed = True
                if low[a] > high[a] or low[b] > high[b]:
                    return False
        return True

    def _broken(self, among: list[int], at: list[int]) -> list[int]:
        """The relations that offsets do not meet."""
        found = []
        for k in among:
            first, second, ways = self.distances[k]
            distance = at[second] - at[first]
            for start, end in ways:
                if start <= distance <= end:
                    break
            else:
                found.append(k)
        return found

    def run(self, low: list[int], high: list[int], imposed: list[_Least], open_: list[int]) -> list[int] | None:
        """Offsets between the bounds, or None if there are none. Raises _Exhausted."""
        while True:
            if self.work < 0:
                raise _Exhausted
            if not self._spread(low, high, imposed):
                return None
            self.work -= len(open_)
            still: list[int] = []
            settled = False
            for k in open_:
                first, second, ways = self.distances[k]
                least, most = low[second] - high[first], high[second] - low[first]
                possible, chosen, holds = 0, 0, False
                for number, (start, end) in enumerate(ways):
                    if start <= most and least <= end:
                        possible, chosen = possible + 1, number
                        holds = holds or (start <= least and most <= end)
                if not possible:
                    return None
                if possible == 1:
                    imposed = imposed + self.ways[k][chosen]
                    settled = True
                elif not holds:
                    still.append(k)
            open_ = still
            if not settled:
                break
        broken = self._broken(open_, low)
        if not broken:
            return low
        worst = max(broken, key=self.lesser.__getitem__)
        rest = [k for k in open_ if k != worst]
        for way in self.ways[worst]:
            found = self.run(list(low), list(high), imposed + way, rest)
            if found is not None:
                return found
        return None


def solve(sizes: Sequence[int], relations: Sequence[Relation], bound: int, most: int, seconds: int) -> Bounded:
    """Offsets that take as few bytes as possible, at least `bound` and at most `most`; none if there are none.

    The search branches on which way two buffers lie that are in each other's way where all lie as low as they can, and
    narrows the range of every offset by what that implies. It stops after a fixed amount of work; the bound that it
    returns is what it has proved until then.
    """
    search = _Search(sizes, relations, seconds * WORK_PER_SECOND)
    best: list[int] | None = None
    while most >= max(bound, *sizes, 0):
        try:
            found = search.run([0] * len(sizes), [most - s for s in sizes], [], list(range(len(relations))))
        except (_Exhausted, RecursionError):
            break
        if found is None:
            bound = max(bound, most + 1)
            break
        best = found
        most = max((o + s for o, s in zip(found, sizes, strict=True)), default=0) - 1
    return Bounded(best, bound)
