"""Unary functions of quantized integers that TFLite computes through tables."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from edgegen.ir.dtypes import DType
from edgegen.ir.fixed_point import IntArray
from edgegen.ops.lookup import byte_values

Real = Callable[[IntArray], IntArray]
"""f32 or f64 array to array of the same type."""


def _sigmoid_table() -> IntArray:
    """u16[256]: 2^16 / (1 + exp(-i / 24)), moved by half the error that a straight line has halfway to the next, and
    2^16 - 1 at the end: the table of TFLM's LOGISTIC and TANH on int16."""
    i = np.arange(256)

    def curve(x: IntArray) -> IntArray:
        return np.asarray(65536 / (1 + np.exp(-x / 24)))

    table = curve(i) + (curve(i + 0.5) - (curve(i) + curve(i + 1)) / 2) / 2
    return np.append(np.rint(table[:-1]), 65535).astype(np.uint16)


SIGMOID_TABLE = _sigmoid_table()


@dataclass(frozen=True)
class Sigmoid16:
    """Logistic or tanh of s16 to s16 with 15 fraction bits, by a table of the logistic function (TFLM, int16).

    multiplier, shift: x * multiplier / 2^shift, halves rounded up, has 2^17 for 10.7
    """

    function: str
    multiplier: int
    shift: int

    def apply(self, x: IntArray) -> IntArray:
        rounding = (1 << self.shift) >> 1
        scaled = (x * self.multiplier + rounding) >> self.shift
        bits = 9 if self.function == "logistic" else 8
        table = SIGMOID_TABLE.astype(np.int64)
        place = np.minimum(np.abs(scaled) >> bits, 254)
        rest = np.abs(scaled) & ((1 << bits) - 1)
        inside = (table[place] << bits) + rest * (table[place + 1] - table[place])
        saturated = (np.abs(scaled) >> bits) >= 255
        if self.function == "logistic":
            y = np.where(saturated, 0x7FFF << 10, inside)
            return np.where(scaled >= 0, y + (1 << 9), (1 << 25) - y + (1 << 9) - 1) >> 10
        y = np.where(saturated, 0xFFFF << 8, inside)
        return np.where(scaled >= 0, y - (1 << 23) + (1 << 7), -y + (1 << 23) + (1 << 7) - 1) >> 8


def _round(x: IntArray) -> IntArray:
    """Half away from zero; NaN and what s32 cannot hold become numbers that any narrower type saturates."""
    bounded = np.clip(np.nan_to_num(x.astype(np.float64), nan=-np.inf), -(2.0**31), 2.0**31)
    return np.trunc(bounded + np.copysign(0.5, bounded))


def quantized_table(function: Real, dtype: DType, x: tuple[float, int], y: tuple[float, int]) -> tuple[int, ...]:
    """[256]: the results for each byte of an 8-bit type, in f32 as tflite::LUTPopulate computes them.

    x, y: (scale, zero point) of both
    """
    real = np.float32(x[0]) * (byte_values(dtype).astype(np.int32) - x[1]).astype(np.float32)
    with np.errstate(all="ignore"):
        scaled = np.asarray(function(real), np.float32) * (np.float32(1) / np.float32(y[0]))
    low, high = dtype.range
    values = np.clip(_round(scaled) + y[1], low, high).astype(np.int64)
    return tuple(int(v) for v in values)


@dataclass(frozen=True)
class Interpolated:
    """A function of s16 between 513 points, 128 apart, in 16-bit arithmetic (tflite::LUTLookup, int16)."""

    values: tuple[int, ...]

    def apply(self, x: IntArray) -> IntArray:
        table = np.array(self.values, np.int64)
        place = 256 + (x >> 7)
        slope = (table[place + 1] - table[place]).astype(np.int16).astype(np.int64)
        return (table[place] + ((slope * (x & 0x7F) + 64) >> 7)).astype(np.int16).astype(np.int64)


def interpolation_table(function: Real, ends: tuple[float, float], inverse: float) -> Interpolated:
    """A function from one end, for -32768, to the other; results are divided by the output's scale, 1 / inverse.

    Each point is nudged by half the error halfway to the next (tflite::gen_lut, in f32).
    """
    f32 = np.float32
    low, high = f32(ends[0]), f32(ends[1])
    step = (high - low) / f32(512)
    start = low + np.arange(512, dtype=f32) * step
    with np.errstate(all="ignore"):
        here, half, following, last = (
            np.asarray(function(x), f32) * f32(inverse)
            for x in (start, start + step / f32(2), low + np.arange(1, 513, dtype=f32) * step, np.array([high], f32))
        )
    between = _round((following + _round(here).astype(f32)) / f32(2))
    bias = _round((between - _round(half)) / 2)
    values = np.concatenate([_round(here) - bias, _round(last)])
    return Interpolated(tuple(int(v) for v in np.clip(values, -32768, 32767)))


def interpolated(function: Real, scale_x: float, scale_y: float) -> Interpolated:
    """A function of s16 with the given scales and zero points of 0 (tflite::LUTPopulate, int16)."""
    f32 = np.float32
    inverse = f32(65536) / (f32(scale_y) * f32(32767) - f32(scale_y) * f32(-32768))
    ends = float(f32(scale_x) * f32(-32768)), float(f32(scale_x) * f32(32767))
    return interpolation_table(function, ends, float(inverse))
