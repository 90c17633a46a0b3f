"""Nodes whose output lies over their input, for every row that declares an `overlap`, by target.

What is `tight` must fail one step further: the row declares as much as its kernel bears.
"""

from __future__ import annotations

from dataclasses import replace

import ml_dtypes
import numpy as np

from edgegen.ir.dtypes import DTYPES
from edgegen.ir.fixed_point import FixedPoint, FixedPointOnce, ScaledRound
from edgegen.ir.op import NO_CLAMP, Op, Range
from edgegen.ir.tensor import Array, Tensor
from edgegen.ops.binary import Binary
from edgegen.ops.conv2d import Conv2d
from edgegen.ops.conv2d_sum import Conv2dSum
from edgegen.ops.dense import Dense
from edgegen.ops.depthwise_conv2d import DepthwiseConv2d
from edgegen.ops.pool2d import Pool2d
from edgegen.ops.pool2d.op import POOLINGS, Pooling
from edgegen.ops.transpose_conv2d import TransposeConv2d
from edgegen.ops.window import Pads, Pair
from tests.harness import Case, constant_input, reference
from tests.overlapping import Overlapping

Size = tuple[int, int, int, int]
SAME: Pads = (1, 1, 1, 1)
ONE, TWO, THREE, FIVE = (1, 1), (2, 2), (3, 3), (5, 5)
UNPADDED: Pads = (0, 0, 0, 0)
S8 = Range(-128, 127)


def numbers(shape: tuple[int, ...], seed: int, nine_bits: bool = False) -> Array:
    """s8, or s16 of which no 256 numbers hold all."""
    if nine_bits:
        return np.random.default_rng(seed).integers(-200, 201, shape, np.int16)
    return np.random.default_rng(seed).integers(-128, 128, shape, np.int8)


def bias(units: int, seed: int) -> Tensor:
    return constant_input(np.random.default_rng(seed).integers(-3000, 3000, units, np.int32))


def requantize(units: int, taps: int, zero: int = 3) -> FixedPoint:
    rng = np.random.default_rng(units)
    return FixedPoint.from_scales([float(rng.uniform(0.4, 2) / (74 * taps**0.5)) for _ in range(units)], zero)


def conv(
    kernel: str,
    size: Size,
    units: int,
    window: Pair = ONE,
    stride: Pair = ONE,
    pad: Pads = UNPADDED,
    nine_bits: bool = False,
) -> Case:
    w = numbers((units, *window, size[3]), 1, nine_bits)
    op = Conv2d(stride, (1, 1), pad, -5, requantize(units, w[0].size), S8)
    label = f"conv {size} -> {units}, window {window} stride {stride} pad {pad}"
    return Case(op, [numbers(size, 3), constant_input(w), bias(units, 2)], kernel, label)


def with_sum(case: Case, kernel: str) -> Case:
    """The case's convolution and its sum with an image."""
    assert isinstance(case.op, Conv2d)
    (image,) = reference(case)
    skip = numbers(image.shape, 12)
    add = Binary("add", 3, -6, 20, factor(0.5), factor(0.31), factor(2.0**-19 * 1.21, -9), Range(-100, 127))
    return Case(Conv2dSum(case.op, add), [*case.inputs, skip], kernel, f"{case.label}, plus an image")


def factor(real: float, zero: int = 0) -> FixedPoint:
    return FixedPoint.from_scales([real], zero)


