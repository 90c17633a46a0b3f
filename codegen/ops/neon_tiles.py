"""How the NEON rows of matrix-like operators lay out weights: blocks of units, each a stream in reading order."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from edgegen.ir.fixed_point import FixedPoint, IntArray, ScaledRound
from edgegen.ir.kernel import Constant, Literal
from edgegen.ir.op import Range
from edgegen.ir.tensor import Array
from edgegen.ops.epilogue import clamp_s8, fixed_point_epilogue


def unit_blocks(units: int, widest: int = 16) -> Iterator[tuple[int, int]]:
    """(first unit, size) of each block that the kernels compute: 16 units wide, the rest 8; or all 8; or all 4.

    The last block of each width steps back so that it ends with the last unit; only with fewer than 8 units in all
    does a block hold units that do not exist.
    """
    wide = (units + 7) // 16 if units >= widest == 16 else 0
    for b in range(wide):
        yield min(16 * b, units - 16), 16
    narrow = min(widest, 8)
    for first in range(16 * wide, units, narrow):
        yield max(min(first, units - narrow), 0), narrow


def before_last(units: int, widest: int = 16) -> int:
    """Units that the blocks before the last hold."""
    *earlier, _ = unit_blocks(units, widest)
    return sum(earlier[-1]) if earlier else 0


def _block(array: Array, first: int, size: int) -> Array:
    """array[first : first + size] with zeros for what does not exist."""
    part = array[first : first + size]
    return np.concatenate([part, np.zeros((size - len(part), *part.shape[1:]), array.dtype)])


def _pieces(weights: Array, starts: list[tuple[int, int]], size: int) -> Array:
    """[units, runs, pieces, size] of weights[units, runs, run]: for each (start, fresh) the elements from `start` on,
    with zeros for those before `fresh`, which an earlier piece has, and for those after the run."""
    pieces = np.zeros((*weights.shape[:2], len(starts), size), weights.dtype)
    for i, (start, fresh) in enumerate(starts):
        for j in range(size):
            if fresh <= start + j < weights.shape[2]:
                pieces[:, :, i, j] = weights[:, :, start + j]
    return pieces


def pack_lanes(weights: Array, lane: int, widest: int = 16) -> Array:
    """weights[units, runs, run] -> 1-d, as lane tiles read them: per block [run][lane][unit][lane's].

    lane: elements per lane, 4 for s8 and 1 for floats. What is left of a run after 4 lanes at a time is read as the
    last lanes of its last 4, so that nothing beyond the run is read: elements that come twice get weight 0.
    """
    run = weights.shape[2]
    whole = run - run % (4 * lane)
    starts = [(k, k) for k in range(0, whole if whole else run, lane)]
    if whole:
        left = -(-(run - whole) // lane)
        starts += [(run - lane * (left - i), whole) for i in range(left)]
    lanes = _pieces(weights, starts, lane)
    blocks = [_block(lanes, *b).transpose(1, 2, 0, 3).reshape(-1) for b in unit_blocks(len(weights), widest)]
    return np.concatenate(blocks)


def pack_pairs(weights: Array) -> Array:
    """s8 weights[units, runs, run] -> 1-d, as tiles of pairs read them: per block [run][chunk][unit][16].

    What is left of a run after 16 elements at a time is a chunk of its last 8 or 16: elements that come twice get
    weight 0.
    """
    run = weights.shape[2]
    whole = run - run % 16
    runs = _pieces(weights, [(k, k) for k in range(0, whole, 16)], 16)
    left = run - whole
    size = 8 if left <= 8 else 16
    last = _pieces(weights, [(run - size, whole)], size) if left else runs[:, :, :0, :size]
    blocks = []
    for b in unit_blocks(len(weights), 8):
        chunks, rest = _block(runs, *b), _block(last, *b)
        for r in range(weights.shape[1]):
            blocks += [chunks[:, r].transpose(1, 0, 2).reshape(-1), rest[:, r].transpose(1, 0, 2).reshape(-1)]
    return np.concatenate(blocks)


def pack_wide(weights: Array) -> Array:
    """s16 weights[units, runs, run] -> 1-d, as tiles of widened rows read them: per block [run][chunk][8][unit].

    What is left of a run after 8 elements at a time is a chunk of its last 8: elements that come twice get weight 0.
    """
    run = weights.shape[2]
    whole = run - run % 8
    starts = [(k, k) for k in range(0, whole, 8)] + ([(run - 8, whole)] if run > whole else [])
    chunks = _pieces(weights.astype(np.int16), starts, 8)
    return np.concatenate([_block(chunks, *b).transpose(1, 2, 3, 0).reshape(-1) for b in unit_blocks(len(weights))])


def pairs_may_overflow(weights: Array) -> bool:
    """Whether the sum of two s8 products may overflow s16, for bytes 8 apart of the chunks of pack_pairs.

    Only (-128 * -128) * 2 does, so both weights must be -128.
    """
    run = weights.shape[2]
    whole = run - run % 16
    starts = [(k, k) for k in range(0, whole, 16)] + ([(run - 16, whole)] if run - whole > 8 else [])
    halves = _pieces(weights, starts, 16).reshape(*weights.shape[:2], -1, 2, 8)
    return bool((halves == -128).all(axis=3).any())


def pack_epilogue(bias: IntArray, requantize: FixedPoint | None, widest: int = 16) -> Array:
    """s32, per 4 units of each block: bias[4], multiplier[4], shift[4]; of sums that stay as they are with zeros."""
    rows = fixed_point_epilogue(bias, requantize)
    blocks = [_block(rows, *b).reshape(-1, 4, 3).transpose(0, 2, 1).reshape(-1) for b in unit_blocks(len(bias), widest)]
    return np.concatenate(blocks)


def pack_bias(bias: Array, widest: int = 16) -> Array:
    """f32 bias of the units of each block."""
    return np.concatenate([_block(bias, *b) for b in unit_blocks(len(bias), widest)])


def fits_f16(weights: Array) -> str | None:
    """A row's `when`: f32 weights[units, ...] round to f16 within 2^-11 of the largest of their unit.

    Those of a model in f16 are f16 unless a pass has multiplied them by another constant.
    """
    rows = weights.reshape(len(weights), -1).astype(np.float64)
    with np.errstate(over="ignore"):
        rounded = rows.astype(np.float16)
    near = np.abs(rounded - rows).max(axis=1, initial=0) <= 2.0**-11 * np.abs(rows).max(axis=1, initial=0)
    return None if near.all() else "weights must be in the range of f16"


def f16_constants(weights: Array, bias: Array) -> tuple[Constant, Constant]:
    """What tiles of f16 read: weights[units, runs, run] as f16, in their bits, and the f32 bias, 8 units at a time."""
    halves = weights.astype(np.float16).view(np.uint16)
    return Constant("weights", pack_lanes(halves, 1, 8)), Constant("bias", pack_bias(bias, 8))


def f16_tile_rows(rows: int, lanes: int) -> int:
    """As `tile_rows`, of tiles of f16: 16 lanes load two vectors for each row and 16 of weights (in pairs), multiply 16
    times a row and add up in 4 instructions; bias, clamp and rounding take some 10 a row."""

    def cost(tile: int) -> float:
        return -(-rows // tile) * ((22 * tile + 11) * lanes / 16 + 10 * tile + 12)

    return min(range(1, max(min(rows, 6), 1) + 1), key=cost)


def output_params(requantize: FixedPoint | None, clamp: Range, step: int) -> dict[str, Literal]:
    """Fields of edgegen_neon_output, called `output` in the params; of sums only the step counts."""
    low, high = clamp_s8(clamp)
    return {
        "output.zero_point": 0 if requantize is None else requantize.zero_point,
        "output.low": low,
        "output.high": high,
        "output.shift": 0 if requantize is None else max(requantize.shift),
        "output.scaled": int(isinstance(requantize, ScaledRound)),
        "output.step": step,
    }


def tile_rows(rows: int, lanes: int) -> int:
    """How many rows, at most 6, a lane tile computes at a time: what takes the fewest instructions for `rows` rows.

    A step of 4 lanes loads a vector for each row and 16 of weights (in pairs) and multiplies 16 times a row; gcc 12
    needs some 7 copies in tiles of 5 and 6. Bias and requantization take some 20 a row. The last tile repeats rows of
    the one before to be full.
    """

    def cost(tile: int) -> float:
        step = 17 * tile + 8 + 3 + (7 if tile > 4 else 0)
        return -(-rows // tile) * (step * lanes / 4 + 20 * tile + 12)

    return min(range(1, max(min(rows, 6), 1) + 1), key=cost)
