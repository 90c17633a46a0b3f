"""Copies weights in the largest portions with which the plan keeps to the RAM that there is: the fewest copies."""

from __future__ import annotations

from dataclasses import dataclass, replace

from edgegen.ir.graph import Graph
from edgegen.ir.portion import PortionPlan
from edgegen.memory.portions import all_portions, copies
from edgegen.memory.room import room
from edgegen.passes.trial import Trial, planned
from edgegen.targets import Target

LEAST = 1024
"""Bytes of the smallest portions: with less, copies take longer to begin than to do."""
STEPS = 2  # sizes to a doubling
POINTS = 4  # of the curve of RAM against copies
WHOLE = 1 << 62  # which leaves every layer's weights in one portion


@dataclass(frozen=True, order=True)
class _Way:
    """portion: bytes; ahead: whether copies begin while the call before computes"""

    portion: int
    ahead: bool


def fit_portion(graph: Graph, target: Target) -> bool:
    """Nothing changes unless it is left open how large portions are, and RAM is limited.

    Copies begin ahead of the call that reads them unless there is room for one buffer only, not two. Where nothing fits
    with images whole, loops over rows, which tile_rows looks for then, may do the rest beside portions of one of the
    smallest plans. After that, larger portions may fit.
    """
    loops = any(n.op.stretches for n in graph.nodes)
    if not target.fits_portion or (graph.portion_plans and not loops):
        return False
    tried: dict[_Way, Trial] = {}

    def at(portion: int, ahead: bool = True) -> Trial:
        way = _Way(portion, ahead)
        if way not in tried:
            trial = graph.copy()
            _set(trial, way)
            tried[way] = planned(trial, target)
        return tried[way]

    whole = at(WHOLE)
    limit = room(whole.graph, target)
    sizes = _sizes(max((p.bytes for p in all_portions(whole.graph)), default=0))
    if not limit or not sizes:
        return False
    little = _Way(max((size for size in sizes if 8 * size <= limit), default=sizes[0]), False)
    if not planned(graph.copy(), replace(target, portion_bytes=0)).fits(limit):  # not even beside no weights at all
        _set(graph, little)
        return True
    if not whole.fits(limit):
        low, high = -1, len(sizes)
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if at(sizes[middle]).fits(limit) else (low, middle)
    for k in range(POINTS):
        at(sizes[k * (len(sizes) - 1) // (POINTS - 1)])
    # smaller portions are no smaller plans where layers that are cut no longer lie over their inputs
    further = [_Way(size, ahead) for ahead in (True, False) for size in reversed([*sizes, WHOLE])]
    for way in further if not any(t.fits(limit) for t in tried.values()) else ():
        if at(way.portion, way.ahead).fits(limit):
            break
    fitting = [way for way, trial in tried.items() if trial.fits(limit)]
    chosen = max(fitting, key=lambda way: (way.ahead, way.portion)) if fitting else _smallest(tried, little)
    _set(graph, chosen)
    graph.portion_plans = _curve(tried, chosen)
    return True


def _smallest(tried: dict[_Way, Trial], little: _Way) -> _Way:
    """Of the smallest plans, which are larger than the limit, one of portions that leave most of it to images.

    little: such portions
    """
    least = min(trial.bytes for trial in tried.values())
    near = [way for way, trial in tried.items() if not way.ahead and 50 * trial.bytes <= 51 * least]
    return max((way for way in near if way.portion <= little.portion), default=min(near, default=little))


def _set(graph: Graph, way: _Way) -> None:
    for each in graph.everywhere():
        each.portion_bytes, each.copies_ahead = way.portion, way.ahead


def _sizes(largest: int) -> list[int]:
    """From the least portion to below the largest, the same factor from one to the next."""
    found: list[int] = []
    while (size := round(LEAST * 2 ** (len(found) / STEPS))) < largest:
        found.append(size // 16 * 16)
    return found


def _curve(tried: dict[_Way, Trial], chosen: _Way) -> tuple[PortionPlan, ...]:
    """The plans of which none has both less RAM and fewer copies than another, and the chosen one."""
    found = [_described(trial, way.ahead, way == chosen) for way, trial in tried.items()]
    found.sort(key=lambda p: (p.bytes, p.copies, not p.ahead, not p.chosen))
    return tuple(p for k, p in enumerate(found) if p.chosen or all(p.copies < q.copies for q in found[:k]))


def _described(trial: Trial, ahead: bool, chosen: bool) -> PortionPlan:
    copied = copies(trial.graph)
    return PortionPlan(trial.bytes, max(copied, default=0), len(copied), sum(copied), ahead, chosen)
