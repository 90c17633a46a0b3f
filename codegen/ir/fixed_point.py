"""Fixed-point requantization as TensorFlow Lite Micro defines it.

A real factor is held as a 32-bit multiplier and a shift: factor = multiplier * 2^(shift - 31). Applying it rounds to
nearest twice: in the doubling high multiply, where ties go upwards, and in the right shift, where they go away from
zero (gemmlowp's SaturatingRoundingDoublingHighMul and RoundingDivideByPOT; TFLM builds without TFLITE_SINGLE_ROUNDING).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from edgegen.errors import InvalidGraph

IntArray = npt.NDArray[Any]


def quantize_multiplier(factor: float) -> tuple[int, int]:
    """(multiplier, shift) of a non-negative real factor, as tflite::QuantizeMultiplier computes them.

    The multiplier lies in [2^30, 2^31) or is 0; the shift in [-31, 30]. Raises InvalidGraph for any other factor.
    """
    if not 0.0 <= factor < math.inf:
        raise InvalidGraph(f"cannot requantize by {factor}")
    if factor == 0.0:
        return 0, 0
    mantissa, shift = math.frexp(factor)
    # TfLiteRound: half away from zero; the mantissa's sign is the factor's.
    scaled = mantissa * 2.0**31
    multiplier = math.floor(abs(scaled) + 0.5) * (1 if scaled >= 0 else -1)
    if multiplier == 1 << 31:
        multiplier //= 2
        shift += 1
    if shift < -31:
        return 0, 0
    if shift > 30:
        return (1 << 31) - 1, 30
    return multiplier, shift


def wrap32(x: IntArray) -> IntArray:
    """int64 values reduced to what a 32-bit two's complement register holds."""
    return np.asarray(x, np.int64).astype(np.int32).astype(np.int64)


def doubling_high_multiply(a: IntArray, b: IntArray | int) -> IntArray:
    """Rounded high 32 bits of 2*a*b, saturated (gemmlowp::SaturatingRoundingDoublingHighMul). int64 in and out."""
    product = np.asarray(a, np.int64) * np.asarray(b, np.int64)
    nudged = product + np.where(product >= 0, 1 << 30, 1 - (1 << 30))
    high = np.where(nudged >= 0, nudged >> 31, -((-nudged) >> 31))  # C division truncates toward zero
    return np.minimum(high, (1 << 31) - 1)


def rounding_shift_right(x: IntArray, exponent: IntArray | int) -> IntArray:
    """x / 2^exponent rounded half away from zero (gemmlowp::RoundingDivideByPOT)."""
    x = np.asarray(x, np.int64)
    mask = (np.int64(1) << np.asarray(exponent, np.int64)) - 1
    threshold = (mask >> 1) + (x < 0)
    return (x >> exponent) + ((x & mask) > threshold)


def multiply_by_quantized_multiplier(x: IntArray, multiplier: IntArray | int, shift: IntArray | int) -> IntArray:
    """x * multiplier * 2^(shift - 31) in TFLM's 32-bit arithmetic (MultiplyByQuantizedMultiplier). Returns int64."""
    shift = np.asarray(shift, np.int64)
    left = np.maximum(shift, 0)
    right = np.maximum(-shift, 0)
    shifted = wrap32(np.asarray(x, np.int64) << left)
    return rounding_shift_right(doubling_high_multiply(shifted, multiplier), right)


