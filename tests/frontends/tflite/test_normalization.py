"""LOG_SOFTMAX, L2_NORMALIZATION and LOCAL_RESPONSE_NORMALIZATION, as the judges compute them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgegen.errors import UnsupportedModel
from edgegen.frontends.tflite import read_tflite
from tests.frontends.tflite.strategies import SEEDS, scales, values, zero_points
from tests.judge import check_against_judge, judge, judge_litert
from tests.models.tflite_builder import Operator, Options, Tensor, build_model, options

SHAPES = st.lists(st.integers(1, 4), max_size=3).flatmap(lambda s: st.integers(1, 40).map(lambda n: (*s, n)))
L2 = options("L2NormOptions")


def model(name: str, x: Tensor, y: Tensor, opts: Options | None) -> bytes:
    return build_model([x, y], [Operator(name, ["x"], ["y"], opts)])


@settings(max_examples=80)
@given(SHAPES, scales(-4.0, 0.5), SEEDS, st.sampled_from([1, 4, 40]))
def test_log_softmax_s8(shape: tuple[int, ...], scale: float, seed: int, coarse: int) -> None:
    x = Tensor("x", "INT8", shape, scale=scale, zero_point=-3)
    y = Tensor("y", "INT8", shape, scale=1 / 16, zero_point=127)
    data = model("LOG_SOFTMAX", x, y, options("LogSoftmaxOptions"))
    check_against_judge(data, [(values("INT8", shape, seed) // coarse).astype(np.int8)])


@settings(max_examples=60)
@given(SHAPES, zero_points("INT8"), SEEDS, st.sampled_from([1, 4, 40]))
def test_l2_normalization_s8(shape: tuple[int, ...], zero: int, seed: int, coarse: int) -> None:
    x = Tensor("x", "INT8", shape, scale=0.07, zero_point=zero)
    data = model("L2_NORMALIZATION", x, Tensor("y", "INT8", shape, scale=1 / 128), L2)
    inputs = (values("INT8", shape, seed) // coarse).astype(np.int8)
    check_against_judge(data, [inputs])
    check_against_judge(data, [np.full(shape, zero, np.int8)])  # the zero vector


@settings(max_examples=30)
@given(SHAPES, SEEDS)
def test_f32(shape: tuple[int, ...], seed: int) -> None:
    x = values("FLOAT32", shape, seed)
    tensors = Tensor("x", "FLOAT32", shape), Tensor("y", "FLOAT32", shape)
    check_against_judge(model("LOG_SOFTMAX", *tensors, options("LogSoftmaxOptions")), [x], 5e-7)
    check_against_judge(model("L2_NORMALIZATION", *tensors, L2), [x], 5e-7, judge)
    check_against_judge(model("L2_NORMALIZATION", *tensors, L2), [x * 0], 5e-7, judge)


@settings(max_examples=20)
@given(SHAPES, SEEDS, st.integers(0, 6), st.floats(0.25, 2, width=16), st.floats(0, 2, width=16))
def test_local_response(shape: tuple[int, ...], seed: int, radius: int, alpha: float, beta: float) -> None:
    shape = (1,) * (4 - len(shape)) + shape
    opts = options("LocalResponseNormalizationOptions", Radius=radius, Bias=1.5, Alpha=alpha, Beta=beta)
    tensors = Tensor("x", "FLOAT32", shape), Tensor("y", "FLOAT32", shape)
    data = model("LOCAL_RESPONSE_NORMALIZATION", *tensors, opts)
    check_against_judge(data, [values("FLOAT32", shape, seed)], 1e-6, judge_litert)


def test_what_is_not_built_is_refused_by_name() -> None:
    def read(name: str, kind: str, scale: float, opts: Options) -> None:
        read_tflite(model(name, *(Tensor(n, kind, (2, 3), scale=scale) for n in "xy"), opts), "m", {})

    with pytest.raises(UnsupportedModel, match="1/16"):
        read("LOG_SOFTMAX", "INT8", 0.1, options("LogSoftmaxOptions"))
    with pytest.raises(UnsupportedModel, match="1/128"):
        read("L2_NORMALIZATION", "INT8", 0.1, L2)
    with pytest.raises(UnsupportedModel, match="fused activation"):
        read("L2_NORMALIZATION", "FLOAT32", 0.1, options("L2NormOptions", FusedActivationFunction=1))
    for name, opts in (
        ("LOG_SOFTMAX", options("LogSoftmaxOptions")),
        ("L2_NORMALIZATION", L2),
        ("LOCAL_RESPONSE_NORMALIZATION", options("LocalResponseNormalizationOptions", Radius=2)),
    ):
        with pytest.raises(UnsupportedModel, match="s16 to s16 is not supported"):
            read(name, "INT16", 0.1, opts)
