"""Element-wise rows on AArch64, and the proof behind the quantized one."""

from __future__ import annotations

import numpy as np
import pytest

from edgegen.ir.fixed_point import FixedPoint
from edgegen.ir.op import NO_CLAMP, Range
from edgegen.ops.binary import Binary
from edgegen.ops.binary.linear import linear_form
from edgegen.ops.binary.side_by_side import SHIFT
from tests.guarded import check_guarded
from tests.harness import Case


def quantized(
    function: str, scales: tuple[float, float, float], zeros: tuple[int, int, int], clamp: Range = NO_CLAMP
) -> Binary:
    """TFLM's ADD or SUB of s8 with the scales and zero points of a, b and y."""
    twice = 2 * max(scales[:2])
    rescale = [FixedPoint.from_scales([s / twice], 0) for s in scales[:2]]
    requantize = FixedPoint.from_scales([twice / ((1 << 20) * scales[2])], zeros[2])
    return Binary(function, zeros[0], zeros[1], 20, rescale[0], rescale[1], requantize, clamp)


ALL_A, ALL_B = (v.astype(np.int8) for v in np.meshgrid(np.arange(-128, 128), np.arange(-128, 128)))

QUANTIZED = [
    quantized("add", (0.0235, 0.0157, 0.0310), (-128, -128, -128)),
    quantized("add", (0.051, 0.0072, 0.044), (3, -17, 5), Range(5, 127)),
    quantized("sub", (0.02, 0.02, 0.02), (0, 0, 0)),
    quantized("sub", (0.0039, 0.08, 0.1), (127, -128, -1), Range(-100, 99)),
]


def test_linear_form_is_the_reference_for_all_inputs() -> None:
    for op in QUANTIZED:
        form = linear_form(op, SHIFT)
        assert form is not None
        sums = form.a * ALL_A.astype(np.int64) + form.b * ALL_B.astype(np.int64) + form.offset
        assert int(np.abs(sums).max()) < 1 << 31
        low, high = max(op.clamp.low, -128), min(op.clamp.high, 127)
        assert np.array_equal(np.clip(sums >> SHIFT, low, high), op.reference(ALL_A, ALL_B)[0])


def test_linear_form_needs_32_bits() -> None:
    assert linear_form(quantized("add", (1.0, 1.0, 0.2), (0, 0, 0)), SHIFT) is None


def tail_cases() -> list[Case]:
    return [
        Case(QUANTIZED[n % 4], [ALL_A[0, :n], ALL_B[:n, 3]], "linear_s8_neon", f"{n} elements") for n in (2, 15, 17, 37)
    ]


@pytest.mark.cross
def test_quantized_add_and_sub_are_exact_for_all_inputs() -> None:
    cases = [Case(op, [ALL_A, ALL_B], "linear_s8_neon", f"{op.function} {i}") for i, op in enumerate(QUANTIZED)]
    cases += tail_cases()
    cases.append(Case(QUANTIZED[1], [ALL_A, ALL_B[:1, :1]], "add_s8", "broadcast"))
    cases.append(Case(quantized("add", (1.0, 1.0, 0.2), (0, 0, 0)), [ALL_A, ALL_B], "add_s8", "no linear form"))
    check_guarded(cases, "arm-neon")


def f32(function: str, shape: tuple[int, ...], clamp: Range = NO_CLAMP) -> Case:
    rng = np.random.default_rng(shape)
    a, b = rng.normal(size=shape).astype(np.float32), rng.normal(size=shape).astype(np.float32)
    return Case(Binary(function, clamp=clamp), [a, b], f"{function}_f32_neon", f"{function} {shape}")


F32_CASES = [
    f32("add", (2, 3, 4, 5)),
    f32("sub", (7,), Range(0, float("inf"))),
    f32("mul", (1, 3, 3, 9), Range(-1, 1)),
    f32("add", (1, 1, 2, 4), Range(0, 6)),
]


@pytest.mark.cross
def test_f32_is_equal_and_stays_in_bounds() -> None:
    check_guarded(F32_CASES, "arm-neon", ulp=0)
