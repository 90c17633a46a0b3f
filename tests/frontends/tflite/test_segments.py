"""UNSORTED_SEGMENT_*, SEGMENT_SUM and BUCKETIZE as LiteRT computes them, and the emitted C."""

from __future__ import annotations

import numpy as np
import pytest

from edgegen.errors import InvalidModel, UnsupportedModel
from edgegen.frontends.tflite import read_tflite
from edgegen.ops.bucketize import Bucketize
from edgegen.ops.segment_reduce import FUNCTIONS, SegmentReduce
from tests.frontends.tflite.test_mediapipe import judge_default
from tests.harness import Case, check_nodes, run_node
from tests.judge import check_against_judge, judge_litert
from tests.models.tflite_builder import Operator, Tensor, build_model, options

IDS = np.array([[2, 0, 2], [-1, 4, 0]], np.int32)


def unsorted(name: str, kind: str, count: object = 6, ids: str = "INT32") -> bytes:
    tensors = [
        Tensor("x", kind, (2, 3, 4)),
        Tensor("i", ids, IDS.shape),
        Tensor("n", data=np.array(count, np.int32)),
        Tensor("y", kind, (6, 4)),
    ]
    return build_model(tensors, [Operator(name, ["x", "i", "n"], ["y"])])


@pytest.mark.parametrize("kind", ["FLOAT32", "INT32"])
@pytest.mark.parametrize("function", FUNCTIONS)
def test_unsorted_segments(function: str, kind: str) -> None:
    x = np.random.default_rng(1).integers(-99, 99, (2, 3, 4)).astype(kind.lower())
    check_against_judge(unsorted(f"UNSORTED_SEGMENT_{function.upper()}", kind), [x, IDS], by=judge_litert)


def ascending(ids: list[int]) -> bytes:
    given = Tensor("i", data=np.array(ids, np.int32))
    tensors = [Tensor("x", "FLOAT32", (5, 2)), given, Tensor("y", "FLOAT32", (max(ids) + 1, 2))]
    return build_model(tensors, [Operator("SEGMENT_SUM", ["x", "i"], ["y"])])


def test_ascending_segments() -> None:
    """Not one of LiteRT's reference operators, but of those that it has."""
    x = np.arange(10, dtype=np.float32).reshape(5, 2)
    check_against_judge(ascending([0, 0, 1, 2, 2]), [x], by=judge_default)


def buckets(kind: str, edges: list[float], to: str = "INT32") -> bytes:
    table = options("BucketizeOptions", Boundaries=np.array(edges, np.float32))
    return build_model([Tensor("x", kind, (6,)), Tensor("y", to, (6,))], [Operator("BUCKETIZE", ["x"], ["y"], table)])


@pytest.mark.parametrize("kind", ["FLOAT32", "INT32", "INT64"])
def test_buckets(kind: str) -> None:
    x = np.array([-5, 0, 1, 2, 10, 16777217], kind.lower())
    check_against_judge(buckets(kind, [0, 1, 1, 10, 16777216]), [x], by=judge_litert)


def test_refusals() -> None:
    for data, text in (
        (unsorted("UNSORTED_SEGMENT_SUM", "FLOAT32", [6, 6]), "2 numbers of segments"),
        (ascending([1, 0, 1, 3, 3]), "do not ascend"),
        (buckets("FLOAT32", [1, 0]), "must ascend"),
        (buckets("FLOAT32", []), "must be one"),
    ):
        with pytest.raises(InvalidModel, match=text):
            read_tflite(data, "m", {})
    for data, text in (
        (unsorted("UNSORTED_SEGMENT_SUM", "INT8"), "s8 in segments of s32"),
        (unsorted("UNSORTED_SEGMENT_SUM", "FLOAT32", ids="INT64"), "segments of s64"),
        (unsorted("UNSORTED_SEGMENT_SUM", "FLOAT32", 0), "0 segments"),
        (buckets("FLOAT32", [0], "INT64"), "f32 to s64"),
    ):
        with pytest.raises(UnsupportedModel, match=text):
            read_tflite(data, "m", {})


def cases() -> list[Case]:
    """Each segment of floats has a row: what is empty is as large as floats are, and so is a tolerance of its ULP."""
    rng = np.random.default_rng(2)
    made = [Case(Bucketize((-1.0, 0.0, 0.5)), [rng.normal(0, 1, (3, 9)).astype(np.float32)])]
    made.append(Case(Bucketize((0.0,)), [np.array([np.nan, 0.0, -1.0], np.float32)]))
    for function in FUNCTIONS:
        whole = rng.integers(-(2**31), 2**31, (2, 3, 4)).astype(np.int32)
        made.append(Case(SegmentReduce(function, 4), [whole, IDS], f"segment_{function}_s32"))
        real = rng.normal(0, 2, (2, 3, 4)).astype(np.float32)
        made.append(Case(SegmentReduce(function, 3), [real, np.where(IDS == 4, 1, IDS)], f"segment_{function}_f32"))
    return made


@pytest.mark.parametrize("function", FUNCTIONS)
def test_empty_segments_of_floats(function: str) -> None:
    op, x = SegmentReduce(function, 6), np.ones((2, 3, 4), np.float32)
    (got,) = run_node(op, [x, IDS])
    np.testing.assert_array_equal(got, op.reference(x, IDS)[0])


def test_portable() -> None:
    check_nodes(cases(), "generic", sanitize=True)


@pytest.mark.cross
def test_cortex_m4() -> None:
    check_nodes(cases(), "cortex-m4")
