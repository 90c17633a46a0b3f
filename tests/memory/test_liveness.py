"""When activations are in use, and which of them share bytes."""

from __future__ import annotations

from edgegen.ir.graph import Graph
from edgegen.ir.tensor import Tensor
from edgegen.memory.liveness import lifetimes
from edgegen.memory.storage import round_up, storages
from edgegen.ops.reshape import Reshape
from edgegen.passes.post_optimize.pack_weights import pack_weights
from edgegen.passes.post_optimize.select_kernels import select_kernels
from tests.build_graph import GENERIC, Builder
from tests.planned_ops import Both, Mix, Reverse, Step


def groups(graph: Graph) -> list[tuple[str, ...]]:
    select_kernels(graph, GENERIC)
    pack_weights(graph, GENERIC)
    return [tuple(t.name for t in s.tensors) for s in storages(graph)]


def span(graph: Graph, tensor: Tensor) -> tuple[int, int]:
    return lifetimes(graph)[tensor]


def test_inputs_live_before_the_first_node_and_outputs_after_the_last() -> None:
    b = Builder()
    x, unused = b.input((4,)), b.input((4,))
    y = b.add(Reverse(), x)
    z = b.add(Reverse(), y)
    graph = b.graph(z)
    assert span(graph, x) == (-1, 0)
    assert span(graph, unused) == (-1, -1)
    assert span(graph, y) == (0, 1)
    assert span(graph, z) == (1, 2)


def test_results_that_nobody_reads_live_while_they_are_written() -> None:
    b = Builder()
    first, second = b.add_all(Both(), b.input((4,)))
    b.add(Step(), first)
    graph = b.graph(first)
    assert span(graph, second) == (0, 0)
    assert span(graph, first) == (0, 2)


def test_constants_have_no_lifetime() -> None:
    b = Builder()
    x = b.input((4,))
    c = b.constant(x.dtype.np.type(3).repeat(4))
    graph = b.graph(b.add(Mix(), x, c), c)
    assert c not in lifetimes(graph)


def test_views_and_results_in_place_share_bytes() -> None:
    b = Builder()
    x = b.input((2, 6))
    view = b.add(Reshape((12,)), x)
    y = b.add(Step(), view)
    b_view = b.add(Reshape((3, 4)), y)
    z = b.add(Reverse(), b_view)
    assert groups(b.graph(z)) == [("in0", "t0", "t1", "t2"), ("t3",)]


def test_an_input_with_later_readers_is_not_taken_over() -> None:
    b = Builder()
    x = b.input((4,))
    y = b.add(Step(), x)
    assert groups(b.graph(b.add(Mix(), y, x))) == [("in0",), ("t0", "t1")]


def test_only_the_first_result_works_in_place() -> None:
    b = Builder()
    first, second = b.add_all(Both(), b.input((4,)))
    assert groups(b.graph(first, second)) == [("in0", "t0"), ("t0.1",)]


def test_round_up() -> None:
    assert [round_up(n, 16) for n in (0, 1, 16, 17)] == [16, 16, 16, 32]
