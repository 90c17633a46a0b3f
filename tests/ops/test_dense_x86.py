"""Dense layers on x86-64 against the operator's reference, every buffer beside forbidden memory."""

from __future__ import annotations

import numpy as np
import pytest

from edgegen.ir.fixed_point import FixedPoint
from edgegen.ir.op import NO_CLAMP, Range
from edgegen.ops.dense import Dense
from edgegen.targets import Optimize
from tests.guarded import check_guarded
from tests.harness import Case, check_nodes, constant_input
from tests.x86 import X86


def dense_s8(
    rows: int, depth: int, units: int, zeros: tuple[int, int] = (-128, 3), clamp: Range = NO_CLAMP, factor: float = 0.01
) -> Case:
    """One case with random data; zeros: of x and y."""
    rng = np.random.default_rng([rows, depth, units])
    inputs = [
        rng.integers(-128, 128, (rows, depth)).astype(np.int8),
        constant_input(rng.integers(-128, 128, (units, depth)).astype(np.int8)),
        constant_input(rng.integers(-2000, 2000, units).astype(np.int32)),
    ]
    requantize = FixedPoint.from_scales([factor / float(np.sqrt(depth))], zeros[1])
    return Case(Dense(zeros[0], requantize, clamp), inputs, label=f"{rows}x{depth} * {units}")


S8_CASES = [
    dense_s8(1, 1, 1),
    dense_s8(1, 16, 16, zeros=(127, -128)),
    dense_s8(1, 641, 130),
    dense_s8(1, 128, 8, zeros=(89, 96)),
    dense_s8(1, 8, 128, clamp=Range(-10, 50)),
    dense_s8(1, 27, 40),
    dense_s8(5, 64, 10, zeros=(0, 0)),
    dense_s8(7, 30, 33, zeros=(5, -7)),
    dense_s8(2, 12, 64, factor=50.0),
]


def s8_row(target: str, rows: int, depth: int) -> str:
    if target == "x86-avx2":
        return "dense_s8_avx2_row" if rows == 1 else "dense_s8_avx2"
    return "dense_s8_avx512vnni_direct" if depth % 4 == 0 else "dense_s8_avx512vnni"


@pytest.mark.parametrize("target", X86)
def test_s8_is_exact_and_stays_in_bounds(target: str) -> None:
    shapes = [c.inputs[0].shape for c in S8_CASES if isinstance(c.inputs[0], np.ndarray)]
    rows = [s8_row(target, *shape) for shape in shapes]
    check_guarded([Case(c.op, c.inputs, r, c.label) for c, r in zip(S8_CASES, rows, strict=True)], target)


@pytest.mark.parametrize("target", X86)
@pytest.mark.parametrize(("cc", "optimize"), [("gcc", "speed"), ("gcc", "size"), ("clang", "speed")])
def test_s8_is_exact_with_other_compilers_and_sizes(target: str, cc: str, optimize: Optimize) -> None:
    check_nodes([S8_CASES[2], S8_CASES[7]], target, cc=cc, optimize=optimize)


def dense_f32(rows: int, depth: int, units: int, clamp: Range = NO_CLAMP) -> Case:
    """One case whose sums are exact in f32, whatever their order."""
    rng = np.random.default_rng([rows, depth, units])
    values = [(rng.integers(-16, 17, s) / 8).astype(np.float32) for s in ((rows, depth), (units, depth), (units,))]
    values[1][0, 0] = 1 + 2.0**-11  # so that no smaller float holds them all
    inputs = [values[0], constant_input(values[1]), constant_input(values[2])]
    return Case(Dense(0, None, clamp), inputs, label=f"{rows}x{depth} * {units}")


F32_CASES = [
    dense_f32(1, 257, 1),
    dense_f32(1, 130, 131, Range(0, float("inf"))),
    dense_f32(1, 17, 16, Range(-3, 6)),
    dense_f32(6, 33, 20),
]


@pytest.mark.parametrize("target", X86)
def test_f32_stays_in_bounds(target: str) -> None:
    row = f"dense_f32_{target.removeprefix('x86-')}"
    check_guarded([Case(c.op, c.inputs, row, c.label) for c in F32_CASES], target, ulp=0)
