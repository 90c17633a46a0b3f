"""Runs the nodes in the order that needs fewest bytes, where that makes the arena smaller.

The order of the file stays wherever another one does not give a smaller plan. What rewrites bytes, as the next value of
a state does, keeps its place among the nodes that touch them.
"""

from __future__ import annotations

from edgegen.ir.graph import Graph, Node
from edgegen.ir.plan import Orders
from edgegen.ir.tensor import Tensor
from edgegen.memory.order import least_peak
from edgegen.memory.problem import OrderProblem
from edgegen.memory.storage import Sharing
from edgegen.passes.post_optimize.plan_arena import alignment_of, plan_arena
from edgegen.targets import Target

WORK_PER_SECOND = 50_000
"""Nodes run in thought for each of the target's `plan_seconds`: what a slow machine manages. Work is counted, since
every machine has to find the same order."""


def order_nodes(graph: Graph, target: Target) -> bool:
    """Of the model and of its sub-graphs."""
    before = {each: each.nodes for each in graph.everywhere()}
    ordered = _ordered(graph, target)
    if all(ordered[each] == nodes for each, nodes in before.items()):
        return False
    plan_arena(graph, target)
    assert graph.plan is not None
    usual = graph.plan.arena_bytes
    _set(ordered)
    plan_arena(graph, target)
    changed = graph.plan.arena_bytes < usual
    _set(ordered if changed else before)
    graph.plan = None
    return changed


def _set(nodes: dict[Graph, list[Node]]) -> None:
    for graph, each in nodes.items():
        graph.nodes = each


def _ordered(graph: Graph, target: Target) -> dict[Graph, list[Node]]:
    """The nodes of the model and of each sub-graph in a better order. Says in the graph what no order undercuts."""
    sharing, alignment = Sharing(graph, target.io), alignment_of(graph, target)
    work = target.plan_seconds * WORK_PER_SECOND
    peaks: dict[Graph, int] = {}
    found: dict[Graph, list[Node]] = {}
    for each in reversed(graph.everywhere()):  # what is inside of a node is ordered before the graph around it
        if each.in_turns:  # a turn's order goes with the rows that it keeps
            peaks[each], found[each] = 0, each.nodes
            continue
        inside = {n: max(peaks[g] for g in n.op.graphs) for n in each.nodes if n.op.graphs}
        problem = OrderProblem(each, sharing, alignment, inside, each is graph)
        best = least_peak(problem.state(), work)
        work -= best.work
        peaks[each] = best.peak
        same = best.order == tuple(range(len(problem.runs)))
        found[each] = each.nodes if same else _with_views(each, [n for k in best.order for n in problem.runs[k]])
    graph.orders = None if len(found) > 1 else Orders(best.bound, best.is_only)
    return found


def _with_views(graph: Graph, order: list[Node]) -> list[Node]:
    """The nodes that compute, in this order, and each view as soon as its sources are there."""
    there: set[Tensor] = set(graph.sources)
    views = [n for n in graph.nodes if n.is_view]
    nodes: list[Node] = []
    for node in (None, *order):
        if node is not None:
            nodes.append(node)
            there.update(node.outputs)
        for view in list(views):  # in an order in which views of views come later
            if all(t in there for t, _ in view.shared()):
                views.remove(view)
                nodes.append(view)
                there.add(view.out)
    return nodes
