"""Layers whose weights are u8 less a zero point: every row that computes them, and the conversions around them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edgegen.errors import NoKernel
from edgegen.ir.fixed_point import FixedPoint, FixedPointOnce
from edgegen.ir.op import Op, Range
from edgegen.ir.tensor import Array
from edgegen.ops.conv2d import Conv2d
from edgegen.ops.dense import Dense
from edgegen.ops.depthwise_conv2d import DepthwiseConv2d
from edgegen.ops.epilogue import split_offset
from edgegen.ops.requantize import Requantize
from edgegen.ops.resize import Resize
from edgegen.ops.table import Table
from edgegen.ops.transpose_conv2d import TransposeConv2d
from edgegen.targets import Optimize
from tests.dsp_host import check_nodes_on_host
from tests.harness import Case, check_nodes, constant_input
from tests.x86 import X86

Shape = tuple[int, ...]
S8, S16 = np.int8, np.int16


def fixed(taps: int, gain: float = 1.0) -> FixedPoint:
    """Fills the output's range with sums of `taps` products."""
    return FixedPoint.from_scales([gain * 127 / (100 * 120 * np.sqrt(taps))], -3)


def weights(shape: Shape, zero: int, seed: int) -> Array:
    """u8 of any value, the ends among them, less a zero point: 255 numbers, or 256 where that is at an end."""
    rng = np.random.default_rng(seed)
    low = 0 if zero in (0, 255) else 1
    values = rng.integers(low, 256, shape)
    values.reshape(-1)[:2] = low, 255
    return (values - zero).astype(S16)


def case(op: Op, x: Shape, w: Array, kernel: str, label: str = "", seed: int = 5) -> Case:
    rng = np.random.default_rng(seed)
    units = w.shape[-1] if isinstance(op, DepthwiseConv2d) else w.shape[0]
    bias = rng.integers(-3000, 3000, units).astype(np.int32)
    values = rng.integers(-128, 128, x).astype(S8)
    return Case(op, [values, constant_input(w), constant_input(bias)], kernel, f"{kernel} {label} {x} {w.shape}")


def dense(rows: int, depth: int, units: int, zero: int, kernel: str, once: bool = False, gain: float = 1.0) -> Case:
    requantize = fixed(depth, gain)
    if once:
        requantize = FixedPointOnce(requantize.multiplier, requantize.shift, -3)
    w = weights((units, depth), zero, depth)
    return case(Dense(7, requantize, Range(-120, 127)), (rows, depth), w, kernel, f"zero {zero} once {once}")


def conv(x: Shape, units: int, kernel: tuple[int, int], zero: int, row: str, **attributes: object) -> Case:
    w = weights((units, *kernel, x[3]), zero, units)
    op = Conv2d(x_zero=-9, requantize=fixed(w[0].size), clamp=Range(-100, 127))
    return case(replace(op, **attributes), x, w, row, f"zero {zero}")


def depthwise(
    x: Shape, kernel: tuple[int, int], zero: int, row: str, output_zero: int = -3, **attributes: object
) -> Case:
    w = weights((*kernel, x[3]), zero, x[3])
    requantize = replace(fixed(kernel[0] * kernel[1]), zero_point=output_zero)
    op = DepthwiseConv2d(x_zero=40, requantize=requantize, clamp=Range(-128, 127))
    return case(replace(op, **attributes), x, w, row, f"zero {zero}")


def portable(zero: int) -> list[Case]:
    transposed = TransposeConv2d((9, 8), (2, 2), (1, 0), 3, fixed(18), Range(-128, 127))
    return [
        conv((2, 5, 6, 3), 5, (3, 2), zero, "conv2d_s8_offset", pad=(1, 0, 1, 1), stride=(2, 1), dilation=(1, 2)),
        conv((1, 4, 4, 4), 6, (1, 1), zero, "conv2d_s8_offset"),
        depthwise((1, 5, 6, 3), (3, 2), zero, "depthwise_conv2d_s8_offset", pad=(1, 0, 1, 1), stride=(2, 1)),
        case(transposed, (1, 4, 4, 2), weights((3, 3, 3, 2), zero, 1), "transpose_conv2d_s8_offset"),
        dense(3, 17, 4, zero, "dense_s8_offset"),
        dense(3, 17, 4, zero, "dense_s8_once_offset", once=True),
    ]


@pytest.mark.parametrize("zero", [0, 117, 255])
def test_portable_rows(zero: int) -> None:
    check_nodes(portable(zero), "generic", sanitize=True)
    check_nodes(portable(zero), "generic", optimize="size")


