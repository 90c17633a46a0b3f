"""Control flow that is refused: each with one clear error."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from edgegen.errors import InvalidModel, UnsupportedModel
from edgegen.frontends.tflite import read_tflite
from tests.frontends.tflite.test_control import composite, f32, flag, handle, if_, remembering, s32, while_
from tests.models.tflite_builder import Operator, SubGraph, Tensor, build_model, options


def refused(data: bytes, kind: type[Exception], words: str) -> None:
    with pytest.raises(kind, match=words):
        read_tflite(data, "m", {})


def one(operator: Operator, *more: SubGraph, tensors: Sequence[Tensor] = ()) -> bytes:
    return build_model([flag(), *f32("x", "y"), *tensors], [operator], ["c", "x"], ["y"], more=more)


KEEP = SubGraph(f32("a"), [], ["a"], ["a"])
GO = SubGraph([*f32("a"), flag()], [], ["a", "c"], ["c"])


def test_sub_graphs_that_run_themselves() -> None:
    again = SubGraph([flag(), *f32("x", "y")], [if_(["c", "x"], ["y"], 1, 1)], ["c", "x"], ["y"])
    refused(one(if_(["c", "c", "x"], ["y"], 1, 1), again), InvalidModel, "sub-graph 1, runs itself")
    refused(one(if_(["c", "x"], ["y"], 0, 1), KEEP), InvalidModel, "sub-graph 0, runs itself")
    call = Operator("CALL", ["x"], ["y"], options("CallOptions", Subgraph=0))
    refused(one(call), InvalidModel, "sub-graph 0, runs itself")


@pytest.mark.parametrize("index", [-1, 2, 2**31 - 1])
def test_sub_graphs_that_are_not_there(index: int) -> None:
    refused(one(if_(["c", "x"], ["y"], index, 1), KEEP), InvalidModel, "is not one of 2")
    refused(one(while_(["x"], ["y"], 1, index), GO), InvalidModel, "is not one of 2|has 2 inputs")


def test_arity_and_types() -> None:
    two = SubGraph(f32("a", "b"), [], ["a", "b"], ["a"])
    refused(one(if_(["c", "x"], ["y"]), KEEP, two), InvalidModel, "its else-branch has 2 inputs, is given 1")
    twice = SubGraph(f32("a"), [], ["a"], ["a", "a"])
    refused(one(if_(["c", "x"], ["y"]), KEEP, twice), InvalidModel, "its else-branch has 2 outputs, the operator 1")
    whole = SubGraph(s32("a"), [], ["a"], ["a"])
    refused(one(if_(["c", "x"], ["y"]), KEEP, whole), InvalidModel, 'takes "a" as s32')
    refused(one(if_(["x", "x"], ["y"]), KEEP, KEEP), InvalidModel, "the condition must be one bool")
    refused(one(while_(["x"], ["y"]), KEEP, KEEP), InvalidModel, "the condition must be one bool")
    refused(one(while_(["x"], ["y"]), KEEP, twice), InvalidModel, "its body 2 outputs")
    refused(one(while_([], [])), InvalidModel, "is not one of 1")


def test_sizes_that_change_at_run_time() -> None:
    both = Operator("CONCATENATION", ["a", "a"], ["d"], options("ConcatenationOptions", Axis=0))
    longer = SubGraph([*f32("a"), *f32("d", shape=(2, 4))], [both], ["a"], ["d"])
    refused(one(if_(["c", "x"], ["y"]), KEEP, longer), UnsupportedModel, "sizes must not change at run time")
    go = SubGraph([*f32("a"), flag(data=np.array([True]))], [], ["a"], ["c"])
    refused(one(while_(["x"], ["y"]), go, longer), UnsupportedModel, "from turn to turn")


def test_deep_and_wide_nesting() -> None:
    def level(k: int) -> SubGraph:
        call = [Operator("CALL", ["a"], [f"b{i}"], options("CallOptions", Subgraph=k + 1)) for i in range(2)]
        return SubGraph(f32("a", "b0", "b1"), call, ["a"], ["b1"])

    call = Operator("CALL", ["x"], ["y"], options("CallOptions", Subgraph=1))
    deep = [level(k) for k in range(1, 20)]
    refused(one(call, *deep, KEEP), UnsupportedModel, "nested more than 16 deep")
    wide = [
        SubGraph(
            f32("a", *(f"b{i}" for i in range(4))),
            [Operator("CALL", ["a"], [f"b{i}"], options("CallOptions", Subgraph=k + 1)) for i in range(4)],
            ["a"],
            ["b0"],
        )
        for k in range(1, 12)
    ]
    refused(one(call, *wide, KEEP), UnsupportedModel, "used more than once make more than")


def test_composites_without_decomposition() -> None:
    refused(composite(index=0), UnsupportedModel, "carries no decomposition")
    refused(composite(index=7), InvalidModel, "its decomposition, sub-graph 7, is not one of 2")


def test_a_condition_that_assigns() -> None:
    variable, make = handle()
    assigns = SubGraph(
        [*f32("x"), flag("go", np.array([True])), variable],
        [make, Operator("ASSIGN_VARIABLE", ["v", "x"], [])],
        ["x"],
        ["go"],
    )
    refused(one(while_(["x"], ["y"]), assigns, KEEP), UnsupportedModel, "a condition that assigns a variable")


def test_an_initialization_that_may_not_run() -> None:
    once = Operator("CALL_ONCE", [], [], options("CallOnceOptions", InitSubgraphIndex=3))
    branch = SubGraph(f32("a"), [once], ["a"], ["a"])
    refused(one(if_(["c", "x"], ["y"]), branch, KEEP, SubGraph([], [], [], [])), UnsupportedModel, "may or may not run")


def test_recurrent_state_in_a_sub_graph() -> None:
    """LiteRT starts from zero whenever the branch is taken; TensorFlow Lite Micro crashes."""
    weights = [Tensor(n, data=np.ones((4, d), np.float32)) for n, d in (("f", 4), ("t", 3))]
    state = Tensor("s", "FLOAT32", (1, 12), is_variable=True)
    svdf = Operator("SVDF", ["a", "f", "t", None, "s"], ["b"], options("SVDFOptions", Rank=1))
    then = SubGraph([*f32("a", "b"), *weights, state], [svdf], ["a"], ["b"])
    refused(one(if_(["c", "x"], ["y"]), then, KEEP), UnsupportedModel, 'keeps state in "s" within sub-graph 1')


def test_a_sub_graph_with_state_is_used_once() -> None:
    refused(remembering(2), UnsupportedModel, "sub-graph 1 keeps state, but is used more than once")
