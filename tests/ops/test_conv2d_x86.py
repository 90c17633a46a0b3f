"""Convolutions on x86-64 against the operator's reference, every buffer beside forbidden memory."""

from __future__ import annotations

import numpy as np
import pytest

from edgegen.ir.fixed_point import FixedPoint
from edgegen.ir.op import NO_CLAMP, Range
from edgegen.ir.tensor import Tensor
from edgegen.ops.conv2d import Conv2d
from edgegen.ops.requantize_float import FIXED_POINT
from edgegen.ops.window import Pads, Pair
from edgegen.ops.x86_tiles import quantized_form
from edgegen.targets import Optimize
from tests.guarded import check_guarded
from tests.harness import Case, check_nodes, constant_input
from tests.ops.layer_cases import conv_s8
from tests.x86 import X86

# (case, whether its windows can be read in place as whole groups of 4 channels)
S8_CASES = [
    (conv_s8((1, 1, 1, 4), 1), True),
    (conv_s8((1, 1, 1, 7), 2, zeros=(5, 3)), False),
    (conv_s8((1, 1, 1, 40), 66, zeros=(127, 127)), True),
    (conv_s8((2, 5, 7, 12), 20, zeros=(-128, 3)), True),
    (conv_s8((1, 11, 11, 8), 64, zeros=(127, 0)), True),
    (conv_s8((1, 3, 3, 64), 48, clamp=Range(-128, 50)), True),
    (conv_s8((1, 2, 2, 31), 12, zeros=(0, 0), clamp=Range(-100, 90)), False),
    (conv_s8((1, 9, 9, 24), 33, stride=(2, 2), bias=False), True),
    (conv_s8((1, 6, 4, 16), 16, (3, 3), pad=(1, 1, 1, 1), zeros=(127, -128)), False),
    (conv_s8((2, 5, 20, 4), 20, (3, 3), (2, 2), pad=(0, 0, 1, 1), zeros=(-1, 7)), False),
    (conv_s8((1, 9, 3, 5), 113, (3, 3), (2, 1), (1, 2), (2, 2, 2, 2), (0, -3), Range(-90, 127)), False),
    (conv_s8((1, 11, 8, 20), 10, (2, 3), (1, 1), (3, 2), zeros=(-128, 3)), True),
    (conv_s8((1, 34, 1, 8), 128, (5, 1)), True),
    (conv_s8((1, 13, 6, 1), 64, (10, 4), (2, 2), pad=(4, 1, 5, 1), zeros=(83, -128)), False),
    (conv_s8((1, 3, 2, 4), 16, (3, 3), pad=(5, 3, 5, 1), zeros=(60, 1)), False),
    (conv_s8((3, 9, 9, 3), 8, (3, 3), (2, 2), pad=(0, 0, 1, 1)), False),
    (conv_s8((1, 8, 20, 3), 8, (3, 3), (2, 2), pad=(0, 0, 1, 1), zeros=(5, 4)), False),
    (conv_s8((1, 20, 25, 1), 5, (10, 8), (2, 2), pad=(4, 3, 5, 3), clamp=Range(-100, 20)), False),
    (conv_s8((1, 4, 11, 8), 3, (3, 3), pad=(1, 1, 1, 1), weight=1, factor=90.0), False),
    (conv_s8((5, 4, 4, 16), 36, (4, 4)), True),
    (conv_s8((1, 12, 4, 2), 4, (3, 3), (5, 1), pad=(1, 1, 1, 1)), False),
    (conv_s8((1, 40, 21, 16), 13, (3, 3), pad=(1, 1, 1, 1), zeros=(-128, 3)), False),
    (conv_s8((1, 2, 2, 48), 16, weight=-128, zeros=(0, 0), factor=1e-4), True),
    (conv_s8((1, 3, 7, 16), 64, weight=2, zeros=(0, 5), factor=12.0), True),
    (conv_s8((1, 2, 2, 8), 8, weight=1, zeros=(-3, -128), factor=40.0), True),
    (conv_s8((1, 3, 4, 512), 64, weight=127, zeros=(-128, 0), factor=1e-6), True),
]


def s8_row(target: str, direct: bool) -> str:
    return "conv2d_s8_avx2" if target == "x86-avx2" else f"conv2d_s8_avx512vnni{'_direct' if direct else ''}"


@pytest.mark.parametrize("target", X86)
def test_s8_is_exact_and_stays_in_bounds(target: str) -> None:
    check_guarded([Case(c.op, c.inputs, s8_row(target, d), c.label) for c, d in S8_CASES], target)


@pytest.mark.parametrize("target", X86)
@pytest.mark.parametrize(("cc", "optimize"), [("gcc", "speed"), ("gcc", "size"), ("clang", "speed")])
def test_s8_is_exact_with_other_compilers_and_sizes(target: str, cc: str, optimize: Optimize) -> None:
    cases = [Case(c.op, c.inputs, s8_row(target, d), c.label) for c, d in S8_CASES[4:18:6]]
    check_nodes(cases, target, cc=cc, optimize=optimize)


