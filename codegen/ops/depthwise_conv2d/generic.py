"""Portable rows: plain loops over any strides, so they read and write NHWC and NCHW alike."""

from __future__ import annotations

from edgegen.ir.graph import Node
from edgegen.ir.kernel import Constant, Kernel, Literal, Packed
from edgegen.ops.depthwise_conv2d.op import DepthwiseConv2d
from edgegen.ops.epilogue import bias_or_zeros, clamp_f32, clamp_s8, constant_weights, fixed_point_epilogue
from edgegen.ops.epilogue_s16 import epilogue_s16, output_s16, symmetric_s16
from edgegen.ops.window import any_order


def _geometry(node: Node) -> dict[str, Literal]:
    op, x, w, y = node.op, node.input(0), node.input(1), node.out
    assert isinstance(op, DepthwiseConv2d)
    return {
        "batch": x.shape[0],
        "in_h": x.shape[1],
        "in_w": x.shape[2],
        "out_h": y.shape[1],
        "out_w": y.shape[2],
        "channels": w.shape[2],
        "multiplier": w.shape[2] // x.shape[3],
        "kernel_h": w.shape[0],
        "kernel_w": w.shape[1],
        "stride_h": op.stride[0],
        "stride_w": op.stride[1],
        "dilation_h": op.dilation[0],
        "dilation_w": op.dilation[1],
        "pad_top": op.pad[0],
        "pad_left": op.pad[1],
        "in_stride": x.type.layout.strides(x.shape),
        "out_stride": y.type.layout.strides(y.shape),
    }


def _pack_s8(node: Node) -> Packed:
    op = node.op
    assert isinstance(op, DepthwiseConv2d)
    assert op.requantize is not None
    low, high = clamp_s8(op.clamp)
    params = _geometry(node) | {
        "x_zero": op.x_zero,
        "zero_point": op.requantize.zero_point,
        "low": low,
        "high": high,
    }
    epilogue = fixed_point_epilogue(bias_or_zeros(node), op.requantize)
    return Packed(
        "edgegen_depthwise_conv2d_s8",
        params,
        (Constant("weights", node.input(1).values), Constant("epilogue", epilogue)),
    )


def _pack_s16(node: Node) -> Packed:
    op = node.op
    assert isinstance(op, DepthwiseConv2d)
    assert op.requantize is not None
    return Packed(
        "edgegen_depthwise_conv2d_s16",
        _geometry(node) | output_s16(op.requantize, op.clamp),
        (Constant("weights", node.input(1).values), *epilogue_s16(node, op.requantize, node.out.shape[-1])),
    )


def _when_s16(node: Node) -> str | None:
    assert isinstance(node.op, DepthwiseConv2d)
    return constant_weights(node) or symmetric_s16(node.op.x_zero, node.op.requantize)


def _pack_f32(node: Node) -> Packed:
    assert isinstance(node.op, DepthwiseConv2d)
    low, high = clamp_f32(node.op.clamp)
    return Packed(
        "edgegen_depthwise_conv2d_f32",
        _geometry(node) | {"low": low, "high": high},
        (Constant("weights", node.input(1).values), Constant("bias", bias_or_zeros(node))),
    )


ROWS = (
    Kernel(
        "depthwise_conv2d_s8",
        "s8 s8 s32? -> s8",
        _pack_s8,
        when=constant_weights,
        reads=any_order,
        writes=any_order,
    ),
    Kernel("depthwise_conv2d_s16", "s16 s8 s64? -> s16", _pack_s16, when=_when_s16, reads=any_order, writes=any_order),
    Kernel("depthwise_conv2d_s16", "s16 s8 s32 -> s16", _pack_s16, when=_when_s16, reads=any_order, writes=any_order),
    Kernel(
        "depthwise_conv2d_f32",
        "f32 f32 f32? -> f32",
        _pack_f32,
        when=constant_weights,
        reads=any_order,
        writes=any_order,
    ),
)
