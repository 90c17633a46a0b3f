"""Rows in f32 for cores with the DSP extension, in the emulator, against the operators' references."""

from __future__ import annotations

import numpy as np
import pytest

from edgegen.ir.op import NO_CLAMP, Range
from edgegen.ops.binary import Binary
from edgegen.ops.conv2d import Conv2d
from edgegen.ops.dense import Dense
from edgegen.ops.depthwise_conv2d import DepthwiseConv2d
from edgegen.ops.pool2d import Pool2d
from edgegen.ops.window import Pads, Pair
from tests.dsp_host import check_nodes_on_host
from tests.harness import Case, check_nodes, constant_input

RELU = Range(0.0, float("inf"))
RELU6 = Range(0.0, 6.0)
ULP = 8  # of the largest output: sums of tens of products in another order


def floats(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def conv(
    size: tuple[int, int, int, int],
    kernel: tuple[int, int, int],
    stride: Pair = (1, 1),
    dilation: Pair = (1, 1),
    pad: Pads = (0, 0, 0, 0),
    clamp: Range = NO_CLAMP,
    row: str = "conv2d_f32_dsp",
) -> Case:
    w, b = floats(1, *kernel, size[3]), floats(2, kernel[0])
    inputs = [floats(3, *size), constant_input(w), constant_input(b)]
    return Case(Conv2d(stride, dilation, pad, clamp=clamp), inputs, row, f"conv {size} {kernel} {stride} {pad}")


def depthwise(
    size: tuple[int, int, int, int],
    kernel: Pair,
    stride: Pair = (1, 1),
    dilation: Pair = (1, 1),
    pad: Pads = (0, 0, 0, 0),
    clamp: Range = NO_CLAMP,
    multiplier: int = 1,
    row: str = "depthwise_conv2d_f32_dsp",
) -> Case:
    channels = size[3] * multiplier
    inputs = [floats(3, *size), constant_input(floats(1, *kernel, channels)), constant_input(floats(2, channels))]
    op = DepthwiseConv2d(stride, dilation, pad, clamp=clamp)
    return Case(op, inputs, row, f"depthwise {size} {kernel} {stride} {pad}")


def dense(rows: int, depth: int, units: int, clamp: Range = NO_CLAMP, row: str = "dense_f32_dsp") -> Case:
    inputs = [floats(3, rows, depth), constant_input(floats(1, units, depth)), None]
    return Case(Dense(clamp=clamp), inputs, row, f"dense {rows} {depth} {units}")


def binary(function: str, shape: tuple[int, ...], clamp: Range = NO_CLAMP) -> Case:
    inputs = [floats(1, *shape), floats(2, *shape)]
    return Case(Binary(function, clamp=clamp), inputs, f"{function}_f32_dsp", f"{function} {shape}")


def average(size: tuple[int, int, int, int], kernel: Pair, stride: Pair, pad: Pads, clamp: Range = NO_CLAMP) -> Case:
    op = Pool2d("average", kernel, stride, pad, clamp)
    return Case(op, [floats(3, *size)], "average_pool2d_f32_dsp", f"average {size} {kernel} {stride} {pad}")


def cases() -> list[Case]:
    same = (1, 1, 1, 1)
    return [
        binary("add", (2, 3, 5, 8), RELU),
        binary("sub", (1, 61), RELU6),
        binary("mul", (7,)),
        average((1, 8, 8, 24), (8, 8), (8, 8), (0, 0, 0, 0), RELU6),
        average((2, 5, 6, 9), (3, 2), (2, 1), same),
        conv((1, 5, 5, 16), (12, 1, 1), clamp=RELU),
        conv((1, 5, 5, 7), (6, 1, 1)),
        conv((2, 9, 8, 3), (9, 3, 3), (2, 2), pad=(0, 1, 1, 0), clamp=RELU6),
        conv((1, 8, 8, 5), (4, 3, 3), pad=same, clamp=RELU),
        conv((1, 10, 9, 4), (5, 3, 2), (3, 1), (2, 3), (2, 4, 5, 3)),
        conv((1, 3, 3, 6), (1, 2, 2), clamp=Range(-1.0, 1.0)),
        conv((1, 1, 3, 11), (3, 1, 1), clamp=RELU),
        conv((1, 6, 6, 8), (2, 3, 3), (2, 2)),
        conv((2, 2, 2, 7), (9, 2, 2), row="dense_f32_dsp"),
        dense(1, 64, 12, RELU),
        dense(2, 47, 10, RELU6),
        dense(1, 101, 3),
        dense(1, 3, 90, RELU),
        dense(9, 57, 6, RELU, "conv2d_f32_dsp"),
        dense(1, 16, 16, RELU, "dense_f32"),
        depthwise((1, 9, 7, 8), (3, 3), pad=same, clamp=RELU),
        depthwise((2, 6, 5, 15), (3, 3), (2, 2), pad=same, clamp=RELU6),
        depthwise((1, 9, 1, 4), (5, 1)),
        depthwise((1, 4, 4, 3), (3, 2), (1, 2), (2, 1), (5, 3, 6, 4)),
        depthwise((1, 12, 9, 1), (4, 3), (2, 2), pad=same, multiplier=8, clamp=RELU, row="conv2d_f32_dsp"),
    ]


@pytest.mark.cross
def test_float_layers_on_cortex_m4() -> None:
    check_nodes(cases(), "cortex-m4", ulp=ULP)


@pytest.mark.cross
def test_float_layers_built_by_clang_for_size() -> None:
    check_nodes(cases()[::3], "cortex-m4", ulp=ULP, optimize="size", cc="clang")


@pytest.mark.cross
def test_relu_keeps_what_is_not_a_number() -> None:
    case = dense(1, 4, 68, RELU)
    x = np.array([[1.0, np.nan, 2.0, 3.0]], np.float32)
    pixel = conv((1, 2, 2, 4), (4, 1, 1), clamp=RELU)
    image = floats(5, 1, 2, 2, 4)
    image[0, 0, 1, 2] = np.nan
    check_nodes(
        [
            Case(case.op, [x, *case.inputs[1:]], case.kernel, "dense"),
            Case(pixel.op, [image, *pixel.inputs[1:]], pixel.kernel, "conv"),
        ],
        "cortex-m4",
        ulp=ULP,
    )


def test_the_forms_in_c_stay_in_bounds() -> None:
    """What compilers without the instructions are given, on the host under sanitizers."""
    check_nodes_on_host(cases(), ULP)
