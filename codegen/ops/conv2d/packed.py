"""Rows that read weights of four bits two to the byte."""

from __future__ import annotations

from edgegen.ir.fixed_point import FixedPoint
from edgegen.ir.graph import Node
from edgegen.ir.kernel import Constant, Kernel, Packed
from edgegen.ir.op import Range
from edgegen.ops.conv2d.generic import geometry
from edgegen.ops.conv2d.op import Conv2d
from edgegen.ops.epilogue import bias_or_zeros, clamp_s8, constant_weights, fixed_point_epilogue, rounds_twice
from edgegen.ops.gathered_windows import GatheredWindows
from edgegen.ops.nibbles import fit_nibbles, pack_nibbles
from edgegen.ops.packed_windows import STEP, packed_window_rows
from edgegen.ops.window import any_order
from edgegen.ops.window_overlap import by_pixel


def _when(node: Node) -> str | None:
    return constant_weights(node) or rounds_twice(node) or fit_nibbles(node.input(1).values)


def _pack(node: Node) -> Packed:
    op, w = node.op, node.input(1).values
    assert isinstance(op, Conv2d)
    assert op.requantize is not None
    low, high = clamp_s8(op.clamp)
    output = {"x_zero": op.x_zero, "zero_point": op.requantize.zero_point, "low": low, "high": high}
    taps = Constant("weights", pack_nibbles(w.reshape(-1, w.shape[3])))
    epilogue = Constant("epilogue", fixed_point_epilogue(bias_or_zeros(node), op.requantize))
    return Packed("edgegen_conv2d_s4", geometry(node) | output, (taps, epilogue))


def _windows(node: Node) -> GatheredWindows:
    op = node.op
    assert isinstance(op, Conv2d)
    x, w, y = node.input(0).shape, node.input(1).shape, node.out.shape
    return GatheredWindows(x, w, y, STEP, op.stride, op.dilation, op.pad)


def _output(node: Node) -> tuple[int, FixedPoint, Range]:
    op = node.op
    assert isinstance(op, Conv2d)
    assert op.requantize is not None
    return op.x_zero, op.requantize, op.clamp


ROWS = (
    *packed_window_rows(_windows, _output),
    Kernel(
        "conv2d_s4",
        "s8 s8 s32? -> s8",
        _pack,
        when=_when,
        for_size=True,
        overlap=by_pixel,
        reads=any_order,
        writes=any_order,
    ),
)
