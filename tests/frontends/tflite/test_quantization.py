"""QUANTIZE and DEQUANTIZE as TensorFlow Lite Micro computes them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgegen.errors import InvalidModel, UnsupportedModel
from edgegen.frontends.tflite import read_tflite
from edgegen.ir.evaluate import evaluate
from tests.frontends.tflite.strategies import RANGES, SEEDS, activations, scales, values, zero_points
from tests.judge import check_against_judge, judge_litert
from tests.models.tflite_builder import Operator, Tensor, build_model, options

PAIRS = [  # that TFLM requantizes
    ("INT8", "INT8"),
    ("INT8", "UINT8"),
    ("UINT8", "INT8"),
    ("INT8", "INT16"),
    ("INT16", "INT8"),
    ("INT16", "INT16"),
    ("INT8", "INT32"),
    ("INT16", "INT32"),
    ("INT32", "INT8"),
    ("INT32", "INT16"),
]


def model(name: str, x: Tensor, y: Tensor) -> bytes:
    return build_model([x, y], [Operator(name, ["x"], ["y"])])


@pytest.mark.parametrize(("of", "to"), PAIRS)
@settings(max_examples=15)
@given(st.data(), SEEDS)
def test_requantize(of: str, to: str, data: st.DataObject, seed: int) -> None:
    x, y = data.draw(activations("x", of, (300,))), data.draw(activations("y", to, (300,)))
    check_against_judge(model("QUANTIZE", x, y), [values(of, (300,), seed)])


@pytest.mark.parametrize("to", ["INT8", "INT16"])
@settings(max_examples=25)
@given(st.data(), scales(), SEEDS)
def test_quantize(to: str, data: st.DataObject, scale: float, seed: int) -> None:
    zero = data.draw(zero_points(to))
    steps = np.random.default_rng(seed).normal(0, RANGES[to][1] / 2, 300)
    steps[:100] = np.arange(100) / 2 - 25  # halves, where rounding shows
    x = (steps * np.float32(scale)).astype(np.float32)
    y = Tensor("y", to, (300,), scale=scale, zero_point=zero)
    check_against_judge(model("QUANTIZE", Tensor("x", "FLOAT32", (300,)), y), [x])


def test_quantize_to_u8_saturates() -> None:
    x = np.array([-1e30, -3, -0.5, 0.25, 0.5, 0.75, 200, 1e30, np.inf, -np.inf, np.nan], np.float32)
    y = Tensor("y", "UINT8", x.shape, scale=1.0, zero_point=3)
    graph = read_tflite(model("QUANTIZE", Tensor("x", "FLOAT32", x.shape), y), "m", {})
    np.testing.assert_array_equal(evaluate(graph, [x])[0], [0, 0, 2, 3, 4, 4, 203, 255, 255, 0, 0])


@pytest.mark.parametrize("of", ["INT8", "UINT8", "INT16"])
@settings(max_examples=15)
@given(st.data(), SEEDS)
def test_dequantize(of: str, data: st.DataObject, seed: int) -> None:
    x = data.draw(activations("x", of, (300,)))
    check_against_judge(model("DEQUANTIZE", x, Tensor("y", "FLOAT32", (300,))), [values(of, (300,), seed)])


@pytest.mark.parametrize(
    "weights",
    [
        Tensor("w", data=np.array([[1, -2.5], [0.125, 3]], np.float16)),
        Tensor("w", data=np.array([[1, -2], [7, 3]], np.int8), scale=0.25, zero_point=1),
        Tensor("w", data=np.array([[1, -2], [7, 3]], np.int8), scale=[0.25, 0.5], zero_point=[0, 1], axis=0),
        Tensor("w", data=np.array([[1, -2], [7, 3]], np.int8), scale=[0.25, 0.5], zero_point=[0, 1], axis=1),
    ],
)
def test_dequantized_constants_are_constants(weights: Tensor) -> None:
    assert isinstance(weights.data, np.ndarray)
    real = weights.data.astype(np.float32)
    if weights.scale is not None:
        shape = (2, 1) if weights.axis == 0 else (1, 2)
        scale, zero = (np.broadcast_to(v, 2).reshape(shape) for v in (weights.scale, weights.zero_point))
        real = ((real - zero) * scale).astype(np.float32)
    tensors = [weights, Tensor("f", "FLOAT32", (2, 2)), Tensor("x", "FLOAT32", (1, 2)), Tensor("y", "FLOAT32", (1, 2))]
    operators = [
        Operator("DEQUANTIZE", ["w"], ["f"]),
        Operator("FULLY_CONNECTED", ["x", "f"], ["y"], options("FullyConnectedOptions")),
    ]
    graph = read_tflite(build_model(tensors, operators), "m", {})
    assert [n.op.kind for n in graph] == ["Dense"]
    x = np.array([[3, 5]], np.float32)
    np.testing.assert_array_equal(evaluate(graph, [x])[0], x @ real.T)


def test_refusals() -> None:
    f64, f32 = Tensor("x", "FLOAT64", (2,)), Tensor("y", "FLOAT32", (2,))
    with pytest.raises(UnsupportedModel, match="f64"):
        read_tflite(model("DEQUANTIZE", f64, f32), "m", {})
    channels = Tensor("x", "INT8", (2,), scale=[0.5, 0.25])
    with pytest.raises(InvalidModel, match="per tensor"):
        read_tflite(model("DEQUANTIZE", channels, f32), "m", {})
    with pytest.raises(InvalidModel, match="scale 0"):
        read_tflite(model("QUANTIZE", Tensor("x", "FLOAT32", (2,)), Tensor("y", "INT8", (2,), scale=0.0)), "m", {})
    with pytest.raises(UnsupportedModel, match="s32"):
        read_tflite(model("QUANTIZE", Tensor("x", "FLOAT32", (2,)), Tensor("y", "INT32", (2,), scale=1.0)), "m", {})


def fake_quant(low: float, high: float, bits: int, narrow: bool = False, kind: str = "FLOAT32") -> bytes:
    opts = options("FakeQuantOptions", Min=low, Max=high, NumBits=bits, NarrowRange=narrow)
    tensors = [Tensor("x", kind, (300,)), Tensor("y", kind, (300,))]
    return build_model(tensors, [Operator("FAKE_QUANT", ["x"], ["y"], opts)])


@settings(max_examples=30)
@given(st.floats(-8, 3, width=32), st.floats(0.125, 8, width=32), st.integers(2, 16), SEEDS)
def test_fake_quant(low: float, extent: float, bits: int, seed: int) -> None:
    """Of numbers beyond the limits, on them and between them; NaN is left to the machine by the judge."""
    x = values("FLOAT32", (300,), seed)
    x[:4] = low, low + extent, np.inf, -np.inf
    check_against_judge(fake_quant(low, low + extent, bits), [x], 1e-6, by=judge_litert)


def test_fake_quant_is_refused_by_name() -> None:
    for data, text in (
        (fake_quant(-1, 1, 8, narrow=True), "narrow range"),
        (fake_quant(-1, 1, 1), "1 bits are not supported"),
        (fake_quant(-1, 1, 8, kind="INT32"), "s32 to s32 is not supported"),
    ):
        with pytest.raises(UnsupportedModel, match=text):
            read_tflite(data, "m", {})
    for low, high in ((1.0, 1.0), (2.0, 1.0), (0.0, np.inf)):
        with pytest.raises(InvalidModel, match="cannot be quantized" if np.isfinite(high) else "it is inf"):
            read_tflite(fake_quant(low, high, 8), "m", {})
