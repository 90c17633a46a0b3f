"""Offsets for buffers that are in use over intervals of time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from edgegen.ir.kernel import Overlap
from edgegen.memory.buffers import Buffer, Interval, Overlaps, Pairs, forbidden, is_whole, lower_bound, neighbours
from edgegen.memory.exact import Relation, solve

WORK_PER_SECOND = 100_000
"""Pairs looked at for each second of a slow machine while a placement is improved. Work is counted, since every machine
has to find the same one."""
MOST_TRIALS = 5_000


@dataclass(frozen=True)
class Placed:
    """An offset for each buffer, the bytes that they take, and the fewest that any offsets could take."""

    offsets: list[int]
    size: int
    bound: int


class _Placing:
    """The buffers with the distances that each must keep from others, and greedy placements of them in an order."""

    def __init__(self, buffers: Sequence[Buffer], overlaps: Overlaps, alignment: int) -> None:
        self.sizes = [b.size for b in buffers]
        self.relations: list[Relation] = []
        self.loose: list[Relation] = []  # what binds every placement, also at distances that are not looked at
        self.apart: list[dict[int, list[Interval]]] = [{} for _ in buffers]
        for i, beside in enumerate(neighbours(buffers)):
            for j in beside:
                if i < j:
                    over, under = overlaps.get((i, j), {}), overlaps.get((j, i), {})
                    intervals = forbidden(buffers[i], buffers[j], over, under, alignment)
                    self.relations.append(Relation(i, j, tuple(intervals)))
                    loose = forbidden(buffers[i], buffers[j], _every_distance(over), _every_distance(under), alignment)
                    self.loose.append(Relation(i, j, tuple(loose)))
                    self.apart[j][i] = intervals
                    self.apart[i][j] = [(-high, -low) for low, high in reversed(intervals)]
        self.effort = len(buffers) + 2 * len(self.relations)
        self.complete = all(
            is_whole(o, min(x.size, y.size), alignment) for pairs in overlaps.values() for (x, y), o in pairs.items()
        )

    def extent(self, offsets: Sequence[int]) -> int:
        return max((o + s for o, s in zip(offsets, self.sizes, strict=True)), default=0)

    def _taken(self, i: int, offsets: Sequence[int]) -> list[Interval]:
        """Offsets that buffer i must not have, as open intervals that may share numbers, sorted."""
        found = [
            (low + offsets[j], high + offsets[j])
            for j, intervals in self.apart[i].items()
            if offsets[j] >= 0
            for low, high in intervals
        ]
        return sorted(found)

    def _tightest(self, i: int, offsets: Sequence[int]) -> int:
        """The start of the free interval that leaves least room."""
        best, best_room, end = -1, -1, 0
        for low, high in self._taken(i, offsets):
            room = low - end
            if room >= 0 and (best < 0 or room < best_room):
                best, best_room = end, room
            end = max(end, high)
        return best if best >= 0 else end

    def _lowest(self, i: int, offsets: Sequence[int]) -> int:
        end = 0
        for low, high in self._taken(i, offsets):
            if low >= end:
                break
            end = max(end, high)
        return end

    def fit(self, order: Sequence[int], lowest: bool = False) -> list[int]:
        """Each buffer in turn where least room is left around it, or at the lowest place that is free."""
        place = self._lowest if lowest else self._tightest
        offsets = [-1] * len(self.sizes)
        for i in order:
            offsets[i] = place(i, offsets)
        return offsets

    def fit_two_ended(self, order: Sequence[int], bound: int) -> list[int]:
        """Each buffer in turn at the start if that is free, else as near the end of `bound` bytes as it fits.

        A chain, where each buffer lives beside its predecessor only, always fits. What does not fit at all starts at
        the lowest place that is free up to infinity.
        """
        offsets = [-1] * len(self.sizes)
        for i in order:
            lowest = self._lowest(i, offsets)
            offsets[i] = lowest if lowest == 0 else max(self._highest(i, offsets, bound - self.sizes[i]), lowest)
        return offsets

    def _highest(self, i: int, offsets: Sequence[int], most: int) -> int:
        """The highest free place up to `most`; -1 if there is none."""
        at = most
        for low, high in sorted(self._taken(i, offsets), key=lambda each: -each[1]):
            if low < at < high:
                at = low
        return at

    def improve(self, order: list[int], offsets: list[int], bound: int, seconds: int) -> list[int]:
        """Moves buffers that stick out to earlier places in the order while that does not enlarge the arena.

        Where to is drawn from a fixed sequence, so that the same buffers always give the same offsets.
        """
        size = self.extent(offsets)
        best, best_size = offsets, size
        beside = [list(apart) for apart in self.apart]
        random = 0x9E3779B9
        for turn in range(min(seconds * WORK_PER_SECOND // max(self.effort, 1), MOST_TRIALS)):
            top = [k for k, i in enumerate(order) if offsets[i] + self.sizes[i] == size]
            random = (1664525 * random + 1013904223) & 0xFFFFFFFF  # Numerical Recipes' linear congruential generator
            source = top[(random >> 8) % len(top)]
            moved = order[source]
            if random & 0x80000000 and beside[moved]:  # as often: whoever is in its way
                moved = beside[moved][(random >> 8) % len(beside[moved])]
                source = order.index(moved)
            target = (random >> 12) % max(source, 1)
            trial = order[:source] + order[source + 1 :]
            trial.insert(target, moved)
            placed = self.fit(trial, turn % 2 == 0)
            extent = self.extent(placed)
            if extent <= size:
                order, offsets, size = trial, placed, extent
                if size < best_size:
                    best, best_size = offsets, size
                    if size == bound:
                        break
        return best


def _every_distance(pairs: Pairs) -> Pairs:
    """Overlaps in steps as if they allowed what lies between the steps as well."""
    return {both: Overlap(o.most, 1) if o.step > 1 else o for both, o in pairs.items()}


_ORDERS: tuple[Callable[[Buffer], tuple[int, ...]], ...] = (
    lambda b: (-b.size, b.first, b.last),
    lambda b: (-b.size, -(b.last - b.first), b.first),
    lambda b: (-(b.last - b.first), -b.size, b.first),
    lambda b: (-b.size * (b.last - b.first + 1), b.first, b.last),
    lambda b: (b.first, -b.size, b.last),
    lambda b: (-b.last, -b.size, b.first),
    lambda b: (-b.first, -b.size, b.last),
)


def place(buffers: Sequence[Buffer], overlaps: Overlaps | None = None, alignment: int = 1, seconds: int = 10) -> Placed:
    """Offsets, multiples of the alignment, so that boxes in use together share bytes only as the overlaps allow.

    Greedy placement in several orders (by size, by lifetime, by both, by time); the smallest arena wins, the earlier
    order on a tie. If that misses the lower bound, both ends are filled in turn; then a search over which of two lies
    below the other, exact if it ends, looks for offsets at the bound, and then for any that are better; if it does not
    end, a bounded search moves buffers within the order before it tries once more.

    Boxes must start and end at multiples of the alignment. seconds: what each search may take on a slow machine
    """
    placing = _Placing(buffers, overlaps or {}, alignment)
    bound = lower_bound(buffers, overlaps, alignment)
    best: list[int] | None = None
    best_order: list[int] = []
    for key in _ORDERS:
        order = sorted(range(len(buffers)), key=[key(b) for b in buffers].__getitem__)
        for lowest in (False, True):
            offsets = placing.fit(order, lowest)
            if best is None or placing.extent(offsets) < placing.extent(best):
                best, best_order = offsets, order
            if placing.extent(best) == bound:
                return Placed(best, bound, bound)
    in_time = sorted(range(len(buffers)), key=lambda i: (buffers[i].first, -buffers[i].size))
    offsets = placing.fit_two_ended(in_time, bound)
    if placing.extent(offsets) == bound:
        return Placed(offsets, bound, bound)
    assert best is not None  # there are orders
    found = solve(placing.sizes, placing.relations, bound, bound, seconds)
    greedy, least = best, found.bound
    best = found.offsets or best
    for improved in (False, True):
        if placing.extent(best) <= least:
            break
        if improved:
            best = min(best, placing.improve(best_order, greedy, least, seconds), key=placing.extent)
        found = solve(placing.sizes, placing.relations, least, placing.extent(best) - 1, seconds)
        best, least = found.offsets or best, found.bound
    if not placing.complete:
        least = max(bound, solve(placing.sizes, placing.loose, bound, placing.extent(best) - 1, seconds).bound)
    size = placing.extent(best)
    return Placed(best, size, min(least, size))
