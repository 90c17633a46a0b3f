"""Convolutions whose groups take turns among the output's channels, in every portable row."""

from __future__ import annotations

import numpy as np

from edgegen.ir.fixed_point import FixedPoint, ScaledRound
from edgegen.ir.op import NO_CLAMP, Range
from edgegen.ops.conv2d import Conv2d
from tests.harness import Case, check_nodes, constant_input

X, FILTERS = (2, 5, 4, 6), (16, 3, 2, 3)  # two groups of three channels, eight filters of each
WINDOW = {"stride": (1, 2), "pad": (1, 0, 1, 1), "interleaved": True}
RANDOM = np.random.default_rng(11)


def case(kernel: str, x: str, w: str, requantize: FixedPoint | None = None, bits: int = 8) -> Case:
    """Filters of integers within so many bits."""
    most = 1 << (bits - 1)
    image = RANDOM.integers(-128, 128, X).astype(x)
    filters = RANDOM.integers(-most + 1, most, FILTERS).astype(w)
    bias = RANDOM.integers(-999, 999, FILTERS[0]).astype({"int8": "int32", "int16": "int64"}.get(x, x))
    zero = 5 if x == "int8" else 0
    clamp = NO_CLAMP if kernel == "conv2d_s8_s32" else Range(-100, 90)
    op = Conv2d(x_zero=zero, requantize=requantize, clamp=clamp, **WINDOW)
    return Case(op, [image, constant_input(filters), constant_input(bias)], kernel, kernel)


FACTORS = [0.001 * (i + 1) for i in range(FILTERS[0])]
SCALED = [float(np.float32(f)) for f in FACTORS]
CASES = [
    case("conv2d_s8", "int8", "int8", FixedPoint.from_scales(FACTORS, -3)),
    case("conv2d_s8_scaled", "int8", "int8", ScaledRound.from_scales(SCALED, -3)),
    case("conv2d_s8_s32", "int8", "int8"),
    case("conv2d_s16", "int16", "int8", FixedPoint.from_scales(FACTORS, 0)),
    case("conv2d_f32", "float32", "float32", bits=13),  # more than f16 has, and sums are exact
]
SMALL = [
    case("conv2d_s4", "int8", "int8", FixedPoint.from_scales(FACTORS, -3), bits=4),
    case("conv2d_f32_stored", "float32", "float32", bits=4),
]


def test_rows() -> None:
    check_nodes(CASES)
    check_nodes(SMALL, optimize="size")


def test_groups_take_turns() -> None:
    """Channel o of the output is the filter's of group o % 2."""
    x, w = np.array([1.0, 10.0], np.float32).reshape(1, 1, 1, 2), np.ones((4, 1, 1, 1), np.float32)
    apart, turns = (Conv2d(interleaved=i).reference(x, w)[0].reshape(-1).tolist() for i in (False, True))
    assert apart == [1, 1, 10, 10]
    assert turns == [1, 10, 1, 10]
