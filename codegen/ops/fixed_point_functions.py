"""Exponential, logistic and tanh in fixed point, as TensorFlow Lite Micro computes them through gemmlowp.

A value with n integer bits is an s32 "raw" number: value = raw * 2^(n - 31). One with no integer bits cannot hold 1;
its greatest number, 2^31 - 1, stands for it. Arrays are int64 and hold s32 numbers.
"""

from __future__ import annotations

import numpy as np

from edgegen.ir.fixed_point import IntArray, doubling_high_multiply, rounding_shift_right

ONE = (1 << 31) - 1  # with no integer bits

# exp(-2^k) with no integer bits, by the exponent k of each bit of an argument below -1/4
EXP_OF_BIT = {-2: 1672461947, -1: 1302514674, 0: 790015084, 1: 290630308, 2: 39332535, 3: 720401, 4: 242}
_EXP_MINUS_EIGHTH = 1895147668
_THIRD = 715827883


def multiply_by_power(x: IntArray, exponent: int) -> IntArray:
    """x * 2^exponent, saturated to s32, or rounded half away from zero for a negative exponent."""
    if exponent < 0:
        return rounding_shift_right(x, -exponent)
    return np.clip(np.asarray(x, np.int64) << exponent, -(1 << 31), ONE)


def _exp_near_zero(a: IntArray) -> IntArray:
    """exp(a) for a in [-1/4, 0), no integer bits: four terms of the series around -1/8."""
    x = a + (1 << 28)
    x2 = doubling_high_multiply(x, x)
    x3 = doubling_high_multiply(x2, x)
    quarter_x4 = rounding_shift_right(doubling_high_multiply(x2, x2), 2)
    tail = rounding_shift_right(doubling_high_multiply(quarter_x4 + x3, _THIRD) + x2, 1)
    return _EXP_MINUS_EIGHTH + doubling_high_multiply(x + tail, _EXP_MINUS_EIGHTH)


def exp_on_negative_values(a: IntArray, integer_bits: int) -> IntArray:
    """exp(a), no integer bits, for a <= 0 with `integer_bits` (at most 5) integer bits."""
    a = np.asarray(a, np.int64)
    fraction_bits = 31 - integer_bits
    quarter = 1 << (fraction_bits - 2)
    near_zero = (a & (quarter - 1)) - quarter
    result = _exp_near_zero(multiply_by_power(near_zero, integer_bits))
    remainder = near_zero - a
    for exponent, factor in EXP_OF_BIT.items():
        if exponent < integer_bits:
            bit = (remainder >> (fraction_bits + exponent)) & 1
            result = np.where(bit == 1, doubling_high_multiply(result, factor), result)
    return np.where(a == 0, ONE, result)


def _reciprocal_of_half_sum(x: IntArray) -> IntArray:
    """2 / (1 + x), two integer bits, for x in [0, 1) with none: three Newton steps."""
    half = (np.asarray(x, np.int64) + ONE + 1) // 2  # of 1 + x, rounded
    guess = 1515870810 + doubling_high_multiply(half, -1010580540)
    for _ in range(3):
        error = (1 << 29) - doubling_high_multiply(half, guess)
        guess = guess + multiply_by_power(doubling_high_multiply(guess, error), 2)
    return guess


def reciprocal_of_one_plus(x: IntArray) -> IntArray:
    """1 / (1 + x), no integer bits, for x in [0, 1)."""
    return multiply_by_power(_reciprocal_of_half_sum(x), 1)


def logistic(a: IntArray, integer_bits: int) -> IntArray:
    """1 / (1 + exp(-a)), no integer bits."""
    a = np.asarray(a, np.int64)
    positive = reciprocal_of_one_plus(exp_on_negative_values(-np.abs(a), integer_bits))
    return np.where(a == 0, 1 << 30, np.where(a > 0, positive, ONE - positive))


def tanh(a: IntArray, integer_bits: int) -> IntArray:
    """tanh(a), no integer bits: (1 - exp(-2a)) / (1 + exp(-2a)) for a > 0."""
    a = np.asarray(a, np.int64)
    e = exp_on_negative_values(-np.abs(a), integer_bits + 1)
    positive = multiply_by_power(_reciprocal_of_half_sum(e) - (1 << 29), 2)
    return np.where(a == 0, 0, np.where(a > 0, positive, -positive))


