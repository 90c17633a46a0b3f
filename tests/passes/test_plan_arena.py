"""Plans of random graphs, executed in an arena of bytes: no value that is still needed is ever disturbed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgegen.errors import InvalidGraph
from edgegen.ir.dtypes import F32, S8, S32
from edgegen.ir.evaluate import evaluate
from edgegen.ir.graph import Graph
from edgegen.ir.tensor import Tensor
from edgegen.ir.verify import arena_is_sound
from edgegen.ops.binary import Binary
from edgegen.ops.broadcast_to import BroadcastTo
from edgegen.ops.cast import Cast
from edgegen.ops.compare import Compare
from edgegen.ops.concat import Concat
from edgegen.ops.copy import Copy
from edgegen.ops.reshape import Reshape
from edgegen.ops.select_op import Select
from edgegen.ops.slice import Slice
from edgegen.ops.unary import Unary
from edgegen.passes.check import random_array
from edgegen.passes.post_optimize.find_views import find_views
from edgegen.passes.post_optimize.fold_views import fold_views
from edgegen.passes.post_optimize.pack_weights import pack_weights
from edgegen.passes.post_optimize.plan_arena import plan_arena
from edgegen.passes.post_optimize.select_kernels import select_kernels
from tests.build_graph import GENERIC, Builder
from tests.harness import compile_for_test
from tests.planned_ops import Both, Mix, MixFirst, Narrow, Reverse, Step, Widen, execute

SHAPES = [(2, 6), (12,), (3, 4), (1, 2, 2, 3), (5,), (40,), (8, 5)]


def draw_slice(draw: st.DrawFn, b: Builder, x: Tensor) -> Tensor:
    """Some rows of x along an axis."""
    axis = draw(st.integers(0, x.rank - 1))
    begin = draw(st.integers(0, x.shape[axis] - 1))
    count = draw(st.integers(1, x.shape[axis] - begin))
    first = tuple(begin if a == axis else 0 for a in range(x.rank))
    size = tuple(count if a == axis else n for a, n in enumerate(x.shape))
    return b.add(Slice(first, size, (1,) * x.rank), x)


def draw_concat(draw: st.DrawFn, b: Builder, x: Tensor, values: list[Tensor]) -> Tensor:
    """x and others like it along an axis, a constant and the same one again among them."""
    axis = draw(st.integers(0, x.rank - 1))

    def others(t: Tensor) -> tuple[int, ...]:
        return tuple(n for a, n in enumerate(t.shape) if a != axis)

    alike = [t for t in values if t.dtype == x.dtype and t.rank == x.rank and others(t) == others(x)]
    joined = [x, *draw(st.lists(st.sampled_from(alike), min_size=1, max_size=3))]
    if draw(st.integers(0, 3)) == 0:
        joined.insert(1, b.constant(np.full(x.shape, 7, x.dtype.np)))
    return b.add(Concat(axis), *joined)


@st.composite
def graphs(draw: st.DrawFn, most: int = 14) -> Graph:
    """Branches, views of views, slices and concatenations that can be views and that cannot, results in place,
    two-result nodes, outputs that are inputs, views or twice there."""
    b = Builder()
    values: list[Tensor] = [b.input(draw(st.sampled_from(SHAPES))) for _ in range(draw(st.integers(1, 3)))]
    for _ in range(draw(st.integers(1, most))):
        x = draw(st.sampled_from(values))
        choice = draw(
            st.sampled_from(
                ["step", "step", "reverse", "mix", "mix", "first", "view", "view", "width", "both", "slice", "concat"]
            )
        )
        twins = [t for t in values if (t.shape, t.dtype) == (x.shape, x.dtype)]
        if choice == "mix":
            values.append(b.add(Mix(), x, draw(st.sampled_from(twins))))
        elif choice == "first":
            values.append(b.add(MixFirst(), x, draw(st.sampled_from(twins))))
        elif choice == "view":
            same = [s for s in SHAPES if np.prod(s) == x.type.elements] or [(x.type.elements, 1)]
            values.append(b.add(Reshape(draw(st.sampled_from(same))), x))
        elif choice == "both":
            values += b.add_all(Both(), x)
        elif choice == "slice":
            values.append(draw_slice(draw, b, x))
        elif choice == "concat":
            values.append(draw_concat(draw, b, x, values))
        elif choice == "width":
            values.append(b.add(Widen() if x.dtype == S8 else Narrow(), x))
        else:
            values.append(b.add(Step(len(values)) if choice == "step" else Reverse(), x))
    outputs = draw(st.lists(st.sampled_from(values), min_size=1, max_size=4))
    return b.graph(*outputs, *([values[-1]] if draw(st.booleans()) else []))


def planned(graph: Graph) -> Graph:
    for one in (fold_views, select_kernels, pack_weights, find_views, plan_arena):
        one(graph, GENERIC)
    return graph


def assert_runs_in_its_arena(graph: Graph) -> None:
    arena_is_sound(graph)
    random = np.random.default_rng(0)
    inputs = [random_array(t.type, random) for t in graph.inputs]
    for got, want in zip(execute(graph, inputs), evaluate(graph, inputs), strict=True):
        np.testing.assert_array_equal(got, want)


@given(graphs())
@settings(max_examples=200)
def test_no_value_is_disturbed(graph: Graph) -> None:
    planned(graph)
    assert_runs_in_its_arena(graph)
    assert graph.plan is not None
    assert graph.plan.arena_bytes >= graph.plan.lower_bound
    copied = {n.out for n in graph.nodes if isinstance(n.op, BroadcastTo | Copy)}  # byte by byte, to anywhere
    places = [*(p for t, p in graph.plan.tensors.items() if t not in copied), *graph.plan.scratch.values()]
    assert all(p.offset % GENERIC.alignment == 0 for p in places)
    assert graph.plan.arena_bytes <= 1.2 * graph.plan.lower_bound


@given(graphs(), st.data())
@settings(max_examples=100)
def test_the_rule_finds_every_disturbance(graph: Graph, data: st.DataObject) -> None:
    """Moving one tensor elsewhere is either harmless or refused: a wrong result is never called sound."""
    from dataclasses import replace

    planned(graph)
    assert graph.plan is not None
    tensor = data.draw(st.sampled_from(list(graph.plan.tensors)))
    place = graph.plan.tensors[tensor]
    limit = (graph.plan.arena_bytes - place.size) // 4
    graph.plan.tensors[tensor] = replace(place, offset=4 * data.draw(st.integers(0, max(limit, 0))))
    try:
        arena_is_sound(graph)
    except InvalidGraph:
        return
    assert_runs_in_its_arena(graph)


def offsets(graph: Graph, *tensors: Tensor) -> list[int]:
    assert graph.plan is not None
    return [graph.plan.tensors[t].offset for t in tensors]


def test_elementwise_chain_takes_one_buffer() -> None:
    b = Builder()
    x = b.input((64,))
    y = b.add(Step(2), b.add(Step(1), x))
    graph = planned(b.graph(y))
    assert graph.plan is not None
    assert graph.plan.arena_bytes == graph.plan.lower_bound == 64
    assert_runs_in_its_arena(graph)


def test_a_view_keeps_its_source_from_being_overwritten() -> None:
    """x is read for the last time by Step, but a view of it is an output."""
    b = Builder()
    x = b.input((2, 6))
    view = b.add(Reshape((12,)), x)
    y = b.add(Step(), x)
    graph = planned(b.graph(y, view))
    assert offsets(graph, x) == offsets(graph, view) != offsets(graph, y)
    assert_runs_in_its_arena(graph)


def test_reading_a_dying_input_twice_is_safe_only_in_step() -> None:
    b = Builder()
    x = b.input((12,))
    twice = b.add(Mix(), x, x)
    backwards = b.add(MixFirst(), twice, twice)
    graph = planned(b.graph(backwards))
    assert offsets(graph, x) == offsets(graph, twice) != offsets(graph, backwards)
    assert_runs_in_its_arena(graph)


def test_a_wider_result_gets_bytes_of_its_own_and_a_narrower_one_need_not() -> None:
    b = Builder()
    x = b.input((40,))
    wide = b.add(Widen(), x)
    narrow = b.add(Narrow(), wide)
    graph = planned(b.graph(narrow))
    assert offsets(graph, x) != offsets(graph, wide)
    assert graph.plan is not None
    assert graph.plan.arena_bytes == 40 + 160
    assert_runs_in_its_arena(graph)


def test_a_small_result_does_not_keep_a_large_buffer() -> None:
    """Taking over 160 bytes for 40 would cost more at the next peak than it saves."""
    b = Builder()
    x = b.input((40,), S32)
    narrow = b.add(Narrow(), x)
    a = b.add(Widen(), narrow)
    late = b.add(Mix(), b.add(Narrow(), b.add(Reverse(), a)), narrow)
    graph = planned(b.graph(late))
    assert graph.plan is not None
    assert graph.plan.arena_bytes == graph.plan.lower_bound
    assert offsets(graph, narrow) != offsets(graph, x)
    assert_runs_in_its_arena(graph)


def test_interfaces_that_coincide() -> None:
    """An output that is an input, a view of an input, a tensor listed twice, an input that nobody reads."""
    b = Builder()
    x, unused = b.input((12,)), b.input((40,))
    view = b.add(Reshape((3, 4)), x)
    y = b.add(Step(), view)
    graph = planned(b.graph(x, view, y, y))
    assert_runs_in_its_arena(graph)
    assert unused in graph.plan.tensors if graph.plan else False


def test_a_constant_output_needs_no_place() -> None:
    b = Builder()
    x, c = b.input((12,)), b.constant(np.arange(5, dtype=np.int8))
    y = b.add(Step(), x)
    graph = planned(b.graph(c, y))
    assert graph.plan is not None
    assert c not in graph.plan.tensors
    assert_runs_in_its_arena(graph)


def test_scratch_lies_beside_everything_its_node_touches() -> None:
    b = Builder()
    x = b.input((40,))
    y = b.add(Reverse(), x)
    graph = planned(b.graph(y))
    assert graph.plan is not None
    assert graph.plan.arena_bytes == 40 + 40 + 124  # 3 * 40 + 1, rounded up to a multiple of 4


def test_rounding_follows_the_target() -> None:
    from edgegen.targets import TARGETS

    b = Builder()
    graph = b.graph(b.add(Reverse(), b.input((5,))))
    for one in (select_kernels, pack_weights, plan_arena):
        one(graph, TARGETS["arm-neon"])
    assert graph.plan is not None
    assert graph.plan.arena_bytes == 3 * 16


@pytest.mark.parametrize("shape", [(), (0, 3), (1,)])
def test_tensors_without_axes_or_elements_are_planned(shape: tuple[int, ...]) -> None:
    """All of their rows say how results may lie over inputs."""
    b = Builder()
    x, y = b.input(shape, F32), b.input(shape, F32)
    whole = b.add(Cast("s32"), b.add(Unary("neg"), x))
    less = b.add(Compare("less"), x, b.add(Binary("add"), x, y))
    graph = compile_for_test(b.graph(whole, b.add(Select(), less, x, y)), "generic").graph
    arena_is_sound(graph)


@pytest.mark.parametrize("outputs", [1, 2])
def test_unread_results_have_bytes_while_they_are_written(outputs: int) -> None:
    b = Builder()
    first, second = b.add_all(Both(), b.input((12,)))
    graph = planned(b.graph(*(first, second)[:outputs]))
    assert_runs_in_its_arena(graph)


@pytest.mark.parametrize(("runs", "outside"), [((24, 8), 8), ((8, 24), 8), ((16, 16), 16), ((16, 8, 4), 12)])
def test_a_concatenation_lies_over_the_larger_one_of_its_first_and_last_input(
    runs: tuple[int, ...], outside: int
) -> None:
    """All that is left of the others are their rows but one."""
    b = Builder()
    graph = b.graph(b.add(Concat(1), *(b.input((8, run)) for run in runs)))
    for one in (select_kernels, pack_weights, plan_arena):
        one(graph, GENERIC)
    assert graph.plan is not None
    assert graph.plan.arena_bytes == graph.plan.lower_bound == 8 * sum(runs) + 7 * outside
    arena_is_sound(graph)
