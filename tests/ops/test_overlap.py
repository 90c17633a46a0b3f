"""Every row that declares an overlap computes the same over its own input, and most declare all that is possible."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgegen.ir.fixed_point import FixedPoint
from edgegen.ir.op import Op, Range
from edgegen.ops.conv2d import Conv2d
from edgegen.ops.dense import Dense
from edgegen.ops.depthwise_conv2d import DepthwiseConv2d
from edgegen.ops.overlap import distance
from edgegen.ops.pool2d import Pool2d
from edgegen.ops.window import Pads, Pair
from tests.harness import Case, constant_input
from tests.overlapping import Overlapping, check_overlaps, shares_bytes

Size = tuple[int, int, int, int]
SAME: Pads = (1, 1, 1, 1)


def _numbers(shape: tuple[int, ...], seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(-128, 128, shape, np.int8)


def _requantize(units: int, taps: int) -> FixedPoint:
    rng = np.random.default_rng(units)
    return FixedPoint.from_scales([float(rng.uniform(0.4, 2) / (74 * taps**0.5)) for _ in range(units)], 3)


def conv(
    kernel: str, size: Size, units: int, window: Pair = (1, 1), stride: Pair = (1, 1), pad: Pads = (0,) * 4
) -> Case:
    w = _numbers((units, *window, size[3]), 1)
    b = np.random.default_rng(2).integers(-3000, 3000, units, np.int32)
    op = Conv2d(stride, (1, 1), pad, -5, _requantize(units, w[0].size), Range(-128, 127))
    label = f"conv {size} -> {units}, window {window} stride {stride} pad {pad}"
    return Case(op, [_numbers(size, 3), constant_input(w), constant_input(b)], kernel, label)


def depthwise(
    kernel: str, size: Size, window: Pair = (3, 3), stride: Pair = (1, 1), pad: Pads = SAME, many: int = 1
) -> Case:
    channels = size[3] * many
    w = _numbers((*window, channels), 4)
    b = np.random.default_rng(5).integers(-3000, 3000, channels, np.int32)
    op = DepthwiseConv2d(stride, (1, 1), pad, -5, _requantize(channels, window[0] * window[1]), Range(-128, 127))
    label = f"depthwise {size} * {many}, window {window} stride {stride} pad {pad}"
    return Case(op, [_numbers(size, 6), constant_input(w), constant_input(b)], kernel, label)


def pool(kernel: str, size: Size, window: Pair, stride: Pair, pad: Pads = (0,) * 4) -> Case:
    op: Op = Pool2d("max" if kernel.startswith("max") else "average", window, stride, pad)
    return Case(op, [_numbers(size, 7)], kernel, f"{kernel} {size}, window {window} stride {stride}")


def dense(kernel: str, rows: int, depth: int, units: int) -> Case:
    w, b = _numbers((units, depth), 8), np.arange(units, dtype=np.int32)
    op = Dense(-5, _requantize(units, depth), Range(-128, 127))
    return Case(op, [_numbers((rows, depth), 9), constant_input(w), constant_input(b)], kernel, f"dense {rows} {depth}")


def floats(case: Case, op: Op, kernel: str) -> Case:
    """The case's shapes in f32, of whole numbers: their sums are exact in any order."""
    rng = np.random.default_rng(10)
    inputs = [rng.integers(-9, 10, i.shape).astype(np.float32) for i in case.inputs if i is not None]
    return Case(op, [inputs[0], *map(constant_input, inputs[1:])], kernel, f"f32 {case.label}")


def test_portable_rows() -> None:
    conv_f32 = Conv2d((1, 1), (1, 1), SAME, 0, None, Range(-3e38, 3e38))
    deep_f32 = DepthwiseConv2d((2, 2), (1, 1), SAME, 0, None, Range(-3e38, 3e38))
    check_overlaps(
        [
            Overlapping(conv("conv2d_s8", (1, 5, 4, 6), 6)),
            Overlapping(conv("conv2d_s8", (1, 5, 4, 3), 8)),
            Overlapping(conv("conv2d_s8", (2, 5, 4, 8), 3)),
            Overlapping(conv("conv2d_s8", (1, 6, 5, 4), 4, (3, 3), (1, 1), SAME)),
            Overlapping(conv("conv2d_s8", (1, 7, 6, 3), 5, (3, 3), (2, 2), SAME)),
            Overlapping(conv("conv2d_s8", (2, 6, 6, 2), 4, (2, 3), (2, 1))),
            Overlapping(depthwise("depthwise_conv2d_s8", (1, 6, 5, 4))),
            Overlapping(depthwise("depthwise_conv2d_s8", (2, 7, 6, 3), (3, 3), (2, 2))),
            Overlapping(depthwise("depthwise_conv2d_s8", (1, 8, 6, 5), (5, 3), (1, 1), (2, 1, 2, 1))),
            Overlapping(depthwise("depthwise_conv2d_s8", (1, 6, 5, 3), (3, 3), (1, 1), SAME, 2), tight=False),
            Overlapping(pool("average_pool2d_s8", (1, 6, 5, 4), (3, 3), (1, 1), SAME)),
            Overlapping(pool("max_pool2d_s8", (2, 6, 6, 3), (2, 2), (2, 2))),
            Overlapping(dense("dense_s8", 5, 6, 6)),
            Overlapping(dense("dense_s8", 4, 9, 3)),
            Overlapping(floats(conv("", (1, 6, 5, 4), 4, (3, 3), (1, 1), SAME), conv_f32, "conv2d_f32")),
            Overlapping(floats(depthwise("", (1, 6, 6, 4)), deep_f32, "depthwise_conv2d_f32")),
        ],
        "generic",
    )


