"""Slices and concatenations whose bytes lie where they are needed cost nothing; the others are computed."""

from __future__ import annotations

import numpy as np
import pytest

from edgegen.ir.graph import Graph, Node, State
from edgegen.ir.layout import NCHW
from edgegen.ir.tensor import Tensor
from edgegen.ops.concat import Concat
from edgegen.ops.pad import Pad
from edgegen.ops.reshape import Reshape
from edgegen.ops.slice import Slice
from edgegen.passes.post_optimize.find_views import find_views
from edgegen.passes.post_optimize.pack_weights import pack_weights
from edgegen.passes.post_optimize.plan_arena import plan_arena
from edgegen.passes.post_optimize.select_kernels import select_kernels
from edgegen.passes.post_optimize.store_state import store_state
from tests.build_graph import GENERIC, Builder, kinds
from tests.passes.test_plan_arena import assert_runs_in_its_arena
from tests.planned_ops import Mix, Reverse, Step


def planned(graph: Graph) -> Graph:
    for one in (select_kernels, pack_weights, store_state, find_views, plan_arena):
        one(graph, GENERIC)
    return graph


def rows(first: int, count: int, shape: tuple[int, ...], axis: int) -> Slice:
    begin = tuple(first if a == axis else 0 for a in range(len(shape)))
    size = tuple(count if a == axis else n for a, n in enumerate(shape))
    return Slice(begin, size, (1,) * len(shape))


def views(graph: Graph) -> list[Node]:
    return [n for n in graph.nodes if n.offsets is not None]


def at(graph: Graph, tensor: Tensor) -> int:
    assert graph.plan is not None
    return graph.plan.tensors[tensor].offset


def test_rows_are_a_place_in_their_source() -> None:
    b = Builder()
    x = b.input((1, 8, 4, 2))
    top, rest = b.add(rows(0, 3, x.shape, 1), x), b.add(rows(3, 5, x.shape, 1), x)
    graph = planned(b.graph(b.add(Reverse(), top), b.add(Reverse(), rest)))
    assert len(views(graph)) == 2
    assert [at(graph, t) - at(graph, x) for t in (top, rest)] == [0, 24]
    assert_runs_in_its_arena(graph)


def test_results_are_written_straight_into_their_concatenation() -> None:
    b = Builder()
    x = b.input((1, 4, 8))
    parts = [b.add(Reverse(), x), b.add(Reverse(), b.add(Step(), x))]
    y = b.add(Concat(1), *parts)
    graph = planned(b.graph(b.add(Step(), y)))
    assert [at(graph, t) - at(graph, y) for t in parts] == [0, 32]
    assert kinds(graph).count("Copy") == 0
    assert_runs_in_its_arena(graph)


def test_concatenations_of_concatenations_and_of_slices() -> None:
    b = Builder()
    x = b.input((6, 4))
    inner = b.add(Concat(0), b.add(Reverse(), x), b.add(Reverse(), b.add(Step(), x)))
    outer = b.add(Concat(0), inner, b.add(Reverse(), b.add(rows(2, 4, (12, 4), 0), inner)))
    graph = planned(b.graph(b.add(Reshape((64,)), outer)))
    assert len(views(graph)) == 3
    assert_runs_in_its_arena(graph)


@pytest.mark.parametrize("axis", [1, 2])
def test_pieces_of_channels_are_moved(axis: int) -> None:
    b = Builder()
    x = b.input((1, 4, 8) if axis == 2 else (2, 8, 4))
    piece = b.add(rows(0, 4, x.shape, axis), x)
    graph = planned(b.graph(b.add(Concat(axis), b.add(Reverse(), piece), b.add(Step(), piece))))
    assert not views(graph)
    assert_runs_in_its_arena(graph)


def test_channels_are_contiguous_where_they_are_stored_outermost() -> None:
    b = Builder()
    x = b.input((1, 2, 2, 8))
    inner = b.add(Step(), x)
    piece = b.add(rows(4, 4, x.shape, 3), inner)
    y = b.add(Reverse(), piece)
    graph = b.graph(y)
    for tensor in (inner, piece):
        tensor.type = tensor.type.with_layout(NCHW)
    assert graph.nodes[1].op.offsets([inner.type], piece.type) == (-16,)
    assert graph.nodes[1].op.offsets([x.type], piece.type) is None


