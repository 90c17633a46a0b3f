"""Pooling on x86-64 against the operator's reference, every buffer beside forbidden memory."""

from __future__ import annotations

import numpy as np
import pytest

from edgegen.ir.op import Range
from edgegen.ops.pool2d import Pool2d
from tests.guarded import check_guarded
from tests.harness import Case
from tests.ops.layer_cases import pool
from tests.x86 import X86

ROW = "{}_pool2d_{}_avx2"

CASES = [
    pool(ROW, "average", (1, 25, 5, 64), (25, 5)),
    pool(ROW, "average", (1, 3, 3, 16), (3, 3)),
    pool(ROW, "average", (2, 5, 7, 27), (2, 3), (2, 1), (1, 1, 0, 1)),
    pool(ROW, "average", (1, 1, 700, 16), (1, 700), fill=-128),
    pool(ROW, "average", (1, 2, 600, 19), (2, 600), fill=127),
    pool(ROW, "average", (1, 9, 9, 33), (3, 3), (1, 1), (1, 1, 1, 1), Range(-5, 10)),
    pool(ROW, "max", (1, 7, 7, 40), (2, 2), (2, 2)),
    pool(ROW, "max", (2, 4, 5, 17), (3, 3), (1, 2), (1, 1, 1, 1), Range(-20, 100)),
    pool(ROW, "max", (1, 2, 2, 16), (2, 2), fill=-128),
    pool(ROW, "average", (1, 5, 6, 4), (2, 3), (1, 2), (0, 1, 1, 1), dtype="f32"),
    pool(ROW, "average", (1, 8, 8, 15), (8, 8), clamp=Range(0, 6), dtype="f32"),
    pool(ROW, "max", (2, 5, 6, 18), (3, 2), (2, 2), (1, 0, 1, 0), dtype="f32"),
]


@pytest.mark.parametrize("target", X86[:1])
def test_is_exact_and_stays_in_bounds(target: str) -> None:
    check_guarded([*CASES, *every_sum()], target)


@pytest.mark.parametrize("target", X86[1:])
def test_avx512_takes_the_same_rows(target: str) -> None:
    check_guarded([CASES[2], CASES[7]], target)


def every_sum() -> list[Case]:
    """All sums that windows of 2, 3, 7 and 12 pixels can have, each as one output."""
    cases = []
    for count in (2, 3, 7, 12):
        sums = np.arange(-128 * count, 127 * count + 1)
        sums = np.concatenate([sums, np.zeros(-len(sums) % 16, np.int64)])
        parts = np.full((count, len(sums)), -128)
        left = sums + 128 * count
        for row in parts:
            step = np.minimum(left, 255)
            row += step
            left = left - step
        x = parts.astype(np.int8).reshape(1, count, 1, -1)
        cases.append(Case(Pool2d("average", (count, 1)), [x], "average_pool2d_s8_avx2", f"all sums of {count}"))
    return cases
