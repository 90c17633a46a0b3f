"""Averages, means, probabilities and products with ONNX's arithmetic, on every core that has a row for them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edgegen.errors import InvalidGraph
from edgegen.ir.dtypes import S8, U8
from edgegen.ir.fixed_point import ScaledRound
from edgegen.ir.op import NO_CLAMP, Op, Range
from edgegen.ir.tensor import TensorType
from edgegen.ops.batch_matmul import BatchMatmul
from edgegen.ops.pool2d import Pool2d
from edgegen.ops.reduce import Reduce
from edgegen.ops.scaled_softmax import ScaledSoftmax
from edgegen.ops.transpose_conv2d import TransposeConv2d
from edgegen.ops.window import Pads, Pair
from tests.harness import Case, check_nodes, constant_input

RANDOM = np.random.default_rng(11)
Size = tuple[int, int, int, int]
TARGETS = ["generic", "host", *(pytest.param(t, marks=pytest.mark.cross) for t in ("arm-neon", "cortex-m4"))]


def _bytes(*shape: int) -> np.ndarray:
    return RANDOM.integers(-128, 128, shape).astype(np.int8)


def _by(factor: float, zero_point: int = 0) -> ScaledRound:
    return ScaledRound.from_scales([float(np.float32(factor))], zero_point)


def pool(
    kernel: str,
    size: Size,
    window: Pair,
    stride: Pair = (1, 1),
    pad: Pads = (0, 0, 0, 0),
    factor: float = 1.0,
    zero_points: Pair = (0, 0),
    clamp: Range = NO_CLAMP,
) -> Case:
    op = Pool2d("average", window, stride, pad, clamp, zero_points[0], _by(factor, zero_points[1]))
    return Case(op, [_bytes(*size)], kernel, f"average {size} window {window} pad {pad} factor {factor}")


def _pools(suffix: str) -> list[Case]:
    """Ratios of scales that leave ties, that do not, and that saturate; windows at the image's edges."""
    name, same = f"average_pool2d_s8_scaled{suffix}", (1, 1, 1, 1)
    return [
        pool(name, (1, 8, 8, 16), (2, 2), (2, 2), factor=0.25, zero_points=(3, -128)),
        pool(name, (2, 7, 6, 19), (3, 3), (2, 1), same, 0.08, (-128, 7)),
        pool(name, (1, 9, 5, 40), (9, 5), factor=0.04, zero_points=(127, 5), clamp=Range(-100, 90)),
        pool(name, (1, 4, 4, 24), (2, 2), factor=1e6, zero_points=(1, 20)),
        pool(name, (1, 4, 4, 17), (4, 1), factor=2.0**-20, zero_points=(-3, -60)),
    ]


def _softmax(scale: float, shape: tuple[int, ...], zero_point: int = -128, steps: float = 256.0) -> Case:
    op = ScaledSoftmax(scale, float(np.float32(1 / steps)), zero_point)
    return Case(op, [_bytes(*shape)], "scaled_softmax_s8", f"softmax of {shape} at {scale}")


def _means() -> list[Case]:
    ops = [
        Reduce("mean", (1, 2), True, -128, _by(1 / 35, -128)),
        Reduce("mean", (3,), False, 9, _by(0.37, 4)),
        Reduce("sum", (0, 2), False, 5, _by(0.05, -3)),
    ]
    return [Case(op, [_bytes(2, 5, 7, 12)], "reduce_s8_scaled", f"{op.kind} over {op.axes}") for op in ops]


def _products() -> list[Case]:
    x, w = _bytes(2, 3, 5, 20), _bytes(1, 3, 20, 7)
    by = _by(0.003, 11)
    return [
        Case(BatchMatmul(False, False, 5, -7, by, Range(-100, 127)), [x, w], "batch_matmul_s8_scaled", "matrices"),
        Case(BatchMatmul(True, True, 0, 1, by), [_bytes(20, 5), _bytes(7, 20)], "batch_matmul_s8_scaled", "transposed"),
        Case(BatchMatmul(False, False, -128, 3), [x, w], "batch_matmul_s8_s32", "sums"),
    ]


