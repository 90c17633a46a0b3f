"""Gives kernels that are faster in more scratch as much as they like, where the arena stays as small as it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from edgegen.ir.graph import Graph, Node
from edgegen.ir.kernel import Roomier
from edgegen.memory.usage import bytes_in_use, occupants
from edgegen.passes.post_optimize.plan_arena import plan_arena
from edgegen.targets import Target

MOST_PLANS = 16  # beyond that, what is left keeps the scratch that it has


def widen_scratch(graph: Graph, target: Target) -> bool:
    """Of the model's own nodes, in a planned graph: all at once or, if that does not fit, one after the other.

    A board with several memories has no one size to keep, so its plan stays.
    """
    if len(target.memory("ram")) > 1:
        return False
    found = {n: list(_fitting(graph, n)) for n in graph.nodes if n.kernel is not None}
    wide = {node: ways for node, ways in found.items() if ways}
    if not wide:
        return False
    if _planned(graph, target, {node: ways[0] for node, ways in wide.items()}):
        return True
    tries = ((node, way) for node, ways in wide.items() for way in ways)
    done: set[Node] = set()
    for (node, way), _ in zip(tries, range(MOST_PLANS), strict=False):
        if node not in done and _planned(graph, target, {node: way}):
            done.add(node)
    return bool(done)


def _fitting(graph: Graph, node: Node) -> Iterator[Roomier]:
    """Ways to pack the node that more scratch does not rule out: there is room beside what is in use then."""
    plan, packed, kernel = graph.plan, node.packed, node.kernel
    assert plan is not None
    assert packed is not None
    assert kernel is not None
    room: int | None = None
    for way in kernel.roomier(node):
        if room is None:
            room = plan.arena_bytes - bytes_in_use(occupants(graph), {n: i for i, n in graph.numbered()}[node])
        if way.scratch - packed.scratch <= room:
            yield way


def _planned(graph: Graph, target: Target, ways: dict[Node, Roomier]) -> bool:
    """Packs nodes in these ways if the plan is then no larger; else leaves all as it is."""
    plan = graph.plan
    assert plan is not None
    before = {node: node.packed for node in graph.steps()}
    for node, way in ways.items():
        node.packed = way.pack()
    plan_arena(graph, target)
    assert graph.plan is not None
    if graph.plan.arena_bytes <= plan.arena_bytes:  # what no plan undercuts was shown with the least scratch
        graph.plan = replace(graph.plan, lower_bound=plan.lower_bound, order_bound=plan.order_bound)
        return True
    for node, packed in before.items():
        node.packed = packed
    graph.plan = plan
    return False