@dataclass(frozen=True)
class FixedPoint:
    """TFLite's requantization of an s32 accumulator: round(round(acc * multiplier) >> -shift) + zero_point.

    multiplier, shift: one entry (per tensor) or one per output channel (last axis)
    zero_point:        of the output
    """

    multiplier: tuple[int, ...]
    shift: tuple[int, ...]
    zero_point: int

    @classmethod
    def from_scales(cls, scales: list[float], zero_point: int) -> Self:
        """One (multiplier, shift) for each real factor."""
        pairs = [quantize_multiplier(s) for s in scales]
        return cls(tuple(m for m, _ in pairs), tuple(s for _, s in pairs), zero_point)

    def apply(self, acc: IntArray) -> IntArray:
        """acc [..., channels] -> int64, not yet clamped to the output's type."""
        if len(self.multiplier) == 1:  # acc may be a scalar, and stays one
            scaled = multiply_by_quantized_multiplier(acc, self.multiplier[0], self.shift[0])
        else:
            scaled = multiply_by_quantized_multiplier(acc, np.array(self.multiplier), np.array(self.shift))
        return scaled + self.zero_point

    def of_channels(self, channels: Iterable[int]) -> Self:
        """What requantizes only these output channels, in this order."""
        if len(self.multiplier) == 1:
            return self
        pairs = [(self.multiplier[c], self.shift[c]) for c in channels]
        return replace(self, multiplier=tuple(m for m, _ in pairs), shift=tuple(s for _, s in pairs))

    def per_channel(self, channels: int) -> tuple[IntArray, IntArray]:
        """multiplier and shift as s32 arrays of one entry per channel."""
        m, s = np.array(self.multiplier, np.int32), np.array(self.shift, np.int32)
        return (np.repeat(m, channels), np.repeat(s, channels)) if len(m) == 1 else (m, s)


@dataclass(frozen=True)
class FixedPointOnce(FixedPoint):
    """The same factors with one rounding, ties upwards, as LiteRT's FULLY_CONNECTED of u8: (acc * multiplier) >> (31 -
    shift), with what is beyond 2^30 limited to it."""

    def apply(self, acc: IntArray) -> IntArray:
        multiplier, shift = (a.astype(np.int64) for a in self.per_channel(len(self.multiplier)))
        product = np.asarray(acc, np.int64) * multiplier + (np.int64(1) << (30 - shift))
        return np.clip(product >> (31 - shift), -(1 << 30), 1 << 30) + self.zero_point


@dataclass(frozen=True)
class ScaledRound(FixedPoint):
    """ONNX's requantization: round(acc * factor) + zero_point, acc and the product as f32, ties to even.

    multiplier and shift hold the f32 factor, whose 24 bits they have room for. What is beyond 2^30 is limited to it;
    onnxruntime limits it to the output's numbers before it rounds, which gives the same results.
    """

    @classmethod
    def from_scales(cls, scales: list[float], zero_point: int) -> Self:
        """Raises InvalidGraph for factors that are no f32, or so great or small that no shift holds them."""
        one = super().from_scales(scales, zero_point)
        if not np.array_equal(one.factors().astype(np.float64), np.array(scales, np.float64)):
            raise InvalidGraph("a factor that results are scaled by is no f32 within 2^-32 and 2^30")
        return one

    def factors(self) -> npt.NDArray[np.float32]:
        """f32, one entry or one per channel."""
        mantissa = np.array(self.multiplier, np.float64)
        return np.ldexp(mantissa, np.array(self.shift, np.int64) - 31).astype(np.float32)

    def apply(self, acc: IntArray) -> IntArray:
        factor = self.factors()
        scaled = np.asarray(acc, np.int64).astype(np.float32) * (factor[0] if len(factor) == 1 else factor)
        return np.clip(np.rint(scaled), -(2.0**30), 2.0**30).astype(np.int64) + self.zero_point


@dataclass(frozen=True)
class WideFixedPoint(FixedPoint):
    """TFLite's requantization of an s64 accumulator: by the multiplier's upper 16 bits, rounded once, ties upwards.

    For |acc| < 2^47 (the int64 overload of tflite::MultiplyByQuantizedMultiplier). Raises InvalidGraph for shifts
    outside [-31, 7], for which it is not defined.
    """

    def __post_init__(self) -> None:
        if any(not -31 <= s <= 7 for s in self.shift):
            raise InvalidGraph(f"64-bit sums cannot be requantized by factors of 2^{max(self.shift)}")

    def reduced(self, channels: int) -> tuple[IntArray, IntArray]:
        """15-bit multiplier and right shift, s32 arrays of one entry per channel: factor = multiplier / 2^shift."""
        multiplier, shift = self.per_channel(channels)
        rounded = (multiplier.astype(np.int64) + (1 << 15)) >> 16
        return np.minimum(rounded, 0x7FFF).astype(np.int32), 15 - shift

    def apply(self, acc: IntArray) -> IntArray:
        multiplier, shift = (a.astype(np.int64) for a in self.reduced(len(self.multiplier)))
        product = np.asarray(acc, np.int64) * multiplier + (np.int64(1) << (shift - 1))
        return wrap32(product >> shift) + self.zero_point