def _transposed(size: Size, units: int, stride: int, wide: bool = False) -> Case:
    factors = np.float32(RANDOM.uniform(0.5, 1.5, units) / 2000)
    requantize = ScaledRound.from_scales([float(f) for f in factors], -5)
    w = RANDOM.integers(-60, 150, (units, 3, 2, size[3])).astype(np.int16) if wide else _bytes(units, 3, 2, size[3])
    bias = RANDOM.integers(-9000, 9000, units).astype(np.int32)
    op = TransposeConv2d((size[1] * stride, size[2] * stride + 1), (stride, stride), (1, 0), -3, requantize)
    row = "transpose_conv2d_s8_scaled" + ("_offset" if wide else "")
    return Case(op, [_bytes(*size), constant_input(w), constant_input(bias)], row, f"transposed {size} by {stride}")


WIDE = {"host": "conv2d_s8_avx2", "arm-neon": "conv2d_s8_s16_neon_scratch"}
"""The row of a transposed convolution with weights of nine bits that moves by one pixel, where not the portable one."""

SUFFIXES = {"generic": "", "host": "_avx2", "arm-neon": "_neon", "cortex-m4": "_dsp"}


@pytest.mark.parametrize("target", TARGETS)
def test_rows_are_exact(target: str) -> None:
    softmax = [
        _softmax(0.11, (3, 10)),
        _softmax(0.3, (2, 2, 5), 7, 100.0),
        _softmax(0.02, (2, 300)),
        _softmax(9.0, (4, 3)),
    ]
    wide = _transposed((2, 3, 3, 9), 4, 1, wide=True)
    transposed = [_transposed((1, 4, 5, 6), 5, 2), replace(wide, kernel=WIDE.get(target, wide.kernel))]
    check_nodes([*_pools(SUFFIXES[target]), *softmax, *_means(), *_products(), *transposed], target, sanitize=True)


def test_averages_of_too_few_channels_take_the_portable_row() -> None:
    check_nodes([pool("average_pool2d_s8_scaled", (1, 4, 4, 3), (2, 2))], "host")


def test_averages_are_those_of_the_real_numbers_with_ties_to_even() -> None:
    """All sums of some pixels at one scale."""
    for count in (2, 3, 4, 6, 8, 49, 64):
        sums = np.arange(-128 * count, 127 * count + 1)
        pixels = np.stack([(sums + i) // count for i in range(count)], axis=1).astype(np.int8)
        assert np.array_equal(pixels.astype(int).sum(axis=1), sums)
        op: Op = Pool2d("average", (1, count), requantize=_by(1 / count))
        (found,) = op.reference(pixels[:, None, :, None])
        assert np.array_equal(found.reshape(-1), np.rint(sums / count))


def test_probabilities_are_those_of_the_real_numbers() -> None:
    """A step apart only where the real number lies within 2^-10 of a tie."""
    x = _bytes(400, 12)
    for scale in (0.01, 0.07, 0.4):
        e = np.exp((x.astype(float) - x.max(axis=1, keepdims=True)) * np.float32(scale))
        real = np.minimum(e / e.sum(axis=1, keepdims=True) * 256 - 128, 127)
        (found,) = ScaledSoftmax(scale, 1 / 256, -128).reference(x)
        assert np.abs(found - real).max() <= 0.5 + 2.0**-10


def test_what_has_no_integer_form_is_refused() -> None:
    with pytest.raises(InvalidGraph, match="max pooling of s8 does not requantize"):
        Pool2d("max", (2, 2), requantize=_by(1.0)).infer(TensorType(S8, (1, 4, 4, 8)))
    with pytest.raises(InvalidGraph, match="must be s8"):
        ScaledSoftmax().infer(TensorType(U8, (1, 4)))
    with pytest.raises(InvalidGraph, match="must be positive"):
        ScaledSoftmax(1.0, 0.0).infer(TensorType(S8, (1, 4)))
