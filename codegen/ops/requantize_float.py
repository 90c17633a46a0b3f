"""Requantization as one float multiply-add and a rounding conversion, where that is proved to give the same integers.

    y = round_to_even(float(acc - center) * scale + offset)      fused multiply-add, then clamped

never falls on either side of `center`, where it may change its offset; so agreeing with TFLM at the corners of the
staircase (see requantize_proof) and on both sides of `center` proves it for every accumulator that can occur. A second
offset is often needed because TFLM rounds the second time half away from zero: its steps lie a little farther out
on both sides of zero than any one straight line puts them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace

import numpy as np
import numpy.typing as npt

from edgegen.ir.fixed_point import FixedPoint, IntArray
from edgegen.ops.requantize_proof import Staircase

FloatArray = npt.NDArray[np.float32]
Reals = npt.NDArray[np.float64]

ONE_OFFSET, TWO_OFFSETS, FIXED_POINT = 0, 1, 2  # how a channel requantizes, cheapest first

_TUNE = (8, 48)  # by form: units in the last place by which the scale may differ from the real factor
_INSIDE = (0.5, 0.25, 0.75, 0.1, 0.9)  # places tried inside the interval of offsets that real arithmetic allows


@dataclass(frozen=True)
class FloatForm:
    """The float form of each unit; arrays [units].

    form:   ONE_OFFSET, TWO_OFFSETS, or FIXED_POINT where no constants are proved
    center: s64, subtracted from the accumulator (fold it into the bias); 0 in FIXED_POINT
    scale:  f32
    below:  f32, offset for accumulators less than center
    above:  f32, offset for the others; the same as `below` in ONE_OFFSET
    """

    form: IntArray
    center: IntArray
    scale: FloatArray
    below: FloatArray
    above: FloatArray

    def rearranged(self, how: Callable[[IntArray], IntArray]) -> FloatForm:
        """Every array as `how` rearranges it."""
        return FloatForm(*(how(getattr(self, field.name)) for field in fields(self)))


def fused_multiply_add(a: FloatArray, b: FloatArray, c: FloatArray) -> FloatArray:
    """a * b + c rounded once to f32.

    The product of two f32 is exact in f64. The sum is rounded to odd in f64, after which rounding to f32 gives what a
    single rounding would (Boldo and Melquiond, "Emulation of FMA and correctly rounded sums", 2008).
    """
    product = a.astype(np.float64) * b.astype(np.float64)
    addend = np.broadcast_to(c.astype(np.float64), product.shape)
    total = product + addend
    virtual = total - product
    error = (product - (total - virtual)) + (addend - virtual)
    bits = total.view(np.int64)
    odd = np.where((error > 0) == (total > 0), bits + 1, bits - 1)
    return np.where((error != 0) & (bits & 1 == 0), odd, bits).view(np.float64).astype(np.float32)


@dataclass(frozen=True)
class _Units:
    """Units whose form is sought: s64 arrays [units], except level [V] and step [V,units].

    step: the least accumulator in [low, high] whose output is at least `level`; high + 1 if none is
    """

    stairs: Staircase
    index: IntArray

    @property
    def low(self) -> IntArray:
        return self.stairs.acc_low[self.index]

    @property
    def high(self) -> IntArray:
        return self.stairs.acc_high[self.index]

    @property
    def step(self) -> IntArray:
        return self.stairs.first[:, self.index]

    @property
    def level(self) -> IntArray:
        return np.arange(self.stairs.low + 1, self.stairs.high + 1)[:, None]

    @property
    def factor(self) -> Reals:
        multiplier, shift = self.stairs.requantize.per_channel(len(self.stairs.acc_low))
        return np.ldexp(multiplier[self.index].astype(np.float64), shift[self.index] - 31)

    def outputs(self, acc: IntArray) -> IntArray:
        """TFLM's, clamped: acc [n,units]."""
        multiplier, shift = self.stairs.requantize.per_channel(len(self.stairs.acc_low))
        part = replace(
            self.stairs.requantize,
            multiplier=tuple(multiplier[self.index].tolist()),
            shift=tuple(shift[self.index].tolist()),
        )
        return np.clip(part.apply(acc), self.stairs.low, self.stairs.high)


