"""Gives every activation and every kernel's scratch its bytes in the arena."""

from __future__ import annotations

from edgegen.ir.graph import Graph, Placement, Plan
from edgegen.memory.arena import Buffer, lower_bound, place
from edgegen.memory.liveness import lifetimes, round_up, storages
from edgegen.targets import Target


def plan_arena(graph: Graph, target: Target) -> bool:
    """Best fit over lifetimes; views are free and element-wise results overwrite inputs that die there.

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
    offsets = place(buffers)
    tensors = {
        t: Placement(offset, t.type.bytes, *spans[t])
        for s, offset in zip(shared, offsets, strict=False)
        for t in s.tensors
    }
    scratch = {
        n: Placement(offset, size, i, i) for (i, n, size), offset in zip(workers, offsets[len(shared) :], strict=True)
    }
    arena_bytes = max((o + b.size for o, b in zip(offsets, buffers, strict=True)), default=0)
    start = end = round_up(arena_bytes, target.struct_alignment)
    for storage in everything:
        if storage.persistent:
            tensors |= {t: Placement(end, t.type.bytes, *spans[t]) for t in storage.tensors}
            end += storage.size
    graph.plan = Plan({t: tensors[t] for t in spans}, scratch, arena_bytes, lower_bound(buffers), start, end - start)
    return True
