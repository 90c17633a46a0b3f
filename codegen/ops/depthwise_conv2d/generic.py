"""Portable rows."""

from __future__ import annotations

from edgegen.ir.graph import Node
from edgegen.ops.depthwise_conv2d.op import DepthwiseConv2d
from edgegen.ops.portable_convolution import Params, image_params, portable_rows
from edgegen.ops.window_overlap import by_channel, lanes


def geometry(node: Node) -> Params:
    op, w = node.op, node.input(1)
    assert isinstance(op, DepthwiseConv2d)
    return image_params(node) | {
        "channels": w.shape[2],
        "multiplier": w.shape[2] // node.input(0).shape[3],
        "kernel_h": w.shape[0],
        "kernel_w": w.shape[1],
        "stride_h": op.stride[0],
        "stride_w": op.stride[1],
        "dilation_h": op.dilation[0],
        "dilation_w": op.dilation[1],
        "pad_top": op.pad[0],
        "pad_left": op.pad[1],
        "backward": 0,
    }


ROWS = portable_rows(
    "depthwise_conv2d", geometry, overlap=by_channel(1), split=("in_stride", "out_stride"), lanes=lanes(1)
)
