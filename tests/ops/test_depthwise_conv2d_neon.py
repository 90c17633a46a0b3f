"""Depthwise convolutions on AArch64 against the operator's reference, every buffer beside forbidden pages."""

from __future__ import annotations

import numpy as np
import pytest

from edgegen.ir.op import NO_CLAMP, Range
from edgegen.ops.depthwise_conv2d import DepthwiseConv2d
from edgegen.ops.window import Pads, Pair
from tests.guarded import check_guarded
from tests.harness import Case, constant_input
from tests.ops.layer_cases import depthwise_s8

pytestmark = pytest.mark.cross

TARGETS = ("arm-neon", "arm-neon-dotprod")


S8_3X3 = "depthwise_conv2d_s8_3x3"
NEON = {"row": "depthwise_conv2d_s8_neon"}
SCRATCH = {"row": "depthwise_conv2d_s8_neon_scratch"}
# cases of any kernel or stride, which both targets compute with the same rows
S8_CASES = [
    depthwise_s8((1, 3, 5, 12), stride=(2, 2), zeros=(0, 3), **NEON),
    depthwise_s8((1, 4, 4, 25), stride=(2, 2), pad=(0, 0, 1, 1), zeros=(127, -128), row=f"{S8_3X3}_neon_bordered"),
    depthwise_s8((1, 9, 11, 24), stride=(2, 2), zeros=(2, -1), row=f"{S8_3X3}_neon"),
    depthwise_s8((2, 10, 8, 9), stride=(2, 2), pad=(1, 1, 1, 1), zeros=(0, -128), row=f"{S8_3X3}_neon_bordered"),
    depthwise_s8((1, 3, 3, 20), pad=(1, 1, 1, 1)),
    depthwise_s8((2, 7, 6, 8), (3, 3), (1, 2), (2, 1), (2, 1, 2, 1), (-7, 5), Range(-50, 100), **SCRATCH),
    depthwise_s8((1, 28, 1, 40), (5, 1), **NEON),
    depthwise_s8((1, 15, 1, 24), (15, 1), zeros=(4, 0), clamp=Range(0, 127), **NEON),
    depthwise_s8((1, 5, 6, 17), (1, 1), zeros=(3, -5), **NEON),
    depthwise_s8((1, 5, 6, 31), (2, 4), pad=(1, 2, 0, 1), zeros=(3, -5), **SCRATCH),
    depthwise_s8((1, 6, 6, 48), (5, 5), (2, 2), pad=(1, 1, 2, 2), **SCRATCH),
    depthwise_s8((1, 5, 5, 24), (2, 2), weight=-128, zeros=(0, 0), factor=1e-3, **NEON),
    depthwise_s8((1, 5, 5, 8), (3, 3), (2, 1), weight=-128, zeros=(0, 0), factor=1e-3, **NEON),
    depthwise_s8((1, 4, 4, 16), (1, 2), weight=1, zeros=(0, 9), factor=20.0, **NEON),
    depthwise_s8((1, 4, 4, 7), row="depthwise_conv2d_s8"),
]

# 3x3 kernels that move pixel by pixel, for which both targets have rows of their own
S8_3X3_CASES = [
    depthwise_s8((1, 4, 3, 8)),
    depthwise_s8((1, 7, 4, 16), zeros=(5, -6), clamp=Range(-100, 100)),
    depthwise_s8((1, 6, 8, 29), zeros=(-128, 0), clamp=Range(0, 90)),
    depthwise_s8((2, 5, 7, 64), pad=(1, 1, 1, 1), zeros=(127, -128)),
    depthwise_s8((1, 8, 5, 24), pad=(1, 1, 1, 1), zeros=(-1, 20)),
    depthwise_s8((1, 2, 1, 8), pad=(1, 1, 1, 1), zeros=(0, 0)),
    depthwise_s8((1, 5, 3, 19), pad=(2, 0, 0, 2), zeros=(10, -10)),
    depthwise_s8((1, 4, 9, 16), pad=(1, 1, 1, 1), weight=-128, zeros=(0, 0), factor=1e-3),
    depthwise_s8((1, 4, 9, 8), pad=(0, 1, 0, 1), weight=2, zeros=(0, -128), factor=6.0),
]


@pytest.mark.parametrize("target", TARGETS)
def test_s8_is_exact_and_stays_in_bounds(target: str) -> None:
    check_guarded(S8_CASES, target)


@pytest.mark.parametrize("target", TARGETS)
def test_s8_3x3_is_exact_and_stays_in_bounds(target: str) -> None:
    name = f"{S8_3X3}_{'dotprod' if target.endswith('dotprod') else 'neon'}"
    cases = []
    for case, needs_scratch in zip(S8_3X3_CASES, SCRATCH_3X3, strict=True):
        cases.append(Case(case.op, case.inputs, name + ("_bordered" if needs_scratch else ""), case.label))
    check_guarded(cases, target)


# which of S8_3X3_CASES have padding above or below, or an odd number of output rows
SCRATCH_3X3 = [False, True, False, *[True] * 5, False]


def depthwise_f32(
    x: tuple[int, int, int, int],
    row: str,
    kernel: Pair = (3, 3),
    stride: Pair = (1, 1),
    dilation: Pair = (1, 1),
    pad: Pads = (0, 0, 0, 0),
    clamp: Range = NO_CLAMP,
) -> Case:
    rng = np.random.default_rng([*x, *kernel, *pad])
    data, w, bias = (rng.normal(size=s).astype(np.float32) for s in (x, (*kernel, x[3]), (x[3],)))
    op = DepthwiseConv2d(stride, dilation, pad, clamp=clamp)
    label = f"{x}, kernel {kernel}, stride {stride}, dilation {dilation}, pad {pad}"
    return Case(op, [data, constant_input(w), constant_input(bias)], f"depthwise_conv2d_f32_{row}", label)


F32_CASES = [
    depthwise_f32((1, 4, 3, 4), "3x3_neon"),
    depthwise_f32((2, 5, 7, 23), "3x3_neon_bordered", pad=(1, 1, 1, 1), clamp=Range(0, 6)),
    depthwise_f32((1, 9, 11, 8), "3x3_neon", stride=(2, 2), clamp=Range(0, float("inf"))),
    depthwise_f32((1, 6, 7, 5), "3x3_neon_bordered", stride=(2, 2), pad=(0, 0, 1, 1)),
    depthwise_f32((1, 5, 9, 9), "3x3_neon_bordered", pad=(0, 2, 0, 0)),
    depthwise_f32((1, 3, 3, 8), "neon"),
    depthwise_f32((1, 6, 5, 37), "neon_scratch", (5, 2), (1, 2), pad=(2, 0, 1, 1)),
    depthwise_f32((2, 8, 7, 16), "neon", (3, 3), (1, 1), (2, 3)),
    depthwise_f32((1, 4, 4, 3), "generic"),
]


def test_f32_is_within_rounding_and_stays_in_bounds() -> None:
    *vectors, portable = F32_CASES
    portable = Case(portable.op, portable.inputs, "depthwise_conv2d_f32", portable.label)
    check_guarded([*vectors, portable], "arm-neon", ulp=16)
