"""Convolutions on AArch64 against the operator's reference, every buffer beside forbidden pages."""

from __future__ import annotations

import numpy as np
import pytest

from edgegen.ir.op import NO_CLAMP, Range
from edgegen.ops.conv2d import Conv2d
from edgegen.ops.window import Pads, Pair
from tests.guarded import check_guarded
from tests.harness import Case, constant_input
from tests.ops.layer_cases import conv_s8

pytestmark = pytest.mark.cross

TARGETS = {"arm-neon": "neon", "arm-neon-dotprod": "dotprod"}


S8_CASES = [
    conv_s8((1, 1, 1, 16), 16),
    conv_s8((1, 1, 1, 17), 1),
    conv_s8((1, 1, 1, 3), 2, zeros=(5, 3)),
    conv_s8((2, 5, 7, 8), 24, zeros=(127, 0)),
    conv_s8((1, 3, 3, 40), 25, clamp=Range(-128, 50)),
    conv_s8((1, 5, 5, 31), 12, zeros=(0, 0), clamp=Range(-100, 90)),
    conv_s8((1, 2, 3, 64), 9, zeros=(-128, 10), clamp=Range(10, 127)),
    conv_s8((1, 7, 2, 20), 33, zeros=(-5, -20), clamp=Range(-10, 100)),
    conv_s8((1, 9, 9, 24), 8, stride=(2, 2), bias=False),
    conv_s8((1, 6, 6, 12), 16, (3, 3), pad=(1, 1, 1, 1), zeros=(127, -128)),
    conv_s8((2, 5, 6, 4), 20, (3, 3), (2, 2), pad=(0, 0, 1, 1), zeros=(-1, 7)),
    conv_s8((1, 9, 4, 5), 13, (3, 3), (2, 1), (1, 2), (2, 2, 2, 2), (0, -3), Range(-90, 127)),
    conv_s8((1, 11, 10, 20), 10, (2, 3), (1, 1), (3, 2), zeros=(-128, 3)),
    conv_s8((1, 7, 7, 6), 5, (5, 1), pad=(4, 0, 4, 0), zeros=(4, 4)),
    conv_s8((1, 13, 10, 1), 16, (10, 4), (2, 2), pad=(4, 1, 5, 1), zeros=(83, -128)),
    conv_s8((1, 9, 9, 3), 8, (3, 3), (2, 2), pad=(0, 0, 1, 1)),
    conv_s8((1, 4, 4, 1), 3, (2, 2), pad=(1, 1, 0, 0)),
    conv_s8((1, 12, 3, 2), 4, (3, 3), (5, 1), pad=(1, 1, 1, 1)),
    conv_s8((1, 5, 5, 17), 8, (3, 3), pad=(1, 1, 1, 1), weight=-128, zeros=(0, 0), factor=1e-4),
    conv_s8((1, 2, 2, 48), 16, weight=-128, zeros=(0, 0), factor=1e-4),
    conv_s8((1, 3, 3, 16), 16, weight=2, zeros=(0, 5), factor=12.0),
    conv_s8((1, 3, 3, 8), 8, weight=1, zeros=(-3, -128), factor=40.0),
    conv_s8((1, 4, 5, 8), 5, stride=(1, 2), weight=-128, zeros=(0, 0), factor=1e-3),
    conv_s8((2, 1, 13, 8), 43, zeros=(100, 11), clamp=Range(-50, 77)),
    conv_s8((2, 4, 5, 16), 8, (3, 3), (2, 2), pad=(1, 1, 1, 1), zeros=(7, -9)),
    conv_s8((1, 4, 5, 16), 8, (3, 3), pad=(4, 1, 3, 1), zeros=(-11, 2), factor=0.01),
    conv_s8((1, 5, 5, 3), 4, (3, 3), (1, 1), (2, 2), (3, 2, 4, 2), zeros=(50, 0)),
]


# which of S8_CASES reach into padding or have windows of fewer than 16 bytes that are not 8
SCRATCH = [False, False, True, *[False] * 6, *[True] * 3, False, *[True] * 6, *[False] * 5, *[True] * 3]
WIDE = (3, 21, 22, 23)  # which have windows of 8 bytes


