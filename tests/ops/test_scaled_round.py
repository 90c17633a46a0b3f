"""ONNX's requantization, an f32 factor rounded once with ties to even, in every row that carries it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from edgegen.errors import InvalidGraph
from edgegen.ir.fixed_point import ScaledRound
from edgegen.ir.op import NO_CLAMP, Range
from edgegen.ops.conv2d import Conv2d
from edgegen.ops.dense import Dense
from edgegen.ops.depthwise_conv2d import DepthwiseConv2d
from edgegen.targets import Optimize
from edgegen.targets import target as find_target
from tests.dsp_host import check_nodes_on_host
from tests.harness import Case, check_nodes, constant_input

RANDOM = np.random.default_rng(7)


def _scheme(units: int, reach: float, zero_point: int) -> ScaledRound:
    """Factors for sums of about `reach`; the first is a power of two, so that its ties are many."""
    factors = (RANDOM.uniform(0.3, 1.0, units) * 160 / reach).astype(np.float32)
    factors[0] = np.float32(2.0 ** np.round(np.log2(factors[0])))
    return ScaledRound.from_scales([float(f) for f in factors], zero_point)


def _weights(shape: tuple[int, ...], bits: int = 8) -> np.ndarray:
    if bits == 9:
        return RANDOM.integers(-100, 156, shape).astype(np.int16)
    return RANDOM.integers(-127, 128, shape).astype(np.int8)


def _bytes(shape: tuple[int, ...]) -> np.ndarray:
    return RANDOM.integers(-128, 128, shape).astype(np.int8)


def _dense(rows: int, depth: int, units: int, zero_point: int, bits: int = 8, clamp: Range = NO_CLAMP) -> Case:
    bias = RANDOM.integers(-3000, 3000, units).astype(np.int32)
    op = Dense(5, _scheme(units, 74 * 74 * np.sqrt(depth), zero_point), clamp)
    inputs = [_bytes((rows, depth)), constant_input(_weights((units, depth), bits)), constant_input(bias)]
    return Case(op, inputs, label=f"dense {rows}x{depth}x{units} zero {zero_point} bits {bits}")


def _conv(size: int, depth: int, units: int, kernel: int, zero_point: int, bits: int = 8) -> Case:
    bias = RANDOM.integers(-3000, 3000, units).astype(np.int32)
    pad = kernel // 2
    scheme = _scheme(units, 74 * 74 * kernel * np.sqrt(depth), zero_point)
    op = Conv2d((1, 1), (1, 1), (pad, pad, pad, pad), -7, scheme)
    w = constant_input(_weights((units, kernel, kernel, depth), bits))
    inputs = [_bytes((1, size, size, depth)), w, constant_input(bias)]
    return Case(op, inputs, label=f"conv {size} {depth}x{units} by {kernel} zero {zero_point} bits {bits}")


def _depthwise(size: int, channels: int, kernel: int, zero_point: int, bits: int = 8) -> Case:
    bias = RANDOM.integers(-3000, 3000, channels).astype(np.int32)
    pad = kernel // 2
    op = DepthwiseConv2d((1, 1), (1, 1), (pad, pad, pad, pad), 3, _scheme(channels, 74 * 74 * kernel, zero_point))
    w = constant_input(_weights((kernel, kernel, channels), bits))
    inputs = [_bytes((1, size, size, channels)), w, constant_input(bias)]
    return Case(op, inputs, label=f"depthwise {size} {channels} by {kernel} zero {zero_point} bits {bits}")


def _cases() -> list[Case]:
    return [
        _dense(1, 200, 19, -128, clamp=Range(-128, 90)),
        _dense(1, 64, 33, 3),
        _dense(7, 40, 17, -5),
        _dense(1, 40, 9, 11, bits=9),
        _dense(6, 40, 9, 11, bits=9),
        _conv(6, 16, 20, 3, -128),
        _conv(6, 32, 17, 1, 9),
        _conv(5, 3, 8, 3, -1),
        _conv(5, 16, 8, 3, 4, bits=9),
        _depthwise(7, 21, 3, -128),
        _depthwise(6, 16, 5, 8),
        _depthwise(6, 16, 3, 8, bits=9),
        _depthwise(8, 1, 3, 2),
    ]


def _sum(case: Case, kernel: str = "") -> Case:
    """The case without requantization."""
    without: dict[str, Any] = {"requantize": None, "clamp": NO_CLAMP}
    return replace(case, op=replace(case.op, **without), kernel=kernel, label=f"sums of {case.label}")


def _sums() -> list[Case]:
    return [_sum(c) for c in (_dense(2, 40, 9, 0), _dense(2, 40, 9, 0, bits=9), _depthwise(5, 6, 3, 0))]


@pytest.mark.parametrize("target", ["generic", "host"])
def test_rows_of_this_machine(target: str) -> None:
    check_nodes(_cases() + _sums(), target)


@pytest.mark.cross
@pytest.mark.parametrize("target", ["arm-neon", "cortex-m4"])
def test_rows_of_other_cores(target: str) -> None:
    check_nodes(_cases() + _sums()[:1], target)


def _tiles() -> list[Case]:
    """Every tile of the DSP rows that scales sums: two pixels and widened weights, three pixels, rows; few units."""
    return [
        _conv(6, 16, 20, 3, -128),
        _conv(6, 48, 33, 3, 9),
        _conv(5, 16, 1, 3, 4),
        _conv(5, 24, 9, 3, 127, bits=9),
        _dense(2, 64, 33, -128, clamp=Range(-128, 90)),
        _dense(1, 41, 3, 3),
        _dense(1, 3000, 6, -7),
    ]


@pytest.mark.cross
@pytest.mark.parametrize(("optimize", "cc"), [("speed", ""), ("size", "clang")])
def test_sums_are_scaled_in_tiles(optimize: Optimize, cc: str) -> None:
    check_nodes(_tiles(), "cortex-m4", optimize=optimize, cc=cc, sanitize=not cc)


@pytest.mark.cross
def test_cores_without_floats_scale_in_c() -> None:
    """Tiles in assembly have no instructions for it there."""
    with_floats = find_target("cortex-m4")
    without = tuple(f for f in with_floats.cflags if "fpu" not in f and "float" not in f)
    check_nodes(_tiles(), replace(with_floats, cflags=(*without, "-mfloat-abi=soft")))


def test_tiles_in_c_scale_sums_alike() -> None:
    check_nodes_on_host([*_tiles(), *_cases()])


def test_rows_as_shared_functions() -> None:
    check_nodes(_cases()[:3] + _sums()[:2], "generic", optimize="size")


def test_ties_go_to_even_and_products_are_f32() -> None:
    half = ScaledRound.from_scales([0.5], 10)
    assert half.apply(np.array([-3, -1, 1, 3, 5])).tolist() == [8, 10, 10, 12, 12]
    third = ScaledRound.from_scales([float(np.float32(1 / 3))], 0)
    acc = np.arange(-(1 << 25), 1 << 25, 9973)
    expected = np.rint(acc.astype(np.float32) * np.float32(1 / 3))
    assert np.array_equal(third.apply(acc), expected.astype(np.int64))


def test_factors_that_are_no_f32_are_refused() -> None:
    with pytest.raises(InvalidGraph, match="no f32"):
        ScaledRound.from_scales([0.1], 0)
