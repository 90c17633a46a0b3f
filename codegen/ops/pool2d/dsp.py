"""Rows for the DSP extension (Cortex-M4): four channels at a time."""

from __future__ import annotations

from edgegen.ir.graph import Node
from edgegen.ir.kernel import Kernel, Literal, Packed
from edgegen.ops.epilogue import clamp_f32, clamp_s8
from edgegen.ops.overlap import by_channel, by_pixel
from edgegen.ops.pool2d.op import Pool2d

_DSP = frozenset({"dsp"})
_MOST_PIXELS = 255  # of an average: more would overflow sums of 16 bits


def _geometry(node: Node) -> dict[str, Literal]:
    op, x, y = node.op, node.input(0), node.out
    assert isinstance(op, Pool2d)
    return {
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
    }


def _pack_s8(node: Node) -> Packed:
    assert isinstance(node.op, Pool2d)
    low, high = clamp_s8(node.op.clamp)
    average = int(node.op.pooling == "average")
    return Packed("edgegen_pool2d_s8_dsp", _geometry(node) | {"average": average, "low": low, "high": high})


def _when_s8(node: Node) -> str | None:
    op, x = node.op, node.input(0)
    assert isinstance(op, Pool2d)
    if x.shape[3] < 4:
        return "there must be at least 4 channels"
    pixels = min(op.kernel[0], x.shape[1]) * min(op.kernel[1], x.shape[2])
    if op.pooling == "average" and pixels > _MOST_PIXELS:
        return f"an average over {pixels} pixels, more than {_MOST_PIXELS}, overflows 16 bits"
    return None


def _pack_f32(node: Node) -> Packed:
    assert isinstance(node.op, Pool2d)
    low, high = clamp_f32(node.op.clamp)
    return Packed("edgegen_pool2d_f32_dsp", _geometry(node) | {"low": low, "high": high})


def _when_f32(node: Node) -> str | None:
    assert isinstance(node.op, Pool2d)
    if node.op.pooling != "average":
        return "computes average pooling"
    return None if node.input(0).shape[3] >= 8 else "there must be at least 8 channels"


ROWS = (
    Kernel("pool2d_s8_dsp", "s8 -> s8", _pack_s8, requires=_DSP, when=_when_s8, overlap=by_channel(4)),
    Kernel("average_pool2d_f32_dsp", "f32 -> f32", _pack_f32, "pool2d_f32_dsp", _DSP, _when_f32, overlap=by_pixel),
)
