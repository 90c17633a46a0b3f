"""What is to be placed: boxes of bytes over time, and at which distances from one another two of them may lie."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from edgegen.ir.kernel import Overlap

MOST_POINTS = 16  # single distances of an overlap in steps that are looked at, the greatest first


@dataclass(frozen=True)
class Box:
    """`size` bytes, `offset` after the start of their buffer, in use from step `first` to step `last` inclusive."""

    size: int
    first: int
    last: int
    offset: int = 0

    @property
    def end(self) -> int:
        return self.offset + self.size


@dataclass(frozen=True)
class Buffer:
    """Boxes at fixed distances from one another; those of one buffer may share bytes."""

    boxes: tuple[Box, ...]

    @property
    def size(self) -> int:
        return max(b.end for b in self.boxes)

    @property
    def first(self) -> int:
        return min(b.first for b in self.boxes)

    @property
    def last(self) -> int:
        return max(b.last for b in self.boxes)

    def in_use(self, step: int) -> int:
        """Bytes of all boxes in use at the step."""
        return covered((b.offset, b.end) for b in self.boxes if b.first <= step <= b.last)


Pairs = Mapping[tuple[Box, Box], Overlap]
"""How a box, which a step defines, may lie over another, which the same step needs last: {(below, above): ...}."""

Overlaps = Mapping[tuple[int, int], Pairs]
"""{(i, j): how boxes of buffer j may lie over boxes of buffer i}."""

Interval = tuple[int, int]


def covered(intervals: Iterable[Interval]) -> int:
    """Length of what [start, end) intervals cover together."""
    total = reached = 0
    for start, end in sorted(intervals):
        reached = max(reached, start)
        total += max(0, end - reached)
        reached = max(reached, end)
    return total


def forbidden(a: Buffer, b: Buffer, over: Pairs, under: Pairs, alignment: int) -> list[Interval]:
    """Distances of b's start from a's at which boxes that are in use together would share bytes that they must not.

    over: how boxes of b may lie over boxes of a; under: the other way. The result is open intervals, sorted and
    disjoint, between multiples of the alignment.
    """
    found: list[Interval] = []
    for x in a.boxes:
        for y in b.boxes:
            if x.last < y.first or y.last < x.first:
                continue
            start, end = x.offset - y.end, x.end - y.offset
            above, below = over.get((x, y)), under.get((y, x))
            if above is not None:
                found += _outside(above, x.offset - y.offset, start, end, alignment)
            elif below is not None:
                mirrored = _outside(below, y.offset - x.offset, -end, -start, alignment)
                found += [(-high, -low) for low, high in mirrored]
            else:
                found.append((start, end))
    return _united((low // alignment * alignment, -(-high // alignment) * alignment) for low, high in found)


def _outside(overlap: Overlap, shift: int, start: int, end: int, alignment: int) -> list[Interval]:
    """What an overlap leaves forbidden of the distances between start and end; `shift` is added to its own."""
    most = overlap.most + shift
    if overlap.least is not None:
        end = min(end, overlap.least + shift)
    if overlap.step == 1:
        return [(max(most, start), end)] if max(most, start) < end else []
    step = math.lcm(overlap.step, alignment)  # 0 for a single distance
    candidates = (most - k * overlap.step for k in range(alignment if overlap.step else 1))
    first = next((p for p in candidates if p % alignment == 0), None)
    if first is None:
        return [(start, end)]
    if step and first >= end:
        first -= -(-(first - end + 1) // step) * step
    points = {p for p in (first - k * step for k in range(MOST_POINTS)) if start < p < end}
    edges = [start, *sorted(points), end]
    return list(pairwise(edges))


def is_whole(overlap: Overlap, size: int, alignment: int) -> bool:
    """Whether `forbidden` looks at all distances that an overlap of so many bytes allows."""
    return overlap.step <= 1 or size <= math.lcm(overlap.step, alignment) * MOST_POINTS


def _united(intervals: Iterable[Interval]) -> list[Interval]:
    """The same set of numbers as disjoint open intervals; what lies between two that touch is allowed."""
    found: list[Interval] = []
    for low, high in sorted(i for i in intervals if i[0] < i[1]):
        if found and low < found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], high))
        else:
            found.append((low, high))
    return found


def lower_bound(buffers: Sequence[Buffer], overlaps: Overlaps | None = None, alignment: int = 1) -> int:
    """Largest number of bytes in use at one step, with every overlap as deep as it may be: no placement needs less.

    Nor less than the largest buffer, whose boxes lie where they lie.
    """
    changes: dict[int, int] = {}
    for buffer in buffers:
        edges = sorted({edge for b in buffer.boxes for edge in (b.first, b.last + 1)})
        before = 0
        for step in edges:
            now = buffer.in_use(step)
            changes[step] = changes.get(step, 0) + now - before
            before = now
    saved: dict[int, dict[int, int]] = {}  # by step and result: bytes that it may have in common with what dies
    untouched: dict[tuple[int, int], dict[Box, Interval]] = {}  # likewise, of its boxes: bytes that nothing else has
    for (i, j), pairs in (overlaps or {}).items():
        apart = forbidden(buffers[i], buffers[j], pairs, (overlaps or {}).get((j, i), {}), alignment)
        both = {s for x, y in pairs for s in range(max(x.first, y.first), min(x.last, y.last) + 1)}
        for step in both:
            common = saved.setdefault(step, {})
            common[j] = common.get(j, 0) + most_common(buffers[i], buffers[j], step, apart)
            for (x, y), overlap in pairs.items():
                low, high = overlap.untouched(x.size, y.size, alignment)
                known = untouched.setdefault((step, j), {}).get(y, (low, high))
                untouched[step, j][y] = max(low, known[0]), min(high, known[1])
    level: dict[int, int] = {}
    for step in saved:
        changes.setdefault(step, 0)
        changes.setdefault(step + 1, 0)
        level[step] = sum(min(n, _coverable(buffers[j], step, untouched[step, j])) for j, n in saved[step].items())
    total, peak = 0, max((b.size for b in buffers), default=0)
    for step in sorted(changes):
        total += changes[step]
        peak = max(peak, total - level.get(step, 0))
    return peak


def _coverable(buffer: Buffer, step: int, untouched: Mapping[Box, Interval]) -> int:
    """Bytes of a buffer that others may have in common with it. untouched: [start, end) of some of its boxes that are
    its own"""
    start, end = next(iter(untouched.values())) if len(untouched) == 1 else (0, 0)
    return buffer.in_use(step) - max(0, end - start)


def most_common(a: Buffer, b: Buffer, step: int, apart: Sequence[Interval]) -> int:
    """Most bytes in use at the step that both have in common, at any distance that is not forbidden."""
    own, other = ([(x.offset, x.end) for x in side.boxes if x.first <= step <= x.last] for side in (a, b))
    edges = {p - q for pair in own for p in pair for each in other for q in each}  # between them it changes evenly
    distances = [d for d in edges if not is_forbidden(d, apart)]
    distances += [d for interval in apart for d in interval]
    separate = covered(own) + covered(other)
    return max(
        (separate - covered([*own, *((p + d, q + d) for p, q in other)]) for d in distances),
        default=0,
    )


def is_forbidden(distance: int, apart: Sequence[Interval]) -> bool:
    return any(low < distance < high for low, high in apart)


def neighbours(buffers: Sequence[Buffer]) -> list[list[int]]:
    """For each buffer, those with a box in use while one of its own is."""
    beside: list[list[int]] = [[] for _ in buffers]
    active: list[tuple[int, Box]] = []
    boxes = [(i, box) for i, buffer in enumerate(buffers) for box in buffer.boxes]
    for i, box in sorted(boxes, key=lambda each: each[1].first):
        active = [(j, other) for j, other in active if other.last >= box.first]
        for j in dict.fromkeys(j for j, _ in active):
            if j != i and j not in beside[i]:
                beside[i].append(j)
                beside[j].append(i)
        active.append((i, box))
    return beside
