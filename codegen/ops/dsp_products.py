"""Sums of products of s8 for the DSP extension (Cortex-M4), as edgegen_dsp_products computes them."""

from __future__ import annotations

import numpy as np

from edgegen.ir.fixed_point import FixedPoint, IntArray
from edgegen.ops.dsp_tiles import ACCUMULATOR, Layer, in_quads, pack_four, stream

_UNUSED = FixedPoint((0,), (0,), 0)  # accumulators are not requantized here


def _layer(weights: IntArray, bias: IntArray) -> Layer:
    units, taps = weights.shape
    padded, start = np.zeros((-(-units // 4) * 4, taps), np.int64), np.zeros(-(-units // 4) * 4, np.int64)
    padded[:units], start[:units] = weights, bias
    return Layer(in_quads(padded[:, None, :]), start, _UNUSED, ACCUMULATOR, None)


def pack_products(weights: IntArray, bias: IntArray) -> IntArray:
    """s32 words: weights[units, taps] and bias[units], units and taps rounded up to four with zeros."""
    words, _ = stream(_layer(weights, bias), 4, lambda a, u: pack_four(a, (u[0], u[1], u[2], u[3])))
    return words.astype(np.int32)


def lanes_hold(weights: IntArray) -> str | None:
    """Part of a row's `when`: two weights share a lane, which not all fit."""
    one = _layer(weights.astype(np.int64), np.zeros(len(weights), np.int64))
    return "weights of -128 beside negative ones, or too many" if one.lanes_overflow() else None


def rounded(count: int) -> int:
    """The next multiple of four."""
    return -(-count // 4) * 4
