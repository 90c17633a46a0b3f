"""Rows of f32 whose weights lie in flash as codes of fewer bits, decoded while the kernel runs."""

from __future__ import annotations

import math

from edgegen.ir.graph import Node
from edgegen.ir.kernel import Packed
from edgegen.ops.conv2d import generic
from edgegen.ops.conv2d.op import Conv2d
from edgegen.ops.epilogue import bias_or_zeros, constant_weights
from edgegen.ops.stored_convolution import stored_row
from edgegen.ops.stored_tiles import pack_tiles, tile_rows
from edgegen.ops.stored_weights import codes_of, holds_codes


def _pixels(node: Node) -> int:
    return math.prod(node.input(0).shape[:3])


def _when(node: Node) -> str | None:
    """Windows of one pixel: the pixels are the rows of a dense layer."""
    op, x, w = node.op, node.input(0), node.input(1)
    assert isinstance(op, Conv2d)
    if (*w.shape[1:], *op.stride) != (1, 1, x.shape[3], 1, 1) or any(op.pad):
        return "windows must be pixels, one after the other"
    return constant_weights(node) or holds_codes(w)


def _pack(node: Node, lanes: int) -> Packed:
    assert isinstance(node.op, Conv2d)
    return pack_tiles(_pixels(node), codes_of(node.input(1)), bias_or_zeros(node), node.op.clamp, lanes)


POINTWISE = tile_rows(_pack, _when, _pixels)
ROW = next(
    stored_row(row, False, lambda node: math.prod(node.input(1).shape[1:]))
    for row in generic.ROWS
    if row.name == "conv2d_f32"
)
