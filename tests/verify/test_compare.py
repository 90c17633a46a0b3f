"""What counts as equal."""

from __future__ import annotations

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgegen.errors import UsageError
from edgegen.ir.dtypes import BF16
from edgegen.ir.tensor import magnitude
from edgegen.verify.compare import compare, ulp_distance

F32 = np.float32


def f32(*values: float) -> np.ndarray:
    return np.array(values, F32)


@pytest.mark.parametrize(
    ("got", "want", "distance"),
    [
        (1.0, 1.0, 0),
        (1.0, np.nextafter(F32(1), F32(2)), 1),
        (0.0, -0.0, 0),
        (np.nextafter(F32(0), F32(1)), -np.nextafter(F32(0), F32(1)), 2),
        (1.0, 2.0, 2**23),
        (np.inf, np.finfo(F32).max, 1),
        (np.nan, np.nan, 0),
        (np.nan, 0.0, 2**63),
    ],
)
def test_ulp_distance(got: float, want: float, distance: int) -> None:
    assert ulp_distance(f32(got), f32(want)).tolist() == [distance]
    assert ulp_distance(f32(want), f32(got)).tolist() == [distance]


def test_ulp_distance_of_doubles_spans_all_of_64_bits() -> None:
    distance = ulp_distance(np.array([np.inf]), np.array([-np.inf]))
    assert distance.tolist() == [2 * 0x7FF0000000000000]


@given(st.floats(width=32, allow_nan=False), st.integers(0, 5))
def test_ulp_distance_counts_steps(value: float, steps: int) -> None:
    moved = F32(value)
    for _ in range(steps):
        moved = np.nextafter(moved, F32(np.inf))
    if np.isfinite(moved):
        assert ulp_distance(f32(moved), f32(value)).tolist() == [steps]


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int16, np.int32, np.int64, np.uint64, np.bool_])
def test_integers_must_be_equal(dtype: type) -> None:
    want = np.array([[0, 1], [1, 0]], dtype)
    assert compare(want.copy(), want).match
    got = want.copy()
    got[1, 0] = 0
    difference = compare(got, want)
    assert not difference.match
    assert (difference.count, difference.max_abs_error, difference.max_ulp) == (1, 1.0, 1)
    assert (difference.worst, difference.got, difference.want) == ((1, 0), 0.0, 1.0)


def test_differences_of_64_bit_integers_do_not_wrap() -> None:
    difference = compare(np.array([2**63 - 1]), np.array([-(2**63)]))
    assert difference.max_ulp == 2**64 - 1


def test_floats_are_compared_on_the_scale_of_the_tensor() -> None:
    want = f32(100.0, 1e-6)
    assert compare(f32(100.0, 9e-4), want).match
    assert not compare(f32(100.0, 2e-3), want).match
    assert compare(f32(1e-6), f32(2e-6), scale=1.0).match
    assert not compare(f32(1e-6), f32(2e-6)).match


def test_units_in_the_last_place_are_those_of_the_element_or_of_the_scale() -> None:
    one = np.spacing(F32(1))
    assert compare(f32(1 + 4 * one), f32(1), relative=0, ulp=4).match
    assert not compare(f32(1 + 5 * one), f32(1), relative=0, ulp=4).match
    assert compare(f32(1.0, 4 * one), f32(1.0, 0.0), relative=0, ulp=4).match


@pytest.mark.parametrize(
    ("got", "want", "match"),
    [
        (np.nan, np.nan, True),
        (np.nan, 1.0, False),
        (1.0, np.nan, False),
        (np.inf, np.inf, True),
        (-np.inf, np.inf, False),
        (np.inf, 1.0, False),
        (np.finfo(F32).max, np.inf, False),
        (-0.0, 0.0, True),
    ],
)
def test_numbers_that_are_not_finite(got: float, want: float, match: bool) -> None:
    difference = compare(f32(1.0, got), f32(1.0, want), ulp=0)
    assert difference.match is match
    if not match and got != np.finfo(F32).max:
        assert difference.max_abs_error == np.inf
        assert difference.worst == (1,)


def test_an_empty_tensor_matches() -> None:
    assert compare(f32(), f32()).match


def test_what_cannot_be_compared_is_refused() -> None:
    with pytest.raises(UsageError, match=r"cannot compare float32\[1\] with float32\[2\]"):
        compare(f32(1), f32(1, 2))
    with pytest.raises(UsageError, match="int8"):
        compare(f32(1), np.array([1], np.int8))


def test_magnitude_is_of_finite_floats() -> None:
    assert magnitude(f32(1, -3, np.inf, np.nan)) == 3
    assert magnitude(f32()) == 0
    assert magnitude(np.array([7])) == 0


def test_the_largest_number_of_a_type_is_no_scale() -> None:
    for dtype in (np.float16, np.float32, np.float64, BF16.np):
        largest = -ml_dtypes.finfo(dtype).max
        want = np.array([1.0, largest], dtype)
        assert magnitude(want) == 1
        assert compare(want, want).match
        assert not compare(np.array([1.5, largest], dtype), want).match
        assert not compare(np.array([1.0, 0.0], dtype), want).match


def test_a_difference_says_where_and_by_how_much() -> None:
    text = str(compare(np.array([[1, 5]], np.int8), np.array([[1, 2]], np.int8)))
    assert text == "1 elements differ, by at most 3 (3 ulp); the worst, [0,1], is 5 and should be 2"
    assert str(compare(f32(1), f32(1))) == "match (largest error 0, 0 ulp)"
