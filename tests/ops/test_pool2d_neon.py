"""Pooling on AArch64 against the operator's reference, every buffer beside forbidden pages."""

from __future__ import annotations

import numpy as np
import pytest

from edgegen.ir.op import Range
from edgegen.ops.pool2d import Pool2d
from tests.guarded import check_guarded
from tests.harness import Case
from tests.ops.layer_cases import pool

pytestmark = pytest.mark.cross


ROW = "{}_pool2d_{}_neon"

CASES = [
    pool(ROW, "average", (1, 25, 5, 64), (25, 5)),
    pool(ROW, "average", (1, 3, 3, 8), (3, 3)),
    pool(ROW, "average", (2, 5, 7, 27), (2, 3), (2, 1), (1, 1, 0, 1)),
    pool(ROW, "average", (1, 1, 700, 16), (1, 700), fill=-128),
    pool(ROW, "average", (1, 2, 600, 9), (2, 600), fill=127),
    pool(ROW, "average", (1, 9, 9, 13), (3, 3), (1, 1), (1, 1, 1, 1), Range(-5, 10)),
    pool(ROW, "max", (1, 7, 7, 40), (2, 2), (2, 2)),
    pool(ROW, "max", (2, 4, 5, 11), (3, 3), (1, 2), (1, 1, 1, 1), Range(-20, 100)),
    pool(ROW, "max", (1, 2, 2, 16), (2, 2), fill=-128),
    pool(ROW, "average", (1, 5, 6, 4), (2, 3), (1, 2), (0, 1, 1, 1), dtype="f32"),
    pool(ROW, "average", (1, 8, 8, 15), (8, 8), clamp=Range(0, 6), dtype="f32"),
    pool(ROW, "max", (2, 5, 6, 18), (3, 2), (2, 2), (1, 0, 1, 0), dtype="f32"),
]


def test_is_exact_and_stays_in_bounds() -> None:
    check_guarded(CASES, "arm-neon")


def test_average_rounds_every_sum_half_away_from_zero() -> None:
    """All sums that windows of 2, 3, 4, 7 and 12 pixels can have, each as one output."""
    cases = []
    for count in (2, 3, 4, 7, 12):
        sums = np.arange(-128 * count, 127 * count + 1)
        pixels = np.clip(sums[:, None] - np.arange(count) * 127, -128, 127)
        short = sums - pixels.sum(axis=1)
        for i in range(count):  # what clipping lost goes to the pixels that have room
            room = np.clip(pixels[:, i] + short, -128, 127) - pixels[:, i]
            pixels[:, i] += room
            short = short - room
        assert not short.any()
        data = np.repeat(pixels.astype(np.int8)[:, None, :, None], 8, axis=3)
        cases.append(Case(Pool2d("average", (1, count)), [data], "average_pool2d_s8_neon", f"{count} pixels"))
    check_guarded(cases, "arm-neon")
