"""An LSTM's arithmetic on quantized integers, as LiteRT's kernels compute it: all forms, with 16-bit fixed point."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edgegen.ir.fixed_point import FixedPoint, IntArray, multiply_by_quantized_multiplier, rounding_shift_right
from edgegen.ir.tensor import Array
from edgegen.ops.fixed_point_functions import reciprocal_root
from edgegen.ops.fixed_point_functions_s16 import ONE, logistic, saturate, tanh, wrap

GATE_BITS = 3  # integer bits of a gate before its activation


@dataclass(frozen=True)
class FixedGates:
    """x and h s8, weights s8, cell state s16 (LiteRT's EvalInteger8x8_16).

    Parameters: w, r, bias s32; peepholes s16, norms s16, projection s8 and its bias s32, which may be absent.

    x_zero, h_zero: zero points
    from_x, from_h: of each gate's sums over x, in which bias stands, and over h
    peepholes:      of each peephole's products with the cell state; norms: of each gate's normalized numbers
    guards:         least variance of each gate; empty without norms
    cell_bits:      integer bits of the cell state
    hidden:         of output * tanh(c)
    project:        of sums over hidden numbers
    clip, projection_clip: bounds of the magnitudes, in integers; 0 for none
    """

    x_zero: int
    h_zero: int
    from_x: FixedPoint
    from_h: FixedPoint
    peepholes: FixedPoint | None
    norms: FixedPoint | None
    guards: tuple[int, ...]
    cell_bits: int
    hidden: FixedPoint
    project: FixedPoint | None = None
    clip: int = 0
    projection_clip: int = 0

    def step(self, x: Array, h: Array, c: Array, parameters: tuple[Array | None, ...]) -> tuple[Array, Array]:
        """One step: x [N,K], h [N,P] and c [N,H] to (h, c)."""
        given: tuple[Array | None, ...] = (*parameters, *(None,) * (7 - len(parameters)))
        w, r, bias, peepholes, norms, projection, projection_bias = given
        assert w is not None
        assert r is not None
        cells, old = c.shape[1], c.astype(np.int64)
        count = len(w) // cells
        biases = np.zeros(len(w), np.int64) if bias is None else bias.astype(np.int64)
        sums_x = _sums(x, self.x_zero, w) + (0 if norms is not None else biases)
        sums_h = _sums(h, self.h_zero, r)

        def gate(k: int, peephole: int, cell: IntArray | None) -> IntArray:
            part = slice(k * cells, (k + 1) * cells)
            z = saturate(_by(self.from_x, k, sums_x[:, part]))
            z = saturate(_by(self.from_h, k, sums_h[:, part]) + z)
            if peepholes is not None and cell is not None:
                assert self.peepholes is not None
                weights = peepholes.astype(np.int64)[peephole * cells : (peephole + 1) * cells]
                z = saturate(_by(self.peepholes, peephole, weights * cell) + z)
            return z if norms is None else self._normalized(z, k, norms[part].astype(np.int64), biases[part])

        last = count - 1
        forget = logistic(gate(last - 2, last - 2, old), GATE_BITS)
        candidate = tanh(gate(last - 1, 0, None), GATE_BITS)
        entry = logistic(gate(0, 0, old), GATE_BITS) if last == 3 else ONE - forget
        kept = wrap(rounding_shift_right(forget * old, 15))
        cell = saturate(kept + wrap(rounding_shift_right(entry * candidate, 15 + self.cell_bits)))
        cell = np.clip(cell, -self.clip, self.clip) if self.clip else cell
        output = logistic(gate(last, last - 1, cell), GATE_BITS)
        hidden = np.clip(self.hidden.apply(output * tanh(cell, self.cell_bits)), -128, 127)
        if projection is not None:
            assert self.project is not None
            sums = _sums(hidden, self.hidden.zero_point, projection)
            sums = sums if projection_bias is None else sums + projection_bias.astype(np.int64)
            hidden = np.clip(self.project.apply(sums), -128, 127)
            limit = self.projection_clip
            hidden = np.clip(hidden, -limit, limit) if limit else hidden
        return hidden.astype(np.int8), cell.astype(np.int16)

    def _normalized(self, z: IntArray, gate: int, coefficients: IntArray, bias: IntArray) -> IntArray:
        """Mean 0 and variance 1 of each row, with 10 more fraction bits, then coefficients and biases."""
        assert self.norms is not None
        count = z.shape[1]
        total = z.sum(axis=1, keepdims=True) * 1024
        mean = np.where(total >= 0, total // count, -(-total // count))
        variance = (z * z).sum(axis=1, keepdims=True) * ((1 << 20) // count) - mean * mean
        variance = np.where(variance >= 0, variance >> 20, -(-variance >> 20))
        multiplier, shift = reciprocal_root(np.where(variance < 1, self.guards[gate], variance))
        normal = multiply_by_quantized_multiplier(1024 * z - mean, multiplier, shift)
        weighted = normal * coefficients + bias
        rounded = np.where(weighted > 0, (weighted + 512) >> 10, -((512 - weighted) >> 10))
        return saturate(_by(self.norms, gate, rounded))


def _sums(x: Array, zero: int, w: Array) -> IntArray:
    # float64 holds every sum exactly
    return ((x.astype(np.float64) - zero) @ w.astype(np.float64).T).astype(np.int64)


def _by(requantize: FixedPoint, k: int, sums: IntArray) -> IntArray:
    return multiply_by_quantized_multiplier(sums, requantize.multiplier[k], requantize.shift[k])
