"""Offsets for buffers that are in use over intervals of time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

WORK = 1_000_000  # neighbours looked at while improving a placement: bounds the time, whatever the machine


@dataclass(frozen=True)
class Buffer:
    """`size` bytes in use from step `first` to step `last`, both inclusive."""

    size: int
    first: int
    last: int


def lower_bound(buffers: Sequence[Buffer]) -> int:
    """Largest sum of sizes in use at one step: no placement needs less."""
    changes: dict[int, int] = {}
    for b in buffers:
        changes[b.first] = changes.get(b.first, 0) + b.size
        changes[b.last + 1] = changes.get(b.last + 1, 0) - b.size
    peak = level = 0
    for step in sorted(changes):
        level += changes[step]
        peak = max(peak, level)
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


def _fit(buffers: Sequence[Buffer], beside: Sequence[Sequence[int]], order: Sequence[int]) -> list[int]:
    """Each buffer in turn at the lowest start of the tightest gap among those it lives beside."""
    offsets = [-1] * len(buffers)
    for i in order:
        size = buffers[i].size
        taken = sorted((offsets[j], offsets[j] + buffers[j].size) for j in beside[i] if offsets[j] >= 0)
        best, best_gap, end = -1, -1, 0
        for start, stop in taken:
            gap = start - end
            if gap >= size and (best < 0 or gap < best_gap):
                best, best_gap = end, gap
            end = max(end, stop)
        offsets[i] = best if best >= 0 else end
    return offsets


def _fit_two_ended(
    buffers: Sequence[Buffer], beside: Sequence[Sequence[int]], order: Sequence[int], bound: int
) -> list[int]:
    """Each buffer in turn at the start if that is free, else as near the end of `bound` bytes as it fits.

    A chain, where each buffer lives beside its predecessor only, always fits. What does not fit at all starts at the
    lowest place that is free up to infinity.
    """
    offsets = [-1] * len(buffers)
    for i in order:
        size = buffers[i].size
        taken = sorted((offsets[j], offsets[j] + buffers[j].size) for j in beside[i] if offsets[j] >= 0)
        gaps, end = [], 0
        for start, stop in taken:
            gaps.append((end, start))
            end = max(end, stop)
        fitting = [g for g in (*gaps, (end, bound)) if g[1] - g[0] >= size]
        if not fitting:
            offsets[i] = end
        else:
            offsets[i] = 0 if fitting[0][0] == 0 else fitting[-1][1] - size
    return offsets


def _extent(buffers: Sequence[Buffer], offsets: Sequence[int]) -> int:
    return max((o + b.size for o, b in zip(offsets, buffers, strict=True)), default=0)


def _improve(
    buffers: Sequence[Buffer], beside: Sequence[Sequence[int]], order: list[int], offsets: list[int], bound: int
) -> list[int]:
    """Moves buffers that stick out to earlier places in the order while that does not enlarge the arena.

    Where to is drawn from a fixed sequence, so that the same buffers always give the same offsets.
    """
    size = _extent(buffers, offsets)
    best, best_size = offsets, size
    random = 0x9E3779B9
    for _ in range(WORK // (len(buffers) + sum(map(len, beside)))):
        top = [k for k, i in enumerate(order) if offsets[i] + buffers[i].size == size]
        random = (1664525 * random + 1013904223) & 0xFFFFFFFF  # Numerical Recipes' linear congruential generator
        source = top[(random >> 8) % len(top)]
        moved = order[source]
        if random & 0x80000000 and beside[moved]:  # as often: whoever is in its way
            moved = beside[moved][(random >> 8) % len(beside[moved])]
            source = order.index(moved)
        target = (random >> 12) % max(source, 1)
        trial = order[:source] + order[source + 1 :]
        trial.insert(target, moved)
        placed = _fit(buffers, beside, trial)
        extent = _extent(buffers, placed)
        if extent <= size:
            order, offsets, size = trial, placed, extent
            if size < best_size:
                best, best_size = offsets, size
                if size == bound:
                    break
    return best


def place(buffers: Sequence[Buffer]) -> list[int]:
    """An offset for each buffer so that none that are in use together overlap.

    Greedy best fit in several orders (by size, by lifetime, by both, by time); the smallest arena wins, the earlier
    order on a tie. If that misses the lower bound, both ends are filled in turn, and then a bounded search moves
    buffers within the order. Sizes must already be rounded to the alignment.
    """
    keys: tuple[Callable[[Buffer], tuple[int, ...]], ...] = (
        lambda b: (-b.size, b.first, b.last),
        lambda b: (-b.size, -(b.last - b.first), b.first),
        lambda b: (-(b.last - b.first), -b.size, b.first),
        lambda b: (-b.size * (b.last - b.first + 1), b.first, b.last),
        lambda b: (b.first, -b.size, b.last),
        lambda b: (-b.last, -b.size, b.first),
    )
    beside = neighbours(buffers)
    bound = lower_bound(buffers)
    best: tuple[int, list[int], list[int]] | None = None
    for key in keys:
        rank = [key(b) for b in buffers]
        order = sorted(range(len(buffers)), key=rank.__getitem__)
        offsets = _fit(buffers, beside, order)
        size = _extent(buffers, offsets)
        if best is None or size < best[0]:
            best = size, offsets, order
        if size == bound:
            return offsets
    in_time = sorted(range(len(buffers)), key=lambda i: (buffers[i].first, -buffers[i].size))
    offsets = _fit_two_ended(buffers, beside, in_time, bound)
    if _extent(buffers, offsets) == bound:
        return offsets
    assert best is not None  # keys is not empty
    return _improve(buffers, beside, best[2], best[1], bound)
