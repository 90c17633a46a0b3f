"""Weights of four bits mean what the judges make of them, and stay packed in flash where size counts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter, OpResolverType

from edgegen.errors import EdgegenError, InvalidModel, UnsupportedModel
from edgegen.frontends.tflite import read_tflite
from edgegen.ir.evaluate import evaluate
from edgegen.ir.tensor import Array
from tests.judge import check_against_judge, judge, judge_litert
from tests.models.tflite_builder import Blocks, Operator, Tensor, build_model, options


def packed(values: Array) -> bytes:
    """Two to the byte, the lower half first."""
    flat = values.reshape(-1).astype(np.int8).view(np.uint8) & 15
    flat = np.append(flat, np.zeros(len(flat) % 2, np.uint8))
    return (flat[0::2] | (flat[1::2] << 4)).tobytes()


def int4(name: str, values: Array, scale: float | list[float], axis: int = 0) -> Tensor:
    return Tensor(name, "INT4", values.shape, packed(values), scale=scale, axis=axis)


GEOMETRY = {"Padding": 0, "StrideH": 1, "StrideW": 2, "DilationHFactor": 1, "DilationWFactor": 1}
LAYERS: dict[str, tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...], int, Any]] = {
    "FULLY_CONNECTED": ((2, 7), (5, 7), (2, 5), 0, options("FullyConnectedOptions")),
    "CONV_2D": ((1, 4, 5, 3), (3, 3, 3, 3), (1, 4, 3, 3), 0, options("Conv2DOptions", **GEOMETRY)),
    "DEPTHWISE_CONV_2D": (
        (1, 4, 5, 3),
        (1, 3, 3, 3),
        (1, 4, 3, 3),
        3,
        options("DepthwiseConv2DOptions", DepthMultiplier=1, **GEOMETRY),
    ),
}


def layer(name: str, kind: str, seed: int, wide: bool = False) -> tuple[bytes, Array]:
    """A model of one layer with a scale for each unit, and an input. wide: the same weights are stored as INT8"""
    rng = np.random.default_rng(seed)
    x, w, y, axis, table = LAYERS[name]
    values, scale = rng.integers(-8, 8, w), rng.uniform(0.01, 0.1, w[axis]).tolist()
    weights = (
        Tensor("w", data=values.astype(np.int8), scale=scale, axis=axis) if wide else int4("w", values, scale, axis)
    )
    integer = kind == "INT8"
    bias = rng.integers(-99, 99, w[axis]).astype(np.int32) if integer else rng.normal(size=w[axis]).astype(np.float32)
    tensors = [
        Tensor("x", kind, x, scale=0.1 if integer else None, zero_point=3),
        weights,
        Tensor("b", data=bias, scale=0.01 if integer else None),
        Tensor("y", kind, y, scale=0.2 if integer else None, zero_point=-5),
    ]
    data = build_model(tensors, [Operator(name, ["x", "w", "b"], ["y"], table, version=7)])
    return data, rng.integers(-128, 128, x).astype(np.int8) if integer else rng.normal(size=x).astype(np.float32)


@pytest.mark.parametrize("name", ["CONV_2D", "DEPTHWISE_CONV_2D"])
def test_weights_of_integer_convolutions(name: str) -> None:
    for seed in range(5):
        data, x = layer(name, "INT8", seed)
        check_against_judge(data, [x], by=judge)


def test_weights_of_integer_dense_layers() -> None:
    """TensorFlow Lite Micro's kernel for them refuses INT4, LiteRT's rounds once instead of twice: what counts is what
    the former computes for the same weights in bytes."""
    for seed in range(5):
        data, x = layer("FULLY_CONNECTED", "INT8", seed)
        wide, _ = layer("FULLY_CONNECTED", "INT8", seed, wide=True)
        (got,) = evaluate(read_tflite(data, "model", {}), [x])
        np.testing.assert_array_equal(got, judge(wide, [x])[0])


@pytest.mark.parametrize("name", ["FULLY_CONNECTED", "CONV_2D"])
def test_weights_of_dynamic_range_layers(name: str) -> None:
    for seed in range(5):
        data, x = layer(name, "FLOAT32", seed)
        check_against_judge(data, [x], by=judge_litert)


def judge_without_delegates(data: bytes, inputs: Sequence[Array], outputs: int = 1) -> list[Array]:
    """LiteRT's built-in kernels: its reference resolver multiplies blockwise weights by a scale of 0."""
    resolver = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    interpreter = Interpreter(model_content=data, experimental_op_resolver_type=resolver)
    interpreter.allocate_tensors()
    for detail, array in zip(interpreter.get_input_details(), inputs, strict=True):
        interpreter.set_tensor(detail["index"], array)
    interpreter.invoke()
    details = interpreter.get_output_details()
    assert len(details) == outputs
    return [interpreter.get_tensor(d["index"]) for d in details]


