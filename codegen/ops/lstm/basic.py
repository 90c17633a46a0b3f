"""The arithmetic of TFLite's first quantized LSTM: u8 activations around 128, u8 weights, a cell state of s16."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edgegen.ir.fixed_point import FixedPoint, rounding_shift_right
from edgegen.ir.tensor import Array
from edgegen.ops.fixed_point_functions_s16 import logistic, multiply, saturate, tanh

ZERO = 128  # of x and h, whose scale is 1 / 128
GATE_BITS, CELL_BITS = 3, 4  # integer bits


@dataclass(frozen=True)
class BasicGates:
    """x and h u8, w and r u8, c s16 of scale 2^-11 (LiteRT's LSTM of the basic kernel type, version 2).

    w_zero: zero point of all weights
    gates:  of sums over x and h, in which bias stands, to s16 with 12 fraction bits
    """

    w_zero: int
    gates: FixedPoint

    def step(self, x: Array, h: Array, c: Array, parameters: tuple[Array | None, ...]) -> tuple[Array, Array]:
        """One step: x [N,K], h [N,H] and c [N,H] to (h, c). parameters: w, r, bias"""
        w, r, bias = parameters[:3]
        assert w is not None
        assert r is not None
        a, b = (v.astype(np.float64) - ZERO for v in (x, h))
        sums = a @ (w.astype(np.float64) - self.w_zero).T + b @ (r.astype(np.float64) - self.w_zero).T
        z = saturate(self.gates.apply(sums.astype(np.int64) + (0 if bias is None else bias.astype(np.int64))))
        entry, forget, candidate, output = np.split(z, 4, axis=1)
        added = multiply(logistic(entry, GATE_BITS), tanh(candidate, GATE_BITS))
        kept = multiply(logistic(forget, GATE_BITS), c.astype(np.int64))
        cell = saturate(rounding_shift_right(added, CELL_BITS) + kept)
        fine = multiply(logistic(output, GATE_BITS), tanh(cell, CELL_BITS))
        hidden = np.clip(rounding_shift_right(fine, 8), -128, 127) + ZERO
        return hidden.astype(np.uint8), cell.astype(np.int16)
