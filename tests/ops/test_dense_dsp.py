"""Dense rows for the DSP extension, in the emulator, against the operator's reference."""

from __future__ import annotations

import numpy as np
import pytest

from edgegen.ir.fixed_point import FixedPoint
from edgegen.ir.op import Range
from edgegen.ops.dense import Dense
from tests.dsp_host import check_nodes_on_host
from tests.harness import Case, check_nodes, constant_input

S8 = Range(-128, 127)


def dense_case(
    rows: int,
    depth: int,
    units: int,
    row: str,
    zero: int = -128,
    clamp: Range = S8,
    gain: float = 1.0,
    weights: str = "any",
    x_zero: int = 5,
) -> Case:
    rng = np.random.default_rng(rows * 1000003 + depth * 1009 + units)
    w = rng.integers(-127, 128, (units, depth), np.int8)
    if weights == "extreme":
        w = rng.choice(np.array([-128, 127, -1], np.int8), w.shape)
    if weights == "large":
        w = np.where(rng.random(w.shape) < 0.5, -127, 127).astype(np.int8)
    x = rng.integers(-128, 128, (rows, depth), np.int8)
    if weights == "large":
        x[0] = np.where(w[-1] < 0, -128, 127)
    b = rng.integers(-3000, 3000, units, np.int32)
    scale = gain * 60 / (74 * 74 * depth**0.5)
    requantize = FixedPoint.from_scales([scale], zero)
    op = Dense(x_zero, requantize, clamp)
    return Case(op, [x, constant_input(w), constant_input(b)], row, f"{rows}x{depth}x{units} {weights}")


def cases() -> list[Case]:
    one, scratch, pixels = "dense_s8_dsp", "dense_s8_dsp_any", "conv2d_s8_dsp"
    return [
        dense_case(1, 64, 12, one, zero=14),
        dense_case(1, 640, 130, one),
        dense_case(2, 128, 9, one, zero=-7, x_zero=-128),
        dense_case(1, 4, 4, one, x_zero=127),
        dense_case(1, 1, 16, scratch),
        dense_case(1, 16, 1, scratch, zero=5),
        dense_case(2, 31, 3, scratch),
        dense_case(1, 64, 10, one, clamp=Range(-120, 101), zero=-120),
        dense_case(2, 64, 9, one, clamp=Range(-20, 127), zero=5),
        dense_case(1, 64, 3, scratch, gain=3000.0),
        dense_case(1, 4000, 4, scratch, weights="large", gain=0.02, zero=14),
        dense_case(1, 2111, 6, scratch, weights="large", gain=0.02),
        dense_case(1, 24, 8, pixels, weights="extreme"),
        dense_case(3, 24, 8, pixels),
        dense_case(7, 130, 40, pixels, zero=0),
    ]


@pytest.mark.cross
def test_dense_layers_are_exact_on_cortex_m4() -> None:
    check_nodes(cases(), "cortex-m4")


@pytest.mark.cross
def test_dense_layers_built_by_clang_for_size() -> None:
    check_nodes(cases()[::3], "cortex-m4", optimize="size", cc="clang")


def test_the_forms_in_c_are_exact_and_stay_in_bounds() -> None:
    """What compilers without the instructions are given, on the host under sanitizers."""
    check_nodes_on_host(cases())
