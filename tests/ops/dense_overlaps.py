"""Dense layers whose output lies over their input, for every row that declares an `overlap`, by target."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from edgegen.ir.fixed_point import FixedPoint
from edgegen.ir.op import NO_CLAMP, Range
from edgegen.ir.tensor import Tensor
from edgegen.ops.dense import Dense
from tests.harness import Case, constant_input
from tests.ops.window_overlaps import S8, bias, conv, dense, floats, numbers, requantize, sums
from tests.overlapping import Overlapping


def shorts(kernel: str, rows: int, depth: int, units: int, wide: bool) -> Case:
    """s16, with biases of s64 or s32."""
    rng = np.random.default_rng(12)
    x = rng.integers(-32768, 32768, (rows, depth), np.int16)
    w = constant_input(numbers((units, depth), 8))
    op = Dense(requantize=FixedPoint.from_scales([1 / (128 * depth)], 0), clamp=Range(-32768, 32767))
    b = constant_input(rng.integers(-9999, 9999, units, np.int64 if wide else np.int32))
    return Case(op, [x, w, b], kernel, f"{kernel} {rows} {depth} {units}")


def nine_bits(case: Case, kernel: str = "") -> Case:
    """The case with weights of s16 that no 256 numbers hold, or with those of s8 and an offset if it names no row."""
    x, w, *rest = case.inputs
    assert isinstance(w, Tensor)
    wide = numbers(w.shape, 5, True) if kernel else w.values.astype(np.int16) // 2 + 100
    return replace(case, inputs=[x, constant_input(wide), *rest], kernel=kernel or case.kernel)


def evenly(case: Case, kernel: str) -> Case:
    """The case without weights of -128, which the lanes of some rows do not hold."""
    x, w, *rest = case.inputs
    assert isinstance(w, Tensor)
    return replace(case, inputs=[x, constant_input(np.maximum(w.values, -127)), *rest], kernel=kernel)


def accumulators(case: Case, kernel: str) -> Case:
    """The case's sums as they are, s32."""
    assert isinstance(case.op, Dense)
    return replace(case, op=replace(case.op, requantize=None, clamp=NO_CLAMP), kernel=kernel)


def computed() -> Case:
    """Weights that are computed at run time."""
    op = Dense(-5, requantize(6, 9), S8)
    return Case(op, [numbers((5, 9), 9), numbers((6, 9), 8), bias(6, 2)], "dense_s8_computed")


def generic() -> list[Overlapping]:
    return [
        Overlapping(computed()),
        *(Overlapping(shorts("dense_s16", 4, 7, 5, wide), True) for wide in (True, False)),
    ]


def _windows(kernel: str, units: int) -> Case:
    """A convolution of two images, one window of which covers each."""
    return conv(kernel, (2, 4, 4, 4), units, (4, 4))


def cortex_m4() -> list[Overlapping]:
    few, many, odd = (dense("", rows, depth, units) for rows, depth, units in ((2, 32, 12), (9, 32, 12), (2, 19, 7)))
    pixels = dense("conv2d_s8_dsp", 9, 32, 12)
    few, window = evenly(few, "dense_s8_dsp"), evenly(_windows("", 8), "dense_s8_dsp")
    cases = [
        few,
        replace(odd, kernel="dense_s8_dsp_any"),
        nine_bits(replace(few, kernel="dense_s8_dsp_any")),
        pixels,
        nine_bits(pixels, "conv2d_s8_dsp"),
        accumulators(few, "dense_s8_s32_dsp"),
        accumulators(nine_bits(few), "dense_s8_s32_dsp"),
        accumulators(odd, "dense_s8_s32_dsp_any"),
        accumulators(nine_bits(odd), "dense_s8_s32_dsp_any"),
        accumulators(many, "conv2d_s8_s32_dsp"),
        accumulators(nine_bits(many, "conv2d_s8_s32_dsp"), "conv2d_s8_s32_dsp"),
        window,
        _windows("dense_s8_dsp_any", 3),
        nine_bits(replace(window, kernel="dense_s8_dsp_any")),
        *(
            sums(nine_bits(case) if offset else case, f"dense_s8_s32_dsp{suffix}")
            for case, suffix in ((window, ""), (_windows("", 3), "_any"))
            for offset in (False, True)
        ),
        floats(window, "dense_f32_dsp"),
        floats(dense("", 3, 34, 9), "dense_f32_dsp"),
        floats(dense("", 11, 34, 9), "conv2d_f32_dsp"),
        *(shorts("dense_s16_dsp", 4, 9, 7, wide) for wide in (True, False)),
    ]
    return [*map(Overlapping, cases)]
