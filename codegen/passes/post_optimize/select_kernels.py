"""Gives every node that computes the first kernel row that holds on the target."""

from __future__ import annotations

from edgegen.ir.graph import Graph
from edgegen.ops.select import select
from edgegen.targets import Target


def select_kernels(graph: Graph, target: Target) -> bool:
    """Raises NoKernel for the first node that no row computes."""
    for node in graph.nodes:
        if node.has_kernel:
            node.kernel = select(node, target)
    return True
