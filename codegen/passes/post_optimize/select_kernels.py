"""Gives every node that computes the first kernel row that holds on the target."""

from __future__ import annotations

from edgegen.ir.graph import Graph
from edgegen.ops.select import select, select_frugal
from edgegen.targets import Target


def select_kernels(graph: Graph, target: Target) -> bool:
    """Raises NoKernel for the first node that no row computes. In loops over rows, scratch is kept small."""
    for node in graph.nodes:
        if node.has_kernel:
            node.kernel = (select_frugal if graph.in_turns else select)(node, target)
    return True
