"""Fixed-point requantization against exact rational arithmetic."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from edgegen.ir.fixed_point import (
    FixedPoint,
    doubling_high_multiply,
    multiply_by_quantized_multiplier,
    quantize_multiplier,
    rounding_shift_right,
    wrap32,
)

S32 = st.integers(-(1 << 31), (1 << 31) - 1)
MULTIPLIER = st.integers(1 << 30, (1 << 31) - 1)
NEAR_TIES = st.integers(-(1 << 20), 1 << 20).map(lambda k: k * 2048 + 1024)


def half_away(x: Fraction) -> int:
    """x rounded to the nearest integer, halves away from zero."""
    return math.floor(abs(x) + Fraction(1, 2)) * (1 if x >= 0 else -1)


def half_up_of_ties(x: Fraction) -> int:
    """x rounded to the nearest integer, halves up: what the nudge of the doubling high multiply does below zero."""
    return math.floor(x + Fraction(1, 2))


@given(S32, MULTIPLIER)
@example(-(1 << 31), (1 << 31) - 1)
@example(1, 1 << 30)
@example(-1, 1 << 30)
def test_doubling_high_multiply_rounds_the_exact_product(a: int, b: int) -> None:
    """gemmlowp nudges by 2^30 or 1 - 2^30 and truncates: nearest, ties upwards."""
    exact = Fraction(a * b, 1 << 31)
    assert int(doubling_high_multiply(np.array(a), b)) == half_up_of_ties(exact)


def test_doubling_high_multiply_saturates() -> None:
    least = -(1 << 31)
    assert int(doubling_high_multiply(np.array(least), least)) == (1 << 31) - 1


@given(st.one_of(S32, NEAR_TIES), st.integers(0, 31))
@example(-(1 << 31), 31)
@example(-1, 1)
@example(1, 1)
def test_shift_rounds_half_away_from_zero(x: int, exponent: int) -> None:
    assert int(rounding_shift_right(np.array(x), exponent)) == half_away(Fraction(x, 1 << exponent))


@given(S32, MULTIPLIER, st.integers(-31, 0))
def test_requantization_rounds_twice(x: int, multiplier: int, shift: int) -> None:
    high = half_up_of_ties(Fraction(x * multiplier, 1 << 31))
    assert int(multiply_by_quantized_multiplier(np.array(x), multiplier, shift)) == half_away(
        Fraction(high, 1 << -shift)
    )


@given(st.integers(-(1 << 20), 1 << 20), MULTIPLIER, st.integers(0, 10))
def test_left_shifts_come_first(x: int, multiplier: int, shift: int) -> None:
    want = half_up_of_ties(Fraction((x << shift) * multiplier, 1 << 31))
    assert int(multiply_by_quantized_multiplier(np.array(x), multiplier, shift)) == want


def test_left_shifts_wrap_as_a_register_does() -> None:
    assert int(multiply_by_quantized_multiplier(np.array(3 << 30), 1 << 30, 1)) == -(1 << 30)
    assert wrap32(np.array([1 << 31, -(1 << 31) - 1, 5])).tolist() == [-(1 << 31), (1 << 31) - 1, 5]


@given(st.floats(2.0**-30, 2.0**29))
@example(0.5)
@example(1.0)
@example(1 - 2.0**-33)  # rounds up to the next power of two
def test_multipliers_are_the_nearest(factor: float) -> None:
    multiplier, shift = quantize_multiplier(factor)
    assert 1 << 30 <= multiplier < 1 << 31
    held = Fraction(multiplier) * Fraction(2) ** (shift - 31)
    assert abs(held - Fraction(factor)) <= Fraction(1, 2) * Fraction(2) ** (shift - 31)


@pytest.mark.parametrize(
    ("factor", "want"),
    [
        (0.0, (0, 0)),
        (2.0**-33, (0, 0)),  # below what a shift of 31 reaches
        (2.0**-32, (1 << 30, -31)),
        (2.0**31, ((1 << 31) - 1, 30)),
        (1.0, (1 << 30, 1)),
        (0.75, (3 << 29, 0)),
    ],
)
def test_multipliers_at_the_ends(factor: float, want: tuple[int, int]) -> None:
    assert quantize_multiplier(factor) == want


def test_fixed_point_holds_one_factor_or_one_per_channel() -> None:
    one = FixedPoint.from_scales([0.5], 3)
    three = FixedPoint.from_scales([0.5, 0.25, 2.0], 3)
    acc = np.array([[8, 8, 8], [-8, 0, 5]])
    assert one.apply(acc).tolist() == [[7, 7, 7], [-1, 3, 6]]
    assert three.apply(acc).tolist() == [[7, 5, 19], [-1, 3, 13]]
    assert [a.tolist() for a in one.per_channel(2)] == [[1 << 30] * 2, [0] * 2]
    assert [len(a) for a in three.per_channel(3)] == [3, 3]
