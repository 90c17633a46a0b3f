"""What is taken out of control flow, and what stays."""

from __future__ import annotations

import numpy as np
import pytest

from edgegen.ir.dtypes import BOOL, S32
from edgegen.ir.evaluate import evaluate
from edgegen.ir.graph import Graph
from edgegen.ir.tensor import Array
from edgegen.ops.binary import Binary
from edgegen.ops.compare import Compare
from edgegen.ops.control import If, While
from edgegen.ops.reshape import Reshape
from edgegen.passes.pipeline import Options, run
from tests.build_graph import GENERIC, Builder, kinds

ADD, MUL, LESS = Binary("add"), Binary("mul"), Compare("less")
ONE = np.ones(1, np.int32)


def whole(graph: Graph, *inputs: Array) -> Graph:
    """The graph after all passes, which compute the same for the inputs as before."""
    before = evaluate(graph, inputs)
    after = graph.copy()
    run(after, GENERIC, Options(check=True))
    for a, b in zip(before, evaluate(after, inputs), strict=True):
        np.testing.assert_array_equal(a, b)
    return after


def arms() -> If:
    """a + b and c; a * b and a."""
    graphs = []
    for op in (ADD, MUL):
        b = Builder()
        x, y, z = (b.input((1,), S32) for _ in range(3))
        graphs.append(b.graph(b.add(op, x, y), z if op is ADD else x))
    return If(*graphs)


@pytest.mark.parametrize(("condition", "kind"), [(True, "Add"), (False, "Mul")])
def test_a_known_condition(condition: bool, kind: str) -> None:
    b = Builder()
    x = b.input((1,), S32)
    first, _ = b.add_all(arms(), b.constant([condition], BOOL), x, x, x)
    assert kinds(whole(b.graph(first), ONE)) == [kind]


def test_results_and_arguments_that_nobody_needs() -> None:
    b = Builder()
    c, x, y, z = b.input((1,), BOOL), *(b.input((1,), S32) for _ in range(3))
    first, _ = b.add_all(arms(), c, x, y, z)
    (node,) = whole(b.graph(first), np.array([True]), ONE, ONE, ONE).nodes
    assert (len(node.inputs), len(node.outputs)) == (3, 1)
    assert all(len(g.inputs) == 2 and len(g.outputs) == 1 for g in node.op.graphs)


def test_constant_arguments_move_into_the_branches() -> None:
    b = Builder()
    c, x = b.input((1,), BOOL), b.input((1,), S32)
    outputs = b.add_all(arms(), c, x, b.constant([7], S32), x)
    graph = whole(b.graph(*outputs), np.array([False]), ONE)
    (node,) = graph.nodes
    assert set(node.inputs) == set(graph.inputs)


def loop(limit: int, unused: bool = False, constant: bool = False) -> Graph:
    """while count < limit: count += 1, x *= k, w += w; k is given back as it is. Outputs x and k, or x alone."""
    c = Builder()
    count, *_ = (c.input((1,), S32) for _ in range(4))
    condition = c.graph(c.add(LESS, count, c.constant([limit], S32)))
    b = Builder()
    count, x, k, w = (b.input((1,), S32) for _ in range(4))
    view = b.add(Reshape((1,)), k)
    body = b.graph(b.add(ADD, count, b.constant([1], S32)), b.add(MUL, x, k), view, b.add(ADD, w, w))
    m = Builder()
    x, k = m.input((1,), S32), m.input((1,), S32)
    given = m.constant([3], S32) if constant else k
    _, y, kept, _ = m.add_all(While(condition, body), m.constant([0], S32), x, given, x)
    return m.graph(y) if unused else m.graph(y, kept)


def test_values_that_a_loop_leaves_alone_are_not_carried() -> None:
    graph = whole(loop(3), ONE * 5, ONE * 2)
    (node,) = [n for n in graph.nodes if isinstance(n.op, While)]
    assert node.op.carried == 2  # the counter and x; w is gone
    assert len(node.inputs) == 3  # and k
    assert [n.op.kind for n in node.op.body.nodes] == ["Add", "Mul"]


def test_constants_move_into_the_loop() -> None:
    graph = whole(loop(3, unused=True, constant=True), ONE * 5, ONE)
    (node,) = [n for n in graph.nodes if isinstance(n.op, While)]
    assert len(node.inputs) == 2


def test_a_loop_that_never_runs() -> None:
    c, b, m = Builder(), Builder(), Builder()
    c.input((1,), S32)
    x = b.input((1,), S32)
    never = While(c.graph(c.constant([False], BOOL)), b.graph(b.add(ADD, x, x)))
    graph = whole(m.graph(m.add(never, m.input((1,), S32))), ONE)
    assert kinds(graph) == ["Reshape"]


def test_a_loop_that_nobody_needs() -> None:
    c, b, m = Builder(), Builder(), Builder()
    c.input((1,), S32)
    x = b.input((1,), S32)
    endless = While(c.graph(c.constant([True], BOOL)), b.graph(b.add(ADD, x, x)))
    x = m.input((1,), S32)
    m.add(endless, x)
    graph = m.graph(m.add(MUL, x, x))
    run(graph, GENERIC, Options())
    assert kinds(graph) == ["Mul"]
