"""Operators over images and volumes: pools, samplings, boxes, deformed and run-time convolutions."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from edgegen.errors import InvalidGraph
from edgegen.ir.dtypes import DTYPES, F32, S32, S64
from edgegen.ir.op import Op
from edgegen.ir.tensor import Array, TensorType
from edgegen.ops.conv2d import Conv2d
from edgegen.ops.deform_conv2d import DeformConv2d
from edgegen.ops.depthwise_conv2d import DepthwiseConv2d
from edgegen.ops.grid_sample import INTERPOLATIONS, PADDINGS, GridSample
from edgegen.ops.pool3d import Pool3d
from edgegen.ops.resample import Resample
from edgegen.ops.roi_align import RoiAlign
from edgegen.ops.transpose_conv2d import TransposeConv2d
from tests.harness import Case, check_nodes, constant_input

RNG = np.random.default_rng(7)


def normal(*shape: int, dtype: str = "f32") -> Array:
    return RNG.normal(0, 1, shape).astype(DTYPES[dtype].np)


def pools() -> list[Case]:
    cases = []
    for dtype in ("f32", "f64", "s8", "u8"):
        numbers = RNG.normal(0, 1, (2, 4, 5, 6, 3)) if dtype[0] == "f" else RNG.integers(0, 100, (2, 4, 5, 6, 3))
        x = numbers.astype(DTYPES[dtype].np)
        for name in ("max", "argmax"):
            near = Pool3d(name, (3, 3, 3), (2, 3, 2), (2, 2, 2), (1, 1, 2), (1, 1, 1), column_major=dtype == "u8")
            cases.append(Case(near, [x], f"{name}_pool3d_{dtype}", dtype))
            beside = Pool3d(name, (1, 1, 1), (1, 1, 2), dilation=(1, 1, 9), pad=(0, 0, 2))
            cases.append(Case(beside, [x], f"{name}_pool3d_{dtype}", f"{dtype}, a window that sees nothing"))
        if dtype[0] == "f":
            for counted in (None, (0, 1, 1)):
                op = Pool3d("average", (3, 3, 3), (2, 3, 2), (2, 2, 2), (1, 1, 2), (1, 1, 1), counted)
                cases.append(Case(op, [x], f"average_pool3d_{dtype}", f"{dtype} {counted}"))
            for power in (1, 2, 3):
                op = Pool3d("lp", (3, 2, 2), (2, 3, 2), (1, 2, 3), power=power)
                cases.append(Case(op, [x], f"lp_pool3d_{dtype}", f"{dtype} {power}"))
    return cases


def samplings() -> list[Case]:
    cases = []
    for dtype in ("f32", "f64"):
        places, weights = RNG.integers(-2, 9, (5, 3)).astype(np.int32), normal(5, 3, dtype=dtype)
        for axis in range(3):
            inputs = [normal(4, 6, 3, dtype=dtype), constant_input(places), constant_input(weights)]
            cases.append(Case(Resample(axis), inputs, f"resample_{dtype}", f"{dtype} {axis}"))
    x, volume = normal(2, 1, 5, 4, 3), normal(1, 3, 1, 4, 2)
    points = RNG.uniform(-1.6, 1.6, (2, 6, 2)).astype(np.float32)
    points[0, :3] = [[np.nan, 0], [np.inf, -1e30], [1e9, -np.inf]]
    for interpolation in INTERPOLATIONS:
        for k, padding in enumerate(PADDINGS):
            ops = [GridSample(interpolation, padding, corners) for corners in (k == 1, k != 1)]
            cases += [Case(op, [x, points], "grid_sample_f32", str(op)) for op in ops]
            grid = RNG.uniform(-3, 3, (1, 4, 2, 3)).astype(np.float32)
            cases.append(Case(ops[0], [volume, grid], "grid_sample_f32", f"volume, {ops[0]}"))
    boxes = np.array([[0, 0, 3, 4], [-2, 1.5, 2.2, 9], [3, 3, 1, 1], [0.5, 0.5, 0.75, 0.6]], np.float32)
    images = np.array([0, 1, -1, 7])
    for pooling in ("average", "max"):
        for half_pixel, samples in ((True, 0), (True, 2), (False, 0), (False, 3)):
            op = RoiAlign((2, 3), pooling, 0.8, samples, half_pixel)
            cases.append(Case(op, [normal(2, 5, 6, 4), boxes, images], "roi_align_f32", str(op)))
    return cases


def convolutions() -> list[Case]:
    x, w = normal(2, 6, 5, 4), normal(6, 3, 2, 2)
    cases = []
    for groups, masked in ((1, False), (2, True), (4, True)):
        size = (2, 2, 5, groups, 3, 2)
        inputs = [x, w if masked else constant_input(w), normal(*size, 2) * 2]
        op = DeformConv2d((2, 1), (2, 1), (1, 1, 1, 0))
        name = "deform_conv2d_masked_f32" if masked else "deform_conv2d_f32"
        cases.append(Case(op, [*inputs, normal(*size)] if masked else inputs, name, f"{groups} offset groups"))
    bias = constant_input(normal(6))
    cases += [
        Case(Conv2d((1, 2), (1, 1), (1, 0, 1, 0)), [x, w, bias], "conv2d_f32", "computed weights in 2 groups"),
        Case(DepthwiseConv2d((1, 2)), [x, normal(3, 2, 8), None], "depthwise_conv2d_f32", "computed weights"),
        Case(TransposeConv2d((8, 7), (1, 2), (1, 0)), [x, normal(6, 3, 2, 4), bias], "transpose_conv2d_f32"),
    ]
    return cases


@pytest.mark.parametrize("family", [pools, samplings, convolutions])
def test_portable(family: Callable[[], list[Case]]) -> None:
    check_nodes(family(), "generic", sanitize=True, ulp=64)


def test_clang() -> None:
    check_nodes([*pools()[::3], *samplings()[::4], *convolutions()], "generic", cc="clang", ulp=64)


def test_size() -> None:
    check_nodes([*pools()[::4], *samplings()[::5], *convolutions()], "generic", optimize="size", ulp=64)


@pytest.mark.cross
@pytest.mark.parametrize("core", ["arm-neon", "cortex-m4"])
def test_on_an_emulated_core(core: str) -> None:
    check_nodes([*pools()[::3], *samplings()[::4], *convolutions()], core, ulp=64)


def test_every_window_divides_by_what_it_counts() -> None:
    """PyTorch's count: padding counts, what a last window reaches beyond it does not."""
    x = np.ones((1, 1, 1, 4, 1), np.float32)
    (y,) = Pool3d("average", (1, 1, 3), (1, 1, 3), (1, 1, 2), pad=(0, 0, 1), counted=(0, 0, 0)).reference(x)
    np.testing.assert_allclose(y.ravel(), [2 / 3, 1, 1])


