"""Rows for AArch64: the convolutions' register tiles over the rows of a matrix."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from edgegen.ir.graph import Node
from edgegen.ir.kernel import Constant, Kernel, Literal, Packed
from edgegen.ops.dense.op import Dense
from edgegen.ops.epilogue import (
    bias_or_zeros,
    clamp_f32,
    constant_weights,
    fold_zero_point,
    never_once,
    nine_bits,
    worth_reordering,
)
from edgegen.ops.neon_tiles import (
    before_last,
    f16_constants,
    f16_tile_rows,
    fits_f16,
    output_params,
    pack_bias,
    pack_epilogue,
    pack_lanes,
    pack_pairs,
    pack_wide,
    pairs_may_overflow,
    tile_rows,
)
from edgegen.ops.overlap import Overlaps, param
from edgegen.ops.window_overlap import by_tiles

Pack = Callable[[Node], Packed]
When = Callable[[Node], str | None]

_STEP = ("output.step",)
_PAIR = 2  # rows that a tile of pairs has
_STRIP = 24  # rows, at least: a look at every block of weights' loop costs little beside so many
_PAIRS = 6  # the same of pairs, which take more instructions a row


def _sizes(node: Node, tile: int, least: int = _STRIP) -> dict[str, Literal]:
    """Fields of EDGEGEN_DENSE_NEON_SIZES: rows in strips of whole tiles, the last of which may have fewer rows, but no
    fewer than a tile."""
    rows, (units, depth) = node.input(0).shape[0], node.input(1).shape
    whole = (s for s in range(-(-least // tile) * tile, 4 * _STRIP, tile) if rows % s == 0 or rows % s >= tile)
    strip = max(min(next(whole, rows), rows), 1)
    return {
        "rows": rows,
        "depth": depth,
        "units": units,
        "strips": -(-rows // strip),
        "strip": strip,
        "backward": 0,
        "tile": tile,
    }


def _overlap(widest: int) -> Callable[[Node], Overlaps]:
    """Of kernels that compute so many units at a time, and then 8. Where flash counts lanes have tiles of 4 or 1."""

    def overlap(node: Node) -> Overlaps:
        tile = param(node, "tile")
        tiles = (tile, 4 if tile >= 4 else 1)
        return by_tiles(node, param(node, "strip"), tiles, before_last(node.out.shape[-1], widest))

    return overlap


def _overlap_pairs(node: Node) -> Overlaps:
    return by_tiles(node, param(node, "strip"), (_PAIR,), before_last(node.out.shape[-1], 8), whole=False)


def _holds_s8(node: Node) -> str | None:
    depth = node.input(1).shape[1]
    short = None if depth == 8 or depth >= 16 else "rows must have 8 or at least 16 elements"
    return constant_weights(node) or short or never_once(node)


def _holds_f32(node: Node) -> str | None:
    short = None if node.input(1).shape[1] >= 4 else "rows must have at least 4 elements"
    return constant_weights(node) or short or worth_reordering(node)


def _pack_s8(node: Node, dotprod: bool) -> Packed:
    op, w = node.op, node.input(1).values
    assert isinstance(op, Dense)
    rows, depth = node.input(0).shape
    bias = fold_zero_point(bias_or_zeros(node), w.astype(np.int64).sum(axis=1), op.x_zero)
    weights = w[:, None, :]
    how: dict[str, Literal]
    if dotprod:
        how = _sizes(node, tile_rows(rows, -(-depth // 4)))
        packed, epilogue = pack_lanes(weights, 4), pack_epilogue(bias, op.requantize)
    else:
        how = _sizes(node, _PAIR, _PAIRS) | {"apart": int(pairs_may_overflow(weights))}
        packed, epilogue = pack_pairs(weights), pack_epilogue(bias, op.requantize, 8)
    return Packed(
        "edgegen_dense_s8_neon",
        {**how, **output_params(op.requantize, op.clamp, w.shape[0])},
        (Constant("weights", packed), Constant("epilogue", epilogue)),
    )


def _pack_s16(node: Node) -> Packed:
    packed = _pack_s8(node, dotprod=True)  # the same tiles and epilogue
    weights = Constant("weights", pack_wide(node.input(1).values[:, None, :]))
    return replace(packed, constants=(weights, packed.constants[1]))


def _holds_s16(node: Node) -> str | None:
    short = None if node.input(1).shape[1] >= 8 else "rows must have at least 8 elements"
    return nine_bits(node) or short or never_once(node)


def _pack_f32(node: Node) -> Packed:
    op, w = node.op, node.input(1).values
    assert isinstance(op, Dense)
    rows, depth = node.input(0).shape
    low, high = clamp_f32(op.clamp)
    return Packed(
        "edgegen_dense_f32_neon",
        {
            **_sizes(node, tile_rows(rows, depth)),
            "output.low": low,
            "output.high": high,
            "output.step": w.shape[0],
        },
        (
            Constant("weights", pack_lanes(w[:, None, :], 1)),
            Constant("bias", pack_bias(bias_or_zeros(node))),
        ),
    )


def _holds_f16(node: Node) -> str | None:
    short = None if node.input(1).shape[1] >= 8 else "rows must have at least 8 elements"
    return constant_weights(node) or short or fits_f16(node.input(1).values)


def _pack_f16(node: Node) -> Packed:
    packed, weights = _pack_f32(node), node.input(1).values
    sizes = _sizes(node, f16_tile_rows(node.input(0).shape[0], weights.shape[1]))
    params = {**packed.params, **sizes}
    return replace(packed, params=params, constants=f16_constants(weights[:, None, :], bias_or_zeros(node)))


def _pack_lanes(node: Node) -> Packed:
    return _pack_s8(node, dotprod=True)


def _pack_pairs(node: Node) -> Packed:
    return _pack_s8(node, dotprod=False)


def _rows(
    name: str, weights: str, features: set[str], pack: Pack, when: When, overlap: Callable[[Node], Overlaps]
) -> tuple[Kernel, Kernel]:
    """Two rows: of s8 results, and of the s32 sums as they are."""
    first, last = name.rsplit("_", 1)
    row = Kernel(name, f"s8 {weights} s32? -> s8", pack, name, frozenset(features), when, overlap=overlap, split=_STEP)
    return row, replace(row, name=f"{first}_s32_{last}", signature=f"s8 {weights} s32? -> s32")


_LANES = _overlap(16)

ROWS = (
    *_rows("dense_s8_dotprod", "s8", {"neon", "dotprod"}, _pack_lanes, _holds_s8, _LANES),
    *_rows("dense_s8_neon", "s8", {"neon"}, _pack_pairs, _holds_s8, _overlap_pairs),
    *_rows("dense_s8_s16_neon", "s16", {"neon"}, _pack_s16, _holds_s16, _LANES),
    Kernel(
        "dense_f32_neon",
        "f32 f32 f32? -> f32",
        _pack_f32,
        requires=frozenset({"neon"}),
        when=_holds_f32,
        overlap=_LANES,
        split=_STEP,
    ),
    Kernel(
        "dense_f16_neon",
        "f16 f32 f32? -> f16",
        _pack_f16,
        requires=frozenset({"neon", "fp16"}),
        when=_holds_f16,
        overlap=_overlap(8),
    ),
)
