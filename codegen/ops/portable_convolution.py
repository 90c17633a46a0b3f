"""The portable rows that Conv2d, DepthwiseConv2d and TransposeConv2d have alike.

Plain loops over any strides: they read and write NHWC and NCHW alike. The operators differ in what their kernels need
to know of the geometry; what follows the sums is the same.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Protocol, cast

from edgegen.ir.fixed_point import FixedPoint
from edgegen.ir.graph import Node
from edgegen.ir.kernel import Constant, Kernel, Literal, Packed, apart, no_lanes
from edgegen.ir.layout import NATURAL, Layout
from edgegen.ir.op import Range
from edgegen.ops.epilogue import (
    bias_or_zeros,
    clamp_f32,
    clamp_s8,
    constant_bias,
    constant_weights,
    fixed_point_epilogue,
    given_weights,
    integer_rows,
    split_offset,
)
from edgegen.ops.epilogue_s16 import epilogue_s16, output_s16, symmetric_s16
from edgegen.ops.overlap import Overlaps
from edgegen.ops.window import any_order

Params = dict[str, Literal]


class Convolution(Protocol):
    """What the operators have in common, beyond Op."""

    @property
    def x_zero(self) -> int: ...

    @property
    def requantize(self) -> FixedPoint | None: ...

    @property
    def clamp(self) -> Range: ...


def image_params(node: Node) -> Params:
    """Sizes and strides, in elements along n, h, w, c, of the images that a node reads and writes."""
    x, y = node.input(0), node.out
    return {
        "batch": x.shape[0],
        "in_h": x.shape[1],
        "in_w": x.shape[2],
        "out_h": y.shape[1],
        "out_w": y.shape[2],
        "in_stride": x.type.layout.strides(x.shape),
        "out_stride": y.type.layout.strides(y.shape),
    }


def _convolution(node: Node) -> Convolution:
    return cast(Convolution, node.op)


def _when_s16(node: Node) -> str | None:
    op = _convolution(node)
    return constant_weights(node) or symmetric_s16(op.x_zero, op.requantize)


def _any_order_of_x(node: Node) -> tuple[Layout, ...]:
    """Weights that are computed at run time, of rank 4 like x, are read in their natural order, and so is x then."""
    return any_order(node) if node.input(1).is_constant else (NATURAL,)


def portable_rows(
    name: str,
    geometry: Callable[[Node], Params],
    header: str = "",
    ways: tuple[str, ...] = ("", "_scaled", "_s32"),
    overlap: Callable[[Node], Overlaps] = apart,
    split: tuple[str, ...] | None = None,
    lanes: Callable[[Node], int | None] = no_lanes,
) -> tuple[Kernel, ...]:
    """Rows of s8 (see `integer_rows`), s16 and f32, whose params start with what `geometry` says.

    header: file of all of them; by default each has its own
    ways:   how those of s8 requantize, as `integer_rows` says
    overlap, split, lanes: of all of them
    """

    def weights(node: Node) -> Constant:
        return Constant("weights", node.input(1).values)

    def pack_s8(node: Node) -> Packed:
        op = _convolution(node)
        low, high = clamp_s8(op.clamp)
        values, offset = split_offset(node.input(1).values)
        output = {
            "x_zero": op.x_zero,
            "weight_offset": offset,
            "zero_point": 0 if op.requantize is None else op.requantize.zero_point,
            "low": low,
            "high": high,
        }
        constants = (
            Constant("weights", values),
            Constant("epilogue", fixed_point_epilogue(bias_or_zeros(node), op.requantize)),
        )
        return Packed(f"edgegen_{name}_s8", geometry(node) | output, constants)

    def pack_s16(node: Node) -> Packed:
        op = _convolution(node)
        assert op.requantize is not None
        epilogue = epilogue_s16(node, op.requantize, node.out.shape[-1])
        params = geometry(node) | output_s16(op.requantize, op.clamp)
        return Packed(f"edgegen_{name}_s16", params, (weights(node), *epilogue))

    def pack_f32(node: Node) -> Packed:
        low, high = clamp_f32(_convolution(node).clamp)
        params = geometry(node) | {"low": low, "high": high}
        filters, inputs = given_weights(node)
        return Packed(f"edgegen_{name}_f32", params, (*filters, Constant("bias", bias_or_zeros(node))), inputs)

    others = tuple(
        Kernel(
            f"{name}_{dtype}{variant}",
            signature,
            pack,
            header or f"{name}_{dtype}",
            when=when,
            overlap=overlap,
            split=split,
            lanes=lanes,
            reads=_any_order_of_x,
            writes=any_order,
        )
        for dtype, variant, signature, pack, when in (
            ("s16", "", "s16 s8 s64? -> s16", pack_s16, _when_s16),
            ("s16", "", "s16 s8 s32 -> s16", pack_s16, _when_s16),
            ("f32", "", "f32 f32 f32? -> f32", pack_f32, constant_bias),
        )
    )
    bytes_ = integer_rows(name, header or f"{name}_s8", pack_s8, ways)
    return (
        *(replace(r, overlap=overlap, split=split, lanes=lanes, reads=any_order, writes=any_order) for r in bytes_),
        *others,
    )