@pytest.mark.parametrize(
    ("op", "inputs", "text"),
    [
        (Pool3d("average", (1, 1, 1), (1, 1, 1)), [(S32, (1, 1, 1, 1, 1))], "not defined"),
        (Pool3d("max", (1, 1, 1), (1, 1, 1)), [(F32, (1, 1, 1, 1))], "rank 5"),
        (Pool3d("max", (1, 0, 1), (1, 1, 1)), [(F32, (1, 1, 1, 1, 1))], "must be positive"),
        (Resample(2), [(F32, (1, 2)), (S32, (3, 2)), (F32, (3, 2))], "along axis 2"),
        (Resample(1), [(F32, (1, 2)), (S64, (3, 2)), (F32, (3, 2))], "must be s32"),
        (Resample(1), [(F32, (1, 2)), (S32, (3, 2)), (F32, (3, 1))], "differ in shape"),
        (GridSample(), [(F32, (1, 1, 2, 2, 1)), (F32, (1, 5, 4))], "2 or 3 coordinates"),
        (GridSample(), [(F32, (1, 2, 2, 2, 1)), (F32, (1, 5, 2))], "which of 2 images"),
        (GridSample(), [(F32, (1, 2, 2, 1)), (F32, (1, 5, 2))], "rank 5"),
        (RoiAlign(), [(F32, (1, 2, 2, 1)), (F32, (3, 4)), (S32, (3,))], "images s32"),
        (RoiAlign(), [(F32, (1, 2, 2, 1)), (F32, (3, 5)), (S64, (3,))], "4 and 1 numbers"),
        (RoiAlign((0, 1)), [(F32, (1, 2, 2, 1)), (F32, (3, 4)), (S64, (3,))], "must be positive"),
        (DeformConv2d(), [(F32, (1, 2, 2, 1)), (F32, (1, 1, 1, 2)), (F32, (1, 2, 2, 1, 1, 1, 2))], "do not filter"),
        (DeformConv2d(), [(F32, (1, 2, 2, 1)), (F32, (1, 1, 1, 1)), (F32, (1, 2, 2, 1, 1, 2))], "does not move"),
    ],
)
def test_misfits_are_refused(op: Op, inputs: list[tuple], text: str) -> None:
    with pytest.raises(InvalidGraph, match=text):
        op.infer(*(TensorType(dtype, shape) for dtype, shape in inputs))
