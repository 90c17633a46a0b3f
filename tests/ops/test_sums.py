"""Layers whose results are the s32 sums (ConvInteger, MatMulInteger), in every row that leaves them as they are."""

from __future__ import annotations

import numpy as np
import pytest

from edgegen.ops.conv2d import Conv2d
from edgegen.ops.dense import Dense
from edgegen.ops.window import Pads, Pair
from tests.harness import Case, check_nodes, constant_input
from tests.overlapping import Overlapping, check_overlaps
from tests.x86 import X86

RANDOM = np.random.default_rng(23)


def _bytes(*shape: int) -> np.ndarray:
    x = RANDOM.integers(-128, 128, shape).astype(np.int8)
    x.reshape(-1)[:3] = -128
    return x


def _weights(shape: tuple[int, ...], wide: bool) -> np.ndarray:
    if wide:
        return RANDOM.integers(-100, 150, shape).astype(np.int16)
    return RANDOM.integers(-127, 128, shape).astype(np.int8)


def dense(kernel: str, rows: int, depth: int, units: int, wide: bool = False, bias: bool = False) -> Case:
    b = constant_input(RANDOM.integers(-(1 << 20), 1 << 20, units).astype(np.int32)) if bias else None
    inputs = [_bytes(rows, depth), constant_input(_weights((units, depth), wide)), b]
    return Case(Dense(x_zero=-7), inputs, kernel, f"dense {rows}x{depth}x{units}")


def conv(
    kernel: str,
    size: tuple[int, int, int, int],
    units: int,
    window: Pair = (3, 3),
    stride: Pair = (1, 1),
    pad: Pads = (1, 1, 1, 1),
    wide: bool = False,
) -> Case:
    op = Conv2d(stride, (1, 1), pad, 5)
    inputs = [_bytes(*size), constant_input(_weights((units, *window, size[3]), wide)), None]
    return Case(op, inputs, kernel, f"conv {size} by {window} to {units}")


NONE: Pads = (0, 0, 0, 0)
ROWS = {
    "generic": [
        dense("dense_s8_s32", 2, 21, 5),
        dense("dense_s8_s32_offset", 2, 21, 5, wide=True),
        conv("conv2d_s8_s32", (1, 5, 4, 3), 4),
        conv("conv2d_s8_s32_offset", (1, 5, 4, 3), 4, wide=True),
    ],
    "x86-avx2": [
        dense("dense_s8_s32_avx2_row", 1, 64, 20, bias=True),
        dense("conv2d_s8_s32_avx2", 5, 43, 3),
        dense("conv2d_s8_s32_avx2", 7, 40, 37, wide=True),
        conv("conv2d_s8_s32_avx2", (2, 6, 5, 7), 9),
        conv("conv2d_s8_s32_avx2", (1, 9, 17, 8), 8, pad=NONE, wide=True),
    ],
    "x86-avx512": [
        dense("conv2d_s8_s32_avx512vnni_direct", 1, 64, 20, bias=True),
        dense("conv2d_s8_s32_avx512vnni", 5, 43, 3),
        dense("conv2d_s8_s32_avx512vnni_direct", 25, 40, 70),
        conv("conv2d_s8_s32_avx512vnni", (2, 6, 5, 7), 9),
        conv("conv2d_s8_s32_avx512vnni", (1, 6, 20, 3), 8),
        conv("conv2d_s8_s32_avx512vnni_direct", (1, 6, 20, 16), 16, pad=NONE),
    ],
    "cortex-m4": [
        dense("dense_s8_s32_dsp", 1, 64, 20, bias=True),
        dense("dense_s8_s32_dsp_any", 2, 41, 9),
        dense("dense_s8_s32_dsp_any", 1, 3000, 6),
        dense("dense_s8_s32_dsp_any", 1, 30, 3),
        dense("dense_s8_s32_dsp", 2, 64, 8, wide=True),
        dense("dense_s8_s32_dsp_any", 2, 63, 8, wide=True),
        dense("conv2d_s8_s32_dsp", 5, 40, 11, bias=True),
        dense("conv2d_s8_s32_dsp", 5, 40, 11, wide=True),
        conv("conv2d_s8_s32_dsp", (2, 6, 5, 7), 9),
        conv("conv2d_s8_s32_dsp", (1, 6, 6, 16), 1, stride=(2, 2)),
        conv("conv2d_s8_s32_dsp", (1, 5, 6, 48), 33, wide=True),
        conv("dense_s8_s32_dsp_any", (1, 3, 3, 7), 10, pad=NONE),
    ],
    "arm-neon": [
        dense("dense_s8_s32_neon", 1, 64, 20, bias=True),
        dense("dense_s8_s32_neon", 5, 43, 3),
        conv("conv2d_s8_s32_neon_scratch", (2, 6, 5, 7), 9),
        conv("conv2d_s8_s32_neon", (1, 6, 7, 16), 21, stride=(2, 2), pad=NONE),
        dense("dense_s8_s16_s32_neon", 3, 43, 21, wide=True),
        dense("dense_s8_s16_s32_neon", 1, 8, 3, wide=True, bias=True),
        conv("conv2d_s8_s16_s32_neon_scratch", (1, 6, 5, 7), 9, wide=True),
        conv("conv2d_s8_s16_s32_neon", (1, 6, 7, 16), 21, pad=NONE, wide=True),
    ],
    "arm-neon-dotprod": [
        dense("dense_s8_s32_dotprod", 1, 64, 20, bias=True),
        dense("dense_s8_s32_dotprod", 7, 43, 3),
        conv("conv2d_s8_s32_dotprod_scratch", (2, 6, 5, 7), 9),
        conv("conv2d_s8_s32_dotprod", (1, 6, 7, 16), 37, stride=(2, 2), pad=NONE),
    ],
}


def _on(target: str) -> object:
    return target if target == "generic" else pytest.param(target, marks=pytest.mark.cross)


@pytest.mark.parametrize("target", ["generic", *X86, *(_on(t) for t in ROWS if t.startswith(("arm", "cortex")))])
def test_sums_are_exact(target: str) -> None:
    check_nodes(ROWS[target], target, sanitize=True)


@pytest.mark.cross
@pytest.mark.parametrize("target", ["cortex-m4", "arm-neon"])
def test_sums_in_shared_functions(target: str) -> None:
    check_nodes(ROWS[target][-5:], target, optimize="size", cc="clang")


OVERLAPS = {
    "generic": [dense("dense_s8_s32", 5, 12, 3), conv("conv2d_s8_s32", (1, 6, 5, 12), 2)],
    "cortex-m4": [conv("conv2d_s8_s32_dsp", (1, 8, 6, 32), 4, pad=NONE)],
    "arm-neon": [
        conv("conv2d_s8_s32_neon", (1, 8, 6, 32), 4, pad=NONE),
        conv("conv2d_s8_s32_neon_scratch", (1, 8, 6, 32), 4),
        conv("conv2d_s8_s16_s32_neon", (1, 8, 6, 32), 4, pad=NONE, wide=True),
    ],
    "arm-neon-dotprod": [conv("conv2d_s8_s32_dotprod", (1, 8, 6, 32), 4, pad=NONE)],
}


@pytest.mark.parametrize("target", [_on(t) for t in OVERLAPS])
def test_sums_over_their_own_input(target: str) -> None:
    check_overlaps([Overlapping(c, tight=False) for c in OVERLAPS[target]], target)
