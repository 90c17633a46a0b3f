"""Dense layers on AArch64 against the operator's reference, every buffer beside forbidden pages."""

from __future__ import annotations

import numpy as np
import pytest

from edgegen.ir.fixed_point import FixedPoint
from edgegen.ir.op import NO_CLAMP, Range
from edgegen.ops.dense import Dense
from tests.guarded import check_guarded
from tests.harness import Case, constant_input

pytestmark = pytest.mark.cross

TARGETS = {"arm-neon": "dense_s8_neon", "arm-neon-dotprod": "dense_s8_dotprod"}


def dense_s8(
    rows: int,
    depth: int,
    units: int,
    zeros: tuple[int, int] = (-128, -128),
    clamp: tuple[int, int] = (-128, 127),
    weight: int = 127,
    factor: float = 0.004,
    kernel: str = "",
) -> Case:
    """One case with random data. zeros: of x and y; weight: largest magnitude, or -128 for nothing but -128."""
    rng = np.random.default_rng([rows, depth, units])
    w = np.full((units, depth), -128) if weight == -128 else rng.integers(-weight, weight + 1, (units, depth))
    x = np.full((rows, depth), -128) if weight == -128 else rng.integers(-128, 128, (rows, depth))
    factors = factor / np.sqrt(depth) * rng.uniform(0.5, 2, units)
    op = Dense(zeros[0], FixedPoint.from_scales([float(f) for f in factors], zeros[1]), Range(*clamp))
    bias = constant_input(rng.integers(-4000, 4000, units).astype(np.int32)) if rows != 2 else None
    inputs = [x.astype(np.int8), constant_input(w.astype(np.int8)), bias]
    return Case(op, inputs, kernel, f"{rows}x{depth} * {units}")


S8_CASES = [
    dense_s8(1, 8, 1),
    dense_s8(1, 16, 7, (3, 4)),
    dense_s8(2, 17, 8, (0, -7), (-100, 127)),
    dense_s8(5, 31, 12, (127, 0), (0, 100)),
    dense_s8(6, 640, 33, (-128, 20), (25, 120)),
    dense_s8(7, 40, 130, (5, -128)),
    dense_s8(1, 128, 16, weight=1, factor=20.0),
    dense_s8(3, 100, 9, (0, 0), weight=-128, factor=1e-4),
]


@pytest.mark.parametrize("target", TARGETS)
def test_s8_is_exact_and_stays_in_bounds(target: str) -> None:
    named = [Case(c.op, c.inputs, TARGETS[target], c.label) for c in S8_CASES]
    check_guarded([*named, dense_s8(1, 9, 4, kernel="dense_s8")], target)


def dense_f32(rows: int, depth: int, units: int, clamp: Range = NO_CLAMP) -> Case:
    rng = np.random.default_rng([rows, depth, units])
    x, w, b = (rng.normal(size=s).astype(np.float32) for s in ((rows, depth), (units, depth), (units,)))
    inputs = [x, constant_input(w), constant_input(b)]
    return Case(Dense(clamp=clamp), inputs, "dense_f32_neon", f"{rows}x{depth} * {units}")


F32_CASES = [dense_f32(1, 4, 65), dense_f32(2, 7, 39, Range(0, 6)), dense_f32(5, 18, 20), dense_f32(7, 65, 41)]


def test_f32_is_within_rounding_and_stays_in_bounds() -> None:
    check_guarded(F32_CASES, "arm-neon", ulp=16)
