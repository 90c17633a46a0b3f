"""Portable rows."""

from __future__ import annotations

import numpy as np

from edgegen.ir.graph import Node
from edgegen.ops.overlap import NONE, Offsets, Overlaps, applies
from edgegen.ops.portable_convolution import Params, image_params, portable_rows
from edgegen.ops.transpose_conv2d.op import TransposeConv2d
from edgegen.ops.window import window_steps
from edgegen.ops.window_overlap import over_pixels, pixel_ends, pixel_starts


def _geometry(node: Node) -> Params:
    op, w = node.op, node.input(1)
    assert isinstance(op, TransposeConv2d)
    return image_params(node) | {
        "units": w.shape[0],
        "kernel_h": w.shape[1],
        "kernel_w": w.shape[2],
        "depth": w.shape[3],
        **window_steps(op.stride, op.pad),
        "backward": 0,
    }


def _sources(node: Node, axis: int) -> tuple[Offsets, Offsets]:
    """Along height or width, the first and the last pixel of x that reach each pixel of the output, or around it."""
    op, size, kernel = node.op, node.input(0).shape[1 + axis], node.input(1).shape[1 + axis]
    assert isinstance(op, TransposeConv2d)
    at = np.arange(node.out.shape[1 + axis], dtype=np.int64) + op.pad[axis]
    first, last = -((kernel - 1 - at) // op.stride[axis]), at // op.stride[axis]
    return np.clip(first, 0, size - 1), np.clip(last, 0, size - 1)


def _overlap(node: Node) -> Overlaps:
    if not applies(node):
        return NONE
    (top, bottom), (left, right) = (_sources(node, axis) for axis in (0, 1))
    x = node.input(0).type
    return over_pixels(node, pixel_starts(x, top, left), pixel_ends(x, bottom, right))


ROWS = portable_rows(
    "transpose_conv2d", _geometry, "transpose_conv2d", ("", "_scaled"), _overlap, split=("out_stride",)
)
