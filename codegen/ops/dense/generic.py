"""Portable rows."""

from __future__ import annotations

import numpy as np
from edgegen.ir.graph import Node
from edgegen.ir.kernel import Constant, Kernel, Packed
from edgegen.ops.dense.op import Dense
from edgegen.ops.epilogue import (
    bias_or_zeros,
    clamp_f32,
    clamp_s8,
    constant_weights,
    fixed_point_epilogue,
    fold_zero_point,
)
from edgegen.ops.epilogue_s16 import epilogue_s16, output_s16, symmetric_s16


def _pack_s8(node: Node) -> Packed:
    op, w = node.op, node.input(1).values
    assert isinstance(op, Dense)
    assert op.requantize is not None
    low, high = clamp_s8(op.clamp)
    bias = fold_zero_point(bias_or_zeros(node), w.astype(np.int64).sum(axis=1), op.x_zero)
    return Packed(
        "edgegen_dense_s8",
        {
            "rows": node.input(0).shape[0],
            "depth": w.shape[1],
            "units": w.shape[0],
            "zero_point": op.requantize.zero_point,
            "low": low,
            "high": high,
        },
        (Constant("weights", w), Constant("epilogue", fixed_point_epilogue(bias, op.requantize))),
    )


def _pack_s16(node: Node) -> Packed:
    op, w = node.op, node.input(1).values
    assert isinstance(op, Dense)
    assert op.requantize is not None
    return Packed(
        "edgegen_dense_s16",
        {"rows": node.input(0).shape[0], "depth": w.shape[1], "units": w.shape[0]}
        | output_s16(op.requantize, op.clamp),
        (Constant("weights", w), *epilogue_s16(node, op.requantize, node.out.shape[-1])),
    )


def _when_s16(node: Node) -> str | None:
    assert isinstance(node.op, Dense)
    return constant_weights(node) or symmetric_s16(node.op.x_zero, node.op.requantize)


def _pack_f32(node: Node) -> Packed:
    w = node.input(1).values
    assert isinstance(node.op, Dense)
    low, high = clamp_f32(node.op.clamp)
    return Packed(
        "edgegen_dense_f32",
        {"rows": node.input(0).shape[0], "depth": w.shape[1], "units": w.shape[0], "low": low, "high": high},
        (Constant("weights", w), Constant("bias", bias_or_zeros(node))),
    )


ROWS = (
    Kernel("dense_s8", "s8 s8 s32? -> s8", _pack_s8, when=constant_weights),
    Kernel("dense_s16", "s16 s8 s64? -> s16", _pack_s16, when=_when_s16),
    Kernel("dense_s16", "s16 s8 s32 -> s16", _pack_s16, when=_when_s16),
    Kernel("dense_f32", "f32 f32 f32? -> f32", _pack_f32, when=constant_weights),
)
