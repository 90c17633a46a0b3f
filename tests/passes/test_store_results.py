"""Sub-graphs hand over their results without copies where they can."""

from __future__ import annotations

import numpy as np

from edgegen.ir.dtypes import BOOL, S32
from edgegen.ir.evaluate import Evaluation, evaluate
from edgegen.ir.graph import Graph, State
from edgegen.ir.tensor import Tensor, TensorType
from edgegen.ops.binary import Binary
from edgegen.ops.compare import Compare
from edgegen.ops.control import If, While
from edgegen.passes.pipeline import Options, run
from edgegen.verify import Build, Call, build_program
from tests.build_graph import GENERIC, Builder, kinds
from tests.harness import compile_for_test

ADD, SUB, LESS = Binary("add"), Binary("sub"), Compare("less")
SHAPE = (4,)


def planned(graph: Graph) -> Graph:
    after = graph.copy()
    run(after, GENERIC, Options())
    return after


def copies(graph: Graph) -> int:
    return sum(n.op.kind == "Copy" for n in graph.steps())


def turns(limit: int, *, swap: bool = False, twice: bool = False) -> While:
    """while count < limit: count += 1 and x += y, y = x - y; or x, y = y, x; or x, y = both x + y."""
    c, b = Builder(), Builder()
    count, *_ = c.input((1,), S32), c.input(SHAPE, S32), c.input(SHAPE, S32)
    condition = c.graph(c.add(LESS, count, c.constant([limit], S32)))
    count, x, y = b.input((1,), S32), b.input(SHAPE, S32), b.input(SHAPE, S32)
    more, total = b.add(ADD, count, b.constant([1], S32)), b.add(ADD, x, y)
    next_x, next_y = (y, x) if swap else (total, total) if twice else (total, b.add(SUB, total, y))
    if swap:
        b.nodes.pop()
    return While(condition, b.graph(more, next_x, next_y))


def around(op: While, keep: bool = False, same: bool = False) -> Graph:
    """The loop on two inputs of the model; keep: x is needed afterwards; same: both start as x."""
    b = Builder()
    x, y = b.input(SHAPE, S32), b.input(SHAPE, S32)
    count = b.input((1,), S32)
    _, a, c = b.add_all(op, count, x, x if same else y)
    return b.graph(a, c, *([b.add(ADD, a, x)] if keep else []))


def check(graph: Graph, wanted_copies: int) -> Graph:
    after = planned(graph)
    assert copies(after) == wanted_copies
    inputs = [np.array([1, 2, 3, 4], np.int32), np.array([9, 5, 0, 7], np.int32), np.zeros(1, np.int32)]
    program = build_program([compile_for_test(graph, "generic")])
    for got, want in zip(program.execute([Call(inputs)])[0].outputs, evaluate(graph, inputs), strict=True):
        np.testing.assert_array_equal(got, want)
    return after


def test_a_loop_works_on_the_bytes_it_is_given() -> None:
    graph = check(around(turns(3)), 0)
    assert graph.plan is not None
    assert graph.plan.arena_bytes == graph.plan.lower_bound


def test_values_needed_afterwards_are_copied_before_the_loop() -> None:
    graph = check(around(turns(3), keep=True), 1)
    assert kinds(graph)[:2] == ["Copy", "While"]


def test_one_start_for_two_values() -> None:
    check(around(turns(3), same=True), 1)


def test_values_that_change_places() -> None:
    graph = check(around(turns(3, swap=True)), 3)
    body = graph.nodes[0].op.graphs[1]
    assert next(n.name for n in body.nodes if n.op.kind == "Copy").endswith("/saved")


def test_one_value_for_two() -> None:
    check(around(turns(3, twice=True)), 2)


def test_branches_that_give_back_arguments_and_constants() -> None:
    graphs = []
    for part in range(2):
        b = Builder()
        x, y = b.input(SHAPE, S32), b.input(SHAPE, S32)
        z = b.add(ADD, x, y)
        graphs.append(b.graph(z, z) if part else b.graph(x, b.constant(np.arange(4), S32)))
        if not part:
            graphs[-1].nodes.clear()
    b = Builder()
    c, x, y = b.input((1,), BOOL), b.input(SHAPE, S32), b.input(SHAPE, S32)
    graph = planned(b.graph(*b.add_all(If(*graphs), c, x, y)))
    assert copies(graph) == 2  # the constant, and the sum once more
    assert graph.plan is not None
    assert graph.plan.arena_bytes == graph.plan.lower_bound


