"""STABLEHLO_SCATTER and windows of any shape: what is refused, and what the generated cases do not draw."""

from __future__ import annotations

import numpy as np
import pytest

from edgegen.errors import InvalidModel, UnsupportedModel
from edgegen.frontends.tflite import read_tflite
from edgegen.ir.evaluate import evaluate
from edgegen.ir.tensor import Array
from tests.judge import check_against_judge, judge_litert
from tests.models.tflite_builder import Operator, SubGraph, Tensor, build_model, options

X = np.arange(12, dtype=np.int32).reshape(3, 4)


def region(kind: str, *names: str, reads: str = "ab") -> SubGraph:
    """A chain of operators on two elements."""
    tensors = [Tensor(n, kind, ()) for n in ("a", "b", *(f"c{i}" for i in range(len(names))))]
    steps = [Operator(n, [reads[0] if i == 0 else f"c{i - 1}", reads[1]], [f"c{i}"]) for i, n in enumerate(names)]
    return SubGraph(tensors, steps, ["a", "b"], [f"c{len(names) - 1}" if names else "b"])


def scatter(places: Array, updates: tuple[int, ...], part: SubGraph, kind: str = "INT32", **changed: object) -> bytes:
    """Rows of x at places."""
    fields = {"UpdateWindowDims": [1], "InsertedWindowDims": [0], "ScatterDimsToOperandDims": [0]} | changed
    vectors = {n: np.array(v, np.int64) for n, v in fields.items() if isinstance(v, list)}
    table = options("StablehloScatterOptions", IndexVectorDim=1, UpdateComputationSubgraphIndex=1, **vectors)
    tensors = [
        Tensor("x", kind, X.shape),
        Tensor("i", str(places.dtype).upper(), places.shape),
        Tensor("u", kind, updates),
        Tensor("y", kind, X.shape),
    ]
    return build_model(tensors, [Operator("STABLEHLO_SCATTER", ["x", "i", "u"], ["y"], table)], more=[part])


@pytest.mark.parametrize("name", ["", "STABLEHLO_ADD", "STABLEHLO_MAXIMUM"])
def test_places_outside_change_nothing(name: str) -> None:
    """Of 64 bits, too, of which the lower 32 would lie inside."""
    places = np.array([[2], [-1], [1 << 32], [3], [-(1 << 63)], [0], [2]], np.int64)
    updates = np.arange(28, dtype=np.int32).reshape(7, 4) * 7 % 19
    part = region("INT32", *([name] if name else []))
    check_against_judge(scatter(places, (7, 4), part), [X, places, updates], by=judge_litert)


def test_bool_adds_up_to_or() -> None:
    x, updates = X % 3 == 0, X[:2] % 2 == 0
    places = np.array([[1], [2]], np.int32)
    (y,) = evaluate(
        read_tflite(scatter(places, (2, 4), region("BOOL", "STABLEHLO_OR"), "BOOL"), "m", {}), [x, places, updates]
    )
    wanted = x.copy()
    wanted[1:] |= updates
    np.testing.assert_array_equal(y, wanted)


@pytest.mark.parametrize(
    ("part", "what"),
    [
        (region("INT32", "STABLEHLO_ADD", "STABLEHLO_ADD"), "STABLEHLO_ADD, STABLEHLO_ADD"),
        (region("INT32", "STABLEHLO_SUBTRACT"), "STABLEHLO_SUBTRACT"),
        (region("INT32", "STABLEHLO_ADD", reads="aa"), "STABLEHLO_ADD"),
        (region("INT32", "STABLEHLO_AND"), "s32 are combined by STABLEHLO_AND"),
    ],
)
def test_other_combinations_are_refused(part: SubGraph, what: str) -> None:
    with pytest.raises(UnsupportedModel, match=what):
        read_tflite(scatter(np.zeros((2, 1), np.int32), (2, 4), part), "m", {})


@pytest.mark.parametrize(
    "changed",
    [
        {"UpdateWindowDims": [0, 1]},
        {"InsertedWindowDims": [2]},
        {"ScatterDimsToOperandDims": [0, 1]},
        {"ScatterDimsToOperandDims": [5]},
        {"UpdateWindowDims": [0]},
    ],
)
def test_contradictions(changed: dict[str, object]) -> None:
    with pytest.raises(InvalidModel, match="do not scatter"):
        read_tflite(scatter(np.zeros((2, 1), np.int32), (2, 4), region("INT32"), **changed), "m", {})


def test_windows() -> None:
    def model(kind: str, window: list[int], function: int) -> bytes:
        geometry = [Tensor(n, data=np.array(v, np.int64)) for n, v in zip("wsd", (window, [1, 1], [1, 1]), strict=True)]
        shape = tuple(n - k + 1 for n, k in zip(X.shape, window, strict=True))
        tensors = [Tensor("x", kind, X.shape), Tensor("f", kind, ()), *geometry, Tensor("y", kind, shape)]
        table = options("ReduceWindowOptions", ReduceFunction=function)
        return build_model(tensors, [Operator("REDUCE_WINDOW", ["x", "f", "w", "s", "d"], ["y"], table)])

    check_against_judge(model("INT32", [2, 3], 1), [X, np.array(5, np.int32)], by=judge_litert)
    for kind, function in (("FLOAT32", 0), ("FLOAT32", 5), ("BOOL", 1), ("FLOAT16", 1)):
        with pytest.raises(UnsupportedModel):
            read_tflite(model(kind, [2, 3], function), "m", {})
