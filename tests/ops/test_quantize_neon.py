"""Quantize and Dequantize on AArch64 against the operators' references, every access checked."""

from __future__ import annotations

import numpy as np
import pytest

from edgegen.ops.requantize import Dequantize, Quantize
from tests.guarded import check_guarded
from tests.harness import Case

pytestmark = pytest.mark.cross

SPECIAL = [
    0.0,
    -0.0,
    np.nan,
    np.inf,
    -np.inf,
    1e30,
    -1e30,
    3e9,
    -3e9,
    1e-40,
    127.49999,
    -128.5,
    0.49999997,
    -0.49999997,
]


def quantize(x: list[float], scale: float, zero_point: int) -> Case:
    values = np.array(x, np.float32)
    return Case(Quantize(scale, zero_point), [values], "quantize_f32_s8_neon", f"{len(x)} values, scale {scale}")


HALVES = [k + 0.5 for k in range(-140, 140)]
CASES = [
    quantize(SPECIAL + SPECIAL[::-1], 1.0, 0),
    quantize(HALVES, 1.0, 5),
    quantize([h * 0.1 for h in HALVES][:-3], 0.1, -128),
    quantize([1.5], 0.5, 127),
    quantize(list(np.linspace(-5, 5, 1000)), 0.037, -7),
    *(
        Case(
            Dequantize((scale,), (zero,)),
            [np.arange(-128, -128 + n).astype(np.int8)],
            "dequantize_s8_f32_neon",
            f"{n} values, zero point {zero}",
        )
        for n, scale, zero in ((256, 0.1, -128), (8, 1e-3, 127), (21, 3.7, 0), (5, 2.0, 4))
    ),
]


def test_is_exact_and_stays_in_bounds() -> None:
    check_guarded(CASES, "arm-neon", ulp=0)
