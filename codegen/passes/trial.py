"""Plans made on trial: what a graph would come to, without touching it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from edgegen.errors import DoesNotFit
from edgegen.ir.graph import Graph, Node
from edgegen.passes.planning import PLANNING, apply
from edgegen.passes.post_optimize.plan_arena import plan_arena
from edgegen.targets import Target


@dataclass(frozen=True)
class Trial:
    """A graph as it would be compiled.

    nodes:   before they were ordered; bytes: of the plan, with state
    refusal: why the board's memories do not hold it; None if they do, or have no say
    """

    graph: Graph
    nodes: tuple[Node, ...]
    bytes: int
    refusal: DoesNotFit | None

    def fits(self, limit: int) -> bool:
        return self.refusal is None and self.bytes <= limit


def planned(graph: Graph, target: Target) -> Trial:
    """Plans the graph, a copy that is the caller's to spend."""
    nodes = tuple(graph.nodes)
    together = replace(target, regions=())  # which has offsets even if the memories do not have room
    for one in PLANNING:
        apply(one, graph, together)
    refusal: DoesNotFit | None = None
    if len(target.memory("ram")) > 1:
        try:
            plan_arena(graph, target)
        except DoesNotFit as error:
            refusal = error
    assert graph.plan is not None
    return Trial(graph, nodes, graph.plan.total_bytes, refusal)
