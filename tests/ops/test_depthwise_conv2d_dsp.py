"""Depthwise rows for the DSP extension, in the emulator, against the operator's reference."""

from __future__ import annotations

import numpy as np
import pytest

from edgegen.ir.fixed_point import FixedPoint
from edgegen.ir.op import Range
from edgegen.ops.depthwise_conv2d import DepthwiseConv2d
from edgegen.ops.window import Pads, Pair
from tests.dsp_host import check_nodes_on_host
from tests.harness import Case, check_nodes, constant_input

S8 = Range(-128, 127)
ONE, TWO = (1, 1), (2, 2)
ANY = "depthwise_conv2d_s8_dsp"
FAST = ANY + "_3x3"
BOTH = FAST + "_corrected"


def depthwise_case(
    row: str,
    size: tuple[int, int, int, int],
    kernel: Pair = (3, 3),
    stride: Pair = ONE,
    dilation: Pair = ONE,
    pad: Pads = (0, 0, 0, 0),
    x_zero: int = -128,
    zero: int = -128,
    clamp: Range = S8,
    gain: float = 1.0,
    multiplier: int = 1,
    extreme: bool = False,
) -> Case:
    rng = np.random.default_rng(abs(hash((size, kernel, stride, pad, x_zero))))
    channels = size[3] * multiplier
    w = rng.integers(-127, 128, (*kernel, channels), np.int8)
    x = rng.integers(-128, 128, size, np.int8)
    if extreme:
        w = rng.choice(np.array([-128, 127], np.int8), w.shape)
        x = rng.choice(np.array([-128, 127], np.int8), x.shape)
    b = rng.integers(-3000, 3000, channels, np.int32)
    spread = gain * 60 / (74 * 74 * (kernel[0] * kernel[1]) ** 0.5)
    requantize = FixedPoint.from_scales([float(spread * rng.uniform(0.4, 2)) for _ in range(channels)], zero)
    op = DepthwiseConv2d(stride, dilation, pad, x_zero, requantize, clamp)
    label = f"x {size} kernel {kernel} stride {stride} dilation {dilation} pad {pad}"
    return Case(op, [x, constant_input(w), constant_input(b)], row, label)


def cases() -> list[Case]:
    same = (1, 1, 1, 1)
    return [
        depthwise_case(FAST, (1, 25, 5, 8), pad=same),
        depthwise_case(FAST, (1, 6, 6, 12), pad=same, x_zero=5),
        depthwise_case(FAST, (2, 3, 3, 7), pad=same, x_zero=127),
        depthwise_case(FAST, (1, 3, 3, 4)),
        depthwise_case(FAST, (1, 4, 7, 5), pad=(0, 2, 0, 1), x_zero=0),
        depthwise_case(FAST, (1, 1, 1, 4), pad=(3, 3, 4, 3), x_zero=-7),
        depthwise_case(FAST, (1, 2, 4, 9), pad=(4, 1, 0, 1), extreme=True),
        depthwise_case(FAST, (1, 12, 12, 8), stride=TWO, pad=(0, 0, 1, 1)),
        depthwise_case(FAST, (1, 7, 7, 6), stride=TWO, pad=same, x_zero=3),
        depthwise_case(FAST, (2, 6, 20, 4), stride=TWO, pad=(0, 0, 1, 1), extreme=True),
        depthwise_case(FAST, (1, 8, 9, 4), stride=TWO, gain=30.0),
        depthwise_case(FAST, (1, 5, 3, 4), stride=TWO, pad=(0, 5, 4, 1), gain=0.01),
        depthwise_case(BOTH, (1, 5, 5, 8), pad=same, zero=-3),
        depthwise_case(BOTH, (1, 6, 8, 6), pad=same, zero=90, x_zero=4),
        depthwise_case(BOTH, (1, 9, 11, 5), stride=TWO, pad=same, zero=10, extreme=True),
        depthwise_case(BOTH, (2, 7, 13, 4), stride=TWO, zero=-50, clamp=Range(-120, 99)),
        depthwise_case(ANY, (1, 5, 5, 8), pad=same, zero=-3, gain=100.0),
        depthwise_case(FAST, (1, 9, 9, 6), pad=same, clamp=Range(-14, 100), zero=-14),
        depthwise_case(BOTH, (1, 9, 9, 6), pad=same, clamp=Range(-100, 90), zero=7),
        depthwise_case(ANY, (1, 9, 9, 6), (5, 5), pad=(2, 2, 2, 2), x_zero=11),
        depthwise_case(ANY, (1, 11, 9, 5), (7, 7), TWO, pad=(3, 3, 2, 2), zero=4, x_zero=-1),
        depthwise_case(ANY, (1, 30, 1, 40), (10, 1), zero=-3),
        depthwise_case(ANY, (2, 5, 9, 4), (3, 3), (1, 2), (2, 3), (4, 6, 1, 3), x_zero=-20),
        depthwise_case(ANY, (1, 9, 8, 4), (2, 4), (3, 1), pad=(1, 0, 0, 3), extreme=True, zero=0),
        depthwise_case("depthwise_conv2d_s8", (1, 9, 8, 4), (2, 4), (3, 1), pad=(1, 0, 0, 5)),
        depthwise_case(ANY, (1, 3, 3, 4), (2, 2), gain=3000.0),
        depthwise_case("conv2d_s8_dsp_in_place", (1, 12, 10, 1), (10, 8), TWO, pad=(4, 3, 5, 3), multiplier=8),
        depthwise_case("conv2d_s8_dsp", (1, 9, 9, 1), (3, 3), TWO, pad=(0, 0, 1, 1), multiplier=7, x_zero=-1),
        depthwise_case("depthwise_conv2d_s8", (1, 9, 9, 2), (3, 3), multiplier=2),
        depthwise_case("depthwise_conv2d_s8", (1, 4, 4, 3), (3, 3)),
    ]


@pytest.mark.cross
def test_depthwise_convolutions_are_exact_on_cortex_m4() -> None:
    check_nodes(cases(), "cortex-m4")


@pytest.mark.cross
def test_depthwise_convolutions_built_by_clang_for_size() -> None:
    check_nodes(cases()[::3], "cortex-m4", optimize="size", cc="clang")


def test_the_forms_in_c_are_exact_and_stay_in_bounds() -> None:
    """What compilers without the instructions are given, on the host under sanitizers."""
    check_nodes_on_host(cases()[::2])
