"""Softmax on AArch64 against the operator's reference, every buffer beside forbidden pages."""

from __future__ import annotations

import numpy as np
import pytest
from edgegen.ir.fixed_point import FixedPoint
from edgegen.ops.softmax import Softmax

from tests.guarded import check_guarded, run_guarded
from tests.harness import Case

pytestmark = pytest.mark.cross


def softmax_s8(scale: float) -> Softmax:
    """As imported from TFLite for an input of this scale and beta 1."""
    difference = FixedPoint.from_scales([scale * 2.0**26], 0)
    return Softmax(difference=difference, diff_min=-(31 * 2**26 >> difference.shift[0]))


def test_s8_is_exact_and_stays_in_bounds() -> None:
    rng = np.random.default_rng(3)
    cases = []
    for shape, scale in (
        ((1, 2), 0.1),
        ((3, 12), 0.05),
        ((1, 3), 1.5),
        ((2, 37), 0.01),
        ((1, 400), 0.002),
        ((4, 16), 0.3),
    ):
        x = rng.integers(-128, 128, shape).astype(np.int8)
        cases.append(Case(softmax_s8(scale), [x], "softmax_s8_neon", f"{shape}, scale {scale}"))
    cases.append(Case(softmax_s8(0.1), [np.full((1, 1000), 5, np.int8)], "softmax_s8_neon", "1000 equal values"))
    cases.append(Case(softmax_s8(0.1), [np.full((2, 1), -128, np.int8)], "softmax_s8_neon", "one value"))
    check_guarded(cases, "arm-neon")


def test_f32_is_within_rounding_and_stays_in_bounds() -> None:
    rng = np.random.default_rng(4)
    shapes = ((1, 1), (2, 3), (5, 4), (1, 10), (2, 131))
    cases = [Case(Softmax(), [rng.normal(size=s).astype(np.float32) * 4], "softmax_f32_neon", f"{s}") for s in shapes]
    wide = np.linspace(-200, 80, 97, dtype=np.float32)[None]
    cases.append(Case(Softmax(0.7), [wide], "softmax_f32_neon", "wide range"))
    cases.append(
        Case(Softmax(), [np.array([[-np.inf, 1e30, -1e30, 0, 3]], np.float32)], "softmax_f32_neon", "extremes")
    )
    check_guarded(cases, "arm-neon", ulp=4)


def test_exponential_is_within_two_ulp() -> None:
    """Softmax of (0, x) is exp(x) / (1 + exp(x)), of (0, x) with x far below 0 exp(x) itself."""
    x = np.linspace(-80, -20, 4096, dtype=np.float32)
    pairs = np.stack([np.zeros_like(x), x], axis=1)
    (got,) = run_guarded([Case(Softmax(), [pairs], "softmax_f32_neon")], "arm-neon")
    exact = np.exp(x.astype(np.float64))
    assert float(np.max(np.abs(got[:, 1] - exact) / np.spacing(exact.astype(np.float32)))) <= 2.0
