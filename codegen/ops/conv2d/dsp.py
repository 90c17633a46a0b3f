"""Rows for the DSP extension (Cortex-M4): strips of widened pixels times register tiles."""

from __future__ import annotations

from edgegen.ir.graph import Node
from edgegen.ir.kernel import Kernel, Packed
from edgegen.ops.conv2d.op import Conv2d
from edgegen.ops.dsp_float import by_float_strip, pack_float_convolution, pack_float_rows
from edgegen.ops.dsp_in_place import in_place_row
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
)


def _convolution(node: Node) -> Convolution:
    op, x, y = node.op, node.input(0), node.out
    assert isinstance(op, Conv2d)
    return Convolution(
        x.shape,
        (y.shape[1], y.shape[2]),
        node.input(1).values,
        bias_or_zeros(node),
        op.stride,
        op.dilation,
        op.pad,
        op.x_zero,
        op.requantize,
        op.clamp,
    )


def _when(node: Node) -> str | None:
    if node.input(1).shape[3] != node.input(0).shape[3]:
        return "groups must be 1"
    return constant_weights(node) or (None if node.out.type.elements else "the output must not be empty")


def _when_9_bits(node: Node) -> str | None:
    return _when(node) or nine_bits(node)


def _rows(node: Node) -> Rows:
    """The convolution as a dense layer, where one window covers the image."""
    conv = _convolution(node)
    units = conv.weights.shape[0]
    weights = conv.weights.reshape(units, -1)
    return Rows(conv.in_shape[0], weights, conv.bias, conv.x_zero, conv.requantize, conv.clamp)


def _when_one_window(node: Node) -> str | None:
    reason = _one_window(node) or _when(node) or within_256(node)
    return reason or (None if _rows(node).fits_lanes() else "weights of -128 beside negative ones")


def _when_no_scratch(node: Node) -> str | None:
    reason = _when_one_window(node)
    return reason or ("needs scratch" if pack_rows(_rows(node)).scratch else None)


def _pack_rows(node: Node) -> Packed:
    return pack_rows(_rows(node))


def _one_window(node: Node) -> str | None:
    op, x, w = node.op, node.input(0), node.input(1)
    assert isinstance(op, Conv2d)
    if x.shape[1:] != w.shape[1:] or any(op.pad) or op.dilation != (1, 1) or x.shape[0] > 2:
        return "one window must cover the image, in a batch of at most 2"
    return None


def _pack_f32(node: Node) -> Packed:
    op, x, y = node.op, node.input(0), node.out
    assert isinstance(op, Conv2d)
    weights, bias = node.input(1).values, bias_or_zeros(node)
    size = (y.shape[1], y.shape[2])
    return pack_float_convolution(x.shape, size, weights, bias, op.stride, op.dilation, op.pad, op.clamp)


def _pack_f32_rows(node: Node) -> Packed:
    op, w = node.op, node.input(1)
    assert isinstance(op, Conv2d)
    return pack_float_rows(node.input(0).shape[0], w.values.reshape(w.shape[0], -1), bias_or_zeros(node), op.clamp)


_DSP = frozenset({"dsp"})
_F32 = "f32 f32 f32? -> f32"

ROWS = (
    row_by_units("dense_s8_dsp", S8, _pack_rows, _when_no_scratch),
    row_by_units("dense_s8_dsp_any", S8, _pack_rows, _when_one_window, "dense_s8_dsp"),
    row_by_units("dense_s8_dsp_any", S8_OFFSET, _pack_rows, _when_one_window, "dense_s8_dsp"),
    in_place_row(S8, _convolution, _when),
    in_place_row(S8_OFFSET, _convolution, _when_9_bits),
    row_by_strips("conv2d_s8_dsp", S8, _convolution, _when),
    row_by_strips("conv2d_s8_dsp", S8_OFFSET, _convolution, _when_9_bits),
    row_by_units("dense_s8_s32_dsp", S32, _pack_rows, _when_no_scratch, "dense_s8_dsp"),
    row_by_units("dense_s8_s32_dsp", S32_OFFSET, _pack_rows, _when_no_scratch, "dense_s8_dsp"),
    row_by_units("dense_s8_s32_dsp_any", S32, _pack_rows, _when_one_window, "dense_s8_dsp"),
    row_by_units("dense_s8_s32_dsp_any", S32_OFFSET, _pack_rows, _when_one_window, "dense_s8_dsp"),
    row_by_strips("conv2d_s8_s32_dsp", S32, _convolution, _when),
    row_by_strips("conv2d_s8_s32_dsp", S32_OFFSET, _convolution, _when_9_bits),
    row_by_units("dense_f32_dsp", _F32, _pack_f32_rows, lambda node: _one_window(node) or _when(node)),
    Kernel("conv2d_f32_dsp", _F32, _pack_f32, "", _DSP, _when, overlap=by_float_strip, split=("step",)),
)
