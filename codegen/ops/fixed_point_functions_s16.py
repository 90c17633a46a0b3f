"""Logistic and tanh in 16-bit fixed point, as LiteRT computes them through gemmlowp.

An s16 "raw" number with n integer bits stands for raw * 2^(n - 15); with none, its greatest number stands for 1. Arrays
are int64 and hold s16 numbers. The 32-bit twins of these functions are in fixed_point_functions.py.
"""

from __future__ import annotations

import numpy as np

from edgegen.ir.fixed_point import IntArray, rounding_shift_right
from edgegen.ops.fixed_point_functions import EXP_OF_BIT

ONE = (1 << 15) - 1  # with no integer bits
_EXP_MINUS_EIGHTH, _THIRD, _48_17, _MINUS_32_17 = 28918, 10923, 23130, -15420


def saturate(x: IntArray) -> IntArray:
    return np.clip(x, -(1 << 15), ONE)


def wrap(x: IntArray) -> IntArray:
    """int64 values reduced to what 16 bits hold."""
    return np.asarray(x, np.int64).astype(np.int16).astype(np.int64)


def multiply(a: IntArray, b: IntArray | int) -> IntArray:
    """Rounded high 16 bits of 2*a*b, saturated."""
    return np.minimum((np.asarray(a, np.int64) * b + (1 << 14)) >> 15, ONE)


def _exp_near_zero(a: IntArray) -> IntArray:
    """exp(a) for a in [-1/4, 0), no integer bits: four terms of the series around -1/8."""
    x = wrap(a + (1 << 12))
    x2 = multiply(x, x)
    quarter_x4 = rounding_shift_right(multiply(x2, x2), 2)
    tail = rounding_shift_right(wrap(multiply(wrap(quarter_x4 + multiply(x2, x)), _THIRD) + x2), 1)
    return saturate(_EXP_MINUS_EIGHTH + multiply(wrap(x + tail), _EXP_MINUS_EIGHTH))


def _exp_on_negative_values(a: IntArray, integer_bits: int) -> IntArray:
    """exp(a), no integer bits, for a <= 0."""
    fraction_bits = 15 - integer_bits
    quarter = 1 << (fraction_bits - 2)
    near_zero = (a & (quarter - 1)) - quarter
    result = _exp_near_zero(saturate(near_zero << integer_bits))
    remainder = wrap(near_zero - a)
    for exponent, factor in EXP_OF_BIT.items():
        if exponent < integer_bits:
            bit = (remainder >> (fraction_bits + exponent)) & 1
            rounded = (factor + (1 << 15)) >> 16
            result = np.where(bit == 1, multiply(result, rounded), result)
    if integer_bits > 5:  # below -32
        result = np.where(a < -(32 << fraction_bits), 0, result)
    return np.where(a == 0, ONE, result)


def _reciprocal_of_half_sum(x: IntArray) -> IntArray:
    """2 / (1 + x), two integer bits, for x in [0, 1) with none: three Newton steps."""
    half = (x + ONE + 1) // 2
    guess = wrap(_48_17 + multiply(half, _MINUS_32_17))
    for _ in range(3):
        error = wrap((1 << 13) - multiply(half, guess))
        guess = wrap(guess + saturate(multiply(guess, error) << 2))
    return guess


def logistic(a: IntArray, integer_bits: int) -> IntArray:
    """1 / (1 + exp(-a)), no integer bits."""
    negative = -np.abs(a)
    positive = saturate(_reciprocal_of_half_sum(_exp_on_negative_values(negative, integer_bits)) << 1)
    return np.where(a == 0, 1 << 14, np.where(a > 0, positive, ONE - positive))


def tanh(a: IntArray, integer_bits: int) -> IntArray:
    """tanh(a), no integer bits: (1 - exp(-2a)) / (1 + exp(-2a)) for a > 0."""
    e = _exp_on_negative_values(-np.abs(a), integer_bits + 1)
    positive = saturate(wrap(_reciprocal_of_half_sum(e) - (1 << 13)) << 2)
    return np.where(a == 0, 0, np.where(a > 0, positive, -positive))
