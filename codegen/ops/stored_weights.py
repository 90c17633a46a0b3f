"""How the weights of f32 layers lie in flash where they are numbers of fewer bits: as the codes of these numbers.

A model's weights that were quantized, or converted to a smaller float, are f32 constants in the graph that remember
their scales. What they take in flash is decided here, by their values: a weight is (code - zero) * scale, or code *
scale where the code is a small float, computed in f32. Only codes that give every weight to the bit are taken, so that
a kernel that decodes them while it runs computes what it would have computed from the floats themselves.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np

from edgegen.ir.dtypes import (
    BF16,
    F4E2M1,
    F8E4M3FN,
    F8E4M3FNUZ,
    F8E5M2,
    F8E5M2FNUZ,
    F16,
    F32,
    S4,
    S8,
    U4,
    U8,
    DType,
)
from edgegen.ir.kernel import Constant, Literal, Symbol
from edgegen.ir.quantization import Quantization
from edgegen.ir.tensor import Array, Tensor, constant

LEAST = 256
"""Weights of a layer that is worth a kernel of its own."""

_INTEGERS = (S4, U4, S8, U8)
_FLOATS = (F4E2M1, F8E4M3FN, F8E5M2, F8E4M3FNUZ, F8E5M2FNUZ, BF16, F16)
_NIBBLES = (S4, U4, F4E2M1)
STORED = (*_INTEGERS, *_FLOATS)
"""Types of codes, those of fewer bits first in each kind."""

_FEW = 256  # weights that tell at once what most types cannot hold


@dataclass(frozen=True)
class Stored:
    """Weights as rows of codes, one row for each unit of a layer.

    dtype:  of the codes
    codes:  [rows, length], one to an element: s8, u8 or, of 16-bit floats, u16
    group:  codes of a row that share a scale
    scales: f32[rows, groups]; f32[1, 1] if all have the same; None if the codes are the weights
    zeros:  u8 like the scales, what is taken from unsigned codes; None if nothing is
    """

    dtype: DType
    codes: Array
    group: int
    scales: Array | None
    zeros: Array | None

    @property
    def row_bytes(self) -> int:
        """Of a row of codes, those of 4 bits two to the byte."""
        length = self.codes.shape[1]
        return -(-length // 2) if self.dtype in _NIBBLES else length * self.dtype.size

    @property
    def bytes(self) -> int:
        scales = 0 if self.scales is None else self.scales.nbytes
        return len(self.codes) * self.row_bytes + scales + (0 if self.zeros is None else self.zeros.nbytes)

    @property
    def numbers(self) -> Array:
        """f32[rows, length]: what the codes stand for, before scales."""
        if self.dtype not in _INTEGERS:
            return self.codes.view(self.dtype.np).astype(np.float32)
        if self.zeros is None:
            return self.codes.astype(np.float32)
        zeros = np.repeat(self.zeros, self.group, axis=1)[:, : self.codes.shape[1]]
        return self.codes.astype(np.float32) - zeros

    @property
    def packed(self) -> Array:
        """Rows of codes as they lie in flash: of 4 bits the lower half of a byte comes first."""
        if self.dtype not in _NIBBLES:
            return self.codes
        codes = np.pad(self.codes.view(np.uint8) & 15, ((0, 0), (0, self.codes.shape[1] % 2)))
        return np.asarray(codes[:, ::2] | codes[:, 1::2] << 4, np.uint8)

    @property
    def params(self) -> dict[str, Literal]:
        """Fields of edgegen_stored, called `stored` in the params."""
        return {
            "stored.decode": Symbol(f"edgegen_weights_of_{self.dtype}"),
            "stored.length": self.codes.shape[1],
            "stored.bytes": self.row_bytes,
            "stored.group": self.group,
            "stored.groups": 0 if self.scales is None or self.scales.size == 1 else self.scales.shape[1],
            "stored.zeroed": int(self.zeros is not None),
        }

    @property
    def constants(self) -> tuple[Constant, ...]:
        """Codes, scales and zeros."""
        one, none = np.ones((1, 1), np.float32), np.zeros((1, 1), np.uint8)
        return (
            Constant("weights", self.packed),
            Constant("scales", one if self.scales is None else self.scales),
            Constant("zeros", none if self.zeros is None else self.zeros, 1),
        )


def _group(scale: Array) -> int:
    """How many neighbours in every row of scale[rows, length] share their scale."""
    length = scale.shape[1]
    changes = np.flatnonzero((scale[:, 1:] != scale[:, :-1]).any(axis=0)) + 1
    return math.gcd(*changes.tolist()) if len(changes) else length


def _per_group(values: Array, group: int, fill: int) -> Array:
    """[rows, groups, group] of values[rows, length]; what is missing in the last group is `fill`."""
    rows, length = values.shape
    return np.pad(values, ((0, 0), (0, -length % group)), constant_values=fill).reshape(rows, -1, group)


def _as_integers(w: Array, scale: Array, group: int, scales: Array) -> Stored | None:
    """w[rows, length] as whole multiples of their scales, from the lowest type that holds them."""
    steps = np.rint(w / scale)
    if not np.array_equal(steps * scale, w) or np.abs(steps).max(initial=0) > 255:
        return None
    whole = steps.astype(np.int16)
    grouped = _per_group(whole, group, 0)
    below = np.maximum(-grouped.min(axis=2), 0)
    above = grouped.max(axis=2) + below
    for dtype in _INTEGERS:
        low, high = dtype.range
        if low < 0:
            if whole.min() >= low and whole.max() <= high:
                return Stored(dtype, whole.astype(np.int8), group, scales, None)
        elif above.max() <= high:
            zeros = below.astype(np.uint8)
            codes = (whole + np.repeat(below, group, axis=1)[:, : whole.shape[1]]).astype(np.uint8)
            if not zeros.any():
                return Stored(dtype, codes, group, scales, None)
            spread = np.broadcast_to(scales, zeros.shape)  # zeros differ where scales may not
            return Stored(dtype, codes, group, np.ascontiguousarray(spread), zeros)
    return None


def _as_floats(w: Array, scale: Array | None, group: int, scales: Array | None) -> Stored | None:
    """w[rows, length] as multiples of their scales, or themselves, that are numbers of a smaller float."""
    for dtype in _FLOATS:
        with np.errstate(over="ignore", invalid="ignore"):
            codes = (w if scale is None else w / scale).astype(dtype.np)
            back = codes.astype(np.float32)
            back = back if scale is None else back * scale
        if np.array_equal(back, w):
            return Stored(dtype, codes.view(np.uint8 if dtype.size == 1 else np.uint16), group, scales, None)
    return None


def _coded(w: Array, scale: Array | None) -> Stored | None:
    if scale is None:
        few = w.reshape(1, -1)[:, :_FEW]
        if _as_floats(few, None, few.shape[1], None) is None:
            return None
        return _as_floats(w, None, w.shape[1], None)
    group = _group(scale)
    starts = scale[:, ::group]
    scales = starts[:1, :1] if (starts == starts[0, 0]).all() else starts
    return _as_integers(w, scale, group, scales) or _as_floats(w, scale, group, scales)


def _rows(values: Array, last: bool) -> Array:
    """[rows, length], the rows along the first axis or along the last one."""
    return np.ascontiguousarray(values.reshape(-1, values.shape[-1]).T if last else values.reshape(len(values), -1))


def _find(w: Tensor, last: bool) -> Stored | None:
    if w.data is None or w.dtype != F32 or w.data.size < LEAST or w.rank < 2 or not np.isfinite(w.data).all():
        return None
    values = _rows(w.data, last)
    q = w.type.quantization
    spread = None if q is None else q.spread(w.shape)
    found = None
    if spread is not None and np.isfinite(spread).all() and spread.all():
        found = _coded(values, _rows(spread, last))
    found = found or _coded(values, None)
    return found if found is not None and 4 * found.bytes <= 3 * values.nbytes else None


_FOUND: WeakKeyDictionary[Tensor, dict[bool, Stored | None]] = WeakKeyDictionary()
"""What was found of weights that are still in use: every look at a row asks, and large weights take a while."""


def stored(w: Tensor, last: bool = False) -> Stored | None:
    """The codes of a constant's weights; None unless they save a quarter of its bytes.

    last: rows are those along the last axis, not the first
    """
    known = _FOUND.setdefault(w, {})
    if last not in known:
        known[last] = _find(w, last)
    return known[last]


def holds_codes(w: Tensor, last: bool = False) -> str | None:
    """Part of a row's `when`: the weights are constants that codes of fewer bits stand for."""
    return None if stored(w, last) is not None else f"weights must be {LEAST} or more numbers of fewer bits than f32's"