def unproved(units: int, factor: float) -> Case:
    """Channels without float constants: factors above 1 step at every accumulator, and a left shift may wrap."""
    rng = np.random.default_rng(5)
    x = rng.integers(-128, 128, (1, 2, 5, 8)).astype(np.int8)
    w = rng.integers(-127, 128, (units, 1, 1, 8)).astype(np.int8)
    bias = rng.integers(-(2**31), 2**31, units).astype(np.int32)
    op = Conv2d(x_zero=3, requantize=FixedPoint.from_scales([factor] * units, -7), clamp=Range(-120, 127))
    return Case(op, [x, constant_input(w), constant_input(bias)], label=f"factor {factor}")


def test_channels_without_proved_float_constants_are_known() -> None:
    for case, units in ((unproved(64, 3.7), 40), (unproved(20, 2.0**20), 20)):
        assert isinstance(case.op, Conv2d)
        assert case.op.requantize is not None
        weights, bias = (t.values for t in case.inputs[1:] if isinstance(t, Tensor))
        form = quantized_form(weights.reshape(len(bias), -1), bias, 3, case.op.requantize, -120, 127)
        assert np.count_nonzero(form.form == FIXED_POINT) >= units


@pytest.mark.parametrize("target", X86)
def test_channels_without_proved_float_constants_are_exact(target: str) -> None:
    check_nodes([unproved(64, 3.7), unproved(20, 2.0**20)], target)


def conv_f32(
    x: tuple[int, int, int, int],
    units: int,
    kernel: Pair = (1, 1),
    stride: Pair = (1, 1),
    dilation: Pair = (1, 1),
    pad: Pads = (0, 0, 0, 0),
    clamp: Range = NO_CLAMP,
) -> Case:
    """One case whose products are multiples of 1/64 and whose sums are exact in f32, whatever their order."""
    rng = np.random.default_rng([*x, units, *kernel, *pad])
    values = [(rng.integers(-16, 17, s) / 8).astype(np.float32) for s in (x, (units, *kernel, x[3]), (units,))]
    inputs = [values[0], constant_input(values[1]), constant_input(values[2])]
    label = f"{x} * {units}x{kernel}, stride {stride}, dilation {dilation}, pad {pad}"
    return Case(Conv2d(stride, dilation, pad, 0, None, clamp), inputs, label=label)


F32_CASES = [
    (conv_f32((1, 1, 1, 4), 1), True),
    (conv_f32((1, 1, 1, 23), 66), True),
    (conv_f32((2, 2, 4, 7), 16), True),
    (conv_f32((1, 5, 4, 18), 23, clamp=Range(0, float("inf"))), True),
    (conv_f32((1, 6, 8, 9), 64, stride=(2, 3), clamp=Range(0, 6)), True),
    (conv_f32((1, 6, 4, 16), 8, (3, 3), pad=(1, 1, 1, 1)), False),
    (conv_f32((1, 9, 8, 3), 16, (3, 3), (2, 2), pad=(0, 0, 1, 1)), False),
    (conv_f32((1, 9, 6, 1), 6, (3, 2), (1, 1), (2, 2), (1, 0, 1, 0)), False),
    (conv_f32((1, 9, 5, 6), 40, (3, 2), (1, 1), (2, 2)), True),
    (conv_f32((2, 6, 30, 8), 3, (3, 3), pad=(1, 1, 1, 1)), False),
    (conv_f32((1, 8, 36, 3), 8, (3, 3), (2, 2), pad=(0, 0, 1, 1), clamp=Range(0, 6)), False),
    (conv_f32((1, 7, 9, 2), 5, (3, 3), pad=(1, 1, 1, 1)), False),
    (conv_f32((1, 5, 19, 6), 16, (3, 3), pad=(1, 1, 1, 1)), False),
    (conv_f32((1, 20, 1, 4), 30, (3, 1), pad=(1, 0, 1, 0)), False),
]


def f32_row(target: str, direct: bool) -> str:
    return f"conv2d_f32_{target.removeprefix('x86-')}{'_direct' if direct else ''}"


@pytest.mark.parametrize("target", X86)
def test_f32_stays_in_bounds(target: str) -> None:
    check_guarded([Case(c.op, c.inputs, f32_row(target, d), c.label) for c, d in F32_CASES], target, ulp=0)


@pytest.mark.parametrize("target", X86)
def test_f32_of_any_values_is_within_rounding(target: str) -> None:
    rng = np.random.default_rng(0)
    values = [rng.normal(size=s).astype(np.float32) for s in ((1, 7, 6, 20), (37, 3, 3, 20), (37,))]
    op = Conv2d(pad=(1, 1, 1, 1))
    check_nodes([Case(op, [values[0], *map(constant_input, values[1:])], f32_row(target, False))], target, ulp=16)