def test_bytes_between_words_are_moved() -> None:
    b = Builder()
    x = b.input((8, 3))
    graph = planned(b.graph(b.add(Reverse(), b.add(rows(1, 4, x.shape, 0), x))))
    assert not views(graph)


def test_inputs_that_cannot_lie_there_are_copied_there() -> None:
    """Constants, the same tensor again, and one that lies in another concatenation."""
    b = Builder()
    x = b.input((2, 4))
    y = b.add(Step(), x)
    c, nines = b.constant(np.arange(8, dtype=np.int8).reshape(2, 4)), b.constant(np.full((2, 4), 9, np.int8))
    first = b.add(Concat(0), y, c, y, nines)
    second = b.add(Concat(0), y, x)
    graph = planned(b.graph(b.add(Reverse(), first), b.add(Reverse(), second)))
    assert len(views(graph)) == 2
    assert kinds(graph).count("Copy") == 3
    assert kinds(graph).count("BroadcastTo") == 1
    assert_runs_in_its_arena(graph)


def test_a_concatenation_of_nothing_but_constants_and_strangers_is_computed() -> None:
    b = Builder()
    x = b.input((2, 4))
    c = b.constant(np.full((1, 3), 9, np.int8))
    graph = planned(b.graph(b.add(Concat(1), c, c), b.add(Mix(), x, x)))
    assert not views(graph)
    assert kinds(graph) == ["Concat", "Mix"]


@pytest.mark.parametrize(("shape", "axis"), [((1, 6, 4, 2), 1), ((1, 1, 6, 4), 2), ((3, 6), 0)])
def test_rows_are_written_between_what_pads_them(shape: tuple[int, ...], axis: int) -> None:
    """Also where others need them by themselves."""
    b = Builder()
    x = b.add(Reverse(), b.input(shape))
    before, after = (tuple(n if a == axis else 0 for a in range(len(shape))) for n in (2, 1))
    y = b.add(Pad(before, after, -7), x)
    graph = planned(b.graph(b.add(Reverse(), y), b.add(Reverse(), x)))
    assert [n.op.kind for n in views(graph)] == ["Concat"]
    assert kinds(graph).count("BroadcastTo") == 2
    assert at(graph, x) - at(graph, y) == 2 * y.type.bytes // y.shape[axis]
    assert_runs_in_its_arena(graph)


@pytest.mark.parametrize(
    ("shape", "before"),
    [((1, 6, 4, 2), (0, 0, 1, 0)), ((2, 6, 4, 2), (0, 1, 0, 0)), ((1, 6, 4, 2), (0, 1, 1, 0)), ((3, 3), (1, 0))],
)
def test_what_a_pad_takes_apart_is_moved(shape: tuple[int, ...], before: tuple[int, ...]) -> None:
    b = Builder()
    y = b.add(Pad(before, (0,) * len(shape), 3), b.add(Reverse(), b.input(shape)))
    graph = planned(b.graph(b.add(Reverse(), y)))
    assert not views(graph)
    assert "Pad" in kinds(graph)
    assert_runs_in_its_arena(graph)


def test_state_is_left_alone() -> None:
    """The window of the last three rows: moving it is what the run is for."""
    b = Builder()
    x = b.input((1, 4))
    window = Tensor("window", x.type.__class__(x.dtype, (3, 4)))
    after = Tensor("after", window.type)
    cut = Node(rows(1, 2, (3, 4), 0), [window], [Tensor("cut", x.type.__class__(x.dtype, (2, 4)))], "cut")
    joined = Node(Concat(0), [cut.out, x], [after], "joined")
    y = Tensor("y", window.type)
    last = Node(Step(), [after], [y], "last")
    state = State("window", window, after, np.zeros((3, 4), np.int8))
    graph = planned(Graph("stream", [x], [y], [cut, joined, last], [state]))
    assert not any(t in (window, after) for n in views(graph) for t in (*n.inputs, *n.outputs))