def blockwise(scales: Tensor, blocks: Blocks, activation: int = 0, bias: bool = True) -> bytes:
    rng = np.random.default_rng(3)
    tensors = [
        Tensor("x", "FLOAT32", (2, 64)),
        Tensor("w", "INT4", (6, 64), packed(rng.integers(-8, 8, (6, 64))), blocks=blocks),
        scales,
        Tensor("b", data=rng.normal(size=6).astype(np.float32)),
        Tensor("y", "FLOAT32", (2, 6)),
    ]
    table = options("FullyConnectedOptions", FusedActivationFunction=activation)
    inputs = ["x", "w", "b"] if bias else ["x", "w"]
    return build_model(tensors, [Operator("FULLY_CONNECTED", inputs, ["y"], table, version=6)], inputs=["x"])


SCALES = Tensor("s", data=np.random.default_rng(4).uniform(0.01, 1, (6, 2)).astype(np.float16))


@pytest.mark.parametrize("bias", [True, False])
def test_blockwise_weights(bias: bool) -> None:
    x = np.random.default_rng(5).normal(size=(2, 64)).astype(np.float32)
    check_against_judge(blockwise(SCALES, Blocks(2, 32), bias=bias), [x], by=judge_without_delegates)


@pytest.mark.parametrize(
    ("scales", "blocks", "says"),
    [
        (SCALES, Blocks(9, 32), "in tensor 9"),
        (SCALES, Blocks(-1, 32), "in tensor -1"),
        (SCALES, Blocks(2, 33), "in blocks of 33"),
        (SCALES, Blocks(2, 0), "in blocks of 0"),
        (SCALES, Blocks(2, 16), "a positive scale for each block"),
        (SCALES, Blocks(2, 32, zero_points=2), "zero points of blocks"),
        (Tensor("s", data=np.full((6, 2), np.inf, np.float16)), Blocks(2, 32), "a positive scale"),
        (Tensor("s", data=np.ones((6, 2), np.float32)), Blocks(2, 32), "constants of f16"),
        (Tensor("s", "FLOAT16", (6, 2)), Blocks(2, 32), "constants of f16"),
    ],
)
def test_blocks_that_do_not_fit_are_refused(scales: Tensor, blocks: Blocks, says: str) -> None:
    with pytest.raises(EdgegenError, match=says):
        read_tflite(blockwise(scales, blocks), "model", {})


def test_blocks_of_an_odd_size_are_refused() -> None:
    scales = Tensor("s", data=np.ones((6, 64), np.float16))
    with pytest.raises(UnsupportedModel, match="blocks of 1"):
        read_tflite(blockwise(scales, Blocks(2, 1)), "model", {})


def test_a_fused_activation_after_blockwise_weights_is_refused() -> None:
    with pytest.raises(UnsupportedModel, match="fused activation"):
        read_tflite(blockwise(SCALES, Blocks(2, 32), activation=1), "model", {})


def test_activations_of_four_bits_are_refused() -> None:
    tensors = [Tensor("x", "INT4", (1, 4), scale=0.1), Tensor("y", "FLOAT32", (1, 4))]
    with pytest.raises(UnsupportedModel, match="INT4, but no constant"):
        read_tflite(build_model(tensors, [Operator("DEQUANTIZE", ["x"], ["y"], options("DequantizeOptions"))]), "m", {})


def test_a_constant_with_too_few_bytes_is_refused() -> None:
    tensors = [
        Tensor("x", "FLOAT32", (1, 5)),
        Tensor("w", "INT4", (1, 5), b"\x11\x22", scale=0.1),
        Tensor("y", "FLOAT32", (1, 1)),
    ]
    operator = Operator("FULLY_CONNECTED", ["x", "w"], ["y"], options("FullyConnectedOptions"))
    with pytest.raises(InvalidModel, match="2 bytes, its shape needs 3"):
        read_tflite(build_model(tensors, [operator]), "model", {})
