"""Convolutions in groups and transposed ones, in the rows that compute them as several convolutions of one image."""

from __future__ import annotations

import numpy as np
import pytest

from edgegen.ir.fixed_point import FixedPoint
from edgegen.ir.op import NO_CLAMP, Range
from edgegen.ir.tensor import Tensor
from edgegen.ops.conv2d import Conv2d
from edgegen.ops.depthwise_conv2d import DepthwiseConv2d
from edgegen.ops.transpose_conv2d import TransposeConv2d
from edgegen.ops.window import Pads, Pair
from edgegen.targets import Optimize
from tests.guarded import check_guarded
from tests.harness import AS_IT_STANDS, Case, Input, compile_for_test, constant_input, node_graph
from tests.x86 import X86

Size = tuple[int, int, int, int]
SAME: Pads = (1, 1, 1, 1)


def _inputs(x: Size, filters: Size, kind: str) -> list[Input]:
    """kind: types of x and, where they differ, of weights and of results."""
    rng = np.random.default_rng([*x, *filters])
    if kind in ("f32", "f16"):
        # whole numbers, whose sums are exact in any order
        image, w, b = (rng.integers(-2, 3, s).astype(np.float32) for s in (x, filters, filters[:1]))
        image = image.astype(np.float16) if kind == "f16" else image
    else:
        image, w = rng.integers(-128, 128, x).astype(np.int8), rng.integers(-127, 128, filters).astype(np.int8)
        b = rng.integers(-999, 999, filters[0]).astype(np.int32)
    w = w.astype(np.int16) + np.int16(60) if kind == "s8 s16" else w
    return [image, constant_input(w), constant_input(b)]


def _output(units: int, taps: int, kind: str) -> tuple[int, FixedPoint | None, Range]:
    """Zero point of x, requantization and clamp."""
    if kind in ("f32", "f16"):
        return 0, None, Range(-20, 30)
    if kind == "s8_s32":
        return 7, None, NO_CLAMP
    factors = [0.004 / taps**0.5 * (1 + i % 5) for i in range(units)]
    return 7, FixedPoint.from_scales(factors, 5), Range(-120, 100)


