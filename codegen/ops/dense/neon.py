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

Pack = Callable[[Node], Packed]
When = Callable[[Node], str | None]

_STEP = ("output.step",)


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
        how = {"tile": tile_rows(rows, -(-depth // 4))}
        packed, epilogue = pack_lanes(weights, 4), pack_epilogue(bias, op.requantize)
    else:
        how = {"apart": int(pairs_may_overflow(weights))}
        packed, epilogue = pack_pairs(weights), pack_epilogue(bias, op.requantize, 8)
    return Packed(
        "edgegen_dense_s8_neon",
        {
            "rows": rows,
            "depth": depth,
            "units": w.shape[0],
            **how,
            **output_params(op.requantize, op.clamp, w.shape[0]),
        },
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
            "rows": rows,
            "depth": depth,
            "units": w.shape[0],
            "tile": tile_rows(rows, depth),
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
    params = {**packed.params, "tile": f16_tile_rows(node.input(0).shape[0], weights.shape[1])}
    return replace(packed, params=params, constants=f16_constants(weights[:, None, :], bias_or_zeros(node)))


def _pack_lanes(node: Node) -> Packed:
    return _pack_s8(node, dotprod=True)


def _pack_pairs(node: Node) -> Packed:
    return _pack_s8(node, dotprod=False)


def _rows(name: str, weights: str, features: set[str], pack: Pack, when: When) -> tuple[Kernel, Kernel]:
    """Two rows: of s8 results, and of the s32 sums as they are."""
    first, last = name.rsplit("_", 1)
    return (
        Kernel(name, f"s8 {weights} s32? -> s8", pack, name, frozenset(features), when, split=_STEP),
        Kernel(f"{first}_s32_{last}", f"s8 {weights} s32? -> s32", pack, name, frozenset(features), when, split=_STEP),
    )


ROWS = (
    *_rows("dense_s8_dotprod", "s8", {"neon", "dotprod"}, _pack_lanes, _holds_s8),
    *_rows("dense_s8_neon", "s8", {"neon"}, _pack_pairs, _holds_s8),
    *_rows("dense_s8_s16_neon", "s16", {"neon"}, _pack_s16, _holds_s16),
    Kernel(
        "dense_f32_neon",
        "f32 f32 f32? -> f32",
        _pack_f32,
        requires=frozenset({"neon"}),
        when=_holds_f32,
        split=_STEP,
    ),
    Kernel("dense_f16_neon", "f16 f32 f32? -> f16", _pack_f16, requires=frozenset({"neon", "fp16"}), when=_holds_f16),
)
