"""Rows for the DSP extension (Cortex-M4): the tiles of s8 layers leave their accumulators in the output, whose floats
take their place."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from edgegen.ir.graph import Node
from edgegen.ir.kernel import Constant, Kernel, Literal, Packed
from edgegen.ir.op import NO_CLAMP
from edgegen.ops.conv2d.op import Conv2d
from edgegen.ops.dense.op import Dense
from edgegen.ops.depthwise_conv2d.dsp import filter_blocks, window_params, windows_on_image
from edgegen.ops.depthwise_conv2d.op import DepthwiseConv2d
from edgegen.ops.dsp_layers import Convolution, Rows, pack_convolution, pack_rows
from edgegen.ops.dsp_tiles import ACCUMULATOR
from edgegen.ops.hybrid.generic import INPUTS, SIGNATURE, factors, holds, hybrid, output_params, weight_sums
from edgegen.ops.overlap import NONE, Overlaps, param
from edgegen.ops.window_overlap import by_pixel, by_strips

_DSP = frozenset({"dsp"})


def _rows(node: Node) -> Rows:
    w = node.input(3).values
    return Rows(node.input(0).shape[0], w, np.zeros(len(w), np.int64), 0, None, NO_CLAMP)


def _within(params: Mapping[str, Literal], member: str) -> dict[str, Literal]:
    """Fields of a struct that is a member of the kernel's."""
    return {f"{member}.{k}": v for k, v in params.items()}


def _pack_dense(node: Node) -> Packed:
    rows = pack_rows(_rows(node))
    params = _within(rows.params, "dense") | output_params(node)
    constants = (*rows.constants, factors(node), weight_sums(node.input(3).values))
    # the kernel is always given a place for its accumulators, so that one function serves all depths
    return Packed("edgegen_hybrid_dense_dsp", params, constants, INPUTS, scratch=max(rows.scratch, 4))


def _convolution(node: Node) -> Convolution:
    """Of one image at a time, since each has a zero point of its own."""
    product, x, y, w = hybrid(node).product, node.input(0), node.out, node.input(3).values
    if isinstance(product, DepthwiseConv2d):  # of one input channel
        w = np.moveaxis(w, 2, 0)[..., None]
    assert isinstance(product, (Conv2d, DepthwiseConv2d))
    shape, size, bias = (1, *x.shape[1:]), (y.shape[1], y.shape[2]), np.zeros(len(w), np.int64)
    return Convolution(shape, size, w, bias, product.stride, product.dilation, product.pad, 0, None, NO_CLAMP)


def _pack_conv2d(node: Node) -> Packed:
    conv = _convolution(node)
    tiles = pack_convolution(conv)
    images, *image = node.input(0).shape
    params: dict[str, Literal] = {"images": images, "image_size": math.prod(image)}
    params |= _within(tiles.params, "conv") | output_params(node)
    constants = (*tiles.constants, factors(node), weight_sums(conv.weights))
    return Packed("edgegen_hybrid_conv2d_dsp", params, constants, INPUTS, scratch=tiles.scratch)


def _pack_depthwise(node: Node) -> Packed:
    product, x, w, y = hybrid(node).product, node.input(0), node.input(3), node.out
    assert isinstance(product, DepthwiseConv2d)
    channels = w.shape[2]
    filters = np.moveaxis(w.values.astype(np.int64), 2, 0).reshape(channels, -1)
    blocks = filter_blocks(filters, np.zeros(channels, np.int64), np.zeros((channels, 0), np.int64))
    block = sum(len(part) for part in blocks[:3])
    fields = window_params(product, (1, *x.shape[1:]), w.shape, y.shape) | {
        "block": block,
        "multipliers": 0,
        "form": ACCUMULATOR,
        "shift": 0,
        "x_zero": 0,
        "zero_point": 0,
        "low": 0,
        "high": 0,
    }
    params = {"images": x.shape[0], **_within(fields, "conv"), **output_params(node)}
    stream = np.concatenate(blocks).astype(np.uint32).view(np.int32)
    return Packed("edgegen_hybrid_depthwise_conv2d_dsp", params, (Constant("stream", stream), factors(node)), INPUTS)


def _when_lanes(node: Node) -> str | None:
    return None if _rows(node).fits_lanes() else "weights of -128 beside negative ones"


def _when_no_groups(node: Node) -> str | None:
    return None if node.input(0).shape[3] == node.input(3).shape[3] else "groups must be 1"


def _when_one_channel(node: Node) -> str | None:
    return None if node.input(0).shape[3] == 1 else "x must have one channel"


def _when_depthwise(node: Node) -> str | None:
    product, x, w = hybrid(node).product, node.input(0).shape, node.input(3).shape
    assert isinstance(product, DepthwiseConv2d)
    if x[3] != w[2] or x[3] < 4:
        return "there must be at least 4 channels, with one filter each"
    return windows_on_image(product, x, w, node.out.shape)


def _by_strip(node: Node) -> Overlaps:
    """Strips of one image, which end with it."""
    return by_strips(node, param(node, "conv.pixels")) if node.out.shape[0] == 1 else NONE


ROWS = (
    Kernel("hybrid_dense_dsp", SIGNATURE, _pack_dense, requires=_DSP, when=holds(Dense, _when_lanes), overlap=by_pixel),
    *(
        Kernel("hybrid_conv2d_dsp", SIGNATURE, _pack_conv2d, requires=_DSP, when=when, overlap=_by_strip)
        for when in (holds(Conv2d, _when_no_groups), holds(DepthwiseConv2d, _when_one_channel))
    ),
    Kernel(
        "hybrid_depthwise_conv2d_dsp",
        SIGNATURE,
        _pack_depthwise,
        requires=_DSP,
        when=holds(DepthwiseConv2d, _when_depthwise),
        overlap=by_pixel,
    ),
)
