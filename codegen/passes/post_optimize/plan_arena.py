"""Gives every activation and every kernel's scratch its bytes in the arena."""

from __future__ import annotations

from edgegen.ir.graph import Graph, Placement, Plan
from edgegen.memory.arena import Buffer, place
from edgegen.memory.liveness import lifetimes, overlaps, round_up, storages
from edgegen.targets import Target


def plan_arena(graph: Graph, target: Target) -> bool:
    """Offsets over lifetimes; views are free, and results lie over inputs that die there as far as kernels allow.

    Sub-graphs are planned with the graph around them: their nodes have steps of their own in one line of time, where
    branches stand side by side, a loop's condition before its body.
    State, which is in use all the time, lies behind the arena.
    """
    spans = lifetimes(graph)
    alignment = max([target.alignment, *(t.dtype.size for t in spans)])
    everything = storages(graph, alignment)
    shared = [s for s in everything if not s.persistent]
    steps = enumerate(graph.steps())
    workers = [(i, n, n.packed.scratch) for i, n in steps if n.packed is not None and n.packed.scratch]
    buffers = [s.buffer for s in shared]
    buffers += [Buffer(round_up(scratch, alignment), i, i) for i, _, scratch in workers]
    placed = place(buffers, overlaps(graph, shared, alignment))
    offsets = placed.offsets
    tensors = {
        t: Placement(offset, t.type.bytes, *spans[t])
        for s, offset in zip(shared, offsets, strict=False)
        for t in s.tensors
    }
    scratch = {
        n: Placement(offset, size, i, i) for (i, n, size), offset in zip(workers, offsets[len(shared) :], strict=True)
    }
    start = end = round_up(placed.size, target.struct_alignment)
    for storage in everything:
        if storage.persistent:
            tensors |= {t: Placement(end, t.type.bytes, *spans[t]) for t in storage.tensors}
            end += storage.size
    graph.plan = Plan({t: tensors[t] for t in spans}, scratch, placed.size, placed.bound, start, end - start)
    return True
