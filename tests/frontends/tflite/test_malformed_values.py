"""Tensors and attributes that make no sense: one clear error each, before anything is allocated."""

from __future__ import annotations

import re

import numpy as np
import pytest

from tests.frontends.tflite.refusals import WEIGHTS, X, Y, conv, refusal, replaced
from tests.models.tflite_builder import Operator, Tensor, build_model, options

# ---- shapes ----


@pytest.mark.parametrize(
    "shape",
    [
        (1, -4, 4, 2),
        (1 << 30, 4, 4, 2),
        (1 << 16, 1 << 16, 1 << 16, 1 << 16),
        (0, 1 << 30, 1 << 30, 1 << 30),
        (1,) * 9,
        (-1, -1, -1, -1),
    ],
)
def test_negative_and_huge_dimensions(shape: tuple[int, ...]) -> None:
    assert re.search(
        'tensor 0( "x")? .*(negative|impossible)|Shape of tensor 0 .*more than 8',
        refusal(conv(replaced(X, shape=shape))),
    )


def test_activations_that_claim_gigabytes() -> None:
    assert "1,342,177,280 bytes" in refusal(conv(replaced(X, shape=(1, 1 << 14, 1 << 12, 20))))
    paddings = Tensor("p", data=np.array([[0, 0], [0, 1 << 20], [0, 1 << 20], [0, 0]], np.int32))
    data = build_model([X, paddings, replaced(X, name="y")], [Operator("PAD", ["x", "p"], ["y"])])
    assert "is declared s8[1,4,4,2], but its operator computes" in refusal(data)
    huge = replaced(X, name="y", shape=(1, 4 + (1 << 15), 4 + (1 << 14), 2))
    paddings = Tensor("p", data=np.array([[0, 0], [0, 1 << 15], [0, 1 << 14], [0, 0]], np.int32))
    assert "bytes" in refusal(build_model([X, paddings, huge], [Operator("PAD", ["x", "p"], ["y"])]))


def test_tensors_without_elements() -> None:
    assert "it has no elements" in refusal(conv(replaced(X, shape=(1, 0, 4, 2))))


def test_a_declared_shape_that_the_operator_does_not_compute() -> None:
    text = refusal(conv(y=replaced(Y, shape=(1, 5, 4, 3))))
    assert 'CONV_2D "y": "y" is declared s8[1,5,4,3], but its operator computes s8[1,4,4,3]' in text
    wider = replaced(X, name="y", type="INT16")
    assert "is declared s16" in refusal(build_model([X, wider], [Operator("RESHAPE", ["x"], ["y"])]))


def test_signatures_that_contradict_the_shape() -> None:
    assert "signature [1, 5, 4, 2]" in refusal(conv(replaced(X, signature=(1, 5, 4, 2))))
    assert "signature [-1, 4]" in refusal(conv(replaced(X, signature=(-1, 4))))
    assert "signature [-2, 4, 4, 2]" in refusal(conv(replaced(X, signature=(-2, 4, 4, 2))))


def test_ranks_that_operators_do_not_take() -> None:
    assert "must have rank 4" in refusal(conv(replaced(X, shape=(4, 4, 2))))
    assert "must have rank 4" in refusal(conv(w=replaced(WEIGHTS, data=np.ones((3, 6), np.int8), axis=0)))


@pytest.mark.parametrize("size", [0, 1, 53, 55, 108])
def test_constants_whose_bytes_do_not_match_their_shape(size: int) -> None:
    text = refusal(conv(w=replaced(WEIGHTS, data=bytes(size), type="INT8", shape=(3, 3, 3, 2))))
    assert f"{size} bytes, its shape needs 54" in text or size == 0


# ---- quantization ----


@pytest.mark.parametrize("scale", [0.0, float("nan"), float("inf"), -0.5])
def test_scales_that_are_no_scales(scale: float) -> None:
    assert 'tensor "x" has' in refusal(conv(replaced(X, scale=scale)))
    assert 'tensor "w" has' in refusal(conv(w=replaced(WEIGHTS, scale=(0.1, scale, 0.1))))


@pytest.mark.parametrize("zero", [128, -129, 1 << 40])
def test_zero_points_outside_of_the_type(zero: int) -> None:
    assert f"zero point {zero}, outside of s8" in refusal(conv(replaced(X, zero_point=zero)))


def test_as_many_zero_points_as_scales() -> None:
    assert "3 scales and 2 zero points" in refusal(conv(w=replaced(WEIGHTS, zero_point=(0, 0))))


@pytest.mark.parametrize(
    ("scales", "axis"), [((0.1, 0.2), 0), ((0.1, 0.2, 0.3), 9), ((0.1, 0.2, 0.3), -1), ((0.1,) * 2, 3)]
)
def test_scales_along_an_axis_that_has_not_as_many_entries(scales: tuple[float, ...], axis: int) -> None:
    assert "scales on axis" in refusal(conv(w=replaced(WEIGHTS, scale=scales, axis=axis)))


