"""SOFTMAX as TensorFlow Lite Micro computes it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgegen.errors import UnsupportedModel
from edgegen.frontends.tflite import read_tflite
from edgegen.ir.evaluate import evaluate
from tests.frontends.tflite.strategies import SEEDS, scales, values
from tests.judge import check_against_judge, judge_litert
from tests.models.tflite_builder import Operator, Tensor, build_model, options

SHAPES = st.one_of(
    st.tuples(st.integers(1, 300)),
    st.tuples(st.integers(1, 5), st.integers(1, 40)),
    st.tuples(*[st.integers(1, 3)] * 3, st.integers(1, 9)),
)
BETAS = st.sampled_from([1.0, 1.0, 0.5, 2.25])


def model(kind: str, shape: tuple[int, ...], scale: float | None, beta: float = 1.0, out: float = 1 / 256) -> bytes:
    x = Tensor("x", kind, shape, scale=scale, zero_point=5)
    y = Tensor("y", kind, shape, scale=out if scale else None, zero_point=-128)
    return build_model([x, y], [Operator("SOFTMAX", ["x"], ["y"], options("SoftmaxOptions", Beta=beta))])


@settings(max_examples=120)
@given(SHAPES, scales(-3.0, 1.0), BETAS, st.integers(-128, 120), SEEDS)
def test_s8(shape: tuple[int, ...], scale: float, beta: float, low: int, seed: int) -> None:
    x = np.maximum(values("INT8", shape, seed), np.int8(low))
    check_against_judge(model("INT8", shape, scale, beta), [x])


def wide(kind: str, shape: tuple[int, ...], scale: float, out: tuple[float, int], beta: float = 1.0) -> bytes:
    x = Tensor("x", kind, shape, scale=scale, zero_point=5 if kind == "INT8" else 0)
    y = Tensor("y", "INT16", shape, scale=out[0], zero_point=out[1])
    return build_model([x, y], [Operator("SOFTMAX", ["x"], ["y"], options("SoftmaxOptions", Beta=beta))])


@settings(max_examples=60)
@given(SHAPES, scales(-3.0, 1.0), scales(-5.0, -2.0), BETAS, SEEDS, st.sampled_from([1, 9, 60]))
def test_to_s16(shape: tuple[int, ...], scale: float, fine: float, beta: float, seed: int, coarse: int) -> None:
    x = (values("INT8", shape, seed) // coarse).astype(np.int8)
    check_against_judge(wide("INT8", shape, scale, (2.0**-16, -32768), beta), [x])
    x = (values("INT16", shape, seed) // coarse).astype(np.int16)
    check_against_judge(wide("INT16", shape, fine, (2.0**-15, 0), beta), [x])


@settings(max_examples=40)
@given(SHAPES, scales(-3.0, 1.0), BETAS, SEEDS)
def test_u8(shape: tuple[int, ...], scale: float, beta: float, seed: int) -> None:
    tensors = [Tensor("x", "UINT8", shape, scale=scale, zero_point=9), Tensor("y", "UINT8", shape, scale=1 / 256)]
    data = build_model(tensors, [Operator("SOFTMAX", ["x"], ["y"], options("SoftmaxOptions", Beta=beta))])
    check_against_judge(data, [values("UINT8", shape, seed)], by=judge_litert)


@settings(max_examples=40)
@given(SHAPES, BETAS, SEEDS)
def test_f32(shape: tuple[int, ...], beta: float, seed: int) -> None:
    check_against_judge(model("FLOAT32", shape, None, beta), [values("FLOAT32", shape, seed)], 1e-6)


def test_sums_that_stop_tflm_give_the_rounded_probability() -> None:
    """1,000 equal s8 logits have probability 1/1000, less than half a step: 0, which is -128."""
    graph = read_tflite(model("INT8", (1, 1000), 0.1), "m", {})
    assert (evaluate(graph, [np.full((1, 1000), 7, np.int8)])[0] == -128).all()


def test_refusals() -> None:
    with pytest.raises(UnsupportedModel, match="1/256"):
        read_tflite(model("INT8", (1, 4), 0.1, out=1 / 128), "m", {})
    with pytest.raises(UnsupportedModel, match="too small"):
        read_tflite(model("INT8", (1, 4), 1e-9), "m", {})
    with pytest.raises(UnsupportedModel, match="beta"):
        read_tflite(model("FLOAT32", (1, 4), None, -1.0), "m", {})
    with pytest.raises(UnsupportedModel, match="1/32768"):
        read_tflite(model("INT16", (1, 4), 0.1), "m", {})
    with pytest.raises(UnsupportedModel, match="1/65536"):
        read_tflite(wide("INT8", (1, 4), 0.1, (2.0**-15, 0)), "m", {})
    with pytest.raises(UnsupportedModel, match="beyond 32 bits"):
        read_tflite(wide("INT16", (1, 4), 10.0, (2.0**-15, 0)), "m", {})
    tensors = [Tensor("x", "UINT8", (1, 4), scale=0.5), Tensor("y", "INT8", (1, 4), scale=1 / 256, zero_point=-128)]
    with pytest.raises(UnsupportedModel, match="u8 to s8 is not supported"):
        read_tflite(build_model(tensors, [Operator("SOFTMAX", ["x"], ["y"])]), "m", {})
