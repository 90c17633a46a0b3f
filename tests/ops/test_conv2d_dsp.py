"""Convolution rows for the DSP extension, in the emulator, against the operator's reference."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edgegen.ir.fixed_point import FixedPoint, ScaledRound
from edgegen.ir.graph import Node
from edgegen.ir.kernel import Kernel
from edgegen.ir.op import Range
from edgegen.ops.conv2d import Conv2d
from edgegen.ops.window import Pads, Pair
from tests.dsp_host import check_nodes_on_host
from tests.harness import Case, check_nodes, constant_input, node_graph

S8 = Range(-128, 127)


def conv_case(
    seed: int,
    size: tuple[int, int, int, int],
    kernel: tuple[int, int, int],
    stride: Pair = (1, 1),
    dilation: Pair = (1, 1),
    pad: Pads = (0, 0, 0, 0),
    x_zero: int = -128,
    zero: int = -128,
    clamp: Range = S8,
    gain: float = 1.0,
    row: str = "conv2d_s8_dsp",
    weights: str = "any",
    bias: bool = True,
) -> Case:
    """size: x's shape; kernel: units, height, width; gain: how much of the output's range typical sums fill."""
    rng = np.random.default_rng(seed)
    units, kh, kw = kernel
    taps = kh * kw * size[3]
    low = -128 if weights == "extreme" else -127
    w = rng.integers(low, 128, (units, kh, kw, size[3]), np.int8)
    if weights == "extreme":
        w = rng.choice(np.array([-128, 127, -1, 0], np.int8), w.shape)
    x = rng.integers(-128, 128, size, np.int8)
    x[0, 0, :2] = -128
    x[0, -1, -2:] = 127
    b = rng.integers(-3000, 3000, units, np.int32)
    spread = gain * 60 / (74 * 74 * taps**0.5)
    requantize = FixedPoint.from_scales([float(spread * rng.uniform(0.4, 2)) for _ in range(units)], zero)
    op = Conv2d(stride, dilation, pad, x_zero, requantize, clamp)
    inputs = [x, constant_input(w), constant_input(b) if bias else None]
    return Case(op, inputs, row, f"x {size} kernel {kernel} stride {stride} dilation {dilation} pad {pad} {weights}")


def cases() -> list[Case]:
    one = (1, 1)
    return [
        conv_case(1, (1, 5, 5, 64), (64, 1, 1)),
        conv_case(2, (1, 5, 5, 64), (66, 1, 1), zero=-5),
        conv_case(3, (1, 7, 3, 20), (7, 1, 1), x_zero=127, zero=127),
        conv_case(4, (2, 5, 7, 3), (9, 3, 3), (2, 2), pad=(0, 0, 1, 1)),
        conv_case(5, (1, 9, 8, 5), (6, 3, 3), one, pad=(1, 1, 1, 1), x_zero=0, zero=3),
        conv_case(6, (1, 8, 8, 24), (25, 3, 3), one, pad=(1, 1, 1, 1), x_zero=5),
        conv_case(7, (1, 8, 8, 40), (16, 3, 3), (2, 2), pad=(1, 1, 0, 0), zero=11),
        conv_case(8, (1, 10, 9, 4), (5, 3, 2), (3, 1), (2, 3), (2, 4, 5, 3)),
        conv_case(9, (1, 12, 10, 1), (64, 10, 4), (2, 2), pad=(4, 1, 5, 1), x_zero=83),
        conv_case(10, (1, 3, 3, 8), (1, 2, 2)),
        conv_case(11, (1, 1, 2, 70), (70, 1, 1)),
        conv_case(12, (3, 1, 1, 33), (5, 1, 1)),
        conv_case(13, (1, 4, 4, 16), (12, 3, 3), pad=(1, 1, 1, 1), weights="extreme"),
        conv_case(14, (1, 4, 4, 70), (70, 1, 1), weights="extreme", zero=0),
        conv_case(15, (1, 4, 3, 70), (70, 1, 1), clamp=Range(-100, 90), zero=-100),
        conv_case(16, (1, 4, 3, 7), (1, 1, 1), clamp=Range(-128, 90)),
        conv_case(17, (1, 4, 3, 7), (6, 1, 1), gain=4000.0),
        conv_case(18, (1, 5, 5, 16), (16, 1, 1), gain=30.0, zero=-128, bias=False),
        conv_case(19, (1, 5, 5, 16), (16, 1, 1), gain=0.001),
        conv_case(20, (1, 4, 6, 130), (34, 1, 1), (2, 2)),
        conv_case(21, (1, 2, 2, 7), (3, 2, 2), pad=(3, 2, 1, 4), x_zero=-3),
        conv_case(22, (2, 1, 2, 7), (9, 1, 2), row="dense_s8_dsp_any"),
        conv_case(23, (1, 1, 1, 128), (30, 1, 1), row="dense_s8_dsp", zero=7),
        conv_case(25, (1, 9, 9, 3), (5, 4, 3), pad=(2, 1, 1, 1), x_zero=9),
        conv_case(26, (2, 6, 7, 7), (10, 2, 3), (1, 2), (3, 1), pad=(0, 2, 2, 0)),
        conv_case(27, (1, 9, 17, 5), (6, 3, 3), one, (2, 3), (2, 3, 2, 3), x_zero=4),
        conv_case(24, (1, 6, 5, 36), (130, 1, 1), one, zero=-20),
        conv_case(28, (1, 9, 15, 37), (34, 3, 2), (1, 2), (1, 5), (1, 4, 1, 4), x_zero=-9),
        conv_case(29, (2, 5, 16, 4), (3, 1, 4), one, (1, 4)),
    ]


def grouped() -> Case:
    case = conv_case(30, (1, 4, 4, 8), (6, 3, 3), row="conv2d_s8")
    w = np.random.default_rng(0).integers(-127, 128, (6, 3, 3, 4), np.int8)
    return replace(case, inputs=[case.inputs[0], constant_input(w), case.inputs[2]])


def in_place_case(seed: int) -> Case:
    """4 to 8 units and a window of at least 64 taps, of which rows, columns or all may lie outside the image."""
    rng = np.random.default_rng(seed)
    channels, run = int(rng.integers(1, 5)), int(rng.integers(3, 33)) if seed % 3 else 8
    wide = max(run // channels, 1)
    high = -(-64 // (wide * channels)) + int(rng.integers(0, 3))
    dilation = (1 + seed % 2, 1)
    pad = [(0, 0, 0, 0), (2, 1, 3, 2), (high, wide, 0, 3), (2 * high + 2, 0, 1, wide + 9)][seed % 4]
    height = max(dilation[0] * (high - 1) + 1 - pad[0] - pad[2], 1) + int(rng.integers(0, 7))
    width = max(wide - pad[1] - pad[3], 1) + int(rng.integers(0, 7))
    size = (1 + (seed % 5 == 0), height, width, channels)
    stride = (int(rng.integers(1, 4)), int(rng.integers(1, 4)))
    clamp = Range(-100, 90) if seed % 8 == 5 else S8
    zeros = {"x_zero": int(rng.integers(-128, 128)), "zero": -128 if seed % 2 else int(rng.integers(-100, 91))}
    gain = (1.0, 3.0, 10.0, 30.0, 1000.0, 1e5, 0.02)[seed % 7]  # every form that results have
    weights = "extreme" if seed % 11 == 1 else "any"
    kernel, row = (int(rng.integers(4, 9)), high, wide), "conv2d_s8_dsp_in_place"
    case = conv_case(
        seed, size, kernel, stride, dilation, pad, clamp=clamp, gain=gain, row=row, weights=weights, **zeros
    )
    if seed % 6 == 4:
        assert isinstance(case.op, Conv2d)
        factors = ScaledRound.from_scales(
            [float(np.float32(rng.uniform(1e-4, 2e-3))) for _ in range(kernel[0])], zeros["zero"]
        )
        return replace(case, op=replace(case.op, requantize=factors))
    return case


IN_PLACE = [in_place_case(seed) for seed in range(28)]


@pytest.mark.cross
@pytest.mark.parametrize("compiler", ["", "clang"])
def test_large_windows_of_few_units_are_read_in_place(compiler: str) -> None:
    check_nodes(IN_PLACE[:: 2 if compiler else 1], "cortex-m4", cc=compiler)


INSIDE = [
    conv_case(31, (1, 9, 9, 8), (8, 3, 3), row="conv2d_s8_dsp_in_place"),
    conv_case(32, (2, 20, 22, 1), (5, 10, 8), (1, 2), pad=(0, 0, 1, 0), row="conv2d_s8_dsp_in_place"),
]
"""Nearly all windows lie inside the image."""


def _row(case: Case) -> tuple[Kernel, Node]:
    node = node_graph(case)[0].nodes[0]
    return next(row for row in Conv2d.kernels if row.name == "conv2d_s8_dsp_in_place" and not row.when(node)), node


def test_strips_are_another_way_where_most_windows_lie_inside() -> None:
    row, node = _row(INSIDE[0])
    (strips,) = row.roomier(node)
    assert strips.scratch == strips.pack().scratch > row.pack(node).scratch == 3 * 24
    row, padded = _row(conv_case(33, (1, 9, 9, 8), (8, 3, 3), pad=(1, 1, 1, 1)))
    assert not list(row.roomier(padded))


@pytest.mark.cross
def test_strips_are_exact_where_there_is_room(monkeypatch: pytest.MonkeyPatch) -> None:
    row, _ = _row(INSIDE[0])
    strips = replace(row, pack=lambda node: next(row.roomier(node)).pack())
    monkeypatch.setattr(Conv2d, "kernels", (strips,))
    check_nodes(INSIDE, "cortex-m4")


@pytest.mark.cross
def test_convolutions_are_exact_on_cortex_m4() -> None:
    check_nodes([*cases(), grouped()], "cortex-m4")


@pytest.mark.cross
def test_convolutions_built_by_clang_for_size() -> None:
    check_nodes(cases()[::3], "cortex-m4", optimize="size", cc="clang")


def test_the_forms_in_c_are_exact_and_stay_in_bounds() -> None:
    """What compilers without the instructions are given, on the host under sanitizers."""
    check_nodes_on_host([*cases()[::2], *IN_PLACE])
