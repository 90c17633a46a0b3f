"""Requantization for the Cortex-M4: one high multiply-add, one saturating shift, found and proved for each unit.

With an accumulator scaled by 2^SCALE (the packed weights or a shift carry the scale) and raw = sum(x * w):

    acc = (raw << SCALE) + offset                              offset also carries sub-unit rounding
    result = saturate_s8(((acc * multiplier >> 32) + constant) >> shift)          SMMLA, then SSAT with a shift

and the output's clamp, where it is narrower than s8, in a second pass over the results.

Fixed point rounds halves away from zero, so its steps lie closer on one side of an accumulator of zero: where both
sides occur, `correction` is subtracted from a negative acc first (one AND, one SUB). multiplier, offset, constant and
correction are searched so that every step of the reference lies where it should, then proved by `Staircase.agrees`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edgegen.ir.fixed_point import FixedPoint, IntArray
from edgegen.ir.tensor import Array
from edgegen.ops.requantize_proof import Staircase, accumulator_range

_S32 = 1 << 31
_FAR = np.int64(1) << 62
_MULTIPLIERS = (0, 1, -1, 2, -2, 3, -3, 5, -5, 8, -8)  # distances from the real factor's multiplier that are tried
_OFFSETS = 1 << 10  # sub-unit offsets that are tried


@dataclass(frozen=True)
class HighMultiply:
    """Constants of each unit; int64[units] each.

    scale:      s in raw << s
    offset:     added to the scaled accumulator; the bias is in it, or in `constant`, or in both
    multiplier: in [0, 2^31)
    constant:   added to the high product
    correction: subtracted from a negative scaled accumulator; 0 where one line of steps is enough
    shift:      of the result, the same for all units
    found:      bool[units]: proved. The other constants mean nothing where it is False.
    """

    scale: IntArray
    offset: IntArray
    multiplier: IntArray
    constant: IntArray
    correction: IntArray
    shift: int
    found: Array

    @property
    def one_sided(self) -> bool:
        """No unit needs a correction."""
        return not self.correction.any()

    def apply(self, raw: IntArray, low: int = -128, high: int = 127) -> IntArray:
        """The kernels' arithmetic on raw accumulators int64[..., units], clamped to low and high within s8; -1000 where
        a register would overflow."""
        acc = (raw << self.scale) + self.offset
        corrected = acc - np.where(acc < 0, self.correction, 0)
        product = (corrected * self.multiplier >> 32) + self.constant
        fits = (np.abs(raw << self.scale) < _S32) & (np.abs(acc) < _S32) & (np.abs(corrected) < _S32)
        # a multiplier of 0 forgives an accumulator that wraps
        fits = (fits | (self.multiplier == 0)) & (np.abs(product) < _S32)
        return np.where(fits, np.clip(product >> self.shift, low, high), -1000)


def staircase(requantize: FixedPoint, weights: IntArray, bias: IntArray, low: int = -128, high: int = 127) -> Staircase:
    """The steps for all x in s8, clamped to low and high within s8.

    weights: [units, taps]; bias: [units], x's zero point folded in
    """
    acc_low, acc_high = accumulator_range(weights, bias)
    return Staircase.of(requantize, acc_low, acc_high, low, high)


def largest_shift(stairs: Staircase, scale: int) -> int:
    """The greatest `shift` for which the multiplier of every unit whose result varies stays below 2^31."""
    multiplier, shift = stairs.requantize.per_channel(len(stairs.acc_low))
    factor = np.ldexp(multiplier.astype(np.float64), shift.astype(np.int64) - 31)
    top = float(factor[~stairs.constant()].max(initial=0.0))
    return 24 if top <= 0.0 else int(np.clip(np.floor(scale - 1 - np.log2(top) - 1e-9), -1, 24))


def _search(stairs: Staircase, bias: IntArray, scale: IntArray, shift: int, distance: int) -> HighMultiply:
    """Constants whose steps are those of `stairs` in exact arithmetic, for one multiplier of each unit.

    offset * multiplier + constant * 2^32 = D must lie in an interval that the steps give: result >= v at first[v] and
    result < v just before it. D is looked for among sub-unit offsets, with the constant that follows.
    """
    units = len(bias)
    m, s = (v.astype(np.int64) for v in stairs.requantize.per_channel(units))
    with np.errstate(over="ignore"):
        real = np.ldexp(m.astype(np.float64), 1 + s + shift - scale)
    multiplier = np.floor(np.minimum(real, 2.0**40) + 0.5).astype(np.int64) + distance
    usable = (multiplier > 0) & (multiplier < _S32)
    multiplier = np.where(usable, multiplier, 1)
    first = stairs.first
    target = np.arange(stairs.low + 1, stairs.high + 1, dtype=np.int64)[:, None] << (shift + 32)
    at_least = np.where(first <= stairs.acc_high, target - ((first - bias) << scale) * multiplier, -_FAR)
    before = first - 1
    less_than = np.where(before >= stairs.acc_low, target - ((before - bias) << scale) * multiplier, _FAR)
    offsets = np.arange(_OFFSETS, dtype=np.int64)[:, None]

    unit = np.arange(units)

    constants = -((-(at_least.max(axis=0) - offsets * multiplier)) >> 32)  # rounded up
    d = offsets * multiplier + (constants << 32)
    fits = (d < less_than.min(axis=0)) & usable & (np.abs(constants) < _S32)
    pick = fits.argmax(axis=0)
    offset, constant, one = offsets[pick, 0], constants[pick, unit], fits[pick, unit]
    # two lines of steps: for accumulators (bias included) from zero on, and below zero
    least, bound = np.where(first >= 0, at_least, -_FAR).max(axis=0), np.where(before >= 0, less_than, _FAR).min(axis=0)
    least_below = np.where(first < 0, at_least, -_FAR).max(axis=0)
    bound_below = np.where(before < 0, less_than, _FAR).min(axis=0)
    shifted = offsets + (bias << scale)
    base = -((-(least - shifted * multiplier)) >> 32)
    d = shifted * multiplier + (base << 32)
    take = np.where(least_below > -_FAR, (d - least_below) // multiplier, 0)
    fits = (d < bound) & usable & (np.abs(base) < _S32) & (take >= 0) & (take < _S32)
    fits &= d - take * multiplier < bound_below
    pick = fits.argmax(axis=0)
    two = fits[pick, unit] & ~one
    return HighMultiply(
        scale + np.zeros(units, np.int64),
        np.where(two, shifted[pick, unit], offset),
        multiplier,
        np.where(two, base[pick, unit], constant),
        np.where(two, take[pick, unit], 0),
        shift,
        one | two,
    )


def high_multiply(stairs: Staircase, bias: IntArray, shift: int, scales: tuple[int, ...]) -> HighMultiply:
    """Proved constants for every unit that has them.

    bias:   [units], as in `staircase`
    scales: values of `scale` to try for each unit, preferred first
    """
    units = len(bias)
    bias = bias.astype(np.int64)
    zeros = np.zeros(units, np.int64)
    best = HighMultiply(
        zeros + scales[0], zeros, zeros, stairs.result(stairs.acc_low) << shift, zeros, shift, stairs.constant()
    )
    for distance in _MULTIPLIERS:
        for scale in scales:
            if best.found.all():
                return best
            trial = _search(stairs, bias, zeros + scale, shift, distance)

            def candidate(acc: IntArray, form: HighMultiply = trial) -> IntArray:
                return form.apply(acc - bias, stairs.low, stairs.high)

            proved = trial.found & stairs.agrees(candidate) & ~best.found
            best = HighMultiply(
                np.where(proved, trial.scale, best.scale),
                np.where(proved, trial.offset, best.offset),
                np.where(proved, trial.multiplier, best.multiplier),
                np.where(proved, trial.constant, best.constant),
                np.where(proved, trial.correction, best.correction),
                shift,
                best.found | proved,
            )
    return best
