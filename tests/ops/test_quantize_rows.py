"""Quantization at run time: what LiteRT's dynamic-range operators make of their inputs, to the bit."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgegen.ir.dtypes import F32
from edgegen.ir.evaluate import evaluate
from edgegen.ir.graph import Graph, Node
from edgegen.ir.op import Range
from edgegen.ir.tensor import Array, Tensor, TensorType
from edgegen.ops.clamp import Clamp
from edgegen.ops.quantize_rows import QuantizeRows, quantize_rows
from edgegen.verify import Call, build_program
from tests.guarded import check_guarded
from tests.harness import Case, check_nodes, compile_for_test
from tests.judge import judge_litert
from tests.models.tflite_builder import Operator, build_model, options
from tests.models.tflite_builder import Tensor as FileTensor

SPECIAL = [0.0, -0.0, 1e-40, -1e-40, 127.0, 63.5, -63.5, 0.5, -0.5, 126.49999, 0.49999997]


def judged(x: Array, asymmetric: bool) -> Array:
    """scale * (q - zero) as LiteRT has it: a dense layer whose weights are one."""
    depth = x.shape[1]
    table = options("FullyConnectedOptions", AsymmetricQuantizeInputs=asymmetric)
    tensors = [
        FileTensor("x", "FLOAT32", x.shape),
        FileTensor("w", data=np.eye(depth, dtype=np.int8), scale=1.0),
        FileTensor("y", "FLOAT32", x.shape),
    ]
    data = build_model(tensors, [Operator("FULLY_CONNECTED", ["x", "w"], ["y"], table, version=9)])
    return judge_litert(data, [x])[0]


def rows(seed: int, kind: str, shape: tuple[int, int]) -> Array:
    rng = np.random.default_rng(seed)
    if kind == "halves":  # every quotient may be a tie
        x = rng.integers(-254, 255, shape) / 2
        x[:, 0] = 127
    elif kind == "zeros":
        x = np.zeros(shape)
        x[-1, -1] = rng.normal()
    else:
        x = rng.normal(size=shape) * 10.0 ** rng.integers(-20, 20) + {"centred": 0, "above": 5, "below": -5}[kind]
    return x.astype(np.float32)


@settings(max_examples=60, derandomize=True, deadline=None)
@given(
    st.integers(0, 1000),
    st.sampled_from(["centred", "above", "below", "halves", "zeros"]),
    st.tuples(st.integers(1, 4), st.integers(1, 40)),
    st.booleans(),
)
def test_rows_are_quantized_as_litert_does(seed: int, kind: str, shape: tuple[int, int], asymmetric: bool) -> None:
    x = rows(seed, kind, shape)
    q, scale, zero = quantize_rows(x, asymmetric)
    real = (q.astype(np.int32) - zero[:, None]).astype(np.float32) * scale[:, None]
    np.testing.assert_array_equal(real, judged(x, asymmetric))


INFINITE = Case(QuantizeRows(2, True), [np.array([[np.inf, 1.0, -np.inf], [np.nan, 1e-45, 0.0]], np.float32)])
"""What becomes of NaN, and of rows whose scale has no inverse, differs between kernels; it must be defined."""


def cases(isa: str = "") -> list[Case]:
    special = np.array([SPECIAL, SPECIAL[::-1]], np.float32)
    hostile = np.array([[3e38, -3e38, 0.0], [0.0, -0.0, 0.0], [-1e-30, 0.0, 0.0]], np.float32)
    shapes = [(1, 1), (3, 7), (2, 33), (1, 500)]
    kinds = ["centred", "above", "below", "halves"]
    values = [special, hostile, *(rows(i, k, s) for i, (k, s) in enumerate(zip(kinds, shapes, strict=True)))]
    kernels = {a: f"quantize_rows_{'a' if a else ''}symmetric{isa}" for a in (False, True)}
    made = [Case(QuantizeRows(len(x), a), [x], k, f"{x.shape}") for x in values for a, k in kernels.items()]
    image = rows(3, "centred", (4, 30)).reshape(2, 3, 5, 4)
    return [*made, Case(QuantizeRows(2, True), [image], kernels[True])]


def test_kernels_are_exact() -> None:
    check_nodes([*cases(), INFINITE], ulp=0)


@pytest.mark.cross
@pytest.mark.parametrize("optimize", ["speed", "size"])
def test_dsp_kernels_are_exact(optimize: Literal["speed", "size"]) -> None:
    check_nodes(cases("_dsp"), "cortex-m4", ulp=0, optimize=optimize)


@pytest.mark.cross
def test_neon_kernels_are_exact_and_stay_in_bounds() -> None:
    check_guarded(cases("_neon"), "arm-neon", ulp=0)


def test_kernels_are_exact_under_sanitizers_and_clang() -> None:
    check_nodes([*cases(), INFINITE], sanitize=True, ulp=0)
    check_nodes(cases(), cc="clang", ulp=0)


@pytest.mark.parametrize(
    "target", ["generic", *(pytest.param(t, marks=pytest.mark.cross) for t in ("cortex-m4", "arm-neon"))]
)
@pytest.mark.parametrize("asymmetric", [False, True])
def test_rows_are_quantized_in_place(target: str, asymmetric: bool) -> None:
    values = rows(1, "centred", (3, 37))
    x, t = (Tensor(name, TensorType(F32, values.shape)) for name in "xt")
    op = QuantizeRows(3, asymmetric)
    outputs = [Tensor(name, type) for name, type in zip(("q", "scale", "zero"), op.infer(t.type), strict=True)]
    nodes = [Node(Clamp(Range(-1.5, 2.0)), [x], [t], "clamp"), Node(op, [t], outputs, "quantize")]
    graph = Graph("model", [x], outputs, nodes)
    model = compile_for_test(graph, target)
    plan = model.graph.plan
    assert plan is not None
    places = [plan.tensors[tensor].offset for tensor in (model.graph.nodes[-1].input(0), model.graph.outputs[0])]
    assert places[0] == places[1]
    (outcome,) = build_program([model]).execute([Call([values])])
    for got, want in zip(outcome.outputs, evaluate(graph, [values]), strict=True):
        np.testing.assert_array_equal(got, want)