def in_groups(case: Case, kernel: str, groups: int, turns: bool = False) -> Case:
    """The case's convolution with each filter seeing one group's channels; turns: groups take turns in the output."""
    w = case.inputs[1]
    assert isinstance(case.op, Conv2d)
    assert isinstance(w, Tensor)
    filters = constant_input(np.ascontiguousarray(w.values[..., : w.shape[3] // groups]))
    inputs = [case.inputs[0], filters, *case.inputs[2:]]
    return Case(replace(case.op, interleaved=turns), inputs, kernel, f"{groups} groups, {case.label}")


def depthwise(
    kernel: str,
    size: Size,
    window: Pair = THREE,
    stride: Pair = ONE,
    pad: Pads = SAME,
    many: int = 1,
    nine_bits: bool = False,
) -> Case:
    channels = size[3] * many
    w = numbers((*window, channels), 4, nine_bits)
    op = DepthwiseConv2d(stride, (1, 1), pad, -5, requantize(channels, window[0] * window[1]), S8)
    label = f"depthwise {size} * {many}, window {window} stride {stride} pad {pad}"
    return Case(op, [numbers(size, 6), constant_input(w), bias(channels, 5)], kernel, label)


def pool(
    kernel: str, pooling: Pooling, size: Size, window: Pair, stride: Pair, pad: Pads = UNPADDED, dtype: str = "int8"
) -> Case:
    x = numbers(size, 7).astype(getattr(ml_dtypes, dtype, dtype))
    return Case(Pool2d(pooling, window, stride, pad), [x], kernel, f"{kernel} {size}, window {window} stride {stride}")


def scaled_average(suffix: str) -> Case:
    """An average with ONNX's arithmetic, of the row with that suffix."""
    case = pool(f"average_pool2d_s8_scaled{suffix}", "average", (1, 8, 6, 8), TWO, TWO)
    assert isinstance(case.op, Pool2d)
    return replace(case, op=replace(case.op, x_zero=4, requantize=ScaledRound.from_scales([0.3125], 9)))


def dense(kernel: str, rows: int, depth: int, units: int) -> Case:
    op = Dense(-5, requantize(units, depth), S8)
    inputs = [numbers((rows, depth), 9), constant_input(numbers((units, depth), 8)), bias(units, 2)]
    return Case(op, inputs, kernel, f"dense {rows} {depth}")


def floats(case: Case, kernel: str) -> Case:
    """The case's shapes in f32, of whole numbers: their sums are exact in any order."""
    rng = np.random.default_rng(10)
    inputs = [rng.integers(-9, 10, i.shape).astype(np.float32) for i in case.inputs if i is not None]
    assert isinstance(case.op, Conv2d | DepthwiseConv2d | Dense)
    op: Op = replace(case.op, x_zero=0, requantize=None, clamp=NO_CLAMP)
    return Case(op, [inputs[0], *map(constant_input, inputs[1:])], kernel, f"f32 {case.label}")


def halves(case: Case, kernel: str) -> Case:
    """The case's shapes in f16, of whole numbers: few enough that f16 holds their sums."""
    x, *constants = floats(case, kernel).inputs
    assert isinstance(x, np.ndarray)
    return replace(floats(case, kernel), inputs=[x.astype(np.float16), *constants], label=f"f16 {case.label}")


def sums(case: Case, kernel: str) -> Case:
    """The case's sums as they are, s32."""
    assert isinstance(case.op, Conv2d)
    return replace(case, op=replace(case.op, requantize=None, clamp=NO_CLAMP), kernel=kernel)


def shorts(case: Case, kernel: str, wide: bool) -> Case:
    """The case's shapes in s16, with biases of s64 or s32."""
    rng = np.random.default_rng(11)
    x, w, b = case.inputs
    assert isinstance(case.op, Conv2d | DepthwiseConv2d)
    assert isinstance(b, Tensor)
    assert case.op.requantize is not None
    taps = 128 * len(case.op.requantize.multiplier)
    op = replace(case.op, x_zero=0, requantize=requantize(b.shape[0], taps, 0), clamp=NO_CLAMP)
    assert isinstance(x, np.ndarray)
    image = rng.integers(-32768, 32768, x.shape, np.int16)
    bias = constant_input(b.values.astype(np.int64 if wide else np.int32))
    return Case(op, [image, w, bias], kernel, f"s16 {case.label}")


def _requantized(case: Case, how: str) -> Case:
    """The case with another way to requantize, by the suffix of its row: "_once", "_scaled", "_s32"; "_offset" for
    weights of s16 that lie within 256 numbers."""
    op, inputs = case.op, list(case.inputs)
    assert isinstance(op, Conv2d | DepthwiseConv2d | Dense)
    assert op.requantize is not None
    if "_offset" in how:
        weights = inputs[1]
        assert isinstance(weights, Tensor)
        inputs[1] = constant_input(weights.values.astype(np.int16) + np.int16(60))
    other: dict[str, FixedPoint | None] = {
        "_once": FixedPointOnce(op.requantize.multiplier, op.requantize.shift, op.requantize.zero_point),
        "_scaled": ScaledRound.from_scales([float(np.float32(0.5 / 74 / 9))] * len(op.requantize.multiplier), 3),
        "_s32": None,
    }
    scheme = how.replace("_offset", "")
    clamp = NO_CLAMP if scheme == "_s32" else op.clamp
    op = replace(op, requantize=other.get(scheme, op.requantize), clamp=clamp)
    return Case(op, inputs, case.kernel + how, f"{how} {case.label}")


def _portable_integers() -> list[Overlapping]:
    tight = [
        conv("conv2d_s8", (1, 5, 4, 6), 6),
        conv("conv2d_s8", (1, 5, 4, 3), 8),
        conv("conv2d_s8", (1, 6, 5, 4), 4, THREE, ONE, SAME),
        conv("conv2d_s8", (1, 7, 6, 3), 5, THREE, TWO, SAME),
        conv("conv2d_s8", (2, 6, 6, 2), 4, (2, 3), (2, 1)),
        depthwise("depthwise_conv2d_s8", (1, 6, 5, 4)),
        depthwise("depthwise_conv2d_s8", (2, 7, 6, 3), THREE, TWO),
        depthwise("depthwise_conv2d_s8", (1, 8, 6, 5), (5, 3), ONE, (2, 1, 2, 1)),
        dense("dense_s8", 5, 6, 6),
        dense("dense_s8", 4, 9, 3),
    ]
    loose = [
        conv("conv2d_s8", (2, 5, 4, 8), 3),
        depthwise("depthwise_conv2d_s8", (1, 6, 5, 3), THREE, ONE, SAME, 2),
    ]
    ways = [
        _requantized(case, way + offset)
        for case in (
            conv("conv2d_s8", (1, 7, 6, 3), 5, THREE, TWO, SAME),
            depthwise("depthwise_conv2d_s8", (1, 7, 6, 3), THREE, TWO),
            dense("dense_s8", 6, 16, 3),
        )
        for way in ("", "_once", "_scaled", "_s32")
        for offset in ("", "_offset")
        if way + offset and (way != "_once" or case.kernel == "dense_s8")
    ]
    return [*(Overlapping(c, True) for c in tight), *map(Overlapping, [*loose, *ways])]


def _spread() -> list[Case]:
    """Transposed convolutions that make images larger and smaller, of all types and schemes."""
    rng = np.random.default_rng(13)
    made = []
    for x_shape, units, kernel, stride, size in (
        ((1, 4, 5, 6), 3, THREE, TWO, (9, 11)),
        ((2, 6, 5, 4), 4, THREE, ONE, (6, 5)),
    ):
        x, w, pad = numbers(x_shape, 3), numbers((units, *kernel, x_shape[3]), 1), (1, 1)
        op = TransposeConv2d(size, stride, pad, -5, requantize(units, 9 * x_shape[3]), S8)
        plain = Case(op, [x, constant_input(w), bias(units, 2)], "transpose_conv2d_s8", f"spread {x_shape}")
        wide = constant_input(w.astype(np.int16) // 2 + 100)
        scaled = replace(op, requantize=ScaledRound.from_scales([2.0**-13] * units, 3))
        made += [plain, replace(plain, inputs=[x, wide, bias(units, 2)], kernel="transpose_conv2d_s8_offset")]
        made.append(replace(plain, op=scaled, kernel="transpose_conv2d_s8_scaled"))
        made.append(replace(made[-1], inputs=[x, wide, bias(units, 2)], kernel="transpose_conv2d_s8_scaled_offset"))
        s16 = replace(op, x_zero=0, requantize=requantize(units, 900 * x_shape[3], 0), clamp=NO_CLAMP)
        for dtype in (np.int32, np.int64):
            b = constant_input(rng.integers(-999, 999, units).astype(dtype))
            made.append(Case(s16, [x.astype(np.int16) * 99, constant_input(w), b], "transpose_conv2d_s16"))
        f32 = TransposeConv2d(size, stride, pad)
        made.append(
            Case(f32, [x.astype(np.float32), constant_input(w.astype(np.float32)), None], "transpose_conv2d_f32")
        )
    return made


def _portable_sums() -> list[tuple[Case, str]]:
    case = conv("", (1, 6, 5, 4), 5, THREE, ONE, SAME)
    assert isinstance(case.op, Conv2d)
    scaled = replace(case.op, requantize=ScaledRound.from_scales([2.0**-10] * 5, 3))
    return [(case, "conv2d_sum_s8"), (replace(case, op=scaled), "conv2d_sum_s8_scaled")]


def generic() -> list[Overlapping]:
    image = conv("", (1, 6, 5, 4), 4, THREE, ONE, SAME)
    strided = depthwise("", (1, 6, 6, 4), THREE, TWO)
    pools = [
        pool(f"{pooling}_pool2d_{name}", pooling, size, window, stride, pad, dtype)
        for name, dtype in (("s8", "int8"), ("u8", "uint8"), ("s16", "int16"), ("f32", "float32"))
        for pooling in (("average", "max", "l2") if name == "f32" else ("average", "max"))
        for size, window, stride, pad in (((1, 6, 5, 4), THREE, ONE, SAME), ((2, 6, 6, 3), TWO, TWO, UNPADDED))
    ]
    pools += [
        pool(f"{pooling}_pool2d_{dtype}", pooling, (1, 6, 5, 4), THREE, ONE, SAME, DTYPES[dtype].numpy)
        for dtype in ("f16", "bf16")
        for pooling in ("average", "l2")
    ]
    return [
        *_portable_integers(),
        *(Overlapping(shorts(image, "conv2d_s16", wide), True) for wide in (True, False)),
        *(Overlapping(shorts(strided, "depthwise_conv2d_s16", wide), True) for wide in (True, False)),
        *(Overlapping(with_sum(c, kernel), True) for c, kernel in _portable_sums()),
        *(Overlapping(p, True) for p in [*pools, scaled_average("")]),
        Overlapping(floats(image, "conv2d_f32"), True),
        Overlapping(floats(strided, "depthwise_conv2d_f32"), True),
        Overlapping(floats(dense("", 5, 8, 8), "dense_f32"), True),
        *map(Overlapping, _spread()),
    ]


def cortex_m4() -> list[Overlapping]:
    tight = [
        conv("conv2d_s8_dsp", (1, 5, 5, 64), 64),
        conv("conv2d_s8_dsp", (1, 5, 5, 16), 8),
        conv("conv2d_s8_dsp", (1, 4, 6, 8), 16),
        conv("conv2d_s8_dsp", (1, 8, 8, 16), 16, THREE, ONE, SAME),
        conv("conv2d_s8_dsp", (2, 8, 8, 8), 12, THREE, TWO, SAME),
        pool("pool2d_s8_dsp", "average", (1, 8, 6, 8), THREE, ONE, SAME),
        conv("conv2d_s8_dsp_in_place", (1, 19, 12, 1), 8, (10, 8), TWO, (4, 3, 5, 3)),
        conv("conv2d_s8_dsp_in_place", (2, 9, 8, 8), 7, THREE, ONE, SAME),
        conv("conv2d_s8_dsp_in_place", (1, 9, 8, 8), 4, THREE, ONE, UNPADDED),
    ]
    corrected = depthwise("depthwise_conv2d_s8_dsp_3x3_corrected", (1, 8, 6, 8))
    loose = [
        corrected,
        replace(corrected, op=_from_zero(corrected.op), kernel="depthwise_conv2d_s8_dsp_3x3"),
        depthwise("", (1, 9, 7, 12), THREE, TWO),
        depthwise("", (2, 8, 8, 16), THREE, TWO, (0, 0, 1, 1)),
        depthwise("depthwise_conv2d_s8_dsp_3x3_corrected", (1, 6, 36, 8), THREE, TWO, (0, 0, 1, 1)),
        depthwise("depthwise_conv2d_s8_dsp_3x3_corrected", (2, 5, 37, 12), THREE, TWO, SAME),
        depthwise("depthwise_conv2d_s8_dsp", (1, 8, 6, 6), (5, 3), ONE, (2, 1, 2, 1)),
        depthwise("conv2d_s8_dsp", (1, 9, 8, 1), THREE, TWO, SAME, 2),
        conv("conv2d_s8_dsp_in_place", (1, 9, 8, 9), 4, THREE, TWO, SAME, nine_bits=True),
        depthwise("conv2d_s8_dsp_in_place", (1, 15, 14, 1), (9, 8), TWO, (4, 3, 4, 4), 6),
        depthwise("conv2d_s8_dsp_in_place", (1, 15, 14, 1), (9, 8), TWO, (4, 3, 4, 4), 5, nine_bits=True),
        sums(conv("", (1, 15, 12, 16), 8, THREE, TWO, SAME), "conv2d_s8_s32_dsp"),
        sums(conv("", (1, 15, 12, 16), 7, THREE, TWO, SAME, nine_bits=True), "conv2d_s8_s32_dsp"),
        pool("pool2d_s8_dsp", "max", (1, 8, 6, 6), TWO, TWO),
        pool("average_pool2d_f32_dsp", "average", (1, 8, 6, 8), THREE, TWO, SAME, "float32"),
        pool("average_pool2d_f32_dsp", "average", (2, 6, 6, 11), THREE, ONE, SAME, "float32"),
    ]
    loose += [
        floats(conv("", (2, 5, 5, 3), 3, THREE, TWO, SAME), "conv2d_f32_dsp"),
        floats(conv("", (1, 1, 3, 5), 6), "conv2d_f32_dsp"),
        floats(depthwise("", (1, 9, 8, 1), THREE, TWO, SAME, 2), "conv2d_f32_dsp"),
        floats(depthwise("", (2, 6, 5, 15), THREE, ONE, SAME), "depthwise_conv2d_f32_dsp"),
        floats(depthwise("", (1, 9, 8, 4), THREE, TWO, SAME), "depthwise_conv2d_f32_dsp"),
    ]
    more = [scaled_average("_dsp"), *_nine_bits_dsp()]
    reals = [
        floats(conv("", (1, 5, 5, 4), 8), "conv2d_f32_dsp"),
        floats(conv("", (1, 6, 7, 4), 5, THREE, ONE, SAME), "conv2d_f32_dsp"),
    ]
    return [*(Overlapping(c, True) for c in [*tight, *reals]), *map(Overlapping, [*loose, *more])]


def _from_zero(op: Op) -> Op:
    """The op with a fused ReLU, whose requantization needs no correction."""
    assert isinstance(op, DepthwiseConv2d)
    assert op.requantize is not None
    return replace(op, requantize=replace(op.requantize, zero_point=-128))


def _nine_bits_dsp() -> list[Case]:
    corrected = depthwise("depthwise_conv2d_s8_dsp_3x3_corrected", (1, 8, 6, 8), nine_bits=True)
    return [
        conv("conv2d_s8_dsp", (1, 8, 8, 16), 16, THREE, ONE, SAME, nine_bits=True),
        corrected,
        replace(corrected, op=_from_zero(corrected.op), kernel="depthwise_conv2d_s8_dsp_3x3"),
        depthwise("depthwise_conv2d_s8_dsp", (1, 8, 6, 6), (5, 3), ONE, (2, 1, 2, 1), nine_bits=True),
        depthwise("conv2d_s8_dsp", (1, 9, 8, 1), THREE, TWO, SAME, 2, nine_bits=True),
    ]


def arm_neon() -> list[Overlapping]:
    wide, odd = (1, 9, 9, 16), (1, 12, 8, 16)
    five: Pads = (2, 2, 2, 2)
    integers = [
        conv("conv2d_s8_neon", (1, 5, 7, 32), 32),
        conv("conv2d_s8_neon", (1, 8, 8, 16), 16),
        conv("conv2d_s8_wide_neon", (1, 16, 16, 8), 8),
        conv("conv2d_s8_neon_scratch", wide, 16, THREE, TWO, SAME),
        conv("conv2d_s8_neon_sides", (1, 19, 18, 1), 8, (5, 8), TWO, (2, 3, 2, 3)),
        conv("conv2d_s8_neon_sides", (2, 9, 10, 2), 11, (2, 4), ONE, (1, 1, 0, 2)),
        depthwise("conv2d_s8_neon_sides", (1, 15, 18, 1), (5, 8), TWO, (2, 3, 2, 3), 9),
        conv("conv2d_s8_winograd_neon", (1, 18, 16, 16), 16, THREE, ONE, SAME),
        conv("conv2d_s8_winograd_neon", (2, 15, 17, 16), 16, THREE, ONE, SAME),
        with_sum(conv("", (1, 18, 16, 16), 16, THREE, ONE, SAME), "conv2d_sum_s8_winograd_neon"),
        with_sum(conv("", (2, 15, 17, 16), 24, THREE, ONE, SAME), "conv2d_sum_s8_winograd_neon"),
        conv("conv2d_s8_s16_neon", (1, 9, 8, 16), 16, THREE, nine_bits=True),
        conv("conv2d_s8_s16_neon_scratch", wide, 16, THREE, TWO, SAME, nine_bits=True),
        depthwise("depthwise_conv2d_s8_3x3_neon_bordered", (1, 8, 6, 16)),
        depthwise("depthwise_conv2d_s8_3x3_neon_bordered", odd, THREE, TWO),
        depthwise("depthwise_conv2d_s8_3x3_neon", odd, THREE, ONE, UNPADDED),
        depthwise("depthwise_conv2d_s8_neon_scratch", (1, 12, 8, 8), FIVE, ONE, five),
        depthwise("depthwise_conv2d_s8_neon", (1, 12, 8, 8), FIVE, ONE, UNPADDED),
        depthwise("depthwise_conv2d_s8_s16_neon_scratch", odd, THREE, TWO, nine_bits=True),
        depthwise("depthwise_conv2d_s8_s16_neon", odd, THREE, ONE, UNPADDED, nine_bits=True),
    ]
    integers += [
        sums(conv("", (1, 15, 12, 16), 8, THREE, TWO, pad, nine_bits), f"conv2d_s8_{kind}s32_neon{suffix}")
        for kind, nine_bits in (("", False), ("s16_", True))
        for pad, suffix in ((UNPADDED, ""), (SAME, "_scratch"))
    ]
    reals = [
        floats(conv("", (1, 9, 9, 16), 16, THREE, TWO), "conv2d_f32_neon"),
        floats(conv("", (1, 12, 10, 16), 16, THREE, ONE, SAME), "conv2d_f32_winograd_neon"),
        floats(conv("", wide, 16, THREE, TWO, SAME), "conv2d_f32_neon_scratch"),
        floats(depthwise("", (1, 12, 6, 16)), "depthwise_conv2d_f32_3x3_neon_bordered"),
        floats(depthwise("", odd, THREE, TWO), "depthwise_conv2d_f32_3x3_neon_bordered"),
        floats(depthwise("", odd, THREE, ONE, UNPADDED), "depthwise_conv2d_f32_3x3_neon"),
        floats(depthwise("", odd, FIVE, ONE, five), "depthwise_conv2d_f32_neon_scratch"),
        floats(depthwise("", odd, FIVE, ONE, UNPADDED), "depthwise_conv2d_f32_neon"),
    ]
    grouped = [
        in_groups(as_(conv("", (1, 12, 8, 32), 32, THREE, TWO, pad)), f"{row}{suffix}", groups)
        for as_, row in ((lambda case: case, "conv2d_s8_neon"), (lambda case: floats(case, ""), "conv2d_f32_neon"))
        for pad, suffix in ((UNPADDED, ""), (SAME, "_scratch"))
        for groups in (2, 16)
    ]
    grouped += [
        as_(depthwise(f"conv2d_{kind}_neon{suffix}", (1, 12, 8, 16), THREE, TWO, pad, 2), f"conv2d_{kind}_neon{suffix}")
        for kind, as_ in (("s8", lambda case, _: case), ("f32", floats))
        for pad, suffix in ((UNPADDED, ""), (SAME, "_scratch"))
    ]
    grouped.append(in_groups(conv("", (1, 8, 8, 32), 32), "conv2d_s8_neon_scratch", 2, turns=True))
    pools = [
        pool(f"{pooling}_pool2d_{name}_neon", pooling, size, window, stride, pad, dtype)
        for name, dtype in (("s8", "int8"), ("f32", "float32"))
        for pooling in ("average", "max")
        for size, window, stride, pad in (
            ((1, 8, 6, 24), TWO, TWO, UNPADDED),
            ((2, 7, 6, 19), THREE, ONE, SAME),
        )
    ]
    return [*map(Overlapping, [*integers, *reals, *grouped, *pools, scaled_average("_neon")])]


def arm_neon_dotprod() -> list[Overlapping]:
    image: Size = (1, 12, 6, 16)
    cases = [
        conv("conv2d_s8_dotprod", (1, 9, 8, 16), 16, THREE),
        conv("conv2d_s8_dotprod_scratch", (1, 9, 9, 16), 16, THREE, TWO, SAME),
        sums(conv("", (1, 15, 12, 16), 8, THREE, TWO), "conv2d_s8_s32_dotprod"),
        sums(conv("", (1, 15, 12, 16), 8, THREE, TWO, SAME), "conv2d_s8_s32_dotprod_scratch"),
        in_groups(conv("", (1, 9, 8, 32), 32, THREE), "conv2d_s8_dotprod", 8),
        in_groups(conv("", (1, 9, 8, 32), 32, THREE, TWO, SAME), "conv2d_s8_dotprod_scratch", 8, turns=True),
        depthwise("conv2d_s8_dotprod", (1, 12, 8, 16), THREE, TWO, UNPADDED, 2),
        depthwise("conv2d_s8_dotprod_scratch", (1, 12, 8, 16), THREE, TWO, SAME, 2),
        depthwise("depthwise_conv2d_s8_3x3_dotprod", image, THREE, ONE, UNPADDED),
        depthwise("depthwise_conv2d_s8_3x3_dotprod_bordered", image),
        depthwise("depthwise_conv2d_s8_3x3_neon_bordered", (1, 12, 8, 16), THREE, TWO),
        depthwise("depthwise_conv2d_s8_neon_scratch", (1, 12, 8, 8), FIVE, ONE, (2, 2, 2, 2)),
        halves(conv("", (1, 15, 13, 16), 16), "conv2d_f16_neon"),
        halves(conv("", (1, 9, 9, 16), 8, THREE, TWO), "conv2d_f16_neon"),
        halves(conv("", (1, 9, 9, 16), 16, THREE, TWO, SAME), "conv2d_f16_neon_scratch"),
        halves(depthwise("", image), "depthwise_conv2d_f16_3x3_neon_bordered"),
        halves(depthwise("", (1, 12, 8, 16), THREE, TWO), "depthwise_conv2d_f16_3x3_neon_bordered"),
        halves(depthwise("", (1, 12, 8, 16), THREE, ONE, UNPADDED), "depthwise_conv2d_f16_3x3_neon"),
        halves(depthwise("", (1, 12, 8, 16), FIVE, ONE, (2, 2, 2, 2)), "depthwise_conv2d_f16_neon_scratch"),
        halves(depthwise("", (1, 12, 8, 16), FIVE, ONE, UNPADDED), "depthwise_conv2d_f16_neon"),
    ]
    cases += [
        pool(f"{pooling}_pool2d_f16_neon", pooling, size, THREE, ONE, SAME, "float16")
        for pooling in POOLINGS[:2]
        for size in ((1, 8, 6, 24), (2, 7, 6, 19))
    ]
    return [*map(Overlapping, cases)]
