"""Loops over rows compute what their nodes compute, each row once, in bytes that nobody else needs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgegen.errors import InvalidGraph
from edgegen.ir.evaluate import evaluate
from edgegen.ir.graph import Graph
from edgegen.ir.plan import Placement
from edgegen.ir.verify import arena_is_sound
from edgegen.passes.check import random_array
from edgegen.targets import TARGETS
from edgegen.verify import Call, build_program
from tests.row_graphs import RowGraph, Way, as_loop, compiled_loop, planned

WAYS = st.builds(Way, st.integers(1, 4), st.booleans(), st.booleans(), st.booleans())


def _inputs(graph: Graph, seed: int) -> list[np.ndarray]:
    return [random_array(t.type, np.random.default_rng(seed)) for t in graph.inputs]


@settings(max_examples=150, derandomize=True, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    layers=st.integers(1, 6),
    way=WAYS,
    floats=st.booleans(),
)
def test_loops_compute_the_same(seed: int, layers: int, way: Way, floats: bool) -> None:
    graph = RowGraph(seed, floats).graph(layers)
    loop = as_loop(graph, way)
    if loop is None:
        return
    (want,), (got,) = evaluate(graph, _inputs(graph, seed)), evaluate(loop, _inputs(graph, seed))
    np.testing.assert_array_equal(got, want)
    assert loop.macs() <= graph.macs()  # rows that nothing reads are not computed, and none is computed twice


@settings(max_examples=30, derandomize=True, deadline=None)
@given(seed=st.integers(0, 10**6), layers=st.integers(1, 5), way=WAYS)
def test_plans_of_loops_are_sound(seed: int, layers: int, way: Way) -> None:
    loop = as_loop(RowGraph(seed, height=20).graph(layers), way)
    if loop is not None:
        plan = planned(loop, TARGETS["generic"]).plan
        assert plan is not None
        assert plan.lower_bound <= plan.arena_bytes


def test_a_plan_that_loses_rows_is_refused() -> None:
    loop = as_loop(RowGraph(3, height=20).graph(4), Way(1))
    assert loop is not None
    plan = planned(loop, TARGETS["generic"]).plan
    assert plan is not None
    y = loop.outputs[0]
    rows = [t for t in plan.tensors if t.name.endswith("/kept")]
    assert rows
    for tensor in rows:
        place = plan.tensors[tensor]
        plan.tensors[tensor] = Placement(plan.tensors[y].offset, place.size, place.first, place.last)
        with pytest.raises(InvalidGraph, match=r"overwritten|overlaps"):
            arena_is_sound(loop)
        plan.tensors[tensor] = place


def _check(target: str, cases: Sequence[tuple[int, int, bool]]) -> None:
    """Builds the C of loops that go in different ways as one program and compares what it gives with the reference."""
    models = []
    for i, (seed, layers, floats) in enumerate(cases):
        graph = RowGraph(seed, floats).graph(layers)
        model = compiled_loop(graph, Way.number(i), TARGETS[target], f"loop{i}")
        if model is not None:
            models.append((seed, model))
    assert len(models) > len(cases) // 2
    program = build_program([model for _, model in models])
    outcomes = program.execute([Call(_inputs(m.source, seed), i) for i, (seed, m) in enumerate(models)])
    for (seed, model), outcome in zip(models, outcomes, strict=True):
        (want,) = evaluate(model.source, _inputs(model.source, seed))
        if want.dtype.kind == "f":
            np.testing.assert_allclose(outcome.outputs[0], want, rtol=0, atol=1e-5 * np.abs(want).max())
        else:
            np.testing.assert_array_equal(outcome.outputs[0], want)


def test_the_c_of_loops_on_the_host() -> None:
    _check("generic", [(seed, 1 + seed % 5, seed % 4 == 0) for seed in range(16)])


@pytest.mark.cross
@pytest.mark.parametrize("target", ["cortex-m4", "arm-neon"])
def test_the_c_of_loops_on_other_cores(target: str) -> None:
    _check(target, [(seed, 1 + seed % 4, seed % 5 == 0) for seed in range(100, 108)])
