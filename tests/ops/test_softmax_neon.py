"""Softmax on AArch64 against the operator's reference, every buffer beside forbidden pages."""

from __future__ import annotations

import numpy as np
import pytest

from edgegen.ir.tensor import Array
from edgegen.ops.softmax import Softmax
from tests.guarded import check_guarded, run_guarded
from tests.harness import Case
from tests.ops.layer_cases import softmax_case

pytestmark = pytest.mark.cross


def s8(shape: tuple[int, int], scale: float, fill: int | None = None) -> Case:
    return softmax_case("softmax_s8_neon", shape, scale, fill)


S8_CASES = [
    s8((1, 2), 0.1),
    s8((3, 12), 0.05),
    s8((1, 3), 1.5),
    s8((2, 37), 0.01),
    s8((1, 400), 0.002),
    s8((4, 16), 0.3),
    s8((1, 1000), 0.1, fill=5),
    s8((2, 1), 0.1, fill=-128),
]


def test_s8_is_exact_and_stays_in_bounds() -> None:
    check_guarded(S8_CASES, "arm-neon")


def f32(x: Array, beta: float = 1.0) -> Case:
    return Case(Softmax(beta), [x.astype(np.float32)], "softmax_f32_neon", f"{x.shape}")


F32_CASES = [
    *(f32(4 * np.random.default_rng(s).normal(size=s)) for s in ((1, 1), (2, 3), (5, 4), (1, 10), (2, 131))),
    f32(np.linspace(-200, 80, 97)[None], beta=0.7),
    f32(np.array([[-np.inf, 1e30, -1e30, 0, 3]])),
]


def test_f32_is_within_rounding_and_stays_in_bounds() -> None:
    check_guarded(F32_CASES, "arm-neon")


def test_exponential_is_within_two_ulp() -> None:
    """Softmax of (0, x) is exp(x) / (1 + exp(x)), of (0, x) with x far below 0 exp(x) itself."""
    x = np.linspace(-80, -20, 4096, dtype=np.float32)
    pairs = np.stack([np.zeros_like(x), x], axis=1)
    (got,) = run_guarded([Case(Softmax(), [pairs], "softmax_f32_neon")], "arm-neon")
    exact = np.exp(x.astype(np.float64))
    assert float(np.max(np.abs(got[:, 1] - exact) / np.spacing(exact.astype(np.float32)))) <= 2.0