def leading_zeros(x: IntArray) -> IntArray:
    """Leading zero bits of positive numbers below 2^32."""
    return 32 - np.frexp(np.asarray(x, np.float64))[1].astype(np.int64)


def reciprocal_root(x: IntArray) -> tuple[IntArray, IntArray]:
    """(multiplier, shift) of 1 / sqrt(x) for positive s32: five Newton steps on numbers with three integer bits.

    Of 1 they are those of the greatest number below 1 (tflite::GetInvSqrtQuantizedMultiplierExp).
    """
    x = np.asarray(x, np.int64)
    one = x == 1
    big = np.maximum(-((29 - (32 - leading_zeros(x))) // 2), 0)  # powers of 4 that bring x below 2^29
    x = x >> (2 * big)
    pairs = (leading_zeros(x) - 1) // 2 - 1
    value = (x << (2 * pairs)) >> 1
    half = rounding_shift_right(value, 1)
    root = np.full_like(x, 1 << 28)
    for _ in range(5):
        cube = multiply_by_power(doubling_high_multiply(doubling_high_multiply(root, root), root), 6)
        step = doubling_high_multiply(root, (1 << 28) + (1 << 27)) - doubling_high_multiply(half, cube)
        root = multiply_by_power(step, 3)
    root = doubling_high_multiply(root, 1518500250)
    shift = 11 + big - pairs
    root = root << np.maximum(-shift, 0)
    return np.where(one, ONE, root), np.where(one, 0, -np.maximum(shift, 0))


_LOG_2, _ROOT_HALF, _FOURTH_ROOT_HALF = 1488522236, 1518500250, 1805811301  # with no integer bits


def _power_of_two(x: IntArray, exponents: IntArray) -> IntArray:
    """`multiply_by_power` with an exponent for each element."""
    x, exponents = np.broadcast_arrays(np.asarray(x, np.int64), exponents)
    left = np.clip(x << np.maximum(exponents, 0), -(1 << 31), ONE)
    return np.where(exponents < 0, rounding_shift_right(x, np.maximum(-exponents, 0)), left)


def log(x: IntArray, integer_bits: int, result_bits: int) -> IntArray:
    """log(x) with `result_bits` integer bits for x >= 1 with `integer_bits`: x = 2^k * r with r between 2^-3/4 and
    2^-1/4, whose logarithm is a quotient of polynomials (tflite::log_x_for_x_greater_than_or_equal_to_1)."""
    x = np.asarray(x, np.int64)
    bits = result_bits + 1
    quarter = 1 << (29 - bits)

    zeros = leading_zeros(x)
    high = multiply_by_power(doubling_high_multiply(_power_of_two(x, zeros - 1), _ROOT_HALF), 1)
    high_exponent = np.clip(((integer_bits - zeros) << (31 - bits)) + quarter, -(1 << 31), ONE)
    headroom = leading_zeros(doubling_high_multiply(x, _ROOT_HALF)) - 1
    low = _power_of_two(x, headroom)
    low_exponent = np.clip(((integer_bits - headroom) << (31 - bits)) - quarter, -(1 << 31), ONE)
    r, exponent = np.minimum(high, low), np.maximum(high_exponent, low_exponent)

    total = r + _FOURTH_ROOT_HALF
    p = (total + 1) // 2
    q = 2 * (r - _FOURTH_ROOT_HALF)
    square = doubling_high_multiply(q, q)
    numerator = doubling_high_multiply(q, r) + doubling_high_multiply(doubling_high_multiply(q, square), 117049297)
    inner = 1057819769 + q + doubling_high_multiply(square, 127690142)
    denominator = doubling_high_multiply(p, inner) + doubling_high_multiply(q, 638450708)
    fraction = doubling_high_multiply(rounding_shift_right(numerator, bits), reciprocal_of_one_plus(denominator))
    return multiply_by_power(doubling_high_multiply(exponent, _LOG_2) + fraction, 1)
