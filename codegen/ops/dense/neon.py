"""Rows for AArch64: the convolutions' register tiles over the rows of a matrix."""

from __future__ import annotations

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
    worth_reordering,
)
from edgegen.ops.neon_tiles import (
    output_params,
    pack_bias,
    pack_epilogue,
    pack_lanes,
    pack_pairs,
    pairs_may_overflow,
    tile_rows,
)


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
        {"rows": rows, "depth": depth, **how, **output_params(op.requantize, op.clamp, w.shape[0])},
        (Constant("weights", packed), Constant("epilogue", epilogue)),
    )


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


def _row(name: str, features: set[str], y: str, dotprod: bool) -> Kernel:
    def pack(node: Node) -> Packed:
        return _pack_s8(node, dotprod)

    header = name.replace("_s32", "")
    return Kernel(name, f"s8 s8 s32? -> {y}", pack, header, frozenset(features), _holds_s8)


ROWS = (
    _row("dense_s8_dotprod", {"neon", "dotprod"}, "s8", dotprod=True),
    _row("dense_s8_neon", {"neon"}, "s8", dotprod=False),
    _row("dense_s8_s32_dotprod", {"neon", "dotprod"}, "s32", dotprod=True),
    _row("dense_s8_s32_neon", {"neon"}, "s32", dotprod=False),
    Kernel(
        "dense_f32_neon",
        "f32 f32 f32? -> f32",
        _pack_f32,
        requires=frozenset({"neon"}),
        when=_holds_f32,
    ),
)
