"""Portable rows."""

from __future__ import annotations

from edgegen.ir.graph import Node
from edgegen.ops.depthwise_conv2d.op import DepthwiseConv2d
from edgegen.ops.portable_convolution import Params, image_params, portable_rows
from edgegen.ops.window import window_steps
from edgegen.ops.window_overlap import by_channel, lanes


def geometry(node: Node) -> Params:
    op, w = node.op, node.input(1)
    assert isinstance(op, DepthwiseConv2d)
    return image_params(node) | {
        "channels": w.shape[2],
        "multiplier": w.shape[2] // node.input(0).shape[3],
        "kernel_h": w.shape[0],
        "kernel_w": w.shape[1],
        **window_steps(op.stride, op.pad, op.dilation),
        "backward": 0,
    }


ROWS = portable_rows(
    "depthwise_conv2d", geometry, overlap=by_channel(1), split=("in_stride", "out_stride"), lanes=lanes(1)
)
