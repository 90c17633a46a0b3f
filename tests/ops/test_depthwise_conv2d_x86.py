"""Depthwise convolutions on x86-64 against the operator's reference, every buffer beside forbidden memory."""

from __future__ import annotations

import numpy as np
import pytest

from edgegen.ir.op import NO_CLAMP, Range
from edgegen.ops.depthwise_conv2d import DepthwiseConv2d
from edgegen.ops.window import Pads, Pair
from edgegen.targets import Optimize
from tests.guarded import check_guarded
from tests.harness import Case, check_nodes, constant_input
from tests.ops.layer_cases import depthwise_s8
from tests.x86 import X86

SAME = (1, 1, 1, 1)
S8_CASES = [
    depthwise_s8((1, 1, 1, 4), (1, 1)),
    depthwise_s8((1, 9, 5, 64), pad=SAME),
    depthwise_s8((2, 5, 7, 40), (3, 1), zeros=(0, 3)),
    depthwise_s8((1, 6, 8, 8), pad=SAME, zeros=(5, -128)),
    depthwise_s8((1, 9, 8, 16), stride=(2, 2), pad=(0, 0, 1, 1), zeros=(-128, 1)),
    depthwise_s8((1, 12, 10, 48), (5, 5), pad=(2, 2, 2, 2)),
    depthwise_s8((1, 15, 1, 100), (15, 1), zeros=(127, -5)),
    depthwise_s8((1, 10, 11, 5), dilation=(2, 3), pad=(2, 3, 2, 3), zeros=(127, 127)),
    depthwise_s8((1, 7, 6, 33), (2, 3), (3, 1), pad=(1, 2, 0, 1), clamp=Range(-20, 90)),
    depthwise_s8((1, 4, 4, 2), pad=SAME),
    depthwise_s8((3, 7, 3, 24), (4, 4), pad=(2, 1, 1, 2), zeros=(0, 0)),
    depthwise_s8((1, 3, 3, 96), stride=(2, 2), pad=SAME),
    depthwise_s8((1, 3, 5, 16), zeros=(3, 4), factor=90.0),
    depthwise_s8((2, 7, 6, 33), pad=(1, 2, 0, 1), zeros=(4, -9), clamp=Range(-90, 70)),
    depthwise_s8((2, 6, 7, 21), stride=(2, 2), pad=(1, 0, 1, 1), zeros=(-7, 3)),
    depthwise_s8((1, 28, 1, 128), (5, 1), zeros=(11, 6)),
    depthwise_s8((2, 17, 1, 32), (3, 1), pad=(1, 0, 1, 0), zeros=(-128, 2)),
    depthwise_s8((2, 19, 3, 80), (4, 3), (2, 1), pad=(1, 2, 1, 1), zeros=(-9, 0), clamp=Range(-90, 70)),
]
# of one input channel: computed as convolutions
S8_ONE_CHANNEL = [
    depthwise_s8((1, 21, 18, 1), (10, 8), (2, 2), pad=(4, 3, 5, 3), multiplier=8),
    depthwise_s8((2, 6, 6, 1), pad=SAME, multiplier=20, zeros=(9, 0)),
]


def _row(case: Case, target: str) -> str:
    isa, lanes = ("avx2", 8) if target == "x86-avx2" else ("avx512vnni", 16)
    x, w = case.inputs[:2]
    assert isinstance(case.op, DepthwiseConv2d)
    assert x is not None
    assert w is not None
    in_columns = w.shape[:2] == (3, 3) and case.op.dilation == (1, 1) and x.shape[3] >= lanes
    return f"depthwise_conv2d_s8_{'3x3_' if in_columns else ''}{isa}"


@pytest.mark.parametrize("target", X86)
def test_s8_is_exact_and_stays_in_bounds(target: str) -> None:
    isa = "avx2" if target == "x86-avx2" else "avx512vnni"
    cases = [Case(c.op, c.inputs, _row(c, target), c.label) for c in S8_CASES]
    cases += [Case(c.op, c.inputs, f"conv2d_s8_{isa}", c.label) for c in S8_ONE_CHANNEL]
    check_guarded(cases, target)


@pytest.mark.parametrize("target", X86)
@pytest.mark.parametrize(("cc", "optimize"), [("gcc", "speed"), ("gcc", "size"), ("clang", "speed")])
def test_s8_is_exact_with_other_compilers_and_sizes(target: str, cc: str, optimize: Optimize) -> None:
    check_nodes([S8_CASES[1], S8_CASES[2], S8_CASES[5], S8_CASES[-1]], target, cc=cc, optimize=optimize)


def depthwise_f32(
    x: tuple[int, int, int, int],
    kernel: Pair = (3, 3),
    stride: Pair = (1, 1),
    dilation: Pair = (1, 1),
    pad: Pads = (0, 0, 0, 0),
    clamp: Range = NO_CLAMP,
) -> Case:
    """One case whose products are multiples of 1/64 and whose sums are exact in f32, whatever their order."""
    rng = np.random.default_rng([*x, *kernel, *pad])
    values = [(rng.integers(-16, 17, s) / 8).astype(np.float32) for s in (x, (*kernel, x[3]), (x[3],))]
    label = f"{x}, {kernel}, stride {stride}, dilation {dilation}, pad {pad}"
    op = DepthwiseConv2d(stride, dilation, pad, 0, None, clamp)
    return Case(op, [values[0], constant_input(values[1]), constant_input(values[2])], label=label)


F32_CASES = [
    depthwise_f32((1, 1, 1, 4), (1, 1)),
    depthwise_f32((2, 5, 7, 40), (3, 1)),
    depthwise_f32((1, 6, 8, 8), pad=SAME, clamp=Range(0, 6)),
    depthwise_f32((1, 5, 13, 4), (1, 3), pad=(0, 1, 0, 1)),
    depthwise_f32((1, 9, 8, 16), stride=(2, 2), pad=(0, 0, 1, 1)),
    depthwise_f32((1, 12, 14, 4), stride=(2, 2), pad=SAME),
    depthwise_f32((1, 7, 6, 33), (5, 5), pad=(2, 2, 2, 2), clamp=Range(-2, 3)),
    depthwise_f32((1, 10, 14, 5), dilation=(2, 3), pad=(2, 3, 2, 3)),
    depthwise_f32((1, 14, 7, 20), (9, 3), (3, 1)),
    depthwise_f32((1, 3, 2, 32), (7, 5), dilation=(2, 2), pad=(7, 6, 7, 6)),
    depthwise_f32((1, 4, 20, 32), pad=SAME),
]


@pytest.mark.parametrize("target", X86)
def test_f32_stays_in_bounds(target: str) -> None:
    row = f"depthwise_conv2d_f32_{target.removeprefix('x86-')}"
    check_guarded([Case(c.op, c.inputs, row, c.label) for c in F32_CASES], target, ulp=0)