def test_dense_rounds_once() -> None:
    """Ties of the first of two roundings, which decide the second: s8 weights, which the s8 row computes."""
    x = np.arange(-128, 128, dtype=S8)[:, None]
    w = np.array([[1], [2], [100], [127]], S8)
    cases = []
    for factor in (0.1234567, 0.5, 2**-9 + 2**-34, 0.99999, 3.7):
        requantize = FixedPointOnce.from_scales([factor], 4)
        cases.append(Case(Dense(0, requantize), [x, constant_input(w), None], "dense_s8_once", f"{factor}"))
    check_nodes(cases, "generic")


def test_signs_are_flipped_without_a_table() -> None:
    one = FixedPoint.from_scales([1.0], 0)
    cases = []
    for count in (1, 3, 4, 7, 64):
        x = np.arange(count, dtype=np.uint8) * 37
        to_signed, to_unsigned = (
            Requantize(replace(one, zero_point=-128)),
            Requantize(replace(one, zero_point=128), 0, "u8"),
        )
        cases.append(Case(to_signed, [x], "flip_sign_8", f"{count} to s8"))
        cases.append(Case(to_unsigned, [x.view(S8)], "flip_sign_8", f"{count} to u8"))
    table = Table(tuple(int(v) for v in (np.arange(256) ^ 0x80).astype(np.uint8).view(S8)))
    cases.append(Case(table, [np.arange(256, dtype=np.uint8)], "flip_sign_8", "table"))
    cases.append(Case(Requantize(replace(one, zero_point=-127)), [x], "lookup_8", "another distance"))
    check_nodes(cases, "generic")


def test_bilinear_u8_rounds_halves_up() -> None:
    rng = np.random.default_rng(2)
    cases = []
    for size, corners, centers in (((7, 5), False, False), ((6, 8), True, False), ((3, 9), False, True)):
        x = rng.integers(0, 256, (2, 4, 4, 3)).astype(np.uint8)
        cases.append(Case(Resize("bilinear", size, corners, centers), [x], "resize_bilinear_u8", f"{size}"))
    check_nodes(cases, "generic")
    op = Resize("bilinear", (1, 2))
    (y,) = op.reference(np.array([[[[1], [2]]]], np.uint8))
    assert y.reshape(-1).tolist() == [1, 2]
    (y,) = replace(op, size=(1, 4)).reference(np.array([[[[1], [2]]]], np.uint8))
    assert y.reshape(-1).tolist() == [1, 2, 2, 2]


@pytest.mark.parametrize(
    ("low", "high", "offset"),
    [(-128, 127, 0), (-100, 100, 0), (-156, 98, -29), (-119, 135, 8), (0, 255, 128), (-255, 0, -127), (-27, 227, 100)],
)
def test_offsets(low: int, high: int, offset: int) -> None:
    """As near to 0 as may be, without -128 where 255 numbers are enough."""
    values, found = split_offset(np.array([low, high], S16))
    assert found == offset
    assert (values.astype(int) + found).tolist() == [low, high]
    assert (values.min() == -128) == (high - low == 255)


