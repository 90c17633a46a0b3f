"""Pooling on AArch64 against the operator's reference, every buffer beside forbidden pages."""

from __future__ import annotations

import numpy as np
import pytest

from edgegen.ir.op import NO_CLAMP, Range
from edgegen.ops.pool2d import Pool2d
from edgegen.ops.pool2d.op import Pooling
from edgegen.ops.window import Pads, Pair
from tests.guarded import check_guarded
from tests.harness import Case

pytestmark = pytest.mark.cross


def pool(
    pooling: Pooling,
    x: tuple[int, int, int, int],
    kernel: Pair,
    stride: Pair = (1, 1),
    pad: Pads = (0, 0, 0, 0),
    clamp: Range = NO_CLAMP,
    fill: int | None = None,
    dtype: str = "s8",
) -> Case:
    """One case with random data, or with `fill` everywhere."""
    rng = np.random.default_rng([*x, *kernel])
    values = rng.integers(-128, 128, x) if fill is None else np.full(x, fill)
    data = values.astype(np.int8) if dtype == "s8" else rng.normal(size=x).astype(np.float32)
    op = Pool2d(pooling, kernel, stride, pad, clamp)
    row = f"{pooling}_pool2d_{dtype}_neon"
    return Case(op, [data], row, f"{pooling} {x}, kernel {kernel}, stride {stride}, pad {pad}, {dtype}")


CASES = [
    pool("average", (1, 25, 5, 64), (25, 5)),
    pool("average", (1, 3, 3, 8), (3, 3)),
    pool("average", (2, 5, 7, 27), (2, 3), (2, 1), (1, 1, 0, 1)),
    pool("average", (1, 1, 700, 16), (1, 700), fill=-128),
    pool("average", (1, 2, 600, 9), (2, 600), fill=127),
    pool("average", (1, 9, 9, 13), (3, 3), (1, 1), (1, 1, 1, 1), Range(-5, 10)),
    pool("max", (1, 7, 7, 40), (2, 2), (2, 2)),
    pool("max", (2, 4, 5, 11), (3, 3), (1, 2), (1, 1, 1, 1), Range(-20, 100)),
    pool("max", (1, 2, 2, 16), (2, 2), fill=-128),
    pool("average", (1, 5, 6, 4), (2, 3), (1, 2), (0, 1, 1, 1), dtype="f32"),
    pool("average", (1, 8, 8, 15), (8, 8), clamp=Range(0, 6), dtype="f32"),
    pool("max", (2, 5, 6, 18), (3, 2), (2, 2), (1, 0, 1, 0), dtype="f32"),
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
