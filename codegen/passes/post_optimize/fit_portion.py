"""Copies weights in the largest portions with which the plan keeps to the RAM that there is: the fewest copies."""

from __future__ import annotations

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


def fit_portion(graph: Graph, target: Target) -> bool:
    """Nothing changes unless it is left open how large portions are, and RAM is limited.

    Where none are small enough for whole images, those are taken of which two fill a quarter of the RAM: loops over
    rows, which tile_rows looks for then, may do the rest. After that, larger ones may fit.
    """
    loops = any(n.op.stretches for n in graph.nodes)
    if not target.fits_portion or (graph.portion_plans and not loops):
        return False
    tried: dict[int, Trial] = {}

    def at(portion: int) -> Trial:
        if portion not in tried:
            trial = graph.copy()
            _set(trial, portion)
            tried[portion] = planned(trial, target)
        return tried[portion]

    whole = at(1 << 62)
    limit = room(whole.graph, target)
    sizes = _sizes(max((p.bytes for p in all_portions(whole.graph)), default=0))
    if not limit or not sizes:
        return False
    low, high = -1, len(sizes)  # sizes[low] fits, sizes[high] does not
    if whole.fits(limit):
        low = high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if at(sizes[middle]).fits(limit) else (low, middle)
    for k in range(POINTS):
        at(sizes[k * (len(sizes) - 1) // (POINTS - 1)])
    fitting = [p for p, trial in tried.items() if trial.fits(limit)]
    chosen = max(fitting) if fitting else max((s for s in sizes if 8 * s <= limit), default=sizes[0])
    at(chosen)
    _set(graph, chosen)
    graph.portion_plans = _curve(tried, chosen)
    return True


def _set(graph: Graph, portion: int) -> None:
    for each in graph.everywhere():
        each.portion_bytes = portion


def _sizes(largest: int) -> list[int]:
    """From the least portion to below the largest, the same factor from one to the next."""
    found: list[int] = []
    while (size := round(LEAST * 2 ** (len(found) / STEPS))) < largest:
        found.append(size // 16 * 16)
    return found


def _curve(tried: dict[int, Trial], chosen: int) -> tuple[PortionPlan, ...]:
    """The plans of which none has both less RAM and fewer copies than another, and the chosen one."""
    found = [_described(trial, portion == chosen) for portion, trial in tried.items()]
    found.sort(key=lambda p: (p.bytes, p.copies, not p.chosen))
    return tuple(p for k, p in enumerate(found) if p.chosen or all(p.copies < q.copies for q in found[:k]))


def _described(trial: Trial, chosen: bool) -> PortionPlan:
    copied = copies(trial.graph)
    return PortionPlan(trial.bytes, max(copied, default=0), len(copied), sum(copied), chosen)
