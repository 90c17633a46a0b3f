"""Portable rows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from edgegen.ir.graph import Node
from edgegen.ir.kernel import Constant, Kernel, Literal, Packed
from edgegen.ops.dense.op import Dense
from edgegen.ops.epilogue import (
    bias_or_zeros,
    clamp_f32,
    clamp_s8,
    constant_bias,
    fixed_point_epilogue,
    fold_zero_point,
    given_weights,
    integer_rows,
    rounds_twice,
    split_offset,
)
from edgegen.ops.epilogue_s16 import epilogue_s16, output_s16, symmetric_s16
from edgegen.ops.window_overlap import by_pixel


def _pack_s8(node: Node) -> Packed:
    op, w = node.op, node.input(1).values
    assert isinstance(op, Dense)
    low, high = clamp_s8(op.clamp)
    bias = fold_zero_point(bias_or_zeros(node), w.astype(np.int64).sum(axis=1), op.x_zero)
    values, offset = split_offset(w)
    return Packed(
        "edgegen_dense_s8",
        {
            "rows": node.input(0).shape[0],
            "depth": w.shape[1],
            "units": w.shape[0],
            "step": w.shape[0],
            "weight_offset": offset,
            "zero_point": 0 if op.requantize is None else op.requantize.zero_point,
            "low": low,
            "high": high,
        },
        (Constant("weights", values), Constant("epilogue", fixed_point_epilogue(bias, op.requantize))),
    )


def _sizes(node: Node) -> dict[str, Literal]:
    units, depth = node.input(1).shape
    return {"rows": node.input(0).shape[0], "depth": depth, "units": units}


def _pack_s8_computed(node: Node) -> Packed:
    op = node.op
    assert isinstance(op, Dense)
    assert op.requantize is not None
    low, high = clamp_s8(op.clamp)
    output = {"x_zero": op.x_zero, "zero_point": op.requantize.zero_point, "low": low, "high": high}
    epilogue = Constant("epilogue", fixed_point_epilogue(bias_or_zeros(node), op.requantize))
    return Packed("edgegen_dense_s8_computed", _sizes(node) | output, (epilogue,), (0, 1))


def _pack_s16(node: Node) -> Packed:
    op, (weights, inputs) = node.op, given_weights(node)
    assert isinstance(op, Dense)
    assert op.requantize is not None
    constants = (*weights, *epilogue_s16(node, op.requantize, node.out.shape[-1]))
    return Packed("edgegen_dense_s16", _sizes(node) | output_s16(op.requantize, op.clamp), constants, inputs)


def _pack_f32(node: Node) -> Packed:
    weights, inputs = given_weights(node)
    assert isinstance(node.op, Dense)
    low, high = clamp_f32(node.op.clamp)
    constants = (*weights, Constant("bias", bias_or_zeros(node)))
    return Packed(
        "edgegen_dense_f32", _sizes(node) | {"step": node.out.shape[1], "low": low, "high": high}, constants, inputs
    )


def _when_computed(node: Node) -> str | None:
    assert isinstance(node.op, Dense)
    return rounds_twice(node) or constant_bias(node)


def _when_s16(node: Node) -> str | None:
    assert isinstance(node.op, Dense)
    return constant_bias(node) or symmetric_s16(node.op.x_zero, node.op.requantize)


ROWS = (
    *(
        replace(row, overlap=by_pixel, split=("step",))
        for row in integer_rows("dense", "dense_s8", _pack_s8, ("", "_once", "_scaled", "_s32"))
    ),
    Kernel(
        "dense_s8_computed",
        "s8 s8 s32? -> s8",
        _pack_s8_computed,
        "dense_s8",
        when=_when_computed,
        overlap=by_pixel,
    ),
    Kernel("dense_s16", "s16 s8 s64? -> s16", _pack_s16, when=_when_s16, overlap=by_pixel, split=()),
    Kernel("dense_s16", "s16 s8 s32 -> s16", _pack_s16, when=_when_s16, overlap=by_pixel, split=()),
    Kernel("dense_f32", "f32 f32 f32? -> f32", _pack_f32, when=constant_bias, overlap=by_pixel, split=("step",)),
)
