"""Gives every activation and every kernel's scratch its bytes in the arena."""

from __future__ import annotations

from collections.abc import Mapping

from edgegen.ir.graph import Graph, Node, Placement, Plan
from edgegen.ir.tensor import Tensor
from edgegen.memory.arena import place
from edgegen.memory.buffers import Box, Buffer
from edgegen.memory.liveness import lifetimes
from edgegen.memory.storage import overlaps, round_up, storages
from edgegen.targets import Target


def alignment_of(graph: Graph, target: Target) -> int:
    """Bytes; every storage starts at a multiple of it."""
    return max([target.alignment, *(t.dtype.size for each in graph.everywhere() for t in each.tensors())])


def _choose_way(node: Node, tensors: Mapping[Tensor, Placement]) -> None:
    """Lets a kernel that can run from the end do so where its output then disturbs nothing of its input, else not."""
    if node.packed is None or not node.packed.turns:
        return
    backward = False
    for i, x in enumerate(node.inputs):
        overlap = node.overlap(i) if x in tensors else None
        if x is not None and overlap is not None:
            source, result = tensors[x], tensors[node.out]
            together = source.offset < result.offset + result.size and result.offset < source.offset + source.size
            backward |= together and not overlap.forward(result.offset - source.offset)
    node.packed = node.packed.turned(backward)


def plan_arena(graph: Graph, target: Target) -> bool:
    """Offsets over lifetimes; views are free, and results lie over inputs that die there as far as kernels allow.

    Sub-graphs are planned with the graph around them: their nodes have steps of their own in one line of time, where
    branches stand side by side, a loop's condition before its body.
    State, which is in use all the time, lies behind the arena.
    """
    spans = lifetimes(graph)
    alignment = alignment_of(graph, target)
    everything = storages(graph, target.io)
    shared = [s for s in everything if not s.persistent]
    boxes = [s.boxes(spans, alignment) for s in shared]
    steps = enumerate(graph.steps())
    workers = [(i, n, n.packed.scratch) for i, n in steps if n.packed is not None and n.packed.scratch]
    buffers = [Buffer(tuple(dict.fromkeys(b.values()))) for b in boxes]
    buffers += [Buffer((Box(round_up(scratch, alignment), i, i),)) for i, _, scratch in workers]
    placed = place(buffers, overlaps(graph, shared, boxes), alignment, target.plan_seconds)
    tensors = {
        t: Placement(start + offset, t.type.bytes, *spans[t])
        for s, start in zip(shared, placed.offsets, strict=False)
        for t, offset in s.offsets.items()
    }
    scratch = {
        n: Placement(offset, size, i, i)
        for (i, n, size), offset in zip(workers, placed.offsets[len(shared) :], strict=True)
    }
    start = end = round_up(placed.size, target.struct_alignment)
    for storage in everything:
        if storage.persistent:
            tensors |= {t: Placement(end + o, t.type.bytes, *spans[t]) for t, o in storage.offsets.items()}
            end += round_up(storage.size, alignment)
    for node in graph.steps():
        _choose_way(node, tensors)
    orders = graph.orders
    in_any_order = 0 if orders is None else placed.bound if orders.is_only else orders.least
    places = {t: tensors[t] for t in spans}
    graph.plan = Plan(places, scratch, placed.size, placed.bound, start, end - start, in_any_order)
    return True