def dsp_cases() -> list[Case]:
    """Small layers in s16, larger ones in lanes with sums of their windows, and what those cannot hold."""
    lanes, row = (1, 5, 6, 64), "conv2d_s8_dsp"
    window = (1, 6, 7, 40)
    few = weights((8, 3, 3, 128), 128, 3) // 3
    few[:, 0, 0, 0] = 140
    deep = Conv2d(x_zero=5, requantize=fixed(300), clamp=Range(-128, 127))
    return [
        conv((1, 5, 6, 3), 5, (3, 3), 117, row, pad=(1, 1, 1, 1)),
        conv((1, 7, 5, 8), 7, (1, 1), 100, row),
        conv(lanes, 66, (1, 1), 117, row),
        conv(lanes, 65, (1, 1), 40, row),
        conv(window, 18, (3, 3), 140, row, pad=(1, 1, 1, 1), stride=(2, 2)),
        conv(window, 14, (3, 3), 117, row, dilation=(1, 2)),
        case(deep, (1, 4, 5, 128), few, row, "more than one quad of sums"),
        conv(lanes, 66, (1, 1), 117, row, requantize=fixed(64, 4e6)),  # accumulators in lanes
        conv((1, 5, 6, 30), 50, (3, 1), 117, row),  # runs that are no whole quads
        conv(lanes, 66, (1, 1), 0, row),  # an offset that no lane holds
        conv((1, 2, 1, 256), 34, (1, 1), 117, row),  # too few pixels for a strip
        conv((1, 1, 1, 256), 34, (1, 1), 117, "dense_s8_dsp_any"),
        depthwise((1, 6, 7, 6), (3, 3), 204, "depthwise_conv2d_s8_dsp_3x3", -128, pad=(1, 1, 1, 1)),
        depthwise((1, 8, 9, 9), (3, 3), 60, "depthwise_conv2d_s8_dsp_3x3_corrected", pad=(0, 0, 1, 1), stride=(2, 2)),
        depthwise((1, 8, 9, 5), (5, 4), 120, "depthwise_conv2d_s8_dsp", pad=(2, 1, 2, 2)),
        depthwise((1, 8, 9, 5), (5, 4), 0, "depthwise_conv2d_s8_dsp", stride=(2, 1)),
        depthwise((1, 8, 9, 1), (3, 3), 120, "conv2d_s8_dsp"),
        dense(1, 64, 13, 117, "dense_s8_dsp_any"),
        dense(2, 37, 3, 0, "dense_s8_dsp_any", once=True),
        dense(5, 48, 9, 117, "conv2d_s8_dsp"),
        dense(1, 700, 5, 255, "conv2d_s8_dsp", once=True),
        dense(4, 64, 8, 117, "conv2d_s8_dsp", once=True, gain=4e6),
        dense(1, 64, 8, 117, "dense_s8_dsp_any", gain=4e6),
        *portable(117)[3:4],
    ]


@pytest.mark.cross
def test_cortex_m4_rows() -> None:
    check_nodes(dsp_cases(), "cortex-m4")


def test_cortex_m4_rows_keep_to_their_bytes() -> None:
    cases = dsp_cases()
    check_nodes_on_host([*cases[2:9:3], *cases[-9:-5:2], *cases[-4:-1]])


@pytest.mark.cross
@pytest.mark.parametrize("optimize", ["speed", "size"])
def test_aarch64_rows(optimize: Optimize) -> None:
    row, channelwise = "conv2d_s8_s16_neon", "depthwise_conv2d_s8_s16_neon"
    cases = [
        conv((1, 5, 6, 16), 20, (1, 1), 117, row),
        conv((1, 1, 3, 36), 5, (1, 1), 0, row),  # runs that are no whole chunks
        conv((2, 7, 6, 9), 31, (3, 3), 255, f"{row}_scratch", pad=(1, 1, 1, 1), stride=(2, 2)),
        conv((1, 6, 7, 3), 8, (3, 3), 117, f"{row}_scratch", pad=(0, 0, 1, 1)),  # gathered
        conv((1, 7, 7, 24), 18, (3, 2), 130, row, dilation=(2, 2)),
        depthwise((1, 6, 7, 8), (3, 3), 204, f"{channelwise}_scratch", pad=(1, 1, 1, 1)),
        depthwise((2, 8, 9, 21), (5, 4), 0, channelwise, stride=(2, 1)),
        depthwise((1, 5, 5, 3), (2, 2), 117, "depthwise_conv2d_s8_offset"),  # too few channels
        dense(3, 33, 7, 117, "dense_s8_s16_neon"),
        dense(3, 7, 7, 117, "dense_s8_offset"),
    ]
    check_nodes(cases, "arm-neon", optimize=optimize)


@pytest.mark.parametrize("name", X86[:1])
def test_avx2_rows(name: str) -> None:
    cases = [
        conv((2, 5, 6, 3), 5, (3, 3), 0, "conv2d_s8_avx2", pad=(1, 1, 1, 1)),
        conv((1, 6, 6, 16), 20, (1, 1), 255, "conv2d_s8_avx2"),
        depthwise((1, 8, 9, 16), (5, 4), 0, "depthwise_conv2d_s8_avx2", stride=(2, 2)),
        depthwise((1, 8, 9, 1), (3, 3), 120, "conv2d_s8_avx2"),
        dense(5, 48, 9, 117, "dense_s8_avx2"),
    ]
    check_nodes(cases, name)


def test_weights_that_no_row_holds_are_left_to_none() -> None:
    """Weights of more than 9 bits are no model's."""
    wide = np.array([[0, 300]], S16)
    with pytest.raises(NoKernel, match="weights must lie within 256 numbers"):
        check_nodes([Case(Dense(0, fixed(2)), [np.ones((1, 2), S8), constant_input(wide), None])], "generic")
