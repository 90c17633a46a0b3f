"""Weights of four bits, two to the byte, for the kernels that read them so."""

from __future__ import annotations

import numpy as np

from edgegen.ir.tensor import Array


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
