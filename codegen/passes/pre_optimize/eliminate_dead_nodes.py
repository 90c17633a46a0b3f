"""Removes nodes whose results reach no output."""

from __future__ import annotations

from edgegen.ir.graph import Graph, Node
from edgegen.targets import Target


def eliminate_dead_nodes(graph: Graph, target: Target) -> bool:
    del target
    needed = set(graph.sinks)
    dead: list[Node] = []
    for node in reversed(graph.nodes):
        if needed.isdisjoint(node.outputs):
            dead.append(node)
        else:
            needed.update(t for t in node.inputs if t is not None)
    graph.remove(dead)
    return bool(dead)