def grouped(
    kind: str,
    x: Size,
    units: int,
    groups: int,
    kernel: Pair = (1, 1),
    stride: Pair = (1, 1),
    pad: Pads = (0, 0, 0, 0),
    dilation: Pair = (1, 1),
    turns: bool = False,
) -> Case:
    filters = (units, *kernel, x[3] // groups)
    op = Conv2d(stride, dilation, pad, *_output(units, kernel[0] * kernel[1] * filters[3], kind), turns)
    return Case(op, _inputs(x, filters, kind), label=f"{kind} {x}, {groups} groups of {units} units{kernel}, {turns=}")


def transposed(kind: str, x: Size, units: int, kernel: Pair, stride: Pair, pad: Pair, size: Pair) -> Case:
    filters = (units, *kernel, x[3])
    op = TransposeConv2d(size, stride, pad, *_output(units, kernel[0] * kernel[1] * x[3], kind))
    return Case(op, _inputs(x, filters, kind), label=f"{kind} {x} to {size}, {units} units{kernel}, {stride=} {pad=}")


def groups(kind: str) -> list[Case]:
    """Groups that fill vectors, and those that several of make up one."""
    return [
        case
        for turns in (False, True)
        for case in (
            grouped(kind, (2, 5, 6, 64), 32, 2, turns=turns),
            grouped(kind, (1, 7, 5, 48), 24, 3, (3, 3), (2, 2), SAME, turns=turns),
            grouped(kind, (1, 6, 7, 128), 48, 4, (2, 3), (1, 2), (0, 1, 0, 1), (2, 1), turns),
            grouped(kind, (1, 5, 5, 16), 16, 8, (3, 3), pad=SAME, turns=turns),
            grouped(kind, (1, 6, 5, 6), 6, 3, (3, 2), turns=turns),
        )
    ]


def several(kind: str) -> list[Case]:
    """Depthwise convolutions that give several channels for each of x."""
    cases = []
    for x, many, stride, pad in (((1, 8, 7, 16), 4, (1, 1), SAME), ((2, 9, 8, 6), 3, (2, 1), (0, 0, 0, 0))):
        image, w, b = _inputs(x, (x[3] * many, 3, 3, 1), kind)
        assert isinstance(w, Tensor)
        op = DepthwiseConv2d(stride, (1, 1), pad, *_output(x[3] * many, 9, kind))
        taps = constant_input(np.ascontiguousarray(w.values[..., 0].transpose(1, 2, 0)))
        cases.append(Case(op, [image, taps, b], label=f"{kind} {x}, {many} channels of each"))
    return cases


def phases(kind: str) -> list[Case]:
    return [
        transposed(kind, (1, 4, 5, 16), 3, (2, 2), (2, 2), (0, 0), (8, 10)),
        transposed(kind, (2, 4, 5, 16), 8, (3, 3), (2, 2), (1, 1), (8, 10)),
        transposed(kind, (1, 3, 4, 32), 5, (4, 3), (2, 1), (1, 1), (6, 4)),
        transposed(kind, (1, 5, 4, 3), 5, (3, 3), (2, 2), (0, 0), (10, 8)),
        transposed(kind, (1, 5, 4, 8), 5, (3, 3), (1, 1), (1, 1), (5, 4)),
        transposed(kind, (1, 5, 6, 8), 7, (2, 5), (3, 2), (0, 2), (15, 8)),
    ]


def _both(name: str) -> set[str]:
    """Rows of windows that lie in x and of those that do not."""
    return {name, f"{name}_scratch"}


ROWS: dict[str, dict[str, set[str]]] = {
    "arm-neon": {
        "s8": _both("conv2d_s8_neon"),
        "s8 s16": _both("conv2d_s8_s16_neon"),
        "s8_s32": _both("conv2d_s8_s32_neon"),
        "f32": _both("conv2d_f32_neon"),
    },
    "arm-neon-dotprod": {
        "s8": _both("conv2d_s8_dotprod"),
        "s8_s32": _both("conv2d_s8_s32_dotprod"),
        "f16": _both("conv2d_f16_neon"),
    },
    "x86-avx2": {
        "s8": {"conv2d_s8_avx2"},
        "s8 s16": {"conv2d_s8_avx2"},
        "s8_s32": {"conv2d_s8_s32_avx2"},
        "f32": {"conv2d_f32_avx2", "conv2d_f32_avx2_direct"},
    },
    "x86-avx512": {
        "s8": {"conv2d_s8_avx512vnni", "conv2d_s8_avx512vnni_direct"},
        "s8_s32": {"conv2d_s8_s32_avx512vnni", "conv2d_s8_s32_avx512vnni_direct"},
        "f32": {"conv2d_f32_avx512", "conv2d_f32_avx512_direct"},
    },
}
"""Of each target, the rows that compute convolutions in groups, by kind; some compute transposed ones too."""


def _cases(target: str) -> list[Case]:
    """Groups of few channels where they are taken together."""
    cases: list[Case] = []
    for kind in ROWS[target]:
        cases += (
            [*groups(kind), *phases(kind), *several(kind)]
            if kind in ("s8", "f32")
            else [groups(kind)[i] for i in (0, 7)]
        )
    return cases


def _taken(cases: list[Case], target: str, optimize: Optimize = "speed") -> set[str]:
    """The rows that the cases take."""
    graphs = [compile_for_test(node_graph(c)[0], target, "model", optimize, disabled=AS_IT_STANDS).graph for c in cases]
    return {n.kernel.name for g in graphs for n in g.nodes if n.kernel is not None}


@pytest.mark.cross
@pytest.mark.parametrize("target", ["arm-neon", "arm-neon-dotprod"])
def test_rows_of_emulated_cores(target: str) -> None:
    check_guarded(_cases(target), target)


@pytest.mark.parametrize("target", X86)
def test_rows_of_this_machine(target: str) -> None:
    check_guarded(_cases(target), target)


@pytest.mark.parametrize("target", ROWS)
def test_which_rows_are_taken(target: str) -> None:
    for kind, rows in ROWS[target].items():
        assert _taken([groups(kind)[i] for i in (0, 7)], target) == rows
    assert _taken(phases("s8"), target) == ROWS[target]["s8"]
    assert _taken(several("s8"), target) <= ROWS[target]["s8"]


@pytest.mark.parametrize("target", ["arm-neon", "arm-neon-dotprod"])
def test_groups_of_few_channels_are_taken_together_for_speed_only(target: str) -> None:
    """Their filters then hold zeros for the other groups' channels."""
    narrow = [grouped("s8", (1, 5, 5, 16), 16, 8, (3, 3))]
    assert _taken(narrow, target) <= ROWS[target]["s8"]
    assert _taken(narrow, target, "size") == {"conv2d_s8"}


def test_what_is_no_whole_phases_takes_the_portable_row() -> None:
    odd = transposed("f32", (1, 5, 4, 8), 5, (3, 3), (2, 2), (0, 0), (11, 9))
    later = transposed("f32", (1, 5, 4, 8), 5, (1, 1), (2, 2), (4, 4), (6, 4))
    assert _taken([odd, later], "arm-neon") == {"transpose_conv2d_f32"}
