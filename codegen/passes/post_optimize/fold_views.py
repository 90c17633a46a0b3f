"""Turns views of constants into constants, since a view shares bytes of the arena and a constant has none there."""

from __future__ import annotations

from edgegen.ir.graph import Graph, Node
from edgegen.targets import Target


def fold_views(graph: Graph, target: Target) -> bool:
    del target
    folded: list[Node] = []
    for node in graph.nodes:
        source = node.inputs[0] if node.op.is_view else None
        if source is None or source.data is None:
            continue
        (values,) = node.op.reference(source.data)
        node.out.data = values  # still the source's memory, which is read-only
        folded.append(node)
    graph.remove(folded)
    return bool(folded)
