"""Element-wise rows on AArch64, and the proof behind the quantized one."""

from __future__ import annotations

import numpy as np
import pytest

from edgegen.ir.op import NO_CLAMP, Range
from edgegen.ops.binary import Binary
from edgegen.ops.binary.linear import linear_form
from edgegen.ops.binary.side_by_side import SHIFT
from tests.guarded import check_guarded
from tests.harness import Case
from tests.ops.layer_cases import ALL_A, ALL_B, LINEAR, NO_LINEAR_FORM


def test_linear_form_is_the_reference_for_all_inputs() -> None:
    for op in LINEAR:
        form = linear_form(op, SHIFT)
        assert form is not None
        sums = form.a * ALL_A.astype(np.int64) + form.b * ALL_B.astype(np.int64) + form.offset
        assert int(np.abs(sums).max()) < 1 << 31
        low, high = max(op.clamp.low, -128), min(op.clamp.high, 127)
        assert np.array_equal(np.clip(sums >> SHIFT, low, high), op.reference(ALL_A, ALL_B)[0])


def test_linear_form_needs_32_bits() -> None:
    assert linear_form(NO_LINEAR_FORM, SHIFT) is None


def tail_cases() -> list[Case]:
    return [
        Case(LINEAR[n % 4], [ALL_A[0, :n], ALL_B[:n, 3]], "linear_s8_neon", f"{n} elements") for n in (2, 15, 17, 37)
    ]


@pytest.mark.cross
def test_quantized_add_and_sub_are_exact_for_all_inputs() -> None:
    cases = [Case(op, [ALL_A, ALL_B], "linear_s8_neon", f"{op.function} {i}") for i, op in enumerate(LINEAR)]
    cases += tail_cases()
    cases.append(Case(LINEAR[1], [ALL_A, ALL_B[:1, :1]], "add_s8", "broadcast"))
    cases.append(Case(NO_LINEAR_FORM, [ALL_A, ALL_B], "add_s8", "no linear form"))
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
