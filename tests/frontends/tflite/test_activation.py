"""Activations as operators of their own, for all 256 numbers of s8, as TensorFlow Lite Micro computes them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from edgegen.errors import InvalidModel, UnsupportedModel
from edgegen.frontends.tflite import read_tflite
from edgegen.ir.evaluate import evaluate
from tests.frontends.tflite.strategies import SEEDS, activations, scales, values, zero_points
from tests.judge import check_against_judge
from tests.models.tflite_builder import Operator, Options, Tensor, build_model, options

ALL = np.arange(-128, 128).astype(np.int8)
Quantization = tuple[float, int]
WIDE = st.tuples(scales(-4.0, 1.0), zero_points("INT8"))


def model(name: str, x: Tensor, y: Tensor, opts: Options | None = None) -> bytes:
    return build_model([x, y], [Operator(name, ["x"], ["y"], opts)])


def model_s8(name: str, x: Quantization, y: Quantization, opts: Options | None = None) -> bytes:
    tensors = [Tensor(n, "INT8", (256,), scale=q[0], zero_point=q[1]) for n, q in (("x", x), ("y", y))]
    return model(name, *tensors, opts)


@settings(max_examples=60)
@given(WIDE, WIDE, st.booleans())
def test_relu_s8(x: Quantization, y: Quantization, same: bool) -> None:
    check_against_judge(model_s8("RELU", x, x if same else y), [ALL])


@settings(max_examples=40)
@given(WIDE, WIDE)
def test_relu6_s8_clamps_in_the_input_s_numbers(x: Quantization, y: Quantization) -> None:
    check_against_judge(model_s8("RELU6", x, x), [ALL])
    check_against_judge(model_s8("RELU6", x, y), [ALL])


@settings(max_examples=100)
@given(WIDE)
def test_logistic_and_tanh_s8(x: Quantization) -> None:
    check_against_judge(model_s8("LOGISTIC", x, (1 / 256, -128)), [ALL])
    check_against_judge(model_s8("TANH", x, (1 / 128, 0)), [ALL])


@settings(max_examples=100)
@given(WIDE, WIDE)
def test_hard_swish_s8(x: Quantization, y: Quantization) -> None:
    assume(x[0] / 128 / y[0] < 0.99)
    check_against_judge(model_s8("HARD_SWISH", x, y, options("HardSwishOptions")), [ALL])


@settings(max_examples=60)
@given(WIDE, WIDE, st.floats(0, 2, width=32))
def test_leaky_relu_s8(x: Quantization, y: Quantization, alpha: float) -> None:
    check_against_judge(model_s8("LEAKY_RELU", x, y, options("LeakyReluOptions", Alpha=alpha)), [ALL])


FLOATS = [
    ("RELU", None),
    ("RELU6", None),
    ("LOGISTIC", None),
    ("TANH", None),
    ("HARD_SWISH", options("HardSwishOptions")),
    ("LEAKY_RELU", options("LeakyReluOptions", Alpha=0.1)),
    ("LEAKY_RELU", options("LeakyReluOptions", Alpha=-1.5)),
]


@pytest.mark.parametrize(("name", "opts"), FLOATS)
def test_f32(name: str, opts: Options | None) -> None:
    x = np.concatenate([np.linspace(-30, 30, 601), [0.0, -0.0, 1e-30, -1e-30, 100, -100]]).astype(np.float32)
    tensors = [Tensor(n, "FLOAT32", x.shape) for n in "xy"]
    data = model(name, *tensors, opts)
    check_against_judge(data, [x], 2e-7)
    small = x[np.abs(x) < 1e-3]  # where an error relative to the largest result would hide
    tensors = [Tensor(n, "FLOAT32", small.shape) for n in "xy"]
    check_against_judge(model(name, *tensors, opts), [small], 2e-7)


def test_relu_n1_to_1() -> None:
    """TFLM has no RELU_N1_TO_1; TensorFlow Lite clamps to [-1, 1] in the output's numbers."""
    x = np.array([-3, -1, -0.5, 0, 0.9, 1, 7], np.float32)
    graph = read_tflite(model("RELU_N1_TO_1", *(Tensor(n, "FLOAT32", (7,)) for n in "xy")), "m", {})
    np.testing.assert_array_equal(evaluate(graph, [x])[0], np.clip(x, -1, 1))
    graph = read_tflite(model_s8("RELU_N1_TO_1", (0.1, 5), (0.01, -3)), "m", {})
    np.testing.assert_array_equal(evaluate(graph, [ALL])[0], np.clip((ALL.astype(int) - 5) * 10, -100, 100) - 3)


@pytest.mark.parametrize("kind", ["INT8", "FLOAT32"])
@settings(max_examples=40)
@given(st.data(), st.tuples(*[st.integers(1, 4)] * 4), st.lists(st.booleans(), max_size=4), st.booleans(), SEEDS)
def test_prelu(
    kind: str, data: st.DataObject, shape: tuple[int, ...], kept: list[bool], constant: bool, seed: int
) -> None:
    alpha_shape = tuple(n if k else 1 for n, k in zip(shape[4 - len(kept) :], kept, strict=True))
    x, y = data.draw(activations("x", kind, shape)), data.draw(activations("y", kind, shape))
    alpha = data.draw(activations("alpha", kind, alpha_shape))
    inputs = [values(kind, shape, seed), values(kind, alpha_shape, seed + 1)]
    if constant:
        alpha = Tensor("alpha", data=inputs.pop(), scale=alpha.scale, zero_point=alpha.zero_point)
    check_against_judge(build_model([x, alpha, y], [Operator("PRELU", ["x", "alpha"], ["y"])]), inputs)


def test_what_cannot_be_kept_to_the_bit_is_refused() -> None:
    q = (0.1, 0)
    with pytest.raises(UnsupportedModel, match="1/256"):
        read_tflite(model_s8("LOGISTIC", q, (1 / 128, -128)), "m", {})
    with pytest.raises(UnsupportedModel, match="1/128"):
        read_tflite(model_s8("TANH", q, (1 / 128, -1)), "m", {})
    with pytest.raises(UnsupportedModel, match="too small"):
        read_tflite(model_s8("HARD_SWISH", (128.0, 0), (0.5, 0)), "m", {})
    with pytest.raises(InvalidModel, match="too far apart"):
        read_tflite(model_s8("LEAKY_RELU", (1e38, 0), (1e-30, 0), options("LeakyReluOptions", Alpha=0.1)), "m", {})
    with pytest.raises(InvalidModel, match="scale 0"):
        read_tflite(model_s8("RELU", q, (0.0, 0)), "m", {})
    with pytest.raises(UnsupportedModel, match="slope"):
        read_tflite(model_s8("LEAKY_RELU", q, q, options("LeakyReluOptions", Alpha=-0.5)), "m", {})
    with pytest.raises(UnsupportedModel, match="s32"):
        read_tflite(model("RELU", *(Tensor(n, "INT32", (2,)) for n in "xy")), "m", {})
