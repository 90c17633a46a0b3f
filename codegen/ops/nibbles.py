"""Weights of four bits, two to the byte, for the kernels that read them so."""

from __future__ import annotations

import numpy as np

from edgegen.ir.tensor import Array
from edgegen.ops.dsp_tiles import tiles_of


def fit_nibbles(weights: Array) -> str | None:
    """A row's reason: None if all weights, of any integer type, lie in [-8, 7]."""
    small = weights.size == 0 or (int(weights.min()) >= -8 and int(weights.max()) <= 7)
    return None if small else "weights need more than four bits"


def pack_nibbles(weights: Array) -> Array:
    """u8[rows, ceil(n / 2)] of weights [rows, n] in [-8, 7]: each row starts a byte, the lower half comes first."""
    rows, n = weights.shape
    whole = np.zeros((rows, -(-n // 2) * 2), np.uint8)
    whole[:, :n] = weights.astype(np.int8).view(np.uint8) & 0x0F
    return whole[:, 0::2] | (whole[:, 1::2] << 4)


def pack_nibble_quads(weights: Array) -> Array:
    """s32[units / 4 rounded up, n / 8, 4] of weights [units, n], n a multiple of 8, for edgegen_dsp_nibble_dots.

    Byte i of a word has number i of eight in its lower half and number 4 + i in the upper. The last four units end with
    the last one.
    """
    units, n = weights.shape
    halves = (weights.astype(np.int8).view(np.uint8) & 0x0F).reshape(units, n // 8, 2, 4)
    words = np.ascontiguousarray(halves[:, :, 0] | (halves[:, :, 1] << 4)).view("<i4")[..., 0]
    return np.stack([words[list(quad)].T for quad in tiles_of(units, 4)])
