"""Element-wise rows on x86-64 against the operator's reference, every buffer beside forbidden memory."""

from __future__ import annotations

import numpy as np
import pytest

from edgegen.ir.op import NO_CLAMP, Range
from edgegen.ops.binary import Binary
from tests.guarded import check_guarded
from tests.harness import Case
from tests.ops.layer_cases import ALL_A, ALL_B, LINEAR, NO_LINEAR_FORM
from tests.x86 import X86


def floats(function: str, count: int, clamp: Range = NO_CLAMP) -> tuple[Binary, list[np.ndarray]]:
    rng = np.random.default_rng(count)
    return Binary(function, clamp=clamp), [rng.normal(size=(1, count)).astype(np.float32) for _ in range(2)]


@pytest.mark.parametrize("target", X86)
def test_is_exact_for_all_inputs_and_stays_in_bounds(target: str) -> None:
    isa = target.removeprefix("x86-")
    cases = [Case(op, [ALL_A, ALL_B], f"linear_s8_{isa}", f"{op.function} {i}") for i, op in enumerate(LINEAR)]
    for n in (2, 31, 63, 64, 65, 131):
        cases.append(Case(LINEAR[n % 4], [ALL_A[0, :n], ALL_B[:n, 3]], f"linear_s8_{isa}", f"{n} elements"))
    for function in ("add", "sub", "mul"):
        for n in (2, 8, 17, 40):
            op, inputs = floats(function, n, Range(-0.5, 1.0) if n == 17 else NO_CLAMP)
            cases.append(Case(op, list(inputs), f"{function}_f32_{isa}", f"{function} of {n}"))
    check_guarded(cases, target, ulp=0)


@pytest.mark.parametrize("target", X86)
def test_a_sum_without_a_linear_form_takes_the_portable_row(target: str) -> None:
    check_guarded([Case(NO_LINEAR_FORM, [ALL_A[:, :9], ALL_B[:, :9]], "add_s8")], target)
