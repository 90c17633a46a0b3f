"""The steps of a requantization are where they are said to be, and the proof accepts the equal and nothing else."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from edgegen.ir.fixed_point import FixedPoint, IntArray
from edgegen.ops.requantize_dsp import high_multiply, largest_shift, staircase
from edgegen.ops.requantize_proof import Staircase, accumulator_range

UNITS = 5


@st.composite
def stairs(draw: st.DrawFn) -> Staircase:
    factors = draw(st.lists(st.floats(2.0**-20, 4.0), min_size=UNITS, max_size=UNITS))
    low = draw(st.integers(-(2**22), 2**22))
    size = draw(st.integers(0, 2**20))
    clamp = sorted(draw(st.tuples(st.integers(-128, 127), st.integers(-128, 127))))
    requantize = FixedPoint.from_scales(factors, draw(st.integers(-128, 127)))
    lows = np.full(UNITS, low) + np.arange(UNITS)
    return Staircase.of(requantize, lows, lows + size, *clamp)


def clamped(s: Staircase, acc: IntArray) -> IntArray:
    return np.clip(s.requantize.apply(acc), s.low, s.high)


@settings(derandomize=True, max_examples=60, deadline=None)
@given(stairs(), st.integers(0, 2**32))
def test_steps_are_the_least_accumulators_with_their_result(s: Staircase, seed: int) -> None:
    results = np.arange(s.low + 1, s.high + 1)[:, None]
    occurs = s.first <= s.acc_high
    assert (clamped(s, s.first) >= results)[occurs].all()
    inside = s.first > s.acc_low
    assert (clamped(s, s.first - 1) < results)[inside].all()
    assert s.monotone.all()
    acc = np.random.default_rng(seed).integers(s.acc_low, s.acc_high + 1, (500, UNITS))
    counted = s.low + (acc[:, None, :] >= s.first[None]).sum(axis=1)
    np.testing.assert_array_equal(counted, clamped(s, acc))


@settings(derandomize=True, max_examples=60, deadline=None)
@given(stairs(), st.integers(0, 2**32))
def test_a_form_that_moves_one_step_is_refused(s: Staircase, seed: int) -> None:
    assert s.agrees(lambda acc: clamped(s, acc)).all()
    inside = (s.first > s.acc_low) & (s.first <= s.acc_high)
    if not inside.any():
        return
    rows, units = np.nonzero(inside)
    k = np.random.default_rng(seed).integers(len(rows))
    step, unit = s.first[rows[k], units[k]], units[k]

    def late(acc: IntArray) -> IntArray:
        out = clamped(s, acc)
        wrong = (acc == step) & (np.arange(UNITS) == unit)
        return np.where(wrong, clamped(s, acc - 1), out)

    assert list(np.flatnonzero(~s.agrees(late))) == [unit]


def test_left_shift_that_overflows_is_not_monotone() -> None:
    s = Staircase.of(FixedPoint((1 << 30,), (12,), 0), np.array([0]), np.array([1 << 20]), -128, 127)
    assert not s.monotone.any()
    assert not s.agrees(s.result).any()


def test_accumulator_range_is_reached() -> None:
    rng = np.random.default_rng(1)
    w, b = rng.integers(-128, 128, (7, 11)), rng.integers(-1000, 1000, 7)
    low, high = accumulator_range(w, b, -3, 127)
    x = np.where(w > 0, -3, 127)
    np.testing.assert_array_equal((x * w).sum(axis=1) + b, low)
    np.testing.assert_array_equal((np.where(w > 0, 127, -3) * w).sum(axis=1) + b, high)


@settings(derandomize=True, max_examples=40, deadline=None)
@given(
    st.integers(1, 300),
    st.floats(-12, -4),
    st.integers(-128, 127),
    st.sampled_from([(8,), (8, 10, 5, 2)]),
    st.integers(0, 2**32),
)
def test_high_multiply_equals_fixed_point(
    taps: int, factor: float, zero: int, scales: tuple[int, ...], seed: int
) -> None:
    rng = np.random.default_rng(seed)
    units = 6
    weights = rng.integers(-127, 128, (units, taps))
    bias = rng.integers(-20000, 20000, units)
    requantize = FixedPoint.from_scales([2.0 ** (factor + rng.uniform(-1, 1)) for _ in range(units)], zero)
    steps = staircase(requantize, weights, bias)
    form = high_multiply(steps, bias, min(largest_shift(steps, 8), 15), scales)
    assert form.found.mean() > 0.5
    low, high = accumulator_range(weights, 0 * bias)
    raw = rng.integers(low, high + 1, (4000, units))
    near = np.clip(rng.integers(-2000, 2000, (4000, units)) - bias, low, high)  # around an accumulator of zero
    for values in (raw, near, np.stack([low, high])):
        wanted = np.clip(requantize.apply(values + bias), -128, 127)
        assert (form.apply(values) == wanted)[:, form.found].all()


def test_constant_units_need_no_multiplier() -> None:
    requantize = FixedPoint.from_scales([1e-9, 1e-3], -5)
    bias = np.array([1 << 30, 7])
    form = high_multiply(staircase(requantize, np.full((2, 9), 100), bias), bias, 12, (8,))
    assert form.found.all()
    assert form.multiplier[0] == 0
    assert form.apply(np.array([[100, 0]]))[0, 0] == -4
