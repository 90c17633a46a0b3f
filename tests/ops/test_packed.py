"""Rows that read weights of four bits two to the byte, which `--optimize size` prefers."""

from __future__ import annotations

import numpy as np
import pytest

from edgegen.ir.fixed_point import FixedPoint
from edgegen.ir.op import Range
from edgegen.ops.blockwise_dense import BlockwiseDense
from edgegen.ops.conv2d import Conv2d
from edgegen.ops.dense import Dense
from edgegen.ops.depthwise_conv2d import DepthwiseConv2d
from edgegen.ops.nibbles import pack_nibbles
from edgegen.ops.quantize_rows import quantize_rows
from tests.harness import Case, check_nodes, constant_input, run_nodes
from tests.ops.test_hybrid import GROUPED, PLAIN, WIDE, case


def integer(product: type, x: tuple[int, ...], w: tuple[int, ...], kernel: str, **window: object) -> Case:
    rng = np.random.default_rng(sum(x) + sum(w))
    units = w[2] if product is DepthwiseConv2d else w[0]
    requantize = FixedPoint.from_scales(rng.uniform(0.001, 0.01, units).tolist(), -3)
    op = product(x_zero=5, requantize=requantize, clamp=Range(-100, 127), **window)
    q = rng.integers(-128, 128, x).astype(np.int8)
    bias = rng.integers(-999, 999, units).astype(np.int32)
    weights = rng.integers(-8, 8, w).astype(np.int8)
    return Case(op, [q, constant_input(weights), constant_input(bias)], kernel, f"{product.__name__} {x} {w}")


def blockwise(rows: int, units: int, blocks: int, block: int, kernel: str = "blockwise_dense_s4") -> Case:
    rng = np.random.default_rng(rows + units + blocks)
    q, scale, zero = quantize_rows(rng.normal(size=(rows, blocks * block)).astype(np.float32), asymmetric=True)
    weights = rng.integers(-8, 8, (units, blocks * block)).astype(np.int8)
    scales = (rng.uniform(0.001, 2, (units, blocks)) * 10.0 ** rng.integers(-7, 2, (units, blocks))).astype(np.float16)
    bias = rng.normal(size=units).astype(np.float32)
    inputs = [q, scale, zero, *map(constant_input, (weights, scales, bias))]
    return Case(BlockwiseDense(), inputs, kernel, f"blocks {rows} {units} {blocks} {block}")


FEW = (-8, 7)
CASES = [
    integer(Dense, (2, 7), (5, 7), "dense_s4"),
    integer(Dense, (1, 64), (3, 64), "dense_s4"),
    integer(Conv2d, (2, 5, 4, 3), (4, 3, 2, 3), "conv2d_s4", stride=(1, 2), pad=(1, 0, 1, 1)),
    integer(Conv2d, (1, 4, 4, 6), (4, 1, 1, 3), "conv2d_s4"),
    integer(DepthwiseConv2d, (1, 5, 4, 3), (3, 3, 6), "depthwise_conv2d_s4", pad=(1, 1, 1, 1)),
    case(Dense(), (2, 9), (5, 9), "hybrid_dense_s4", weights=FEW),
    case(PLAIN, (2, 4, 3, 5), (6, 1, 1, 5), "hybrid_conv2d_s4", weights=FEW),
    case(GROUPED, (1, 5, 4, 6), (4, 3, 1, 3), "hybrid_conv2d_s4", weights=FEW),
    case(WIDE, (1, 6, 5, 2), (3, 3, 3, 2), "hybrid_conv2d_s4", asymmetric=False, per_channel=False, weights=FEW),
    blockwise(2, 5, 3, 4),
    blockwise(1, 4, 2, 32),
]


DSP = [
    integer(Dense, (2, 16), (6, 16), "windows_s4_dsp"),
    integer(Dense, (1, 37), (4, 37), "windows_s4_dsp_gathered"),
    integer(Dense, (2, 7), (3, 7), "dense_s4"),
    integer(Conv2d, (2, 5, 4, 3), (5, 3, 2, 3), "windows_s4_dsp_gathered", stride=(1, 2), pad=(1, 0, 1, 1)),
    integer(Conv2d, (1, 4, 4, 8), (9, 1, 1, 8), "windows_s4_dsp", stride=(2, 1)),
    integer(Conv2d, (1, 4, 4, 6), (4, 1, 1, 3), "conv2d_s4"),
    case(Dense(), (2, 24), (5, 24), "hybrid_windows_s4_dsp", weights=FEW),
    case(Conv2d(pad=(1, 1, 1, 1)), (2, 4, 5, 6), (6, 3, 3, 6), "hybrid_windows_s4_dsp_gathered", weights=FEW),
    case(WIDE, (1, 6, 5, 2), (4, 3, 3, 2), "hybrid_windows_s4_dsp_gathered", asymmetric=False, weights=FEW),
    blockwise(2, 6, 3, 16, "blockwise_dense_s4_dsp"),
    blockwise(1, 3, 2, 8),
    blockwise(1, 4, 2, 12),
]


@pytest.mark.cross
def test_dsp_rows_touch_nothing_but_their_memory() -> None:
    check_nodes(DSP, "cortex-m4", ulp=0, optimize="size", sanitize=True)


def test_the_lower_half_comes_first_and_rows_start_bytes() -> None:
    weights = np.array([[1, -2, 7], [-8, 0, -1]], np.int8)
    np.testing.assert_array_equal(pack_nibbles(weights), [[0xE1, 0x07], [0x08, 0x0F]])


def test_packed_rows() -> None:
    check_nodes(CASES, ulp=0, optimize="size")


def test_packed_rows_under_sanitizers_and_clang() -> None:
    check_nodes(CASES, ulp=0, optimize="size", sanitize=True)
    check_nodes(CASES, ulp=0, optimize="size", cc="clang")


def test_flash_holds_half_the_bytes() -> None:
    layer = integer(Dense, (1, 256), (64, 256), "")
    (small,), (fast,) = run_nodes([layer], optimize="size"), run_nodes([layer])
    assert small.kernels == ["dense_s4"]
    assert fast.kernels == ["dense_s8"]
    assert fast.rodata_bytes - small.rodata_bytes > 64 * 256 // 2 - 64