def test_scales_whose_ratio_cannot_be_represented() -> None:
    assert "beyond 32 bits" in refusal(conv(y=replaced(Y, scale=1e-45), FusedActivationFunction=3))


def test_integers_without_quantization() -> None:
    assert '"x" is s8 but has no quantization' in refusal(conv(replaced(X, scale=None)))


# ---- attributes ----


@pytest.mark.parametrize(
    "changes",
    [
        {"StrideH": 0},
        {"StrideW": -1},
        {"DilationHFactor": 0},
        {"DilationWFactor": -(1 << 31)},
        {"StrideH": (1 << 31) - 1},
        {"DilationHFactor": (1 << 31) - 1},
        {"Padding": 7},
        {"FusedActivationFunction": 4},
        {"FusedActivationFunction": 100},
    ],
)
def test_impossible_convolution_options(changes: dict[str, int]) -> None:
    assert 'tflite op 0 CONV_2D "y"' in refusal(conv(**changes))


@pytest.mark.parametrize(
    "changes", [{"FilterHeight": 0}, {"FilterWidth": 1 << 30}, {"StrideH": 0}, {"StrideW": 1 << 30}]
)
@pytest.mark.parametrize("name", ["MAX_POOL_2D", "AVERAGE_POOL_2D"])
def test_impossible_pool_options(name: str, changes: dict[str, int]) -> None:
    fields = {"FilterHeight": 2, "FilterWidth": 2, "StrideH": 1, "StrideW": 1, **changes}
    y = replaced(X, name="y")
    assert f'{name} "y"' in refusal(
        build_model([X, y], [Operator(name, ["x"], ["y"], options("Pool2DOptions", **fields))])
    )


@pytest.mark.parametrize("axis", [4, -5, 1 << 30, -(1 << 31)])
def test_axes_out_of_range(axis: int) -> None:
    y = replaced(X, name="y")
    concat = Operator("CONCATENATION", ["x"], ["y"], options("ConcatenationOptions", Axis=axis))
    assert f"axis {axis} is not one of 4" in refusal(build_model([X, y], [concat]))
    numbers = Tensor("axis", data=np.array([axis], np.int32))
    split = Operator("SPLIT", ["axis", "x"], ["y"], options("SplitOptions", NumSplits=1))
    assert f"axis {axis} is not one of 4" in refusal(build_model([X, numbers, y], [split]))


@pytest.mark.parametrize("wanted", [[-1, -1], [0], [7, 7], [-2, 16], [1 << 30, 1 << 30, 1 << 30]])
def test_reshapes_that_do_not_fit(wanted: list[int]) -> None:
    shape = Tensor("shape", data=np.array(wanted, np.int32))
    data = build_model([X, shape, replaced(X, name="y", shape=(32,))], [Operator("RESHAPE", ["x", "shape"], ["y"])])
    assert "cannot reshape s8[1,4,4,2]" in refusal(data)


def test_a_shape_known_only_at_run_time() -> None:
    shape = Tensor("shape", "INT32", (2,))
    data = build_model([X, shape, replaced(X, name="y", shape=(2, 16))], [Operator("RESHAPE", ["x", "shape"], ["y"])])
    text = refusal(data)
    assert "the shape must be known ahead of time" in text
    assert '"shape" is computed at run time' in text


def test_a_list_of_the_wrong_type() -> None:
    shape = Tensor("shape", data=np.array([2, 16], np.float32))
    data = build_model([X, shape, replaced(X, name="y", shape=(2, 16))], [Operator("RESHAPE", ["x", "shape"], ["y"])])
    assert "must be a list of s32 or s64, is f32[2]" in refusal(data)


# ---- types ----


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("STRING", "has type STRING"),
        ("VARIANT", "has type VARIANT"),
        ("COMPLEX64", "has type complex, which no caller can give"),
        ("RESOURCE", "has type resource, which no caller can give"),
        ("INT4", "is INT4, but no constant"),
    ],
)
def test_types_that_are_not_computed(kind: str, said: str) -> None:
    assert f'tensor "x" {said}' in refusal(conv(replaced(X, type=kind)))


def test_types_that_the_schema_does_not_know() -> None:
    assert 'tensor 0 "x" has unknown type 77' in refusal(conv(replaced(X, type=77)))


@pytest.mark.parametrize(
    "kind", ["FLOAT32", "UINT8", "INT16", "INT32", "INT64", "BOOL", "FLOAT16", "FLOAT64", "UINT64"]
)
def test_types_that_do_not_go_together(kind: str) -> None:
    assert "tflite op 0 CONV_2D" in refusal(conv(replaced(X, type=kind, zero_point=0)))
