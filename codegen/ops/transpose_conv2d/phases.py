"""Transposed convolutions as several of one image, whose windows move over it pixel by pixel.

The rows of the output that are a stride apart, a phase, see the same taps of all windows: they make up one convolution.
The columns of a phase are its pixels' channels: they lie beside each other.
"""

from __future__ import annotations

import numpy as np

from edgegen.ir.fixed_point import IntArray
from edgegen.ir.graph import Node
from edgegen.ops.convolution_parts import Parts
from edgegen.ops.epilogue import bias_or_zeros, constant_weights
from edgegen.ops.transpose_conv2d.op import TransposeConv2d


def _sources(kernel: int, stride: int, pad: int) -> IntArray:
    """[stride, kernel]: how many pixels of x after i the tap lies that reaches the output's i * stride + phase.

    Taps that do not reach that phase have the least s64.
    """
    at = np.arange(stride)[:, None] + pad - np.arange(kernel)[None]
    return np.where(at % stride == 0, at // stride, np.iinfo(np.int64).min)


def in_phases(node: Node) -> Parts:
    """A TransposeConv2d for which `not_in_phases` is None, in as many parts as its height has strides."""
    op, x, w, y = node.op, node.input(0), node.input(1).values, node.out
    assert isinstance(op, TransposeConv2d)
    units, kernel_h, kernel_w, depth = w.shape
    (high, wide), (tall, broad) = op.stride, (y.shape[1] // op.stride[0], y.shape[2] // op.stride[1])
    rows, columns = _sources(kernel_h, high, op.pad[0]), _sources(kernel_w, wide, op.pad[1])
    (top, reach_h), (left, reach_w) = _reach(rows), _reach(columns)
    weights = np.zeros((high, wide, units, reach_h, reach_w, depth), w.dtype)
    for py, ky in zip(*np.nonzero(rows >= top), strict=True):
        for px, kx in zip(*np.nonzero(columns >= left), strict=True):
            weights[py, px, :, rows[py, ky] - top, columns[px, kx] - left] = w[:, ky, kx]
    order = np.tile(np.arange(units), high * wide)
    bottom, right = tall + reach_h - 1 + top - x.shape[1], broad + reach_w - 1 + left - x.shape[2]
    return Parts(
        count=high,
        weights=weights.reshape(-1, reach_h, reach_w, depth),
        bias=bias_or_zeros(node)[order],
        requantize=None if op.requantize is None else op.requantize.of_channels(order.tolist()),
        clamp=op.clamp,
        x_zero=op.x_zero,
        stride=(1, 1),
        dilation=(1, 1),
        pad=(-top, -left, max(bottom, 0), max(right, 0)),
        out=(tall, broad),
        x_step=0,
        y_step=y.shape[2] * units,
        rows_apart=high,
        y_pixel=wide * units,
    )


def _reach(sources: IntArray) -> tuple[int, int]:
    """(first pixel of the window over x that all phases see, pixels of it)."""
    real = sources[sources > np.iinfo(np.int64).min]
    return int(real.min()), int(np.ptp(real)) + 1


def not_in_phases(node: Node) -> str | None:
    """A row's `when`: why a TransposeConv2d cannot be computed in phases."""
    op, w, y = node.op, node.input(1), node.out
    assert isinstance(op, TransposeConv2d)
    reason = constant_weights(node)
    if reason is not None:
        return reason
    if y.shape[1] % op.stride[0] or y.shape[2] % op.stride[1]:
        return f"the output's size must be a multiple of the stride {op.stride}"
    firsts = [_reach(_sources(w.shape[1 + i], op.stride[i], op.pad[i]))[0] for i in (0, 1)]
    return "windows must begin at or before their pixel" if max(firsts) > 0 else None
