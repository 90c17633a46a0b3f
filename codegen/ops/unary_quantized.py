"""What unary functions compute on TFLite's quantized integers, to the bit.

Each class has `apply(x)`: int64 in, int64 out, not yet limited to the output's type.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from edgegen.ir.fixed_point import FixedPoint, IntArray, multiply_by_quantized_multiplier, rounding_shift_right
from edgegen.ops import fixed_point_functions


class QuantizedFunction(Protocol):
    """A function of quantized integers."""

    def apply(self, x: IntArray) -> IntArray: ...


@dataclass(frozen=True)
class TwoSlopes:
    """positive(x - x_zero) where x >= x_zero, negative(x - x_zero) below (TFLM LEAKY_RELU, int8 and int16)."""

    x_zero: int
    positive: FixedPoint
    negative: FixedPoint

    def apply(self, x: IntArray) -> IntArray:
        value = x - self.x_zero
        return np.where(value >= 0, self.positive.apply(value), self.negative.apply(value))


@dataclass(frozen=True)
class Sigmoid:
    """Logistic or tanh in 32-bit fixed point (TFLM LOGISTIC and TANH, int8).

    function:    "logistic" (output: scale 1/256, zero point -128) or "tanh" (scale 1/128, zero point 0)
    input_scale: brings x - x_zero to 4 integer bits
    radius:      from here on the result is the least or greatest number of the output
    """

    function: str
    x_zero: int
    input_scale: FixedPoint
    radius: int

    def apply(self, x: IntArray) -> IntArray:
        value = x - self.x_zero
        inside = np.abs(value) < self.radius
        scaled = self.input_scale.apply(np.where(inside, value, 0))
        if self.function == "logistic":
            y = rounding_shift_right(fixed_point_functions.logistic(scaled, 4), 31 - 8) - 128
        else:
            y = rounding_shift_right(fixed_point_functions.tanh(scaled, 4), 31 - 7)
        return np.where(inside, y, np.where(value > 0, 127, -128))


def _saturate16(x: IntArray) -> IntArray:
    return np.clip(x, -(1 << 15), (1 << 15) - 1)


def _rounded_high16(a: IntArray, b: int) -> IntArray:
    """Rounded high 16 bits of 2*a*b in 16-bit arithmetic, saturated."""
    product = np.asarray(a, np.int64) * b
    nudged = product + np.where(product >= 0, 1 << 14, 1 - (1 << 14))
    return _saturate16(np.where(nudged >= 0, nudged >> 15, -(-nudged >> 15)))


def _rounding_shift_right16(x: IntArray, exponent: int) -> IntArray:
    """x / 2^exponent rounded half away from zero, in 16 bits: from exponent 16 on, gemmlowp's mask is -1."""
    mask = (1 << exponent) - 1 if exponent < 16 else -1
    return (x >> exponent) + ((x & mask) > (mask >> 1) + (x < 0))


@dataclass(frozen=True)
class HardSwish16:
    """x * relu6(x + 3) / 6 in 16-bit fixed point (TFLM HARD_SWISH, int8).

    output_*: multiplier (15 fraction bits) and exponent from x's scale / 128 to the output's; exponent <= 0
    gate_*:   likewise to the scale on which 3 is 2^15
    """

    x_zero: int
    zero_point: int
    output_multiplier: int
    output_exponent: int
    gate_multiplier: int
    gate_exponent: int

    def apply(self, x: IntArray) -> IntArray:
        fine = (x - self.x_zero) * 128
        gate = fine
        if self.gate_exponent > 0:
            gate = _saturate16(gate << (self.gate_exponent - 1))
        gate = _rounded_high16(gate, self.gate_multiplier)
        if self.gate_exponent > 0:
            gate = _saturate16(gate << 1)
        elif self.gate_exponent < 0:
            gate = _rounding_shift_right16(gate, -self.gate_exponent)
        gate = (gate + (1 << 15)) >> 1  # from [-1, 1] to [0, 1]
        product = gate * _rounded_high16(fine, self.output_multiplier)
        swish = np.where(product >= 0, product >> 15, -(-product >> 15))  # toward zero
        return _rounding_shift_right16(swish, -self.output_exponent) + self.zero_point


@dataclass(frozen=True)
class Magnitude:
    """scale(|x - x_zero|) (TFLM ABS, int8 and int16)."""

    x_zero: int
    scale: FixedPoint

    def apply(self, x: IntArray) -> IntArray:
        return self.scale.apply(np.abs(x - self.x_zero))


@dataclass(frozen=True)
class ReciprocalRoot:
    """scale(2^20 / sqrt(x - x_zero)) (TFLM RSQRT, int8 and int16).

    scale: 1 / (sqrt(scale of x) * scale of y), over 2^20. From x_zero downwards, where TFLM stops or takes the
    greatest number, the result is the greatest number.
    """

    x_zero: int
    scale: FixedPoint

    def apply(self, x: IntArray) -> IntArray:
        value = np.maximum(x - self.x_zero, 1)
        multiplier, shift = fixed_point_functions.reciprocal_root(value)
        root = multiply_by_quantized_multiplier(np.ones_like(value), multiplier, shift + 20)
        return np.where(x > self.x_zero, self.scale.apply(root), (1 << 15) - 1)
