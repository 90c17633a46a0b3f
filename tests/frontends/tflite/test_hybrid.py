"""Dynamic-range layers: f32 inputs with s8 weights are what LiteRT's reference operators make of them, to the bit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgegen.errors import EdgegenError, UnsupportedModel
from edgegen.frontends.tflite import read_tflite
from edgegen.ir.tensor import Array
from tests.judge import check_against_judge, judge_litert
from tests.models.tflite_builder import Operator, Tensor, build_model, options

SEED = st.integers(0, 1 << 16)
ACTIVATION = st.sampled_from([0, 1, 2, 3])


def activations(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return (rng.normal(size=shape) * rng.choice([0.01, 1.0, 30.0]) + rng.choice([-1, 0, 0, 2])).astype(np.float32)


def layer(rng: np.random.Generator, shape: tuple[int, ...], scales: int, axis: int, bias: bool) -> list[Tensor]:
    """Weights, with one scale for each unit or for all, and perhaps a bias."""
    data = rng.integers(-127, 128, shape).astype(np.int8)
    scale = rng.uniform(1e-3, 0.1, scales).astype(np.float32).tolist()
    made = [Tensor("w", data=data, scale=scale, axis=axis if scales > 1 else 0)]
    if bias:
        made.append(Tensor("b", data=rng.normal(size=shape[axis]).astype(np.float32)))
    return made


def model(name: str, x: tuple[int, ...], weights: list[Tensor], y: tuple[int, ...], table: Any, version: int) -> bytes:
    tensors = [Tensor("x", "FLOAT32", x), *weights, Tensor("y", "FLOAT32", y)]
    return build_model(tensors, [Operator(name, ["x", *(t.name for t in weights)], ["y"], table, version=version)])


@settings(max_examples=40, derandomize=True, deadline=None)
@given(
    SEED, st.tuples(st.integers(1, 3), st.integers(1, 40), st.integers(1, 9)), st.booleans(), st.booleans(), ACTIVATION
)
def test_dense(seed: int, sizes: tuple[int, int, int], asymmetric: bool, per_channel: bool, activation: int) -> None:
    rng, (rows, depth, units) = np.random.default_rng(seed), sizes
    weights = layer(rng, (units, depth), units if per_channel else 1, 0, bool(seed % 2))
    fields = {"AsymmetricQuantizeInputs": asymmetric, "FusedActivationFunction": activation}
    table = options("FullyConnectedOptions", **fields)
    data = model("FULLY_CONNECTED", (rows, depth), weights, (rows, units), table, 9)
    check_against_judge(data, [activations(rng, (rows, depth))], by=judge_litert)


GEOMETRY = st.fixed_dictionaries(
    {
        "StrideH": st.integers(1, 2),
        "StrideW": st.integers(1, 2),
        "Padding": st.integers(0, 1),
        "FusedActivationFunction": ACTIVATION,
    }
)


def window(size: tuple[int, int], kernel: tuple[int, int], fields: dict[str, int]) -> tuple[int, int]:
    """Height and width of the output."""
    valid = fields["Padding"] == 1
    stride = fields["StrideH"], fields["StrideW"]
    h, w = (-(-(n - (k - 1 if valid else 0)) // s) for n, k, s in zip(size, kernel, stride, strict=True))
    return h, w


@settings(max_examples=40, derandomize=True, deadline=None)
@given(SEED, st.tuples(st.integers(1, 2), st.integers(3, 7), st.integers(3, 7)), GEOMETRY, st.sampled_from([1, 2, 3]))
def test_convolution(seed: int, image: tuple[int, int, int], fields: dict[str, int], kind: int) -> None:
    """kind: 1, one scale; 2, one for each unit; 3, groups, which are asymmetric whatever the scales."""
    rng, kernel = np.random.default_rng(seed), (1 + seed % 3, 1 + seed % 2)
    channels, units = (4, 6) if kind == 3 else (1 + seed % 5, 1 + seed % 7)
    depth = channels // 2 if kind == 3 else channels
    weights = layer(rng, (units, *kernel, depth), 1 if kind == 1 else units, 0, bias=True)
    fields = {**fields, "DilationHFactor": 1, "DilationWFactor": 1}
    y = (image[0], *window(image[1:], kernel, fields), units)
    data = model("CONV_2D", (*image, channels), weights, y, options("Conv2DOptions", **fields), 5)
    check_against_judge(data, [activations(rng, (*image, channels))], by=judge_litert)


def test_convolution_with_equal_scales_is_symmetric() -> None:
    rng = np.random.default_rng(5)
    weights = layer(rng, (3, 2, 2, 4), 1, 0, bias=True)
    weights[0] = Tensor("w", data=weights[0].data, scale=[0.05] * 3)
    table = options("Conv2DOptions", Padding=0, StrideH=1, StrideW=1, DilationHFactor=1, DilationWFactor=1)
    data = model("CONV_2D", (1, 5, 5, 4), weights, (1, 5, 5, 3), table, 5)
    check_against_judge(data, [activations(rng, (1, 5, 5, 4))], by=judge_litert)


@settings(max_examples=40, derandomize=True, deadline=None)
@given(SEED, st.tuples(st.integers(1, 2), st.integers(3, 7), st.integers(3, 7)), GEOMETRY, st.integers(1, 2))
def test_depthwise_convolution(seed: int, image: tuple[int, int, int], fields: dict[str, int], multiplier: int) -> None:
    rng, kernel, channels = np.random.default_rng(seed), (1 + seed % 3, 1 + seed % 2), 2 + seed % 3
    units = channels * multiplier
    weights = layer(rng, (1, *kernel, units), units, 3, bias=True)
    fields = {**fields, "DepthMultiplier": multiplier, "DilationHFactor": 1, "DilationWFactor": 1}
    y = (image[0], *window(image[1:], kernel, fields), units)
    data = model("DEPTHWISE_CONV_2D", (*image, channels), weights, y, options("DepthwiseConv2DOptions", **fields), 6)
    check_against_judge(data, [activations(rng, (*image, channels))], by=judge_litert)


@settings(max_examples=30, derandomize=True, deadline=None)
@given(SEED, st.tuples(st.integers(1, 3), st.integers(1, 5), st.integers(1, 20), st.integers(1, 6)))
def test_batch_matmul(seed: int, sizes: tuple[int, int, int, int]) -> None:
    rng, (batch, rows, depth, units) = np.random.default_rng(seed), sizes
    adj_x, adj_y, asymmetric = bool(seed & 1), bool(seed & 2), bool(seed & 4)
    w = (units, depth) if adj_y else (depth, units)
    w = (1, *w) if seed & 8 else w
    weights = Tensor("w", data=rng.integers(-127, 128, w).astype(np.int8), scale=0.03)
    x = (batch, depth, rows) if adj_x else (batch, rows, depth)
    table = options("BatchMatMulOptions", AdjX=adj_x, AdjY=adj_y, AsymmetricQuantizeInputs=asymmetric)
    data = model("BATCH_MATMUL", x, [weights], (batch, rows, units), table, 4)
    check_against_judge(data, [activations(rng, x)], by=judge_litert)


def test_batches_of_weights_are_refused() -> None:
    weights = Tensor("w", data=np.ones((2, 4, 3), np.int8), scale=0.1)
    data = model("BATCH_MATMUL", (2, 5, 4), [weights], (2, 5, 3), options("BatchMatMulOptions"), 4)
    with pytest.raises(UnsupportedModel, match="must be one matrix"):
        read_tflite(data, "model", {})


@pytest.mark.parametrize(
    ("weights", "says"),
    [
        (Tensor("w", data=np.ones((2, 4), np.int8), scale=0.1, zero_point=3), "zero point 0"),
        (Tensor("w", data=np.ones((2, 4), np.int8)), "no quantization"),
        (Tensor("w", "INT8", (2, 4), scale=0.1), "known ahead of time"),
    ],
)
def test_other_weights_are_refused(weights: Tensor, says: str) -> None:
    data = model("FULLY_CONNECTED", (1, 4), [weights], (1, 2), options("FullyConnectedOptions"), 9)
    with pytest.raises(EdgegenError, match=says):
        read_tflite(data, "model", {})


def test_a_bias_that_is_not_f32_is_refused() -> None:
    weights = [
        Tensor("w", data=np.ones((2, 4), np.int8), scale=0.1),
        Tensor("b", data=np.ones(2, np.int32), scale=0.1),
    ]
    data = model("FULLY_CONNECTED", (1, 4), weights, (1, 2), options("FullyConnectedOptions"), 9)
    with pytest.raises(UnsupportedModel, match="must be f32"):
        read_tflite(data, "model", {})