@pytest.mark.parametrize("target", TARGETS)
def test_s8_is_exact_and_stays_in_bounds(target: str) -> None:
    named = []
    for i, (case, scratch) in enumerate(zip(S8_CASES, SCRATCH, strict=True)):
        row = f"conv2d_s8_{TARGETS[target]}{'_scratch' if scratch else ''}"
        if i in WIDE and target == "arm-neon":
            row = "conv2d_s8_wide_neon"
        named.append(Case(case.op, case.inputs, row, case.label))
    check_guarded(named, target)


def sides_case(seed: int) -> Case:
    """A window whose rows are 8 or 16 bytes, and which reaches into padding left, right or on both sides."""
    rng = np.random.default_rng(seed)
    channels = int(rng.choice([1, 2, 4, 8]))
    wide = int(rng.choice([k for k in (8, 16) if k > channels])) // channels
    high, units = int(rng.integers(1, 5)), int(rng.integers(1, 17))
    left, right = [(1, 0), (0, wide), (wide // 2, wide // 2), (wide + 3, wide)][seed % 4]
    top, bottom = int(rng.integers(0, 4)), int(rng.integers(0, 4))
    size = (1 + seed % 2, int(rng.integers(high, high + 6)), -(-16 // channels) + int(rng.integers(0, 9)), channels)
    stride, dilation = (int(rng.integers(1, 4)), int(rng.integers(1, 4))), (1 + seed % 3, 1)
    size = (size[0], size[1] + dilation[0] * high, max(size[2], wide), channels)
    zeros = (int(rng.integers(-128, 128)), int(rng.integers(-128, 128)))
    weight = -128 if seed == 5 else 127
    return conv_s8(size, units, (high, wide), stride, dilation, (top, left, bottom, right), zeros, weight=weight)


def test_windows_that_reach_beyond_the_sides_are_read_in_place() -> None:
    cases = [sides_case(seed) for seed in range(24)]
    check_guarded([Case(c.op, c.inputs, "conv2d_s8_neon_sides", c.label) for c in cases], "arm-neon")


def conv_f32(
    x: tuple[int, int, int, int],
    units: int,
    kernel: Pair = (1, 1),
    stride: Pair = (1, 1),
    dilation: Pair = (1, 1),
    pad: Pads = (0, 0, 0, 0),
    clamp: Range = NO_CLAMP,
    kernel_row: str = "conv2d_f32_neon",
) -> Case:
    rng = np.random.default_rng([*x, units, *kernel, *pad])
    values = [rng.normal(size=s).astype(np.float32) for s in (x, (units, *kernel, x[3]), (units,))]
    inputs = [values[0], constant_input(values[1]), constant_input(values[2])]
    label = f"{x} * {units}x{kernel}, stride {stride}, dilation {dilation}, pad {pad}"
    return Case(Conv2d(stride, dilation, pad, 0, None, clamp), inputs, kernel_row, label)


F32_CASES = [
    conv_f32((1, 1, 1, 4), 1),
    conv_f32((2, 3, 5, 7), 16),
    conv_f32((1, 5, 5, 18), 23, clamp=Range(0, float("inf"))),
    conv_f32((1, 6, 5, 9), 12, stride=(2, 3), clamp=Range(0, 6)),
    conv_f32((1, 6, 7, 18), 8, (3, 3), pad=(1, 1, 1, 1), kernel_row="conv2d_f32_neon_scratch"),
    conv_f32((1, 9, 8, 3), 16, (3, 3), (2, 2), pad=(0, 0, 1, 1), kernel_row="conv2d_f32_neon_scratch"),
    conv_f32((1, 9, 5, 1), 6, (3, 2), (1, 1), (2, 2), (1, 0, 1, 0), kernel_row="conv2d_f32_neon_scratch"),
    conv_f32((1, 9, 5, 6), 40, (3, 2), (1, 1), (2, 2)),
    conv_f32((1, 4, 4, 3), 8, kernel_row="conv2d_f32"),
]


@pytest.mark.parametrize("target", TARGETS)
def test_f32_is_within_rounding_and_stays_in_bounds(target: str) -> None:
    check_guarded(F32_CASES, target, ulp=16)
