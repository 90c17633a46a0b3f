"""Dense rows of s16 for the DSP extension: exact for any sizes, and worth their flash."""

from __future__ import annotations

import numpy as np
import pytest

from edgegen.ir.fixed_point import FixedPoint, WideFixedPoint
from edgegen.ir.op import Range
from edgegen.ops.dense import Dense
from tests.dsp_host import check_nodes_on_host
from tests.harness import Case, check_nodes, constant_input

SIZES = ((1, 1, 1), (3, 4, 4), (2, 7, 5), (2, 130, 9), (1, 513, 3), (2, 1030, 6))


def cases() -> list[Case]:
    """Rows, depth, units; with the largest numbers first, whose sums fill 32 bits."""
    made = []
    rng = np.random.default_rng(4)
    for i, (rows, depth, units) in enumerate(SIZES):
        x, w = rng.integers(-32768, 32768, (rows, depth)), rng.integers(-128, 128, (units, depth))
        x[0], w[0] = -32768, -128
        gain = 30 / (128 * depth)
        inputs = [x.astype(np.int16), constant_input(w.astype(np.int8))]
        each = [gain * (1 + k / units) for k in range(units)]
        wide = Dense(requantize=WideFixedPoint.from_scales(each, 0), clamp=Range(-32768, 32767))
        bias = rng.integers(-(10**6), 10**6, units)
        made.append(Case(wide, [*inputs, constant_input(bias) if i % 2 else None], "dense_s16_dsp", f"{depth}"))
        if depth <= 130:
            narrow = Dense(requantize=FixedPoint.from_scales([gain], 0), clamp=Range(-300, 9000))
            made.append(Case(narrow, [*inputs, constant_input(bias.astype(np.int32))], "dense_s16_dsp", f"s32 {depth}"))
    return made


def test_on_the_host() -> None:
    check_nodes_on_host(cases())


@pytest.mark.cross
@pytest.mark.parametrize("sanitize", [False, True])
def test_cortex_m4(sanitize: bool) -> None:
    check_nodes(cases(), "cortex-m4", sanitize=sanitize)


@pytest.mark.cross
def test_instructions() -> None:
    """Less than two a product; the portable row takes more than five."""
    rng = np.random.default_rng(5)
    x, w = rng.integers(-99, 99, (20, 128)).astype(np.int16), rng.integers(-99, 99, (16, 128)).astype(np.int8)
    op = Dense(requantize=WideFixedPoint.from_scales([0.01], 0), clamp=Range(-32768, 32767))
    (run,) = check_nodes([Case(op, [x, constant_input(w)], "dense_s16_dsp")], "cortex-m4")
    assert run.instructions is not None
    assert run.instructions < 2.0 * 20 * 128 * 16
