"""Layers of s16 activations and s8 weights: the emitted C computes what the operators define."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edgegen.errors import InvalidGraph
from edgegen.ir.fixed_point import FixedPoint, WideFixedPoint
from edgegen.ir.op import Op, Range
from edgegen.ir.tensor import Array
from edgegen.ops.conv2d import Conv2d
from edgegen.ops.dense import Dense
from edgegen.ops.depthwise_conv2d import DepthwiseConv2d
from tests.harness import Case, check_nodes, constant_input

CLAMP = Range(-30000, 32767)


def requantize(wide: bool, channels: int, terms: int) -> FixedPoint:
    """Factors that spread sums of so many products over s16, one for each channel."""
    kind = WideFixedPoint if wide else FixedPoint
    return kind.from_scales([(1 + 0.3 * i) / (100 * terms**0.5) for i in range(channels)], 0)


def case(op: Op, x: tuple[int, ...], w: tuple[int, ...], units: int, wide: bool | None, kernel: str) -> Case:
    """wide: of the bias, s64 or s32; None leaves it out."""
    rng = np.random.default_rng(len(kernel) + units)

    def any_of(shape: tuple[int, ...], dtype: type[np.signedinteger]) -> Array:
        limits = np.iinfo(dtype)
        data = rng.integers(limits.min, limits.max + 1, shape)
        return np.asarray(np.where(rng.random(shape) < 0.1, limits.min, data), dtype)

    bias = None
    if wide is not None:
        bound = 1 << 40 if wide else 1 << 30
        bias = constant_input(rng.integers(-bound, bound, units).astype(np.int64 if wide else np.int32))
    return Case(op, [any_of(x, np.int16), constant_input(any_of(w, np.int8)), bias], kernel, f"{op} {wide}")


def cases() -> list[Case]:
    made = []
    for wide in (True, False, None):
        is_wide = wide is not False

        def scheme(channels: int, terms: int, is_wide: bool = is_wide) -> FixedPoint:
            return requantize(is_wide, channels, terms)

        conv = Conv2d((2, 1), (1, 2), (1, 2, 0, 1), 0, scheme(6, 36), CLAMP)
        made.append(case(conv, (2, 7, 8, 8), (6, 3, 3, 4), 6, wide, "conv2d_s16"))
        made.append(case(Conv2d(requantize=scheme(1, 5)), (1, 3, 4, 5), (9, 1, 1, 5), 9, wide, "conv2d_s16"))
        depthwise = DepthwiseConv2d((1, 2), (1, 1), (1, 1, 1, 1), 0, scheme(6, 9), CLAMP)
        made.append(case(depthwise, (1, 5, 6, 3), (3, 3, 6), 6, wide, "depthwise_conv2d_s16"))
        made.append(case(Dense(0, scheme(7, 33), CLAMP), (3, 33), (7, 33), 7, wide, "dense_s16"))
    return made


def run_time_weights() -> list[Case]:
    """Dense layers whose weights are computed; beside them x may be known."""
    rng = np.random.default_rng(5)
    w = rng.integers(-128, 128, (4, 19)).astype(np.int8)
    x = rng.integers(-32768, 32768, (3, 19)).astype(np.int16)
    bias = constant_input(rng.integers(-9999, 9999, 4, np.int64))
    dense, floats = Dense(0, requantize(True, 4, 19), CLAMP), constant_input(np.arange(4, dtype=np.float32))
    return [
        Case(dense, [x, w, bias], "dense_s16", "s16"),
        Case(dense, [constant_input(x), w, None], "dense_s16", "s16, x known"),
        Case(Dense(), [x.astype(np.float32), w.astype(np.float32), floats], "dense_f32", "f32"),
    ]


@pytest.mark.parametrize("cc", ["gcc", "clang"])
def test_portable(cc: str) -> None:
    check_nodes([*cases(), *run_time_weights()], "generic", cc=cc, sanitize=True)


def test_shared_functions() -> None:
    check_nodes(cases(), "generic", optimize="size")


@pytest.mark.cross
def test_cortex_m4() -> None:
    """Dense layers whose weights are known have a row of their own there."""
    known = [replace(c, kernel="dense_s16_dsp") if c.kernel == "dense_s16" else c for c in cases()]
    check_nodes([*known, *run_time_weights()], "cortex-m4")


def test_wide_sums_round_once_and_ties_upwards() -> None:
    half = WideFixedPoint.from_scales([0.5], 0)
    assert half.apply(np.array([-3, -1, 1, 3])).tolist() == [-1, 0, 1, 2]
    assert WideFixedPoint.from_scales([2.0**-20], 0).apply(np.array([(1 << 46) + 1])).tolist() == [1 << 26]
    assert WideFixedPoint((0x7FFFFFFF,), (0,), 0).reduced(1)[0].tolist() == [0x7FFF]


def test_wide_sums_refuse_large_factors() -> None:
    with pytest.raises(InvalidGraph, match="64-bit sums"):
        WideFixedPoint.from_scales([300.0], 0)
