"""Offsets for buffers that are in use over intervals of time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass


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


def _place(buffers: Sequence[Buffer], order: Sequence[int]) -> list[int]:
    """Each buffer in turn at the lowest start of the tightest gap among those it lives beside."""
    offsets = [-1] * len(buffers)
    placed: list[int] = []
    for i in order:
        b = buffers[i]
        beside = sorted(
            (offsets[j], offsets[j] + buffers[j].size)
            for j in placed
            if buffers[j].first <= b.last and b.first <= buffers[j].last
        )
        best, best_gap, end = -1, -1, 0
        for start, stop in beside:
            gap = start - end
            if gap >= b.size and (best < 0 or gap < best_gap):
                best, best_gap = end, gap
            end = max(end, stop)
        offsets[i] = best if best >= 0 else end
        placed.append(i)
    return offsets


def place(buffers: Sequence[Buffer]) -> list[int]:
    """An offset for each buffer so that none that are in use together overlap.

    Greedy best fit in several orders (by size, by lifetime, by both, by time); the smallest arena wins, the earlier
    order on a tie. Sizes must already be rounded to the alignment. O(n^2 log n).
    """
    keys: tuple[Callable[[Buffer], tuple[int, ...]], ...] = (
        lambda b: (-b.size, b.first, b.last),
        lambda b: (-b.size, -(b.last - b.first), b.first),
        lambda b: (-(b.last - b.first), -b.size, b.first),
        lambda b: (-b.size * (b.last - b.first + 1), b.first, b.last),
        lambda b: (b.first, -b.size, b.last),
        lambda b: (-b.last, -b.size, b.first),
    )
    best: list[int] = []
    best_size = -1
    bound = lower_bound(buffers)
    for key in keys:
        rank = [key(b) for b in buffers]
        offsets = _place(buffers, sorted(range(len(buffers)), key=rank.__getitem__))
        size = max((o + b.size for o, b in zip(offsets, buffers, strict=True)), default=0)
        if best_size < 0 or size < best_size:
            best, best_size = offsets, size
        if size == bound:
            break
    return best
