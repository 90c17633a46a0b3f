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


def fit_lanes(*weights: IntArray) -> bool:
    """Whether two weights of all matrices [units, taps] fit a lane, and sums the space beside them."""
    layers = [_layer(w.astype(np.int64), np.zeros(len(w), np.int64)) for w in weights]
    return not any(one.lanes_overflow() for one in layers)


def pack_products(weights: IntArray, bias: IntArray, lanes: bool) -> IntArray:
    """s32 words: weights[units, taps] and bias[units], units and taps rounded up to four with zeros.

    lanes: whether two weights share one: see `fit_lanes`
    """
    one = _layer(weights, bias)
    if lanes:
        words, _ = stream(one, 4, lambda a, u: pack_four(a, (u[0], u[1], u[2], u[3])))
        return words.astype(np.int32)
    taps = np.zeros((one.units, rounded(weights.shape[1])), np.int8)
    taps[: len(weights), : weights.shape[1]] = weights
    quads = taps.view(np.int32).reshape(-1, 4, taps.shape[1] // 4).swapaxes(1, 2)
    starts = one.bias.astype(np.int32).reshape(-1, 1, 4)
    return np.concatenate([starts, quads], axis=1).reshape(-1)


def rounded(count: int) -> int:
    """The next multiple of four."""
    return -(-count // 4) * 4
