"""Gives every activation and every kernel's scratch its bytes in the arena."""

from __future__ import annotations

from edgegen.ir.graph import Graph, Placement, Plan
from edgegen.ir.tensor import Tensor
from edgegen.memory.arena import Buffer, lower_bound, place
from edgegen.targets import Target


def lifetimes(graph: Graph) -> dict[Tensor, tuple[int, int]]:
    """First and last step at which each activation's bytes matter.

    Step i is node i. The caller fills all inputs before step 0 (step -1) and reads all outputs after the last one.
    """
    spans = dict.fromkeys(graph.inputs, (-1, -1))
    for step, node in enumerate(graph.nodes):
        for tensor in node.inputs:
            if tensor is not None and not tensor.is_constant:
                spans[tensor] = (spans[tensor][0], step)
        for tensor in node.outputs:
            spans[tensor] = (step, step)
    for tensor in graph.outputs:
        if not tensor.is_constant:
            spans[tensor] = (spans[tensor][0], len(graph.nodes))
    return spans


def shared_storage(graph: Graph, spans: dict[Tensor, tuple[int, int]]) -> dict[Tensor, Tensor]:
    """The tensor whose bytes each activation uses: itself, the source of a view, or an input taken over in place."""
    root = {t: t for t in spans}
    last_use = {t: last for t, (_, last) in spans.items()}  # of all tensors that share the root's bytes

    def share(tensor: Tensor, source: Tensor) -> None:
        root[tensor] = root[source]
        last_use[root[source]] = max(last_use[root[source]], spans[tensor][1])

    for step, node in enumerate(graph.nodes):
        if node.op.is_view and not node.input(0).is_constant:
            share(node.out, node.input(0))
            continue
        if node.kernel is None or node.packed is None:
            continue
        others = [t for i, t in enumerate(node.inputs) if t is not None and i in node.packed.inputs]
        for i in node.kernel.in_place:
            source = node.inputs[i]
            if source is None or source.is_constant or source.type.bytes < node.out.type.bytes:
                continue
            dies_here = last_use[root[source]] == step
            read_elsewhere = sum(root.get(t) is root[source] for t in others) > 1
            if dies_here and not read_elsewhere:
                share(node.out, source)
                break
    return root


def plan_arena(graph: Graph, target: Target) -> bool:
    """Greedy best fit over lifetimes; views are free and element-wise results overwrite inputs that die there."""
    spans = lifetimes(graph)
    root = shared_storage(graph, spans)
    align = target.alignment

    def rounded(size: int) -> int:
        return -(-max(size, 1) // align) * align

    sizes: dict[Tensor, int] = {}
    merged: dict[Tensor, tuple[int, int]] = {}
    for tensor, (first, last) in spans.items():
        r = root[tensor]
        sizes[r] = max(sizes.get(r, 0), rounded(tensor.type.bytes))
        earlier = merged.get(r, (first, last))
        merged[r] = (min(first, earlier[0]), max(last, earlier[1]))
    roots = list(merged)
    workers = [(i, n) for i, n in enumerate(graph.nodes) if n.packed is not None and n.packed.scratch]
    buffers = [Buffer(sizes[r], *merged[r]) for r in roots]
    buffers += [Buffer(rounded(n.packed.scratch), i, i) for i, n in workers if n.packed is not None]
    offsets = place(buffers)
    at = dict(zip(roots, offsets, strict=False))
    graph.plan = Plan(
        {t: Placement(at[root[t]], t.type.bytes, *spans[t]) for t in spans},
        {
            n: Placement(o, b.size, i, i)
            for (i, n), b, o in zip(workers, buffers[len(roots) :], offsets[len(roots) :], strict=True)
        },
        max((o + b.size for o, b in zip(offsets, buffers, strict=True)), default=0),
        lower_bound(buffers),
    )
    return True