class _Task:
    """The search for constants around one choice of centers: what does not depend on scale and offsets.

    points:   [n,units] accumulators minus center that together prove the form, as f32 conversion rounds them
    expected: [n,units] outputs there
    """

    def __init__(self, units: _Units, center: IntArray) -> None:
        low, high, step = units.low, units.high, units.step
        around = np.concatenate([step, step - 1, np.stack([low, high, center - 1, center])])
        acc = np.clip(around, low, high)
        self.units, self.center = units, center
        self.expected = units.outputs(acc)
        self.below = acc < center
        self.points = (acc - center).astype(np.float32)
        self.in_range = (np.abs(acc - center) < 1 << 31).all(axis=0)
        sides = [(step, step <= high), (step - 1, (step > low) & (step <= high))]
        self.sides = [((acc - center).astype(np.float32).astype(np.float64), acc < center, on) for acc, on in sides]
        self.at_center = units.outputs(center[None])[0]

    def interval(self, left: IntArray, scale: FloatArray, side: str) -> tuple[Reals, Reals]:
        """(least, greatest) offset that real arithmetic allows on one side of the center, or on both."""
        ends = []
        for (acc, is_below, on), worst, open_ in zip(self.sides, (np.max, np.min), (-np.inf, np.inf), strict=True):
            counts = on if side == "both" else on & (is_below if side == "below" else ~is_below)
            offset = self.units.level - 0.5 - acc[:, left] * scale.astype(np.float64)
            ends.append(worst(np.where(counts[:, left], offset, open_), axis=0, initial=open_))
        least, greatest = ends
        least, greatest = (
            np.where(np.isfinite(least), least, greatest),
            np.where(np.isfinite(greatest), greatest, least),
        )
        constant = ~np.isfinite(least)  # no step on this side
        value = self.at_center[left]
        return np.where(constant, value, least), np.where(constant, value, greatest)

    def proved(self, left: IntArray, scale: FloatArray, below: FloatArray, above: FloatArray) -> IntArray:
        """Which of the units `left` give the expected output at every point."""
        y = fused_multiply_add(self.points[:, left], scale, np.where(self.below[:, left], below, above))
        stairs = self.units.stairs
        same = np.clip(np.rint(y), stairs.low, stairs.high) == self.expected[:, left]
        proved: IntArray = self.in_range[left] & (np.abs(y) < 2.0**30).all(axis=0) & same.all(axis=0)
        return proved


def _search(units: _Units, center: IntArray, wanted: int) -> FloatForm:
    """Constants for one choice of centers and one form: the real factor as scale, then neighbours ever farther off."""
    count = len(center)
    form = np.full(count, FIXED_POINT)
    best = [np.zeros(count, np.float32) for _ in range(3)]
    real = units.factor.astype(np.float32)
    task = _Task(units, center)
    sides = ("both", "both") if wanted == ONE_OFFSET else ("below", "above")
    for distance in sorted(range(-_TUNE[wanted], _TUNE[wanted] + 1), key=abs):
        left = np.flatnonzero(form == FIXED_POINT)
        scale = (real[left].view(np.int32) + distance).view(np.float32)
        ends = [task.interval(left, scale, side) for side in sides]
        possible = np.all([least <= greatest for least, greatest in ends], axis=0)
        left, scale = left[possible], scale[possible]
        ends = [(least[possible], greatest[possible]) for least, greatest in ends]
        for inside in _INSIDE if left.size else ():
            pair = [(least + (greatest - least) * inside).astype(np.float32) for least, greatest in ends]
            good = task.proved(left, scale, *pair)
            form[left[good]] = wanted
            for array, values in zip(best, (scale, *pair), strict=True):
                array[left[good]] = values[good]
    return FloatForm(form, center, *best)


def _centers(units: _Units) -> Iterator[IntArray]:
    """Where to count accumulators from: the output's zero, around which f32 is finest, then the accumulator's own,
    then elsewhere in the output's range."""
    factor = np.where(units.factor > 0, units.factor, 1.0)
    zero_point = units.stairs.requantize.zero_point
    for output in (0, zero_point, -64, 64, -32, 32):
        center = np.rint(np.clip((output - zero_point) / factor, -(2.0**31), 2.0**31)).astype(np.int64)
        yield np.clip(center, units.low, units.high)


def float_form(requantize: FixedPoint, acc_low: IntArray, acc_high: IntArray, low: int, high: int) -> FloatForm:
    """Float constants for every unit whose accumulators, bias included, lie in [acc_low, acc_high] (s64[units]).

    low, high: the output's clamp, within s8. A unit whose accumulator may leave s32 keeps fixed point, which wraps
    as TFLM does.
    """
    stairs = Staircase.of(requantize, acc_low, acc_high, low, high)
    still = stairs.constant()
    value = np.where(still, stairs.result(stairs.acc_low), 0).astype(np.float32)
    form = FloatForm(
        np.where(still, ONE_OFFSET, FIXED_POINT),
        np.where(still, stairs.acc_low, 0),
        np.zeros(len(still), np.float32),
        value,
        value.copy(),
    )
    for wanted in (ONE_OFFSET, TWO_OFFSETS):
        for choice in _centers(_Units(stairs, np.arange(len(still)))):
            left = np.flatnonzero(stairs.monotone & (form.form == FIXED_POINT))
            if not left.size:
                break
            found = _search(_Units(stairs, left), choice[left], wanted)
            good = found.form == wanted
            for field in fields(FloatForm):
                getattr(form, field.name)[left[good]] = getattr(found, field.name)[good]
    return form
