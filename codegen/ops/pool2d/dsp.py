"""Rows for the DSP extension (Cortex-M4): four channels at a time."""

from __future__ import annotations

from edgegen.ir.graph import Node
from edgegen.ir.kernel import Kernel, Packed
from edgegen.ops.epilogue import clamp_s8
from edgegen.ops.pool2d.op import Pool2d

_MOST_PIXELS = 255  # of an average: more would overflow sums of 16 bits


def _pack_s8(node: Node) -> Packed:
    op, x, y = node.op, node.input(0), node.out
    assert isinstance(op, Pool2d)
    low, high = clamp_s8(op.clamp)
    return Packed(
        "edgegen_pool2d_s8_dsp",
        {
            "batch": x.shape[0],
            "in_h": x.shape[1],
            "in_w": x.shape[2],
            "channels": x.shape[3],
            "out_h": y.shape[1],
            "out_w": y.shape[2],
            "kernel_h": op.kernel[0],
            "kernel_w": op.kernel[1],
            "stride_h": op.stride[0],
            "stride_w": op.stride[1],
            "pad_top": op.pad[0],
            "pad_left": op.pad[1],
            "average": int(op.pooling == "average"),
            "low": low,
            "high": high,
        },
    )


def _when_s8(node: Node) -> str | None:
    op, x = node.op, node.input(0)
    assert isinstance(op, Pool2d)
    if x.shape[3] < 4:
        return "there must be at least 4 channels"
    pixels = min(op.kernel[0], x.shape[1]) * min(op.kernel[1], x.shape[2])
    if op.pooling == "average" and pixels > _MOST_PIXELS:
        return f"an average over {pixels} pixels, more than {_MOST_PIXELS}, overflows 16 bits"
    return None


ROWS = (Kernel("pool2d_s8_dsp", "s8 -> s8", _pack_s8, requires=frozenset({"dsp"}), when=_when_s8),)
