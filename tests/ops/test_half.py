"""Casts between f16 and f32: every half, and floats beside every half, on the host and on Cortex-M4."""

from __future__ import annotations

import numpy as np
import pytest

from edgegen.frontends.tflite import read_tflite
from edgegen.ir.evaluate import evaluate
from edgegen.ops.cast import Cast
from tests.harness import Case, reference, run_nodes
from tests.judge import judge_litert
from tests.models.tflite_builder import Operator, Tensor, build_model, options

HALVES = np.arange(1 << 16, dtype=np.uint16).view(np.float16)
FINITE = HALVES[np.isfinite(HALVES)]


def beside(halves: np.ndarray) -> np.ndarray:
    """The numbers themselves, halfway to the next and the two floats beside that."""
    exact = halves.astype(np.float32)
    middle = ((exact.astype(np.float64) + np.roll(exact, -1)) / 2).astype(np.float32)
    beyond = [np.nextafter(middle, np.float32(side)) for side in (-np.inf, np.inf)]
    edges = np.array([65519.996, 65520, 1e30, -1e30, 1e-30, np.inf, -np.inf], np.float32)
    return np.concatenate([exact, middle, *beyond, edges])


@pytest.mark.parametrize("target", ["generic", pytest.param("cortex-m4", marks=pytest.mark.cross)])
def test_casts_are_exact(target: str) -> None:
    sparse = FINITE[::17] if target == "cortex-m4" else FINITE
    cases = [
        Case(Cast("f32"), [sparse], "cast_f16_f32"),
        Case(Cast("f16"), [beside(sparse)], "cast_f32_f16"),
    ]
    for case, run in zip(cases, run_nodes(cases, target), strict=True):
        np.testing.assert_array_equal(run.outputs[0], reference(case)[0])


def test_what_is_no_finite_number_stays_so() -> None:
    values = np.array([np.inf, -np.inf, np.nan], np.float32)
    cases = [Case(Cast("f32"), [values.astype(np.float16)]), Case(Cast("f16"), [values])]
    for run in run_nodes(cases):
        np.testing.assert_array_equal(run.outputs[0], values)


@pytest.mark.parametrize(
    ("operator", "types"),
    [
        (Operator("DEQUANTIZE", ["x"], ["y"], version=3), ("FLOAT16", "FLOAT32")),
        (Operator("CAST", ["x"], ["y"], options("CastOptions"), version=5), ("FLOAT16", "FLOAT32")),
        (Operator("CAST", ["x"], ["y"], options("CastOptions"), version=5), ("FLOAT32", "FLOAT16")),
    ],
)
def test_halves_computed_at_run_time_are_read_as_litert_does(operator: Operator, types: tuple[str, str]) -> None:
    values = beside(FINITE[::97])
    with np.errstate(over="ignore"):
        x = values.astype(np.float16) if types[0] == "FLOAT16" else values
        tensors = [Tensor("x", types[0], x.shape), Tensor("y", types[1], x.shape)]
        data = build_model(tensors, [operator])
        np.testing.assert_array_equal(evaluate(read_tflite(data, "model", {}), [x])[0], judge_litert(data, [x])[0])
