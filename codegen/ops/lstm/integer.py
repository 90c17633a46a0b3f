"""An LSTM's arithmetic on quantized integers, as TensorFlow Lite Micro's kernel computes it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edgegen.ir.fixed_point import FixedPoint, IntArray
from edgegen.ir.tensor import Array
from edgegen.ops.unary_tables import Sigmoid16

_LOGISTIC = Sigmoid16("logistic", 3, 0)  # of s16 with 12 fraction bits, to 15
_TANH = Sigmoid16("tanh", 3, 0)


def _s16(x: IntArray) -> IntArray:
    return np.clip(x, -32768, 32767)


@dataclass(frozen=True)
class IntegerGates:
    """x and h of s8 or s16, s8 weights and an s16 cell state; gates are s16 with 12 fraction bits (TFLM's LstmStep).

    x_zero, h_zero: zero points
    from_x, from_h: of each gate's sums over x, in which bias stands, and over h; each result saturates, then their sum
    keep, add: of forget * c and of input * candidate, both of 15 fraction bits, to the cell's integers
    hidden:    of output * tanh(c) to the integers of h
    cell_tanh: tanh of the cell's integers
    clip:      bound of the cell's magnitude in its integers; 0 for none
    """

    x_zero: int
    h_zero: int
    from_x: FixedPoint
    from_h: FixedPoint
    keep: FixedPoint
    add: FixedPoint
    hidden: FixedPoint
    cell_tanh: Sigmoid16
    clip: int

    def step(self, x: Array, h: Array, c: Array, parameters: tuple[Array | None, ...]) -> tuple[Array, Array]:
        """One step: x [N,K], h [N,H] and c [N,H] to (h, c). parameters: w, r, bias"""
        w, r, bias = parameters[:3]
        assert w is not None
        assert r is not None
        cells = c.shape[1]
        sums_x = self._sums(x, self.x_zero, w) + (0 if bias is None else bias.astype(np.int64))
        sums_h = self._sums(h, self.h_zero, r)
        z = _s16(_s16(_by_gate(self.from_x, sums_x, cells)) + _s16(_by_gate(self.from_h, sums_h, cells)))
        entry, forget, candidate, output = np.split(z, 4, axis=1)
        kept = _s16(self.keep.apply(_LOGISTIC.apply(forget) * c.astype(np.int64)))
        added = _s16(self.add.apply(_LOGISTIC.apply(entry) * _TANH.apply(candidate)))
        cell = _s16(kept + added)
        cell = np.clip(cell, -self.clip, self.clip) if self.clip else cell
        hidden = self.hidden.apply(self.cell_tanh.apply(cell) * _LOGISTIC.apply(output))
        limits = np.iinfo(h.dtype)
        return np.clip(hidden, limits.min, limits.max).astype(h.dtype), cell.astype(np.int16)

    def _sums(self, x: Array, zero: int, w: Array) -> IntArray:
        # float64 holds every sum exactly
        return ((x.astype(np.float64) - zero) @ w.astype(np.float64).T).astype(np.int64)


def _by_gate(requantize: FixedPoint, sums: IntArray, cells: int) -> IntArray:
    """[N, 4 * cells] requantized by the factor of each gate."""
    return requantize.apply(sums.reshape(len(sums), 4, cells).swapaxes(1, 2)).swapaxes(1, 2).reshape(sums.shape)
