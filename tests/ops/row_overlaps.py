"""Dense layers, transposed convolutions and reductions whose output lies over their input, by target."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from edgegen.ir.op import NO_CLAMP
from edgegen.ir.tensor import Tensor
from edgegen.ops.transpose_conv2d import TransposeConv2d
from edgegen.ops.window import Pair
from tests.harness import Case, constant_input
from tests.ops.dense_overlaps import accumulators, nine_bits
from tests.ops.window_overlaps import S8, Size, bias, dense, floats, halves, numbers, requantize
from tests.overlapping import Overlapping

_FEW, _MANY = (61, 56, 5), (1, 40, 24)
_SIZES = ((7, 40, 8), _FEW, _MANY, (50, 16, 40), (5, 33, 20), (98, 64, 40))


def _layers(kernel: str, words: bool = False) -> list[Case]:
    cases = [dense(kernel, *size) for size in _SIZES]
    cases = [nine_bits(c, kernel) for c in cases] if words else cases
    return [*cases, *(accumulators(c, "_s32_".join(kernel.rsplit("_", 1))) for c in cases[1:3])]


def spread(kernel: str, size: Size, units: int, window: Pair, stride: Pair, out: Pair, pad: Pair = (0, 0)) -> Case:
    """A transposed convolution of s8."""
    w = numbers((units, *window, size[3]), 1)
    op = TransposeConv2d(out, stride, pad, -5, requantize(units, w[0].size), S8)
    label = f"{kernel} {size} -> {out}, window {window} stride {stride} pad {pad}"
    return Case(op, [numbers(size, 3), constant_input(w), bias(units, 2)], kernel, label)


def _in_f32(case: Case, kernel: str) -> Case:
    rng = np.random.default_rng(10)
    x, *constants = [rng.integers(-9, 10, i.shape).astype(np.float32) for i in case.inputs if i is not None]
    assert isinstance(case.op, TransposeConv2d)
    op = replace(case.op, x_zero=0, requantize=None, clamp=NO_CLAMP)
    return Case(op, [x, *map(constant_input, constants)], kernel, f"f32 {case.label}")


def _no_codes(case: Case) -> Case:
    """The case of f32 with weights, whole numbers, that neither bytes nor f16 hold."""
    x, w, *rest = case.inputs
    assert isinstance(w, Tensor)
    wide = np.random.default_rng(14).integers(-5000, 5000, w.shape).astype(np.float32)
    return replace(case, inputs=[x, constant_input(wide), *rest])


def _in_9_bits(case: Case, kernel: str) -> Case:
    x, w, *rest = case.inputs
    assert isinstance(w, Tensor)
    return replace(case, inputs=[x, constant_input(numbers(w.shape, 5, True)), *rest], kernel=kernel)


def _spreads(kernel: str) -> list[Case]:
    """With windows in x and, by the row `kernel`_scratch, in a copy."""
    in_x = [
        spread(kernel, (1, 6, 5, 16), 8, (2, 2), (2, 2), (12, 10)),
        spread(kernel, (2, 9, 6, 32), 4, (3, 1), (1, 1), (7, 6), (2, 0)),
        spread(kernel, (1, 7, 8, 16), 24, (1, 1), (1, 1), (7, 8)),
    ]
    copied = [
        spread(f"{kernel}_scratch", (1, 9, 6, 32), 3, (3, 3), (2, 2), (18, 12), (1, 1)),
        spread(f"{kernel}_scratch", (2, 8, 6, 16), 16, (3, 3), (1, 1), (8, 6), (1, 1)),
    ]
    return [*in_x, *copied]


def arm_neon() -> list[Overlapping]:
    layers = _layers("dense_s8_neon") + _layers("dense_s8_s16_neon", True)
    layers += [_no_codes(floats(dense("", *size), "dense_f32_neon")) for size in _SIZES]
    spreads = [
        *_spreads("conv2d_s8_neon"),
        *(_in_9_bits(c, c.kernel) for c in _spreads("conv2d_s8_s16_neon")),
        *(_in_f32(c, c.kernel) for c in _spreads("conv2d_f32_neon")),
    ]
    return [*(Overlapping(c, True) for c in layers), *map(Overlapping, spreads)]


def arm_neon_dotprod() -> list[Overlapping]:
    # those of f16 with one block of units declare what tiles of 4 rows bear, which are used where flash counts
    halved = [Overlapping(halves(dense("", *size), "dense_f16_neon"), size != _FEW) for size in _SIZES]
    layers = [Overlapping(c, True) for c in _layers("dense_s8_dotprod")]
    return [*layers, *halved, *map(Overlapping, _spreads("conv2d_s8_dotprod"))]
