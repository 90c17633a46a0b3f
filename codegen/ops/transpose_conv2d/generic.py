"""Portable rows."""

from __future__ import annotations

from edgegen.ir.graph import Node
from edgegen.ops.portable_convolution import Params, image_params, portable_rows
from edgegen.ops.transpose_conv2d.op import TransposeConv2d


def _geometry(node: Node) -> Params:
    op, w = node.op, node.input(1)
    assert isinstance(op, TransposeConv2d)
    return image_params(node) | {
        "units": w.shape[0],
        "kernel_h": w.shape[1],
        "kernel_w": w.shape[2],
        "depth": w.shape[3],
        "stride_h": op.stride[0],
        "stride_w": op.stride[1],
        "pad_top": op.pad[0],
        "pad_left": op.pad[1],
    }


ROWS = portable_rows("transpose_conv2d", _geometry, "transpose_conv2d", ("", "_scaled"))
