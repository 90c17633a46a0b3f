from __future__ import annotations

from edgegen.passes.pre_optimize.eliminate_dead_nodes import eliminate_dead_nodes
from tests.build_graph import Builder, kinds, transform
from tests.planned_ops import Both, Mix, Reverse, Step


def test_removes_chains_that_reach_no_output() -> None:
    b = Builder()
    x = b.input((4,))
    b.add(Reverse(), b.add(Step(), x))
    y = b.add(Mix(), x, x)
    assert kinds(transform(b.graph(y), eliminate_dead_nodes)) == ["Mix"]


def test_keeps_nodes_of_which_one_result_is_used() -> None:
    b = Builder()
    _, second = b.add_all(Both(), b.input((4,)))
    assert kinds(transform(b.graph(second), eliminate_dead_nodes)) == ["Both"]


def test_keeps_inputs_that_nobody_reads() -> None:
    b = Builder()
    x, unused = b.input((4,)), b.input((4,))
    after = transform(b.graph(b.add(Step(), x)), eliminate_dead_nodes)
    assert [t.name for t in after.inputs] == [x.name, unused.name]
