"""Pooling rows for the DSP extension, in the emulator and on the host, against the operator's reference."""

from __future__ import annotations

import numpy as np
import pytest

from edgegen.ir.op import NO_CLAMP, Range
from edgegen.ops.pool2d import Pool2d
from edgegen.ops.pool2d.op import Pooling
from edgegen.ops.window import Pads, Pair
from tests.dsp_host import check_nodes_on_host
from tests.harness import Case, check_nodes

ROW = "pool2d_s8_dsp"


def pool_case(
    pooling: Pooling,
    size: tuple[int, int, int, int],
    kernel: Pair,
    stride: Pair = (1, 1),
    pad: Pads = (0, 0, 0, 0),
    clamp: Range = NO_CLAMP,
    row: str = ROW,
) -> Case:
    x = np.random.default_rng(sum(size)).integers(-128, 128, size, np.int8)
    x[0, :, :, 0] = -128
    x[0, :, :, 1] = 127
    return Case(Pool2d(pooling, kernel, stride, pad, clamp), [x], row, f"{pooling} {size} {kernel} {stride} {pad}")


def cases() -> list[Case]:
    same = (1, 1, 1, 1)
    return [
        pool_case("average", (1, 25, 5, 12), (25, 5)),
        pool_case("average", (2, 5, 6, 7), (3, 3), (2, 2), same, Range(-5, 20)),
        pool_case("average", (1, 15, 17, 4), (15, 17)),
        pool_case("average", (1, 16, 16, 4), (16, 16), row="average_pool2d_s8"),
        pool_case("average", (1, 4, 4, 3), (2, 2), row="average_pool2d_s8"),
        pool_case("max", (1, 8, 8, 16), (2, 2), (2, 2)),
        pool_case("max", (2, 7, 5, 5), (3, 2), (2, 1), (2, 1, 1, 0), Range(-10, 90)),
        pool_case("max", (1, 20, 20, 6), (20, 20)),
    ]


@pytest.mark.cross
def test_pooling_is_exact_on_cortex_m4() -> None:
    check_nodes(cases(), "cortex-m4")


@pytest.mark.cross
def test_pooling_built_by_clang_for_size() -> None:
    check_nodes(cases()[1::2], "cortex-m4", optimize="size", cc="clang")


def test_the_forms_in_c_are_exact_and_stay_in_bounds() -> None:
    """What compilers without the instructions are given, on the host under sanitizers."""
    check_nodes_on_host(cases())
