"""Rows for the DSP extension (Cortex-M4): four units at a time, or rows of x as the pixels of a convolution."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from edgegen.ir.graph import Node
from edgegen.ir.kernel import Constant, Kernel, Literal, Packed
from edgegen.ops.dense.op import Dense
from edgegen.ops.dsp_float import by_float_strip, pack_float_convolution, pack_float_rows
from edgegen.ops.dsp_layers import (
    S8,
    S8_OFFSET,
    S32,
    S32_OFFSET,
    Convolution,
    Rows,
    pack_rows,
    row_by_strips,
    row_by_units,
)
from edgegen.ops.epilogue import (
    bias_or_zeros,
    constant_weights,
    nine_bits,
    within_256,
    worth_reordering,
)
from edgegen.ops.epilogue_s16 import epilogue_s16, output_s16, symmetric_s16


def _rows(node: Node) -> Rows:
    op = node.op
    assert isinstance(op, Dense)
    weights = node.input(1).values
    return Rows(node.input(0).shape[0], weights, bias_or_zeros(node), op.x_zero, op.requantize, op.clamp)


def _when(node: Node) -> str | None:
    return constant_weights(node) or (None if node.out.type.elements else "the output must not be empty")


def _when_few_rows(node: Node) -> str | None:
    if node.input(0).shape[0] > 2:
        return "at most 2 rows"
    return (
        _when(node)
        or within_256(node)
        or (None if _rows(node).fits_lanes() else "weights of -128 beside negative ones")
    )


def _when_9_bits(node: Node) -> str | None:
    return _when(node) or nine_bits(node)


def _when_no_scratch(node: Node) -> str | None:
    return _when_few_rows(node) or ("needs scratch" if pack_rows(_rows(node)).scratch else None)


def _pack_rows(node: Node) -> Packed:
    return pack_rows(_rows(node))


def _pixels(node: Node) -> Convolution:
    return _rows(node).as_convolution()


def _pack_s16(node: Node) -> Packed:
    """Weights, bias and scales of units in fours, weights of depths in fours, with zeros at the ends."""
    op, w = node.op, node.input(1).values
    assert isinstance(op, Dense)
    assert op.requantize is not None
    units, depth = w.shape
    whole = np.pad(w, ((0, -units % 4), (0, -depth % 4)))
    quads = whole.reshape(len(whole) // 4, 4, -1, 4).transpose(0, 2, 1, 3)[..., [0, 2, 1, 3]]
    epilogue = [
        replace(c, array=np.pad(c.array, [(0, -units % 4), (0, 0)][: c.array.ndim]))
        for c in epilogue_s16(node, op.requantize, units)
    ]
    params: dict[str, Literal] = {"rows": node.input(0).shape[0], "depth": depth, "units": units}
    constants = (Constant("stream", np.ascontiguousarray(quads)), *epilogue)
    return Packed("edgegen_dense_s16", params | output_s16(op.requantize, op.clamp), constants)


def _when_s16(node: Node) -> str | None:
    assert isinstance(node.op, Dense)
    return _when(node) or symmetric_s16(node.op.x_zero, node.op.requantize)


def _pack_f32(node: Node) -> Packed:
    op, w = node.op, node.input(1).values
    assert isinstance(op, Dense)
    return pack_float_rows(node.input(0).shape[0], w, bias_or_zeros(node), op.clamp)


def _pack_f32_pixels(node: Node) -> Packed:
    op, x, w = node.op, node.input(0), node.input(1).values
    assert isinstance(op, Dense)
    rows, units, depth = x.shape[0], *w.shape
    weights, one = w.reshape(units, 1, 1, depth), (1, 1)
    pad = (0, 0, 0, 0)
    return pack_float_convolution((1, 1, rows, depth), (1, rows), weights, bias_or_zeros(node), one, one, pad, op.clamp)


def _when_few_rows_f32(node: Node) -> str | None:
    return "at most 3 rows" if node.input(0).shape[0] > 3 else _when_f32(node)


def _when_f32(node: Node) -> str | None:
    return _when(node) or worth_reordering(node)


_DSP = frozenset({"dsp"})
_F32 = "f32 f32 f32? -> f32"

ROWS = (
    row_by_units("dense_s16_dsp", "s16 s8 s64? -> s16", _pack_s16, _when_s16),
    row_by_units("dense_s16_dsp", "s16 s8 s32 -> s16", _pack_s16, _when_s16),
    row_by_units("dense_s8_dsp", S8, _pack_rows, _when_no_scratch),
    row_by_units("dense_s8_dsp_any", S8, _pack_rows, _when_few_rows, "dense_s8_dsp"),
    row_by_units("dense_s8_dsp_any", S8_OFFSET, _pack_rows, _when_few_rows, "dense_s8_dsp"),
    row_by_strips("conv2d_s8_dsp", S8, _pixels, _when),
    row_by_strips("conv2d_s8_dsp", S8_OFFSET, _pixels, _when_9_bits),
    row_by_units("dense_s8_s32_dsp", S32, _pack_rows, _when_no_scratch, "dense_s8_dsp"),
    row_by_units("dense_s8_s32_dsp", S32_OFFSET, _pack_rows, _when_no_scratch, "dense_s8_dsp"),
    row_by_units("dense_s8_s32_dsp_any", S32, _pack_rows, _when_few_rows, "dense_s8_dsp"),
    row_by_units("dense_s8_s32_dsp_any", S32_OFFSET, _pack_rows, _when_few_rows, "dense_s8_dsp"),
    row_by_strips("conv2d_s8_s32_dsp", S32, _pixels, _when),
    row_by_strips("conv2d_s8_s32_dsp", S32_OFFSET, _pixels, _when_9_bits),
    row_by_units("dense_f32_dsp", _F32, _pack_f32, _when_few_rows_f32),
    Kernel("conv2d_f32_dsp", _F32, _pack_f32_pixels, "", _DSP, _when_f32, overlap=by_float_strip, split=("step",)),
)
