"""Matrix-like layers in f32 for the DSP extension (Cortex-M4): params, stream and scratch of their kernels."""

from __future__ import annotations

import numpy as np

from edgegen.ir.graph import Node
from edgegen.ir.kernel import Constant, Literal, Packed
from edgegen.ir.op import Range
from edgegen.ir.tensor import Array
from edgegen.ops.dsp_tiles import tiles_of
from edgegen.ops.epilogue import clamp_f32
from edgegen.ops.overlap import Overlaps
from edgegen.ops.window import Pads, Pair
from edgegen.ops.window_overlap import by_strips


def _stream(weights: Array, bias: Array, taps: int) -> tuple[Array, int]:
    """(f32 elements of every tile of four units: bias[4], [tap][unit]; where the tile that steps back begins)."""
    units = len(weights)
    padded = np.zeros((units, taps), np.float32)
    padded[:, : weights.shape[1]] = weights
    tiles = [[*t] for t in tiles_of(units, 4)]
    parts = [np.concatenate([bias[t].astype(np.float32), padded[t].T.reshape(-1)]) for t in tiles]
    return np.concatenate(parts), units // 4 * (4 + 4 * taps)


def pack_float_convolution(
    in_shape: tuple[int, ...],
    out_size: Pair,
    weights: Array,
    bias: Array,
    stride: Pair,
    dilation: Pair,
    pad: Pads,
    clamp: Range,
) -> Packed:
    """Params, stream and scratch of conv2d_f32_dsp. weights [O,kH,kW,C], in_shape [N,H,W,C], bias [O]."""
    batch, in_h, in_w, channels = in_shape
    units, kernel_h, kernel_w, _ = weights.shape
    out_h, out_w = out_size
    if (kernel_h, kernel_w) == (1, 1) and stride == (1, 1) and not any(pad):
        batch, in_h, in_w, out_h, out_w = 1, 1, batch * in_h * in_w, 1, batch * out_h * out_w
    taps = kernel_h * kernel_w * channels
    taps += taps % 2
    stream, last_tile = _stream(weights.reshape(units, -1), bias, taps)
    low, high = clamp_f32(clamp)
    params: dict[str, Literal] = {
        "batch": batch,
        "in_h": in_h,
        "in_w": in_w,
        "channels": channels,
        "out_h": out_h,
        "out_w": out_w,
        "units": units,
        "kernel_h": kernel_h,
        "kernel_w": kernel_w,
        "stride_h": stride[0],
        "stride_w": stride[1],
        "dilation_h": dilation[0],
        "dilation_w": dilation[1],
        "pad_top": pad[0],
        "pad_left": pad[1],
        "taps": taps,
        "tile_units": units // 4 * 4,
        "step": units,
        "last_tile": last_tile,
        "sums": 16 * taps,
        "backward": 0,
        "low": low,
        "high": high,
    }
    scratch = 16 * taps + (64 if units < 4 else 0)
    return Packed("edgegen_conv2d_f32_dsp", params, (Constant("stream", stream),), scratch=scratch)


def by_float_strip(node: Node) -> Overlaps:
    """Of conv2d_f32_dsp: strips of four pixels, or of one if there are fewer."""
    y = node.out
    return by_strips(node, 4 if y.type.elements // y.shape[-1] >= 4 else 1)


def pack_float_rows(rows: int, weights: Array, bias: Array, clamp: Range) -> Packed:
    """Params and stream of dense_f32_dsp. weights [O, depth], bias [O]."""
    units, depth = weights.shape
    stream, last_tile = _stream(weights, bias, depth)
    low, high = clamp_f32(clamp)
    params: dict[str, Literal] = {
        "rows": rows,
        "depth": depth,
        "units": units,
        "tile_units": units // 4 * 4,
        "last_tile": last_tile,
        "low": low,
        "high": high,
    }
    return Packed("edgegen_dense_f32_dsp", params, (Constant("stream", stream),))
