"""Rows that read weights as they take the least flash: integers of four bits two to the byte, floats as codes."""

from __future__ import annotations

import math

from edgegen.ir.graph import Node
from edgegen.ir.kernel import Constant, Kernel, Packed
from edgegen.ops.depthwise_conv2d import generic
from edgegen.ops.depthwise_conv2d.generic import geometry
from edgegen.ops.depthwise_conv2d.op import DepthwiseConv2d
from edgegen.ops.epilogue import bias_or_zeros, clamp_s8, constant_weights, fixed_point_epilogue, rounds_twice
from edgegen.ops.nibbles import fit_nibbles, pack_nibbles
from edgegen.ops.stored_convolution import stored_row
from edgegen.ops.window import any_order
from edgegen.ops.window_overlap import by_channel


def _when(node: Node) -> str | None:
    return constant_weights(node) or rounds_twice(node) or fit_nibbles(node.input(1).values)


def _pack(node: Node) -> Packed:
    op, w = node.op, node.input(1).values
    assert isinstance(op, DepthwiseConv2d)
    assert op.requantize is not None
    low, high = clamp_s8(op.clamp)
    output = {"x_zero": op.x_zero, "zero_point": op.requantize.zero_point, "low": low, "high": high}
    taps = Constant("weights", pack_nibbles(w.reshape(-1, w.shape[2])))
    epilogue = Constant("epilogue", fixed_point_epilogue(bias_or_zeros(node), op.requantize))
    return Packed("edgegen_depthwise_conv2d_s4", geometry(node) | output, (taps, epilogue))


ROWS = (
    Kernel(
        "depthwise_conv2d_s4",
        "s8 s8 s32? -> s8",
        _pack,
        when=_when,
        for_size=True,
        overlap=by_channel(1),
        reads=any_order,
        writes=any_order,
    ),
    *(
        stored_row(
            row, True, lambda node: (node.input(1).shape[2] + 1) * math.prod(node.input(1).shape[:2]), row.overlap
        )
        for row in generic.ROWS
        if row.name == "depthwise_conv2d_f32"
    ),
)