def test_state_is_rewritten_where_it_lies() -> None:
    """A loop whose value outlives the run works on the state itself."""
    b = Builder()
    y, count = b.input(SHAPE, S32), b.input((1,), S32)
    value = Tensor("total", TensorType(S32, SHAPE))
    _, after, other = b.add_all(turns(3), count, value, y)
    graph = Graph("m", b.inputs, [other], b.nodes, [State("total", value, after, np.ones(SHAPE, np.int32))])
    done = planned(graph)
    assert kinds(done) == ["While"]
    assert done.plan is not None
    assert done.plan.state_bytes == 16
    program = build_program([compile_for_test(graph, "generic")])
    inputs = [np.array([1, 2, 3, 4], np.int32), np.zeros(1, np.int32)]
    evaluation = Evaluation(graph)
    for outcome in program.execute([Call(inputs)] * 3):
        np.testing.assert_array_equal(outcome.outputs[0], evaluation.run(inputs)[0])


def choice(keep: bool = False, twice: bool = False) -> Graph:
    """c ? x + y : x; keep: x is needed afterwards; twice: both branches are given x as y, too."""
    then, otherwise, b = Builder(), Builder(), Builder()
    x, y = then.input(SHAPE, S32), then.input(SHAPE, S32)
    taken = then.graph(then.add(ADD, x, y))
    otherwise.input(SHAPE, S32), otherwise.input(SHAPE, S32)
    c, x, y = b.input((1,), S32), b.input(SHAPE, S32), b.input(SHAPE, S32)
    condition = b.add(LESS, c, b.constant([2], S32))
    z = b.add(If(taken, otherwise.graph(otherwise.inputs[0])), condition, x, x if twice else y)
    return b.graph(z, *([b.add(SUB, z, x)] if keep else []))


def test_an_argument_that_a_branch_gives_back_stays_where_it_lies() -> None:
    for keep, twice, wanted in ((False, False, 0), (True, False, 1), (False, True, 1)):
        graph = choice(keep, twice)
        assert copies(planned(graph)) == wanted
        program = build_program([compile_for_test(graph, "generic", trace=True)], Build(sanitize=True))
        x = np.array([1, 2, 3, 4], np.int32)
        for c in (1, 3):
            inputs = [np.array([c], np.int32), x, x * 10]
            for got, want in zip(program.execute([Call(inputs)])[0].outputs, evaluate(graph, inputs), strict=True):
                np.testing.assert_array_equal(got, want)


def changed(keep: bool = False, late: bool = False, twice: bool = False) -> Graph:
    """c ? x + y : x - y; keep: x is needed afterwards; late: one branch is x - (x + y); twice: x is given as y, too."""
    then, otherwise, b = Builder(), Builder(), Builder()
    x, y = then.input(SHAPE, S32), then.input(SHAPE, S32)
    total = then.add(ADD, x, y)
    taken = then.graph(then.add(SUB, x, total) if late else total)
    p, q = otherwise.input(SHAPE, S32), otherwise.input(SHAPE, S32)
    c, x, y = b.input((1,), S32), b.input(SHAPE, S32), b.input(SHAPE, S32)
    condition = b.add(LESS, c, b.constant([2], S32))
    z = b.add(If(taken, otherwise.graph(otherwise.add(SUB, p, q))), condition, x, x if twice else y)
    return b.graph(z, *([b.add(SUB, z, x)] if keep else []))


def test_branches_change_an_argument_where_it_lies() -> None:
    """None is copied, and the result has bytes of its own only if the arguments are needed, or are the same."""
    forms = (
        (changed(), True),
        (changed(late=True), True),
        (changed(keep=True), True),  # in y's bytes
        (changed(twice=True), False),
        (changed(keep=True, twice=True), False),
    )
    for graph, shared in forms:
        after = planned(graph)
        assert copies(after) == 0
        (node,) = [n for n in after.nodes if isinstance(n.op, If)]
        assert after.plan is not None
        places = {after.plan.tensors[node.input(i)].offset for i in (1, 2)}
        assert (after.plan.tensors[node.out].offset in places) == shared
        program = build_program([compile_for_test(graph, "generic", trace=True)], Build(sanitize=True))
        x = np.array([1, 2, 3, 4], np.int32)
        for c in (1, 3):
            inputs = [np.array([c], np.int32), x, x * 10]
            for got, want in zip(program.execute([Call(inputs)])[0].outputs, evaluate(graph, inputs), strict=True):
                np.testing.assert_array_equal(got, want)
