"""Nodes run in an order that is possible and needs no more bytes than the file's; state and sub-graphs stay sound."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings

from edgegen.ir.graph import Graph, Node, State
from edgegen.ir.tensor import Tensor
from edgegen.ir.verify import arena_is_sound, check, defined_before_use
from edgegen.memory.storage import Sharing
from edgegen.ops.compare import Compare
from edgegen.ops.control import If
from edgegen.passes.post_optimize.find_views import find_views
from edgegen.passes.post_optimize.fold_views import fold_views
from edgegen.passes.post_optimize.order_nodes import order_nodes
from edgegen.passes.post_optimize.pack_weights import pack_weights
from edgegen.passes.post_optimize.plan_arena import plan_arena
from edgegen.passes.post_optimize.select_kernels import select_kernels
from edgegen.passes.post_optimize.store_results import store_results
from edgegen.passes.post_optimize.store_state import store_state
from tests.build_graph import GENERIC, Builder
from tests.harness import compile_for_test
from tests.memory.checked_graphs import Images
from tests.passes.test_plan_arena import assert_runs_in_its_arena, graphs
from tests.passes.test_random_graphs import RandomGraph
from tests.planned_ops import Mix, Reverse, Step, Widen


def ready(graph: Graph) -> Graph:
    """All that comes before the order is chosen."""
    for each in graph.everywhere():
        for one in (fold_views, select_kernels, pack_weights):
            one(each, GENERIC)
    store_results(graph, GENERIC)
    store_state(graph, GENERIC)
    find_views(graph, GENERIC)
    return graph


def arena(graph: Graph) -> int:
    plan_arena(graph, GENERIC)
    assert graph.plan is not None
    return graph.plan.arena_bytes


def possible_orders(graph: Graph) -> Iterator[list[Node]]:
    def after(done: list[Node]) -> Iterator[list[Node]]:
        there = {*graph.sources, *(t for n in done for t in n.outputs)}
        if len(done) == len(graph.nodes):
            yield done
        for node in graph.nodes:
            if node not in done and all(t is None or t.is_constant or t in there for t in node.inputs):
                yield from after([*done, node])

    return after([])


@given(graphs())
@settings(max_examples=60)
def test_random_graphs_get_no_larger_and_stay_right(graph: Graph) -> None:
    before = arena(ready(graph))
    nodes = set(graph.nodes)
    order_nodes(graph, GENERIC)
    assert set(graph.nodes) == nodes
    check(graph, [defined_before_use])
    assert arena(graph) <= before
    assert_runs_in_its_arena(graph)
    assert graph.plan is not None
    assert graph.orders is not None
    assert graph.orders.least <= graph.plan.lower_bound


@given(graphs(most=6))
@settings(max_examples=20)
def test_no_order_needs_less_than_is_claimed(graph: Graph) -> None:
    order_nodes(ready(graph), GENERIC)
    assert graph.orders is not None
    nodes = graph.nodes
    for count, order in enumerate(possible_orders(graph)):
        graph.nodes = order
        assert arena(graph) >= graph.orders.least
        if count == 30:
            break
    graph.nodes = nodes


# Found among 15,000: with a view behind the last node that reads all of its source, or with a result over bytes of an
# input that its views leave, other orders needed less than was claimed.
HARD_SEEDS = [2822, 3659, 4612, 166, 2620]


@pytest.mark.parametrize("seed", [*HARD_SEEDS, *range(9000, 9030)])
def test_what_is_proved_for_any_order_is(seed: int) -> None:
    """Against every order of a few nodes, as they are planned: convolutions, views of rows and images."""
    source = Images(seed).model(0) if seed % 2 else RandomGraph(seed).graph()
    graph = compile_for_test(source, "generic", disabled=["widen_scratch"]).graph
    plan = graph.plan
    assert plan is not None
    if graph.state or len(graph.nodes) > 9:
        return
    for order in list(itertools.islice(possible_orders(graph), 200)):
        graph.nodes = order
        assert arena(graph) >= (plan.arena_bytes if plan.is_least else plan.order_bound)


def test_a_branch_that_shrinks_runs_before_the_other_grows() -> None:
    b = Builder()
    x = b.input((8,))
    wide = [b.add(Widen(), b.add(Step(k), x)) for k in range(3)]
    small = [b.add(Mix(), w, w) for w in wide]
    graph = ready(b.graph(b.add(Mix(), b.add(Mix(), small[0], small[1]), small[2])))
    before = arena(graph)
    assert order_nodes(graph, GENERIC)
    assert arena(graph) < before
    assert_runs_in_its_arena(graph)


def test_views_come_with_their_sources() -> None:
    b = Builder()
    x = b.input((4, 4))
    y = b.add(Reverse(), b.add(Step(), x))
    graph = ready(b.graph(y))
    assert not order_nodes(graph, GENERIC)
    assert graph.orders is not None
    assert graph.orders.is_only


def test_old_values_of_state_are_read_before_they_are_overwritten() -> None:
    """`late` reads the old value and needs little when it runs after the node that writes the next one."""
    b = Builder()
    x = b.input((16,))
    value = Tensor("value", x.type)
    widened = b.add(Widen(), value)
    following = b.add(Reverse(), x)
    late = b.add(Mix(), widened, widened)
    graph = Graph("stream", b.inputs, [late], b.nodes, [State("s", value, following, np.zeros(16, np.int8))])
    order_nodes(ready(graph), GENERIC)
    plan_arena(graph, GENERIC)
    arena_is_sound(graph)


def test_fixed_bytes_keep_their_order() -> None:
    """A branch that rewrites its argument stays behind the argument's other readers."""

    def branch(name: str, amount: int) -> Graph:
        x, y = Tensor(f"{name}.x", kind), Tensor(f"{name}.y", kind)
        return Graph(name, [x], [y], [Node(Step(amount), [x], [y], name)])

    b = Builder()
    x = b.input((8,))
    kind = x.type
    flag = b.add(Compare("greater"), b.input((1,)), b.constant(np.zeros(1, np.int8)))
    y = b.add(Step(), x)
    chosen = b.add(If(branch("then", 1), branch("else", 2)), flag, y)
    graph = ready(b.graph(b.add(Mix(), chosen, y)))
    order_nodes(graph, GENERIC)
    plan_arena(graph, GENERIC)
    arena_is_sound(graph)
    assert Sharing(graph).is_fixed(y)
