"""Element-wise rows on x86-64 against the operator's reference, every buffer beside forbidden memory."""

from __future__ import annotations

import numpy as np
import pytest

from edgegen.ir.fixed_point import FixedPoint
from edgegen.ir.op import NO_CLAMP, Range
from edgegen.ops.binary import Binary
from tests.guarded import check_guarded
from tests.harness import Case
from tests.x86 import X86


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


def floats(function: str, count: int, clamp: Range = NO_CLAMP) -> tuple[Binary, list[np.ndarray]]:
    rng = np.random.default_rng(count)
    return Binary(function, clamp=clamp), [rng.normal(size=(1, count)).astype(np.float32) for _ in range(2)]


@pytest.mark.parametrize("target", X86)
def test_is_exact_for_all_inputs_and_stays_in_bounds(target: str) -> None:
    isa = target.removeprefix("x86-")
    cases = [Case(op, [ALL_A, ALL_B], f"linear_s8_{isa}", f"{op.function} {i}") for i, op in enumerate(QUANTIZED)]
    for n in (2, 31, 63, 64, 65, 131):
        cases.append(Case(QUANTIZED[n % 4], [ALL_A[0, :n], ALL_B[:n, 3]], f"linear_s8_{isa}", f"{n} elements"))
    for function in ("add", "sub", "mul"):
        for n in (2, 8, 17, 40):
            op, inputs = floats(function, n, Range(-0.5, 1.0) if n == 17 else NO_CLAMP)
            cases.append(Case(op, list(inputs), f"{function}_f32_{isa}", f"{function} of {n}"))
    check_guarded(cases, target, ulp=0)


@pytest.mark.parametrize("target", X86)
def test_a_sum_without_a_linear_form_takes_the_portable_row(target: str) -> None:
    check_guarded([Case(quantized("add", (1.0, 1.0, 0.2), (0, 0, 0)), [ALL_A[:, :9], ALL_B[:, :9]], "add_s8")], target)
