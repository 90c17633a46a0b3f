"""Runs the nodes in the order that needs fewest bytes, where that makes the arena smaller.

The order of the file stays wherever another one does not give a smaller plan, but for what costs nothing: each view
follows its sources at once, since what is not in the view may then be overwritten sooner, and what reads only constants
waits for the one node that needs it. What rewrites bytes, as the next value of a state does, keeps its place among the
nodes that touch them.
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


Nodes = dict[Graph, list[Node]]
"""Of the model and of each sub-graph, in turn."""


def order_nodes(graph: Graph, target: Target) -> bool:
    """Of the model and of its sub-graphs."""
    before = {each: each.nodes for each in graph.everywhere()}
    usual, ordered = _orders(graph, target)
    better = ordered != usual and _arena(graph, ordered, target) < _arena(graph, usual, target)
    best = ordered if better else usual
    _set(best)
    graph.plan = None
    return best != before


def _arena(graph: Graph, nodes: Nodes, target: Target) -> int:
    """Bytes of the arena where the nodes run in this order."""
    _set(nodes)
    plan_arena(graph, target)
    assert graph.plan is not None
    return graph.plan.arena_bytes


def _set(nodes: Nodes) -> None:
    for graph, each in nodes.items():
        graph.nodes = each


def _orders(graph: Graph, target: Target) -> tuple[Nodes, Nodes]:
    """The nodes in the file's order, and in one of the least peak. Says in the graph what no order undercuts."""
    sharing, alignment = Sharing(graph, target.io), alignment_of(graph, target)
    work = target.plan_seconds * WORK_PER_SECOND
    peaks: dict[Graph, int] = {}
    usual: Nodes = {}
    found: Nodes = {}
    for each in reversed(graph.everywhere()):  # what is inside of a node is ordered before the graph around it
        if each.in_turns:  # a turn's order goes with the rows that it keeps
            peaks[each], usual[each], found[each] = 0, each.nodes, each.nodes
            continue
        inside = {n: max(peaks[g] for g in n.op.graphs) for n in each.nodes if n.op.graphs}
        problem = OrderProblem(each, sharing, alignment, inside, each is graph)
        best = least_peak(problem.state(), work)
        work -= best.work
        peaks[each] = best.peak
        usual[each] = _with_views(each, [n for run in problem.runs for n in run])
        found[each] = _with_views(each, [n for k in best.order for n in problem.runs[k]])
    graph.orders = None if len(found) > 1 else Orders(best.bound, best.is_only)
    return usual, found


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