def codes_of(w: Tensor, last: bool = False) -> Stored:
    """The codes of weights that have some."""
    found = stored(w, last)
    assert found is not None
    return found


def _scaled(q: Quantization | None, shape: tuple[int, ...], factor: Array, axis: int) -> Quantization | None:
    """The scales, 1 if there are none, times factor f32 of each index along an axis; None if they lie across it."""
    if q is None or q.axis is None:
        scale, block, along = np.float32(1 if q is None else q.scale[0]) * factor, 0, axis
    elif q.block:
        blocks = [-(-n // q.block) if i == q.axis else n for i, n in enumerate(shape)]
        across = factor.reshape([-1 if i == axis else 1 for i in range(len(shape))])
        scale, block, along = np.array(q.scale, np.float32).reshape(blocks) * across, q.block, q.axis
    else:
        scale, block, along = np.array(q.scale, np.float32) * factor, 0, axis
    if q is not None and q.axis is not None and (q.axis == axis) == bool(q.block):
        return None
    return Quantization(tuple(scale.reshape(-1).tolist()), (0,) * scale.size, along, block)


def scaled_weights(w: Tensor, factor: Array, last: bool = False) -> Tensor | None:
    """w with each unit's weights times its factor [units], still codes: their scales are multiplied instead.

    None if codes say nothing of w. A weight is at most two roundings away from the product.
    """
    found, axis = stored(w, last), w.rank - 1 if last else 0
    if found is None:
        return None
    q = w.type.quantization if found.scales is not None else None
    with np.errstate(over="ignore", invalid="ignore"):
        scaled = _scaled(q, w.shape, factor.astype(np.float32), axis)
        spread = None if scaled is None else scaled.spread(w.shape)
        if spread is None:
            return None
        numbers = found.numbers.T if last else found.numbers
        values = numbers.reshape(w.shape) * spread
    new = constant(f"{w.name}/scaled", values, F32, scaled)
    return None if stored(new, last) is None else new
