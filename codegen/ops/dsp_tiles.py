"""How rows for the DSP extension (Cortex-M4) lay out weights and constants: the streams that dsp_tile*.h describe."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from edgegen.ir.fixed_point import FixedPoint, IntArray, ScaledRound
from edgegen.ir.kernel import Literal
from edgegen.ir.op import Range
from edgegen.ops.epilogue import clamp_s8, factor_words, scheme
from edgegen.ops.requantize_dsp import HighMultiply, high_multiply, largest_shift
from edgegen.ops.requantize_proof import Staircase, accumulator_range

SHIFTS = (9, 11, 13, 15)  # EDGEGEN_DSP_RESULT_9 ... EDGEGEN_DSP_RESULT_15, in the order of the enumeration
RESULT_ANY, ACCUMULATOR, SCALED, SHARED = range(len(SHIFTS), len(SHIFTS) + 4)
SCALE = 8  # of accumulators that become results: what lanes of two units give, and what s16 weights have room for
SCALE_9 = 7  # what s16 has room for with weights of 9 bits
WIDE_WEIGHTS = 4096  # most weights of a layer that are widened to s16: a tenth faster for twice the flash
LANE_LIMIT = 1 << 23  # sums of the upper units of lanes are below this


@dataclass(frozen=True)
class Layer:
    """A matrix product with its requantization, ready to be laid out.

    weights: int64[units, taps], taps in whole quads and in the order (0, 2, 1, 3) of each
    bias:    int64[units], the input's zero point folded in
    form:    EDGEGEN_DSP_*; result: constants of each unit, None for ACCUMULATOR and SCALED
    requantize: None where the accumulators themselves are wanted
    """

    weights: IntArray
    bias: IntArray
    requantize: FixedPoint | None
    form: int
    result: HighMultiply | None

    @property
    def units(self) -> int:
        return len(self.bias)

    @property
    def quads(self) -> int:
        return self.weights.shape[1] // 4

    @property
    def wide(self) -> bool:
        """Whether weights are of 9 bits, which no lane holds two of."""
        return holds_9_bits(self.weights)

    @property
    def shift(self) -> int:
        """Of the results; of accumulators the scheme that they are requantized by, of SCALED the zero point."""
        if self.form == SCALED and self.requantize is not None:
            return self.requantize.zero_point
        return self.result.shift if self.result is not None else scheme(self.requantize)

    def params(self, clamp: Range) -> dict[str, Literal]:
        """The end of every params struct."""
        low, high = clamp_s8(clamp)
        return {
            "form": self.form,
            "shift": self.shift,
            "zero_point": self.requantize.zero_point if self.requantize is not None else 0,
            "low": low,
            "high": high,
        }

    def constants(self, unit: int) -> list[int]:
        """What follows a unit's accumulation: multiplier, constant and, with RESULT_ANY, correction; or a factor."""
        r = self.result
        if self.form == SCALED and self.requantize is not None:
            return [int(factor_words(self.requantize, self.units)[0][unit])]
        if r is None or self.form == SHARED:
            return []
        found = [int(r.multiplier[unit]), int(r.constant[unit])]
        return [*found, int(r.correction[unit])] if self.form == RESULT_ANY else found

    def shared(self) -> IntArray:
        """Multiplier, constant and correction of all units; zeros where they do not share them."""
        if self.form != SHARED:
            return np.zeros(3, np.int64)
        return np.array([*replace(self, form=RESULT_ANY).constants(0)], np.int64)

    def offset(self, unit: int) -> int:
        return int(self.result.offset[unit]) if self.result is not None else int(self.bias[unit])

    def lanes_overflow(self) -> bool:
        """Lanes of two units cannot hold these weights or sums."""
        first, second = self.weights[:-1], self.weights[1:]
        return bool(((second == -128) & (first < 0)).any() or (self.reach() >= LANE_LIMIT).any())

    def reach(self) -> IntArray:
        """Bound of |sum(x * w)| of each unit."""
        return np.abs(self.weights).sum(axis=1) * 128

    def multipliers(self) -> IntArray:
        """s32: multiplier and shift of each unit for edgegen_dsp_finish; empty if the tiles give results."""
        if self.form != ACCUMULATOR or self.requantize is None:
            return np.zeros(0, np.int64)
        return np.stack(factor_words(self.requantize, self.units), axis=1).reshape(-1).astype(np.int64)


