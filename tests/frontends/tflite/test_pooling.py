"""AVERAGE_POOL_2D and MAX_POOL_2D, as TensorFlow Lite Micro computes them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgegen.errors import InvalidModel, UnsupportedModel
from edgegen.frontends.tflite import read_tflite
from tests.frontends.tflite.strategies import FUSED, SEEDS, Window, activations, values, windows
from tests.judge import check_against_judge, judge, judge_litert
from tests.models.tflite_builder import Operator, Tensor, build_model, options


def model(name: str, x: Tensor, y: Tensor, window: Window, fused: int = 0) -> bytes:
    opts = options(
        "Pool2DOptions",
        Padding=window.padding,
        StrideH=window.stride[0],
        StrideW=window.stride[1],
        FilterHeight=window.kernel[0],
        FilterWidth=window.kernel[1],
        FusedActivationFunction=fused,
    )
    return build_model([x, y], [Operator(name, ["x"], ["y"], opts, 1 if name == "L2_POOL_2D" else 2)])


@pytest.mark.parametrize("name", ["AVERAGE_POOL_2D", "MAX_POOL_2D"])
@pytest.mark.parametrize("kind", ["INT8", "INT16", "UINT8", "FLOAT32"])
@settings(max_examples=30)
@given(st.data(), windows(), st.integers(1, 2), st.integers(1, 5), FUSED, SEEDS)
def test_pool(
    name: str, kind: str, data: st.DataObject, window: Window, batch: int, channels: int, fused: int, seed: int
) -> None:
    x = data.draw(activations("x", kind, (batch, *window.size, channels), -2, 0))
    y = Tensor("y", kind, (batch, *window.out, channels), scale=x.scale, zero_point=x.zero_point)
    inputs = [values(kind, x.shape or (), seed)]
    by = judge_litert if kind == "UINT8" else judge
    check_against_judge(model(name, x, y, window, fused), inputs, 2e-7, by)


@settings(max_examples=30)
@given(windows(), st.integers(1, 2), st.integers(1, 5), FUSED, SEEDS)
def test_l2_pool(window: Window, batch: int, channels: int, fused: int, seed: int) -> None:
    x = Tensor("x", "FLOAT32", (batch, *window.size, channels))
    y = Tensor("y", "FLOAT32", (batch, *window.out, channels))
    check_against_judge(model("L2_POOL_2D", x, y, window, fused), [values("FLOAT32", x.shape or (), seed)], 4e-7)


ONE = Window((2, 2), (1, 1), (1, 1), (1, 1), 1)


def test_a_pool_cannot_requantize() -> None:
    x, y = Tensor("x", "INT8", (1, 2, 2, 1), scale=0.5), Tensor("y", "INT8", (1, 2, 2, 1), scale=0.25)
    with pytest.raises(UnsupportedModel, match="quantized differently"):
        read_tflite(model("MAX_POOL_2D", x, y, ONE), "m", {})


def test_other_types_and_empty_windows_are_refused() -> None:
    x, y = Tensor("x", "INT32", (1, 2, 2, 1)), Tensor("y", "INT32", (1, 2, 2, 1))
    with pytest.raises(UnsupportedModel, match="s32"):
        read_tflite(model("AVERAGE_POOL_2D", x, y, ONE), "m", {})
    x, y = Tensor("x", "FLOAT32", (1, 2, 2, 1)), Tensor("y", "FLOAT32", (1, 2, 2, 1))
    with pytest.raises(InvalidModel, match="positive"):
        read_tflite(model("AVERAGE_POOL_2D", x, y, Window((2, 2), (0, 1), (1, 1), (1, 1), 1)), "m", {})
