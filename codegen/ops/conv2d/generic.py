"""Portable rows."""

from __future__ import annotations

from edgegen.ir.graph import Node
from edgegen.ops.conv2d.op import Conv2d
from edgegen.ops.portable_convolution import Params, image_params, portable_rows
from edgegen.ops.window import window_steps
from edgegen.ops.window_overlap import by_pixel


def geometry(node: Node) -> Params:
    op, w = node.op, node.input(1)
    assert isinstance(op, Conv2d)
    groups = node.input(0).shape[3] // w.shape[3]
    return image_params(node) | {
        "units": w.shape[0],
        "kernel_h": w.shape[1],
        "kernel_w": w.shape[2],
        "depth": w.shape[3],
        "group_units": 1 if op.interleaved else w.shape[0] // groups,
        "groups": groups,
        **window_steps(op.stride, op.pad, op.dilation),
        "backward": 0,
    }


ROWS = portable_rows("conv2d", geometry, overlap=by_pixel, split=("in_stride", "out_stride"))
