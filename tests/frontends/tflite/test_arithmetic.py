"""ADD, SUB and MUL with every kind of broadcast, as TensorFlow Lite Micro computes them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from edgegen.errors import InvalidModel, UnsupportedModel
from edgegen.frontends.tflite import read_tflite
from edgegen.ir.evaluate import evaluate
from tests.frontends.tflite.strategies import FUSED, SEEDS, activations, values
from tests.judge import check_against_judge, judge, judge_litert
from tests.models.tflite_builder import Operator, Tensor, build_model, options

Shape = tuple[int, ...]
OPTIONS = {"ADD": "AddOptions", "SUB": "SubOptions", "MUL": "MulOptions"}


@st.composite
def broadcast_shapes(draw: st.DrawFn) -> tuple[Shape, Shape]:
    """Two shapes of up to four axes (as many as TFLM's MUL takes) that broadcast, either of them the larger."""
    whole = draw(st.lists(st.integers(1, 4), min_size=1, max_size=4))
    shapes: list[Shape] = []
    for _ in range(2):
        rank = draw(st.integers(0, len(whole)))
        kept = draw(st.lists(st.booleans(), min_size=rank, max_size=rank))
        shapes.append(tuple(n if k else 1 for n, k in zip(whole[len(whole) - rank :], kept, strict=True)))
    shapes[draw(st.integers(0, 1))] = tuple(whole)
    return shapes[0], shapes[1]


def model(name: str, a: Tensor, b: Tensor, y: Tensor, fused: int = 0) -> bytes:
    opts = options(OPTIONS[name], FusedActivationFunction=fused)
    return build_model([a, b, y], [Operator(name, ["a", "b"], ["y"], opts)])


@pytest.mark.parametrize("name", OPTIONS)
@pytest.mark.parametrize("kind", ["INT8", "UINT8", "INT16", "FLOAT32"])
@settings(max_examples=40)
@given(st.data(), broadcast_shapes(), FUSED, st.booleans(), SEEDS)
def test_arithmetic(
    name: str, kind: str, data: st.DataObject, shapes: tuple[Shape, Shape], fused: int, constant: bool, seed: int
) -> None:
    out = np.broadcast_shapes(*shapes)
    a, b = data.draw(activations("a", kind, shapes[0])), data.draw(activations("b", kind, shapes[1]))
    y = data.draw(activations("y", kind, out))
    if kind != "FLOAT32" and name != "MUL":  # TFLM's scheme has a limit here
        assume(2 * max(a.scale, b.scale) / y.scale < (1 << (15 if kind == "INT16" else 20)))
    inputs = [values(kind, shapes[0], seed), values(kind, shapes[1], seed + 1)]
    if constant:
        b = Tensor("b", data=inputs.pop(), scale=b.scale, zero_point=b.zero_point)
    check_against_judge(model(name, a, b, y, fused), inputs, by=judge_litert if kind == "UINT8" else judge)


@pytest.mark.parametrize("name", OPTIONS)
@settings(max_examples=15)
@given(broadcast_shapes(), FUSED, SEEDS)
def test_plain_integers(name: str, shapes: tuple[Shape, Shape], fused: int, seed: int) -> None:
    fused = 0 if name == "ADD" else fused
    a, b = Tensor("a", "INT32", shapes[0]), Tensor("b", "INT32", shapes[1])
    y = Tensor("y", "INT32", np.broadcast_shapes(*shapes))
    inputs = [values("INT16", s, seed + i).astype(np.int32) // 2 for i, s in enumerate(shapes)]
    check_against_judge(model(name, a, b, y, fused), inputs)


@pytest.mark.parametrize(
    ("name", "wanted"), [("ADD", [2**40 + 3, -1]), ("SUB", [2**40 - 3, -5]), ("MUL", [3 << 40, -6])]
)
def test_s64(name: str, wanted: list[int]) -> None:
    a, b, y = (Tensor(n, "INT64", (2,)) for n in "aby")
    graph = read_tflite(model(name, a, b, y), "m", {})
    inputs = [np.array([2**40, -3]), np.array([3, 2])]
    np.testing.assert_array_equal(evaluate(graph, inputs)[0], np.array(wanted))


def test_what_has_no_meaning_is_refused() -> None:
    def read(name: str, kind: str, scales: tuple[float | None, float | None, float | None], fused: int = 0) -> None:
        tensors = [Tensor(n, kind, (2,), scale=s) for n, s in zip("aby", scales, strict=True)]
        read_tflite(model(name, *tensors, fused), "m", {})

    with pytest.raises(UnsupportedModel, match="too small"):
        read("ADD", "INT8", (100.0, 100.0, 1e-6))
    with pytest.raises(InvalidModel, match="scale 0"):
        read("MUL", "INT8", (0.5, 0.5, 0.0))
    with pytest.raises(InvalidModel, match="no quantization"):
        read("SUB", "INT8", (0.5, None, 0.5))
    with pytest.raises(UnsupportedModel, match="ambiguous"):
        read("ADD", "INT32", (None, None, None), 1)
    with pytest.raises(UnsupportedModel, match="quantized s32"):
        read("ADD", "INT32", (0.5, 0.5, 0.5))
    with pytest.raises(UnsupportedModel, match="fused activation"):
        read("ADD", "FLOAT32", (None, None, None), 4)
    with pytest.raises(UnsupportedModel, match="bool"):
        read("ADD", "BOOL", (None, None, None))
