"""The float form of requantization: wherever it is proved, it gives fixed point's integers."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgegen.ir.fixed_point import FixedPoint
from edgegen.ir.tensor import Array
from edgegen.ops.requantize_float import FIXED_POINT, ONE_OFFSET, FloatForm, float_form, fused_multiply_add


def evaluate(form: FloatForm, unit: int, acc: Array, low: int, high: int) -> Array:
    """The form as the kernels compute it."""
    a = acc - form.center[unit]
    offset = np.where(a < 0, form.below[unit], form.above[unit]).astype(np.float32)
    y = fused_multiply_add(a.astype(np.float32), np.full(a.shape, form.scale[unit]), offset)
    return np.clip(np.rint(y), low, high).astype(np.int64)


@settings(max_examples=60)
@given(
    st.lists(st.floats(1e-5, 4.0), min_size=1, max_size=4),
    st.integers(-128, 127),
    st.tuples(st.integers(-128, 127), st.integers(-128, 127)).map(sorted),
    st.integers(-(1 << 22), 1 << 22),
    st.integers(0, 30000),
)
def test_the_form_equals_fixed_point_on_every_accumulator(
    factors: list[float], zero_point: int, clamp: list[int], start: int, count: int
) -> None:
    requantize = FixedPoint.from_scales(factors, zero_point)
    first = np.full(len(factors), start, np.int64)
    form = float_form(requantize, first, first + count, clamp[0], clamp[1])
    acc = np.arange(start, start + count + 1)
    for unit, (multiplier, shift) in enumerate(zip(requantize.multiplier, requantize.shift, strict=True)):
        if form.form[unit] != FIXED_POINT:
            exact = np.clip(FixedPoint((multiplier,), (shift,), zero_point).apply(acc), clamp[0], clamp[1])
            assert np.array_equal(evaluate(form, unit, acc, clamp[0], clamp[1]), exact)
            assert form.form[unit] != ONE_OFFSET or form.below[unit] == form.above[unit]


@pytest.mark.parametrize(("zero_point", "expected"), [(-128, 0.97), (3, 0.97)])
def test_nearly_every_channel_of_an_ordinary_layer_has_a_form(zero_point: int, expected: float) -> None:
    rng = np.random.default_rng(1)
    requantize = FixedPoint.from_scales([float(f) for f in rng.uniform(0.002, 0.02, 300)], zero_point)
    reach = rng.integers(20_000, 400_000, 300)
    form = float_form(requantize, -reach, reach, -128, 127)
    assert np.mean(form.form != FIXED_POINT) >= expected


def test_accumulators_that_may_wrap_keep_fixed_point() -> None:
    requantize = FixedPoint.from_scales([0.001, 4.0, 0.001], 0)
    low, high = np.array([-(1 << 31) - 1, -(1 << 30), -10]), np.array([0, 1 << 30, 10])
    assert float_form(requantize, low, high, -128, 127).form.tolist() == [FIXED_POINT, FIXED_POINT, ONE_OFFSET]


def test_a_channel_that_never_changes_is_a_constant() -> None:
    requantize = FixedPoint.from_scales([0.001], 5)
    form = float_form(requantize, np.array([1 << 30]), np.array([1 << 30]), -128, 127)
    assert (form.form[0], form.scale[0], form.above[0]) == (ONE_OFFSET, 0.0, 127.0)


def nearest_f32(x: Fraction) -> float:
    """x rounded to f32, half to even, in exact arithmetic; x in the range of normal numbers."""
    if x == 0:
        return 0.0
    exponent = 0
    while abs(x) >= Fraction(2) ** (exponent + 1):
        exponent += 1
    while abs(x) < Fraction(2) ** exponent:
        exponent -= 1
    unit = Fraction(2) ** (exponent - 23)
    return float(round(x / unit) * unit)


def test_fused_multiply_add_rounds_once() -> None:
    rng = np.random.default_rng(2)
    a = rng.integers(-(1 << 24), 1 << 24, 2000).astype(np.float32)
    b = np.ldexp(rng.integers(1 << 23, 1 << 24, 2000), rng.integers(-40, -20, 2000)).astype(np.float32)
    near = np.rint(a.astype(np.float64) * b) + 0.5
    c = (near - a.astype(np.float64) * b).astype(np.float32)  # sums that fall close to a half
    got = fused_multiply_add(a, b, c)
    for i in range(len(a)):
        exact = Fraction(float(a[i])) * Fraction(float(b[i])) + Fraction(float(c[i]))
        assert float(got[i]) == nearest_f32(exact), (a[i], b[i], c[i])
