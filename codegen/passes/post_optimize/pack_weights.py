"""Lays out weights, bias and requantization constants as each node's kernel row reads them."""

from __future__ import annotations

from edgegen.ir.graph import Graph
from edgegen.targets import Target


def pack_weights(graph: Graph, target: Target) -> bool:
    del target
    for node in graph.nodes:
        if node.kernel is not None:
            node.packed = node.kernel.pack(node)
    return True
