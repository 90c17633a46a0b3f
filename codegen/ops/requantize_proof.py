"""Proof that a cheaper requantization equals TensorFlow Lite Micro's on every accumulator that can occur.

TFLM's requantization followed by the clamp is a monotone step function of the accumulator: at most high - low steps.
Weights and bias are known ahead of time and bound the accumulator of each unit (output channel). A cheaper form that
is monotone too equals it on the whole range exactly if both agree on either side of every step and at the range's
ends: between two neighbouring steps the reference is constant and the candidate is caught between two equal values.

    low, high = accumulator_range(weights, bias)
    staircase = Staircase.of(op.requantize, low, high, -128, 127)
    proved = staircase.agrees(lambda acc: cheap(acc))       # bool[units]
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from edgegen.ir.fixed_point import FixedPoint, IntArray
from edgegen.ir.tensor import Array

BoolArray = Array

_S32 = 1 << 31
_BRACKET = 4  # accumulator units around the real-valued step in which the rounded one lies for every normal multiplier


def accumulator_range(
    weights: IntArray, bias: IntArray, x_low: int = -128, x_high: int = 127
) -> tuple[IntArray, IntArray]:
    """Least and greatest sum(x * w) + bias of each unit over all x in [x_low, x_high].

    weights: [units, taps]; bias: [units]; returns int64[units] twice. A tap that padding removes counts as x = 0,
    so for kernels that skip padded taps the range given must contain 0.
    """
    w = np.asarray(weights, np.int64)
    positive, negative = np.where(w > 0, w, 0).sum(axis=1), np.where(w < 0, w, 0).sum(axis=1)
    bias = np.asarray(bias, np.int64)
    return bias + positive * x_low + negative * x_high, bias + positive * x_high + negative * x_low


@dataclass(frozen=True)
class Staircase:
    """The steps of a requantization with its clamp over the accumulators that can occur.

    low, high:         the clamp: least and greatest result
    acc_low, acc_high: int64[units], the accumulators that can occur
    first:             int64[high - low, units]: the least accumulator whose result is at least low + 1 + row, within
                       [acc_low, acc_high + 1]; acc_high + 1 says that no accumulator reaches that result
    monotone:          bool[units]: False where a left shift or the accumulator itself can overflow 32 bits, so that
                       nothing can be proved
    """

    requantize: FixedPoint
    low: int
    high: int
    acc_low: IntArray
    acc_high: IntArray
    first: IntArray
    monotone: BoolArray

    @staticmethod
    def of(requantize: FixedPoint, acc_low: IntArray, acc_high: IntArray, low: int, high: int) -> Staircase:
        """Finds every step: a guess from real arithmetic, then bisection with TFLM's own rounding."""
        acc_low, acc_high = np.asarray(acc_low, np.int64), np.asarray(acc_high, np.int64)
        units = len(acc_low)
        multiplier, shift = (v.astype(np.int64) for v in requantize.per_channel(units))
        reach = np.maximum(np.abs(acc_low), np.abs(acc_high)).astype(np.float64) * np.exp2(np.maximum(shift, 0))
        monotone = (multiplier >= 0) & (shift >= -31) & (reach < _S32)
        factor = np.maximum(multiplier, 1) * np.exp2(shift - 31.0)
        results = np.arange(low + 1, high + 1, dtype=np.int64)[:, None]
        guess = (results - requantize.zero_point - 0.5) / factor
        below = np.clip(np.floor(guess) - _BRACKET, acc_low - 1, acc_high).astype(np.int64)
        above = np.clip(np.ceil(guess) + _BRACKET, acc_low, acc_high + 1).astype(np.int64)

        def reached(acc: IntArray) -> BoolArray:
            return (requantize.apply(acc) >= results) & (acc >= acc_low) | (acc > acc_high)

        below = np.where(reached(below), acc_low - 1, below)
        above = np.where(reached(above), above, acc_high + 1)
        while bool(((above - below) > 1).any()):
            middle = (below + above) >> 1
            up = reached(middle)
            below, above = np.where(up, below, middle), np.where(up, middle, above)
        return Staircase(requantize, low, high, acc_low, acc_high, above, monotone)

    def result(self, acc: IntArray) -> IntArray:
        """The reference: int64[..., units], requantized and clamped."""
        return np.clip(self.requantize.apply(acc), self.low, self.high)

    def corners(self) -> IntArray:
        """Accumulators [points, units] at which a monotone candidate must agree: both sides of each step, both ends."""
        ends = np.stack([self.acc_low, self.acc_high])
        points = np.concatenate([self.first - 1, self.first, ends])
        return np.clip(points, self.acc_low, self.acc_high)

    def agrees(self, candidate: Callable[[IntArray], IntArray]) -> BoolArray:
        """bool[units]: whether `candidate` gives the reference's result for every accumulator that can occur.

        candidate: maps int64[points, units] to results of that shape; for each unit it must be monotone, which is
                   for its author to ensure (a positive multiplier, shifts, saturation)
        """
        acc = self.corners()
        same: BoolArray = (np.asarray(candidate(acc)) == self.result(acc)).all(axis=0)
        return same & self.monotone

    def constant(self) -> BoolArray:
        """bool[units]: whether the result is the same for every accumulator that can occur."""
        return self.monotone & (self.result(self.acc_low) == self.result(self.acc_high))
