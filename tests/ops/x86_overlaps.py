"""Nodes whose output lies over their input, for the rows of x86-64: convolutions, pools, dense layers and softmax."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from edgegen.ir.op import NO_CLAMP
from edgegen.ops.conv2d import Conv2d
from edgegen.ops.dense import Dense
from edgegen.ops.depthwise_conv2d import DepthwiseConv2d
from edgegen.ops.transpose_conv2d import TransposeConv2d
from tests.harness import Case, constant_input
from tests.ops.elementwise_overlaps import softmax, values
from tests.ops.window_overlaps import (
    FIVE,
    ONE,
    S8,
    SAME,
    THREE,
    TWO,
    UNPADDED,
    Size,
    bias,
    conv,
    dense,
    depthwise,
    floats,
    in_groups,
    numbers,
    pool,
    requantize,
    scaled_average,
)
from tests.overlapping import Overlapping

As = Callable[[Case, str], Case]


def _as_it_is(case: Case, kernel: str) -> Case:
    return replace(case, kernel=kernel)


def _sums(case: Case, kernel: str) -> Case:
    """The case's sums as they are, s32."""
    assert isinstance(case.op, Conv2d | DepthwiseConv2d | Dense)
    return replace(case, op=replace(case.op, requantize=None, clamp=NO_CLAMP), kernel=kernel)


def _spread(size: Size, units: int, kernel: int, nine_bits: bool = False) -> Case:
    """A transposed convolution that makes an image twice as high and wide; with a kernel of 2, windows are pixels."""
    w, pad = numbers((units, kernel, kernel, size[3]), 1, nine_bits), (kernel - 2, kernel - 2)
    op = TransposeConv2d((2 * size[1], 2 * size[2]), TWO, pad, -5, requantize(units, 9 * size[3]), S8)
    return Case(op, [numbers(size, 3), constant_input(w), bias(units, 2)], label=f"spread {size}")


def _spread_floats(size: Size, units: int, kernel: int, row: str) -> Case:
    """The same in f32, of whole numbers: their sums are exact in any order."""
    plain = _spread(size, units, kernel)
    assert isinstance(plain.op, TransposeConv2d)
    rng = np.random.default_rng(10)
    x, w = (rng.integers(-9, 10, i.shape).astype(np.float32) for i in plain.inputs[:2] if i is not None)
    op = replace(plain.op, x_zero=0, requantize=None, clamp=NO_CLAMP)
    return Case(op, [x, constant_input(w), None], row, f"f32 {plain.label}")


def _convolutions(kind: As, row: str, direct: str) -> list[Case]:
    """Windows in a band that slides or that holds a piece, and in place; direct: the row of the last."""
    return [
        kind(conv("", (1, 9, 8, 16), 16, THREE, TWO, SAME), row),
        kind(conv("", (2, 7, 6, 8), 24, THREE, ONE, SAME), row),
        kind(conv("", (1, 6, 40, 16), 16, THREE, ONE, SAME), row),
        kind(conv("", (1, 30, 50, 8), 16, THREE, TWO, SAME), row),
        kind(conv("", (1, 19, 18, 1), 8, (5, 8), TWO, (2, 3, 2, 3)), row),
        kind(conv("", (1, 16, 12, 16), 16), direct),
        kind(conv("", (1, 24, 12, 32), 96), direct),
        kind(conv("", (2, 12, 12, 64), 32), direct),
        kind(conv("", (1, 9, 8, 16), 40, (1, 3), TWO), direct),
        kind(conv("", (1, 9, 40, 16), 12, (2, 3), ONE), direct),
        kind(conv("", (1, 12, 3, 8), 24, THREE), direct),
        kind(in_groups(conv("", (1, 12, 8, 64), 64, THREE, TWO, SAME), "", 2), row),
    ]


def _layers(s8: str, sums: str, f32: str, direct: str) -> list[Case]:
    """direct: what rows' names end with that read windows in place"""
    image = conv("", (1, 15, 12, 16), 8, THREE, TWO, SAME)
    several, inside = (depthwise("", (1, 12, 8, 64), THREE, TWO, pad, 2) for pad in (SAME, UNPADDED))
    return [
        *_convolutions(_as_it_is, s8, s8 + direct),
        *_convolutions(floats, f32, f"{f32}_direct"),
        _sums(image, sums),
        _sums(conv("", (1, 12, 8, 64), 16), sums + direct),
        depthwise(s8, (1, 15, 18, 1), (5, 8), TWO, (2, 3, 2, 3), 9),
        depthwise(s8 + direct, (1, 15, 18, 1), (5, 8), TWO, UNPADDED, 9),
        *(kind(several, row) for kind, row in ((_as_it_is, s8), (floats, f32), (_sums, sums))),
        *(
            kind(inside, row)
            for kind, row in ((_as_it_is, s8 + direct), (floats, f"{f32}_direct"), (_sums, sums + direct))
        ),
        _as_it_is(_spread((1, 9, 8, 16), 8, 3), s8),
        _as_it_is(_spread((1, 9, 8, 64), 8, 2), s8 + direct),
        _spread_floats((1, 9, 8, 16), 8, 3, f32),
        _spread_floats((1, 9, 8, 64), 8, 2, f"{f32}_direct"),
        depthwise("", (1, 12, 9, 24)),
        depthwise("", (2, 9, 7, 40), THREE, TWO),
        depthwise("", (2, 8, 7, 40)),
        depthwise("", (1, 9, 9, 64), THREE, ONE, UNPADDED),
        depthwise("", (1, 9, 9, 64), THREE, ONE, (2, 0, 1, 2)),
        depthwise("", (1, 19, 16, 24), (3, 2), TWO, (1, 0, 1, 1)),
        depthwise("", (1, 13, 9, 24), FIVE, ONE, (2, 2, 2, 2)),
        depthwise("", (1, 28, 1, 64), (5, 1), ONE, UNPADDED),
        depthwise("", (2, 17, 3, 32), (4, 3), TWO),
        depthwise("", (2, 9, 3, 128), (9, 1), ONE, (4, 0, 4, 0)),
        floats(depthwise("", (1, 12, 8, 24)), f"depthwise_{f32}"),
        floats(depthwise("", (2, 9, 8, 8), THREE, TWO), f"depthwise_{f32}"),
        floats(depthwise("", (1, 9, 9, 20), FIVE, ONE, (2, 2, 2, 2)), f"depthwise_{f32}"),
    ]


