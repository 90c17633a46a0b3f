"""Lets operators that end with a clamp take over the clamp that follows them."""

from __future__ import annotations

from edgegen.ir.graph import Graph, Node
from edgegen.ir.op import Range
from edgegen.ops.clamp import Clamp
from edgegen.passes.substitution import uses, with_clamp
from edgegen.targets import Target


def fuse_activation(graph: Graph, target: Target) -> bool:
    """RELU and its like on floats, and on integers that keep their scale: both clamps are in the same numbers."""
    del target
    uses_of, producers = uses(graph), graph.producers()
    fused: list[Node] = []
    for node in graph.nodes:
        maker = producers.get(node.input(0)) if isinstance(node.op, Clamp) else None
        clamp = getattr(maker.op, "clamp", None) if maker is not None else None
        if maker is None or not isinstance(clamp, Range) or not isinstance(node.op, Clamp):
            continue
        if uses_of[maker.out] != 1 or len(maker.outputs) != 1 or maker.out.dtype != node.out.dtype:
            continue
        maker.op = with_clamp(maker.op, clamp.intersect(node.op.clamp))
        maker.outputs = [node.out]
        producers[node.out] = maker
        fused.append(node)
    graph.remove(fused)
    return bool(fused)
