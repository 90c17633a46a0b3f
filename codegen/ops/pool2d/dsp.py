"""Rows for the DSP extension (Cortex-M4): four channels at a time."""

from __future__ import annotations

from edgegen.ir.graph import Node
from edgegen.ir.kernel import Kernel, Literal, Packed
from edgegen.ops.epilogue import clamp_f32
from edgegen.ops.pool2d.generic import only, output
from edgegen.ops.pool2d.op import Pool2d
from edgegen.ops.window import image_sizes, window_steps
from edgegen.ops.window_overlap import by_channel, by_pixel

_DSP = frozenset({"dsp"})
_MOST_PIXELS = 255  # of an average: more would overflow sums of 16 bits


def _geometry(node: Node) -> dict[str, Literal]:
    op, x, y = node.op, node.input(0), node.out
    assert isinstance(op, Pool2d)
    return {
        **image_sizes(x.shape, y.shape[1:3]),
        "kernel_h": op.kernel[0],
        "kernel_w": op.kernel[1],
        **window_steps(op.stride, op.pad),
    }


def _pack_s8(node: Node) -> Packed:
    assert isinstance(node.op, Pool2d)
    return Packed("edgegen_pool2d_s8_dsp", _geometry(node) | {"pooling": _kind(node.op)} | output(node.op))


def _kind(op: Pool2d) -> int:
    """EDGEGEN_DSP_POOL_MOST, _AVERAGE or _SCALED."""
    return 2 if op.requantize is not None else int(op.pooling == "average")


def _when_s8(node: Node) -> str | None:
    assert isinstance(node.op, Pool2d)
    if node.op.requantize is not None:
        return "leaves results the scale of x"
    return _few_pixels(node)


def _when_scaled(node: Node) -> str | None:
    return only("average", scaled=True)(node) or _few_pixels(node)


def _few_pixels(node: Node) -> str | None:
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
    Kernel("pool2d_s8_dsp", "s8 -> s8", _pack_s8, "pool2d_s8_dsp", _DSP, _when_s8, overlap=by_channel(4)),
    Kernel(
        "average_pool2d_s8_scaled_dsp", "s8 -> s8", _pack_s8, "pool2d_s8_dsp", _DSP, _when_scaled, overlap=by_channel(4)
    ),
    Kernel("average_pool2d_f32_dsp", "f32 -> f32", _pack_f32, "pool2d_f32_dsp", _DSP, _when_f32, overlap=by_pixel),
)
