"""Gives every activation and every kernel's scratch its bytes in the arena."""

from __future__ import annotations

from collections.abc import Mapping

from edgegen.ir.graph import Graph, Node
from edgegen.ir.plan import Placement, Plan
from edgegen.ir.tensor import Tensor
from edgegen.memory.buffers import Box, Buffer
from edgegen.memory.liveness import lifetimes
from edgegen.memory.parts import lay_out
from edgegen.memory.portions import fetches, overlaps_of, places, slots
from edgegen.memory.regions import SCRATCH_USES, Demand, Fixed, traffic
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
    State, which is in use all the time, lies behind the arena. On a board with several memories all lies in the fastest
    if there is room, else what a run touches most does.

    Raises DoesNotFit if the board has several memories and there is no room for something.
    """
    spans = lifetimes(graph)
    alignment = alignment_of(graph, target)
    everything = storages(graph, target.io)
    shared, kept = ([s for s in everything if s.persistent is persistent] for persistent in (False, True))
    boxes = [s.boxes(spans, alignment) for s in shared]
    steps = enumerate(graph.steps())
    workers = [(i, n, n.packed.scratch) for i, n in steps if n.packed is not None and n.packed.scratch]
    demands = [
        Demand(Buffer(tuple(dict.fromkeys(b.values()))), touched, f'"{s.tensors[0].name}" {s.tensors[0].type}')
        for s, b, touched in zip(shared, boxes, traffic(graph, shared), strict=True)
    ]
    for i, node, scratch in workers:
        box = Box(round_up(scratch, alignment), i, i)
        demands.append(Demand(Buffer((box,)), SCRATCH_USES * box.size, f'scratch of "{node.name}"'))
    copied = fetches(graph)
    portions, pairs = slots(graph, copied, alignment)
    together = {**overlaps(graph, shared, boxes), **overlaps_of(portions, pairs, len(demands))}
    demands += [Demand(Buffer((s.box,)), s.traffic, f'weights of "{s.name}"') for s in portions]
    state = Fixed(sum(round_up(s.size, alignment) for s in kept), sum(traffic(graph, kept)), "state")
    arena = lay_out(graph.name, demands, together, state, alignment, target)
    tensors = {
        t: Placement(start + offset, t.type.bytes, *spans[t])
        for s, start in zip(shared, arena.offsets, strict=False)
        for t, offset in s.offsets.items()
    }
    scratch_places = {
        n: Placement(offset, size, i, i)
        for (i, n, size), offset in zip(workers, arena.offsets[len(shared) :], strict=False)
    }
    copied_to = places(portions, arena.offsets[len(shared) + len(workers) :], copied.spans)
    start = end = round_up(arena.size, target.struct_alignment)
    for storage in kept:
        tensors |= {t: Placement(end + o, t.type.bytes, *spans[t]) for t, o in storage.offsets.items()}
        end += round_up(storage.size, alignment)
    for node in graph.steps():
        _choose_way(node, tensors)
    orders = graph.orders
    in_any_order = 0 if orders is None else arena.bound if orders.is_only else orders.least
    graph.plan = Plan(
        {t: tensors[t] for t in spans},
        scratch_places,
        arena.size,
        arena.bound,
        start,
        state.bytes,
        in_any_order,
        arena.parts,
        copied_to,
    )
    return True