def _wide_weights(s8: str, sums: str) -> list[Case]:
    """Weights of s16 that fit no s8."""
    matrix = dense("dense_s8_avx2", 40, 64, 8)
    matrix = replace(matrix, inputs=[matrix.inputs[0], constant_input(numbers((8, 64), 8, True)), matrix.inputs[2]])
    return [
        matrix,
        _sums(matrix, sums),
        conv(s8, (1, 9, 8, 16), 16, THREE, TWO, SAME, nine_bits=True),
        conv(s8, (1, 16, 12, 16), 16, nine_bits=True),
        _sums(conv("", (1, 15, 12, 16), 8, THREE, TWO, SAME, nine_bits=True), sums),
        depthwise(s8, (1, 15, 18, 1), (5, 8), TWO, (2, 3, 2, 3), 9, nine_bits=True),
        depthwise("", (1, 12, 9, 24), nine_bits=True),
        depthwise("", (1, 12, 9, 24), (5, 3), nine_bits=True),
        depthwise(s8, (1, 12, 8, 16), THREE, TWO, SAME, 2, nine_bits=True),
        _sums(depthwise("", (1, 12, 8, 16), THREE, TWO, SAME, 2, nine_bits=True), sums),
        _as_it_is(_spread((1, 9, 8, 16), 8, 3, nine_bits=True), s8),
    ]


def _pools() -> list[Case]:
    return [
        pool(f"{pooling}_pool2d_{name}_avx2", pooling, size, window, stride, pad, dtype)
        for name, dtype in (("s8", "int8"), ("f32", "float32"))
        for pooling in ("average", "max")
        for size, window, stride, pad in (
            ((1, 8, 6, 48), TWO, TWO, UNPADDED),
            ((2, 7, 6, 19), THREE, ONE, SAME),
        )
    ]


def _scaled_average() -> Case:
    """Of as many channels as a vector holds."""
    case = scaled_average("_avx2")
    return replace(case, inputs=[numbers((1, 8, 6, 32), 7)])


def x86_avx2() -> list[Overlapping]:
    s8, sums, f32 = "conv2d_s8_avx2", "conv2d_s8_s32_avx2", "conv2d_f32_avx2"
    cases = [
        *_layers(s8, sums, f32, ""),
        *_wide_weights(s8, sums),
        *_pools(),
        _scaled_average(),
        dense("dense_s8_avx2_row", 1, 200, 40),
        dense("dense_s8_avx2", 40, 32, 32),
        _sums(dense("", 1, 200, 40), "dense_s8_s32_avx2_row"),
        _sums(dense("", 40, 64, 8), sums),
        floats(dense("", 24, 32, 48), "dense_f32_avx2"),
        Case(softmax(), [values("s8", (3, 37))], "softmax_s8_avx2"),
    ]
    return [*map(Overlapping, cases)]


def x86_avx512() -> list[Overlapping]:
    s8, sums, f32 = "conv2d_s8_avx512vnni", "conv2d_s8_s32_avx512vnni", "conv2d_f32_avx512"
    cases = [
        *_layers(s8, sums, f32, "_direct"),
        dense("dense_s8_avx512vnni", 40, 34, 64),
        dense("dense_s8_avx512vnni_direct", 40, 64, 128),
        _sums(dense("", 40, 70, 8), sums),
        _sums(dense("", 40, 64, 8), f"{sums}_direct"),
        floats(dense("", 24, 64, 96), "dense_f32_avx512"),
    ]
    return [*map(Overlapping, cases)]


def _with_room(s8: str, direct: str) -> list[Overlapping]:
    """Where there is as much scratch as a row likes."""
    cases = [
        conv(s8, (1, 16, 8, 16), 16, THREE, TWO, SAME),
        conv(s8, (2, 8, 12, 16), 16, THREE, ONE, SAME),
        conv(s8 + direct, (1, 16, 12, 16), 16),
        conv(s8 + direct, (2, 12, 12, 64), 32, ONE, TWO),
        conv(s8 + direct, (1, 48, 12, 64), 96, TWO, TWO),
        depthwise("", (1, 12, 9, 24)),
        depthwise("", (2, 19, 9, 24), (5, 5), TWO),
        floats(conv("", (1, 24, 12, 32), 32), ""),
    ]
    return [*map(Overlapping, cases)]


def x86_avx2_with_room() -> list[Overlapping]:
    return _with_room("conv2d_s8_avx2", "")


def x86_avx512_with_room() -> list[Overlapping]:
    return _with_room("conv2d_s8_avx512vnni", "_direct")