@st.composite
def windows(draw: st.DrawFn) -> Case:
    """Convolutions, depthwise ones and pools of any geometry."""
    size = (draw(st.integers(1, 2)), draw(st.integers(3, 7)), draw(st.integers(3, 7)), draw(st.integers(1, 5)))
    window = (draw(st.integers(1, 3)), draw(st.integers(1, 3)))
    stride = (draw(st.integers(1, 3)), draw(st.integers(1, 3)))
    pad = tuple(draw(st.integers(0, w - 1)) for w in (*window, *window))
    pads = (pad[0], pad[1], pad[2], pad[3])
    kind = draw(st.sampled_from(["conv", "depthwise", "pool"]))
    if kind == "conv":
        return conv("conv2d_s8", size, draw(st.integers(1, 6)), window, stride, pads)
    if kind == "depthwise":
        return depthwise("depthwise_conv2d_s8", size, window, stride, pads, draw(st.integers(1, 2)))
    return pool("max_pool2d_s8", size, window, stride, pads)


@given(st.lists(windows(), min_size=12, max_size=12))
@settings(max_examples=2, derandomize=True, deadline=None)
def test_portable_rows_of_any_geometry(cases: list[Case]) -> None:
    check_overlaps([Overlapping(c, tight=False) for c in cases if shares_bytes(c, "generic")], "generic")


@pytest.mark.cross
def test_dsp_rows() -> None:
    check_overlaps(
        [
            Overlapping(conv("conv2d_s8_dsp", (1, 5, 5, 64), 64)),
            Overlapping(conv("conv2d_s8_dsp", (1, 5, 5, 16), 8)),
            Overlapping(conv("conv2d_s8_dsp", (1, 4, 6, 8), 16)),
            Overlapping(conv("conv2d_s8_dsp", (1, 8, 8, 16), 16, (3, 3), (1, 1), SAME)),
            Overlapping(conv("conv2d_s8_dsp", (2, 8, 8, 8), 12, (3, 3), (2, 2), SAME)),
            Overlapping(depthwise("", (1, 8, 6, 8)), tight=False),
            Overlapping(depthwise("", (1, 9, 7, 12), (3, 3), (2, 2)), tight=False),
            Overlapping(depthwise("", (2, 8, 8, 16), (3, 3), (2, 2), (0, 0, 1, 1)), tight=False),
            Overlapping(depthwise("depthwise_conv2d_s8_dsp", (1, 8, 6, 6), (5, 3), (1, 1), (2, 1, 2, 1)), tight=False),
            Overlapping(pool("pool2d_s8_dsp", (1, 8, 6, 8), (3, 3), (1, 1), SAME)),
            Overlapping(pool("pool2d_s8_dsp", (1, 8, 6, 6), (2, 2), (2, 2)), tight=False),
        ],
        "cortex-m4",
    )


def test_distance_is_the_least_over_all_steps() -> None:
    """Three steps that read from bytes 0, 4 and 2 on, before which 0, 3 and 5 bytes were written."""
    assert distance(np.array([0, 4, 2]), np.array([0, 3, 5])) == -3
    assert distance(np.array([0, 4, 8]), np.array([0, 2, 4])) == 2


@pytest.mark.cross
def test_neon_rows() -> None:
    check_overlaps(
        [
            Overlapping(conv("conv2d_s8_neon", (1, 5, 7, 32), 32), tight=False),
            Overlapping(conv("conv2d_s8_neon", (1, 8, 8, 16), 16), tight=False),
            Overlapping(conv("conv2d_s8_wide_neon", (1, 16, 16, 8), 8), tight=False),
            Overlapping(conv("conv2d_s8_neon_scratch", (1, 9, 9, 16), 16, (3, 3), (2, 2), SAME), tight=False),
            Overlapping(depthwise("depthwise_conv2d_s8_3x3_neon_scratch", (1, 8, 6, 16)), tight=False),
            Overlapping(depthwise("depthwise_conv2d_s8_3x3_neon_scratch", (1, 12, 8, 16), (3, 3), (2, 2)), tight=False),
            Overlapping(
                depthwise("depthwise_conv2d_s8_neon_scratch", (1, 12, 8, 8), (5, 5), (1, 1), (2,) * 4), tight=False
            ),
            Overlapping(pool("average_pool2d_s8_neon", (1, 8, 6, 24), (2, 2), (2, 2)), tight=False),
        ],
        "arm-neon",
    )


@pytest.mark.cross
def test_neon_rows_of_floats_and_dot_products() -> None:
    one = Conv2d((2, 2), (1, 1), SAME, 0, None, Range(-3e38, 3e38))
    three = DepthwiseConv2d((1, 1), (1, 1), SAME, 0, None, Range(-3e38, 3e38))
    image: Size = (1, 12, 6, 16)
    wide = floats(conv("", (1, 9, 9, 16), 16, (3, 3), (2, 2), SAME), one, "conv2d_f32_neon_scratch")
    cases = [wide, floats(depthwise("", image), three, "depthwise_conv2d_f32_3x3_neon_scratch")]
    check_overlaps([Overlapping(c, tight=False) for c in cases], "arm-neon")
    products = [
        conv("conv2d_s8_dotprod_scratch", (1, 9, 9, 16), 16, (3, 3), (2, 2), SAME),
        depthwise("depthwise_conv2d_s8_3x3_dotprod_scratch", image),
    ]
    check_overlaps([Overlapping(c, tight=False) for c in products], "arm-neon-dotprod")