def in_quads(weights: IntArray) -> IntArray:
    """[units, runs, run] -> int64[units, taps]: every run padded to whole quads, each quad in the order 0, 2, 1, 3."""
    units, runs, run = weights.shape
    padded = np.zeros((units, runs, -(-run // 4) * 4), np.int64)
    padded[:, :, :run] = weights
    return padded.reshape(units, -1, 4)[:, :, [0, 2, 1, 3]].reshape(units, -1)


def choose_result(
    requantize: FixedPoint,
    clamp: Range,
    weights: IntArray,
    bias: IntArray,
    scales: tuple[int, ...] = (SCALE,),
    shifts: tuple[int, ...] = SHIFTS,
) -> tuple[int, HighMultiply | None]:
    """(form, constants): the cheapest form that is proved for every unit, or ACCUMULATOR.

    shifts: those with a path of their own, which needs that no unit has a correction
    """
    ranges = tuple(v.tobytes() for v in accumulator_range(weights, bias))
    bias_bytes = np.asarray(bias, np.int64).tobytes()
    return _proved_result(requantize, clamp_s8(clamp), (ranges[0], ranges[1], bias_bytes), scales, shifts)


@functools.lru_cache(maxsize=1024)
def _proved_result(
    requantize: FixedPoint,
    clamp: tuple[int, int],
    units: tuple[bytes, bytes, bytes],
    scales: tuple[int, ...],
    shifts: tuple[int, ...],
) -> tuple[int, HighMultiply | None]:
    """units: least and greatest accumulator and bias of each, as the bytes of int64.

    Kept, since kernels ask for it when they are chosen, when they are packed and for every number of rows.
    """
    low, high, bias = (np.frombuffer(v, np.int64) for v in units)
    stairs = Staircase.of(requantize, low, high, *clamp)
    top = largest_shift(stairs, max(scales))
    for shift in [*(s for s in reversed(shifts) if s <= top), *range(top, max(top - 3, -1), -1)]:
        found = high_multiply(stairs, bias, shift, scales)
        if found.found.all():
            own_path = shift in shifts and found.one_sided
            return (SHIFTS.index(shift) if own_path else RESULT_ANY), found
    return ACCUMULATOR, None


def share_result(one: Layer, clamp: Range) -> Layer:
    """The same layer with constants that all units share, if one requantization serves them and they are proved.

    The bias is in each unit's offset then, and one proof covers the accumulators of all units.
    """
    requantize = one.requantize
    assert requantize is not None
    if len(set(zip(requantize.multiplier, requantize.shift, strict=True))) != 1:
        return one
    low, high = accumulator_range(one.weights, one.bias)
    only = replace(requantize, multiplier=requantize.multiplier[:1], shift=requantize.shift[:1])
    stairs = Staircase.of(only, low.min(keepdims=True), high.max(keepdims=True), *clamp_s8(clamp))
    top = largest_shift(stairs, SCALE)
    for shift in range(top, max(top - 3, -1), -1):
        found = high_multiply(stairs, np.zeros(1, np.int64), shift, (SCALE,))
        if found.found.all() and (np.abs(one.bias) < 1 << (31 - SCALE)).all():
            units = np.zeros(one.units, np.int64)
            result = HighMultiply(
                units + SCALE,
                (one.bias << SCALE) + found.offset,
                units + found.multiplier,
                units + found.constant,
                units + found.correction,
                shift,
                found.found,
            )
            return replace(one, form=SHARED, result=result)
    return one


def holds_9_bits(weights: IntArray) -> bool:
    """Whether s8 does not hold the weights."""
    return bool((weights < -128).any() or (weights > 127).any())


def layer(
    requantize: FixedPoint | None, clamp: Range, taps: IntArray, bias: IntArray, scale: int | None = None
) -> Layer:
    """taps: [units, taps] as from `in_quads`; bias: [units] with the input's zero point folded in; scale: of
    accumulators, by default what the weights leave room for. ONNX's requantization that is not proved stays in f32."""
    bias = bias.astype(np.int64)
    if requantize is None:
        return Layer(taps, bias, None, ACCUMULATOR, None)
    chosen = scale if scale is not None else SCALE_9 if holds_9_bits(taps) else SCALE
    form, result = choose_result(requantize, clamp, taps, bias, (chosen,))
    if form == ACCUMULATOR and isinstance(requantize, ScaledRound):
        form = SCALED
    return Layer(taps, bias, requantize, form, result)


def words(low: IntArray, high: IntArray) -> IntArray:
    """Two s16 as one 32-bit word, as a signed number."""
    return ((low & 0xFFFF) | ((high & 0xFFFF) << 16)).astype(np.uint32).view(np.int32).astype(np.int64)


def _pairs(taps: IntArray) -> IntArray:
    """[..., taps] -> words [..., taps / 2]: the even and the odd half of each quad."""
    return words(taps[..., 0::2], taps[..., 1::2])


def pack_wide(one: Layer, first: int, second: int) -> IntArray:
    """Two units for edgegen_dsp_tile_2x2."""
    scale = int(one.result.scale[0]) if one.result is not None else 0
    taps = _pairs(one.weights[[first, second]] << scale).reshape(2, -1, 2).transpose(1, 0, 2)
    ends = [*one.constants(first), *one.constants(second)]
    return np.concatenate([[one.offset(first), one.offset(second)], taps.reshape(-1), np.array(ends, np.int64)])


def _lanes(one: Layer, first: int, second: int) -> IntArray:
    """Words [quads, even and odd] of two units."""
    return _pairs(256 * one.weights[second] + one.weights[first]).reshape(-1, 2)


def _lane_ends(one: Layer, first: int, second: int) -> list[int]:
    if one.result is None:
        return [one.offset(first), one.offset(second), *one.constants(first), *one.constants(second)]
    return [one.offset(first), *one.constants(first), *one.constants(second)]


def _lane_start(one: Layer, second: int) -> int:
    return one.offset(second) if one.result is not None else 0


def pack_lanes(one: Layer, first: int, second: int) -> IntArray:
    """Two units for edgegen_dsp_tile_3x2."""
    ends = np.array(_lane_ends(one, first, second), np.int64)
    return np.concatenate([[_lane_start(one, second)], _lanes(one, first, second).reshape(-1), ends])


def pack_four(one: Layer, units: tuple[int, int, int, int]) -> IntArray:
    """Four units for edgegen_dsp_tile_1x4; the same unit may appear more than once."""
    a, b, c, d = units
    lanes = np.stack([_lanes(one, a, b), _lanes(one, c, d)], axis=2).reshape(-1)
    starts = [_lane_start(one, b), _lane_start(one, d)]
    return np.concatenate([starts, lanes, np.array([*_lane_ends(one, a, b), *_lane_ends(one, c, d)], np.int64)])


def tiles_of(units: int, width: int) -> Iterator[tuple[int, ...]]:
    """Units of each tile: the last one steps back to end with the last unit; with too few, the last is repeated."""
    for start in range(0, units, width):
        first = max(min(start, units - width), 0)
        yield tuple(min(first + i, units - 1) for i in range(width))


def stream(one: Layer, width: int, pack: Callable[[Layer, tuple[int, ...]], IntArray]) -> tuple[IntArray, int]:
    """(s32 words of every tile, where in them the tile that steps back begins)."""
    parts = [pack(one, units) for units in tiles_of(one.units, width)]
    whole = one.units // width
    return np.concatenate(parts), sum(len(p) for p in parts[:whole])
