"""Sums of recurrent layers' gates in f32: how each row lays out weights for the functions edgegen_gates_*."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from edgegen.ir.graph import Node
from edgegen.ir.kernel import Packed, Roomier
from edgegen.ir.tensor import Array
from edgegen.ops.quantize_rows import quantize_rows
from edgegen.ops.recurrent import PLAIN, General


@dataclass(frozen=True)
class WeightScales:
    """How f32 meets s8 weights: x and h are quantized row by row while the model runs.

    x, h:       scale of each gate's weights
    projection: scale of an LSTM's projection
    asymmetric: rows are quantized with zero points
    """

    x: tuple[float, ...]
    h: tuple[float, ...]
    projection: float = 0.0
    asymmetric: bool = False

    def per_unit(self, scales: tuple[float, ...], units: int) -> Array:
        """f32[units]: each gate's scale for all of its units."""
        return np.repeat(np.array(scales, np.float32), units // len(scales))

    def product(self, x: Array, weights: Array, scales: Array) -> Array:
        """f64[N,units]: x f32[N,K] times weights s8[units,K] of scales f32[units], in LiteRT's f32 arithmetic."""
        q, scale, zero = quantize_rows(x, self.asymmetric)
        sums = (q.astype(np.float64) - zero[:, None]) @ weights.astype(np.float64).T
        return (sums.astype(np.float32) * (scale[:, None] * scales)).astype(np.float64)


def gate_scales(how: WeightScales | None) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Scales of the weights of x and of h; empty for floats."""
    return ((), ()) if how is None else (how.x, how.h)


def product(x: Array, weights: Array, how: WeightScales | None, scales: Array | None) -> Array:
    """f64[N,units]: x times weights[units,K], which are floats, or integers with the scale of each unit."""
    if how is None or scales is None:
        return np.asarray(x.astype(np.float64) @ weights.astype(np.float64).T)
    return how.product(x, weights, scales)


def constant_parameters(node: Node) -> str | None:
    """A row's `when`: everything but x and the states (inputs 0, 1 and, of an LSTM, 2) is known ahead of time."""
    states = len(node.outputs) - 1
    known = all(t is None or t.is_constant for t in node.inputs[1 + states :])
    return None if known else "weights and biases must be constant"


def without_general(general: General, lengths: object) -> str | None:
    """A row's `when`: nothing of General, and all sequences of one length."""
    if general != PLAIN:
        return "sums are clipped or activations are not the operator's own"
    return None if lengths is None else "sequences have lengths of their own"


def interleaved(values: Array, cells: int) -> Array:
    """[gates * cells, ...] by gate -> by cell, its gates side by side."""
    return values.reshape(-1, cells, *values.shape[1:]).swapaxes(0, 1).reshape(values.shape)


@dataclass(frozen=True)
class Matrix:
    """What a step multiplies: weights[units, K] of x and [units, P] of h, of which one may be empty, and bias[units].

    scales: f32[units] of both where they are s8
    """

    x: Array
    h: Array
    bias: Array
    scales: tuple[Array, Array] | None = None


_ALL = 1 << 20  # units: a multiple of every width, which no layer reaches


@dataclass(frozen=True)
class Gates:
    """One of the functions edgegen_gates_<name>.

    width:      units whose sums are computed together
    block:      units that one call had better compute, a multiple of `width`
    asymmetric: of s8 weights; None for f32
    """

    name: str
    requires: frozenset[str] = frozenset()
    width: int = 4
    block: int = 4
    asymmetric: bool | None = None

    @property
    def weights(self) -> str:
        return "f32" if self.asymmetric is None else "s8"

    def when(self, scales: WeightScales | None) -> str | None:
        """Part of a row's `when`."""
        if (scales is None) != (self.asymmetric is None):
            return "weights of s8 need scales, and floats none"
        if scales is not None and scales.asymmetric != self.asymmetric:
            return "quantizes with zero points" if self.asymmetric else "quantizes without zero points"
        return None

    def rounded(self, units: int) -> int:
        return -(-units // self.width) * self.width

    def cells(self, gates: int) -> int:
        """Cells of so many gates that one call computes: they fill whole blocks."""
        return math.lcm(self.block, gates) // gates

    def roomier(self, pack: Callable[[Gates, Node], Packed], node: Node) -> Iterator[Roomier]:
        """All of a step in one call, which SIMD rows do in fewer instructions than several.

        pack: what the row does for a node, with these gates or others of this name
        """
        if self.requires:
            packed = pack(replace(self, block=_ALL), node)
            yield Roomier(packed.scratch, lambda: packed)

    def scratch(self, taps: int) -> int:
        """Floats of scratch for steps of so many elements of x and h together, which are quantized to it."""
        return 0 if self.asymmetric is None else -(-taps // 4)

    def unread(self, units: int, block: int) -> int:
        """Units of a row of y that are written before that of x is read for the last time, if `block` are computed at a
        time: what is quantized is read before."""
        return (units - 1) // block * block if self.asymmetric is None else 0

    def stream(self, matrix: Matrix) -> Array:
        """Per `width` units: f32 biases, then [taps][width] weights; as words of 32 bits where the weights are s8."""
        if matrix.scales is None:
            return self._blocks(np.hstack([matrix.bias[:, None], matrix.x, matrix.h]).astype(np.float32)).reshape(-1)
        floats = np.stack([matrix.bias, *matrix.scales], axis=1).astype(np.float32).view(np.int32)
        sums = np.stack([matrix.x.sum(axis=1, dtype=np.int32), matrix.h.sum(axis=1, dtype=np.int32)], axis=1)
        weights = np.ascontiguousarray(self._blocks(np.hstack([matrix.x, matrix.h]).astype(np.int8)))
        words = weights.view(np.int32).reshape(len(weights), -1)
        head = self._blocks(np.hstack([floats, sums])).reshape(len(weights), -1)
        return np.hstack([head, words]).reshape(-1)

    def _blocks(self, rows: Array) -> Array:
        """[units, columns] -> [units / width, columns, width], zeros for the units that are not there."""
        padded = np.zeros((self.rounded(len(rows)), rows.shape[1]), rows.dtype)
        padded[: len(rows)] = rows
        return padded.reshape(-1, self.width, rows.shape[1]).swapaxes(1, 2)


GATES = (
    Gates("f32_avx2", frozenset({"avx2", "fma"}), 16, 16),
    Gates("f32_neon", frozenset({"neon"}), 16, 16),
    Gates("f32_dsp", frozenset({"dsp"}), block=16),
    Gates("f32"),
    Gates("hybrid", asymmetric=False),
    Gates("hybrid_asymmetric", asymmetric=True),
)
"""Best first."""
