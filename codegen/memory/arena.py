"""Offsets for buffers that are in use over intervals of time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from edgegen.ir.kernel import Overlap
from edgegen.memory.exact import Bounded, Relation, solve

WORK = 1_000_000  # pairs looked at while improving a placement: bounds the time, whatever the machine


@dataclass(frozen=True)
class Buffer:
    """`size` bytes in use from step `first` to step `last`, both inclusive."""

    size: int
    first: int
    last: int


Overlaps = Mapping[tuple[int, int], Overlap]
"""How buffer j, which a step defines, may lie over buffer i, which the same step needs last: {(i, j): ...}."""


@dataclass(frozen=True)
class Placed:
    """An offset for each buffer, the bytes that they take, and the fewest that any offsets could take."""

    offsets: list[int]
    size: int
    bound: int


def shared_bytes(below: Buffer, above: Buffer, overlap: Overlap) -> int:
    """Most bytes that `above` may have in common with `below`."""
    return max(0, min(below.size, above.size, above.size + overlap.most))


def lower_bound(buffers: Sequence[Buffer], overlaps: Overlaps | None = None) -> int:
    """Largest number of bytes in use at one step, with every overlap as deep as it may be: no placement needs less."""
    changes: dict[int, int] = {}
    for b in buffers:
        changes[b.first] = changes.get(b.first, 0) + b.size
        changes[b.last + 1] = changes.get(b.last + 1, 0) - b.size
    common: dict[int, int] = {}
    for (i, j), overlap in (overlaps or {}).items():
        common[j] = common.get(j, 0) + shared_bytes(buffers[i], buffers[j], overlap)
    saved: dict[int, int] = {}
    for j, size in common.items():
        step = buffers[j].first
        saved[step] = saved.get(step, 0) + min(size, buffers[j].size)
    for step in saved:
        changes.setdefault(step, 0)
        changes.setdefault(step + 1, 0)
    peak = level = 0
    for step in sorted(changes):
        level += changes[step]
        peak = max(peak, level - saved.get(step, 0))
    return peak


def neighbours(buffers: Sequence[Buffer]) -> list[list[int]]:
    """For each buffer, those in use at one of its steps."""
    beside: list[list[int]] = [[] for _ in buffers]
    active: list[int] = []
    for i in sorted(range(len(buffers)), key=lambda k: buffers[k].first):
        active = [j for j in active if buffers[j].last >= buffers[i].first]
        for j in active:
            beside[i].append(j)
            beside[j].append(i)
        active.append(i)
    return beside


class _Placing:
    """The buffers with what each must be told apart from, and greedy placements of them in an order."""

    def __init__(self, buffers: Sequence[Buffer], overlaps: Overlaps) -> None:
        self.sizes = [b.size for b in buffers]
        self.beside = neighbours(buffers)
        self.overlaps = overlaps
        self.sliding = {i for pair in overlaps for i in pair}
        sliding = sum(len(self.beside[i]) ** 2 for i in self.sliding)
        self.effort = len(buffers) + sum(map(len, self.beside)) + sliding

    def extent(self, offsets: Sequence[int]) -> int:
        return max((o + s for o, s in zip(offsets, self.sizes, strict=True)), default=0)

    def _fits(self, i: int, at: int, offsets: Sequence[int], placed: Sequence[int]) -> bool:
        end = at + self.sizes[i]
        for j in placed:
            start = offsets[j]
            if end <= start or start + self.sizes[j] <= at:
                continue
            over, under = self.overlaps.get((j, i)), self.overlaps.get((i, j))
            if not (over is not None and over.allows(at - start)) and not (
                under is not None and under.allows(start - at)
            ):
                return False
        return True

    def _candidates(self, i: int, offsets: Sequence[int], placed: Sequence[int]) -> list[int]:
        """Offsets at which the buffer would touch another, or lie over it as far as it may."""
        found = {0}
        for j in placed:
            start = offsets[j]
            found.add(start + self.sizes[j])
            found.add(start - self.sizes[i])
            over, under = self.overlaps.get((j, i)), self.overlaps.get((i, j))
            if over is not None:
                found.add(start + over.most)
            if under is not None:
                found.add(start - under.most)
        return sorted(at for at in found if at >= 0)

    def _tightest_gap(self, i: int, offsets: Sequence[int]) -> int:
        taken = sorted((offsets[j], offsets[j] + self.sizes[j]) for j in self.beside[i] if offsets[j] >= 0)
        best, best_gap, end = -1, -1, 0
        for start, stop in taken:
            gap = start - end
            if gap >= self.sizes[i] and (best < 0 or gap < best_gap):
                best, best_gap = end, gap
            end = max(end, stop)
        return best if best >= 0 else end

    def fit(self, order: Sequence[int]) -> list[int]:
        """Each buffer in turn at the lowest place that is free, in the tightest gap if it may lie over no other."""
        offsets = [-1] * len(self.sizes)
        for i in order:
            if i not in self.sliding:
                offsets[i] = self._tightest_gap(i, offsets)
                continue
            placed = [j for j in self.beside[i] if offsets[j] >= 0]
            candidates = self._candidates(i, offsets, placed)
            offsets[i] = next(at for at in candidates if self._fits(i, at, offsets, placed))
        return offsets

    def fit_two_ended(self, order: Sequence[int], bound: int) -> list[int]:
        """Each buffer in turn at the start if that is free, else as near the end of `bound` bytes as it fits.

        A chain, where each buffer lives beside its predecessor only, always fits. What does not fit at all starts at
        the lowest place that is free up to infinity.
        """
        offsets = [-1] * len(self.sizes)
        for i in order:
            placed = [j for j in self.beside[i] if offsets[j] >= 0]
            last = bound - self.sizes[i]
            candidates = [*self._candidates(i, offsets, placed), *([last] if last > 0 else [])]
            free = [at for at in candidates if self._fits(i, at, offsets, placed)]
            inside = [at for at in free if at <= last]
            offsets[i] = min(free) if not inside or min(inside) == 0 else max(inside)
        return offsets

    def improve(self, order: list[int], offsets: list[int], bound: int) -> list[int]:
        """Moves buffers that stick out to earlier places in the order while that does not enlarge the arena.

        Where to is drawn from a fixed sequence, so that the same buffers always give the same offsets.
        """
        size = self.extent(offsets)
        best, best_size = offsets, size
        random = 0x9E3779B9
        for _ in range(WORK // max(self.effort, 1)):
            top = [k for k, i in enumerate(order) if offsets[i] + self.sizes[i] == size]
            random = (1664525 * random + 1013904223) & 0xFFFFFFFF  # Numerical Recipes' linear congruential generator
            source = top[(random >> 8) % len(top)]
            moved = order[source]
            if random & 0x80000000 and self.beside[moved]:  # as often: whoever is in its way
                moved = self.beside[moved][(random >> 8) % len(self.beside[moved])]
                source = order.index(moved)
            target = (random >> 12) % max(source, 1)
            trial = order[:source] + order[source + 1 :]
            trial.insert(target, moved)
            placed = self.fit(trial)
            extent = self.extent(placed)
            if extent <= size:
                order, offsets, size = trial, placed, extent
                if size < best_size:
                    best, best_size = offsets, size
                    if size == bound:
                        break
        return best

    def relations(self) -> list[Relation]:
        """Every pair that is in use together, as the exact search takes it."""
        return [
            Relation(i, j, self.overlaps.get((i, j)), self.overlaps.get((j, i)))
            for i, beside in enumerate(self.beside)
            for j in beside
            if i < j
        ]


_ORDERS: tuple[Callable[[Buffer], tuple[int, ...]], ...] = (
    lambda b: (-b.size, b.first, b.last),
    lambda b: (-b.size, -(b.last - b.first), b.first),
    lambda b: (-(b.last - b.first), -b.size, b.first),
    lambda b: (-b.size * (b.last - b.first + 1), b.first, b.last),
    lambda b: (b.first, -b.size, b.last),
    lambda b: (-b.last, -b.size, b.first),
    lambda b: (-b.first, -b.size, b.last),
)


def place(buffers: Sequence[Buffer], overlaps: Overlaps | None = None) -> Placed:
    """An offset for each buffer so that those in use together share bytes only as the overlaps allow.

    Greedy placement in several orders (by size, by lifetime, by both, by time); the smallest arena wins, the earlier
    order on a tie. If that misses the lower bound, both ends are filled in turn; then a search over which of two lies
    below the other, exact if it ends, looks for offsets at the bound; then a bounded search moves buffers within the
    order, and the exact one tries to better it. Sizes must already be rounded to the alignment, and overlaps too.
    """
    placing = _Placing(buffers, overlaps or {})
    bound = lower_bound(buffers, overlaps)
    best: list[int] | None = None
    best_order: list[int] = []
    for key in _ORDERS:
        order = sorted(range(len(buffers)), key=[key(b) for b in buffers].__getitem__)
        offsets = placing.fit(order)
        if best is None or placing.extent(offsets) < placing.extent(best):
            best, best_order = offsets, order
        if placing.extent(best) == bound:
            return Placed(best, bound, bound)
    in_time = sorted(range(len(buffers)), key=lambda i: (buffers[i].first, -buffers[i].size))
    offsets = placing.fit_two_ended(in_time, bound)
    if placing.extent(offsets) == bound:
        return Placed(offsets, bound, bound)
    assert best is not None  # there are orders
    relations = placing.relations()
    found = solve(placing.sizes, relations, bound, bound)
    if found.offsets is None:
        best = placing.improve(best_order, best, bound)
        found = _better(found, solve(placing.sizes, relations, found.bound, placing.extent(best) - 1))
    if found.offsets is not None and placing.extent(found.offsets) < placing.extent(best):
        best = found.offsets
    size = placing.extent(best)
    return Placed(best, size, min(found.bound, size))


def _better(first: Bounded, second: Bounded) -> Bounded:
    """What two searches have found together, the second for fewer bytes than are known to do."""
    return Bounded(second.offsets or first.offsets, max(first.bound, second.bound))
