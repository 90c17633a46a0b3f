"""`--io separate`: inputs and outputs lie beside the arena; a run leaves its inputs alone, and its outputs last."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings

import edgegen
from edgegen.errors import InvalidGraph
from edgegen.ir.graph import Graph
from edgegen.ir.verify import arena_is_sound
from edgegen.passes.post_optimize.find_views import find_views
from edgegen.passes.post_optimize.fold_views import fold_views
from edgegen.passes.post_optimize.order_nodes import order_nodes
from edgegen.passes.post_optimize.pack_weights import pack_weights
from edgegen.passes.post_optimize.plan_arena import plan_arena
from edgegen.passes.post_optimize.select_kernels import select_kernels
from tests.build_graph import GENERIC, Builder
from tests.passes.test_plan_arena import assert_runs_in_its_arena, graphs
from tests.planned_ops import Reverse, Step

DIGITS = Path(__file__).resolve().parents[2] / "examples" / "digits" / "digits.tflite"
SEPARATE = replace(GENERIC, io="separate")


def planned(graph: Graph) -> Graph:
    for one in (fold_views, select_kernels, pack_weights, find_views, order_nodes, plan_arena):
        one(graph, SEPARATE)
    return graph


@given(graphs())
@settings(max_examples=50)
def test_random_graphs_leave_their_inputs_alone(graph: Graph) -> None:
    planned(graph)
    assert_runs_in_its_arena(graph)
    plan = graph.plan
    assert plan is not None
    ports = [t for t in (*graph.inputs, *graph.outputs) if not t.is_constant]
    assert all(plan.outlives(plan.tensors[t]) for t in ports)


def test_only_what_lies_between_is_in_the_arena() -> None:
    b = Builder()
    x = b.input((32,))
    y = b.add(Reverse(), b.add(Step(), x))
    graph = planned(b.graph(y))
    assert graph.plan is not None
    assert (graph.plan.arena_bytes, graph.plan.state_bytes) == (32 + 100, 64)


def test_a_plan_that_reuses_a_separate_input_is_refused() -> None:
    b = Builder()
    x = b.input((32,))
    y = b.add(Step(), x)
    graph = planned(b.graph(b.add(Step(), y)))
    assert graph.plan is not None
    graph.plan.tensors[y] = graph.plan.tensors[x]
    with pytest.raises(InvalidGraph, match=r"is overwritten by .* before the caller, whose it stays"):
        arena_is_sound(graph)


def test_the_c_computes_the_same_and_says_so() -> None:
    shared, separate = (edgegen.compile(DIGITS, target="generic", io=io) for io in ("shared", "separate"))
    images = np.random.default_rng(0).integers(-128, 128, (3, 1, 8, 8, 1)).astype(np.int8)
    models = [artifact.build() for artifact in (shared, separate)]
    for image in images:
        (wanted,), (got,) = (model.run(image) for model in models)
        np.testing.assert_array_equal(got, wanted)
    assert "The inputs stay as they are." in separate.compiled.files["digits.h"]
    assert "DIGITS_STATE_BYTES" in separate.compiled.files["digits.h"]
    report = separate.report()
    assert report["io"] == "separate"
    assert report["state_bytes"] >= 64 + 10
    assert report["arena_bytes"] <= shared.report()["arena_bytes"]
