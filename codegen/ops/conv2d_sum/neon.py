"""The row for AArch64: Winograd tiles that add the skip to what they are about to store."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import numpy as np

from edgegen.ir.fixed_point import wrap32
from edgegen.ir.graph import Node
from edgegen.ir.kernel import Kernel, Packed, Roomier
from edgegen.ops.binary.side_by_side import holds_linear, linear, linear_params
from edgegen.ops.conv2d import neon_winograd
from edgegen.ops.conv2d_sum.op import Conv2dSum, convolution_of, sum_of
from edgegen.ops.overlap import Overlaps

ALONE = neon_winograd.S8_ROW
"""What computes the convolution, whose kernel this row's is."""


def _when(node: Node) -> str | None:
    reason = ALONE.when(convolution_of(node)) or holds_linear(sum_of(node))
    if reason is None and node.out.shape[3] % 8:
        return "units must be a multiple of 8: those computed twice would be added to twice"
    return reason


def _with_sum(node: Node, alone: Packed) -> Packed:
    """The sum's offset, modulo 2^32, makes up for the zero point that the kernel does not add."""
    op, total = node.op, sum_of(node)
    assert isinstance(op, Conv2dSum)
    assert op.convolution.requantize is not None
    form = linear(total)
    offset = int(wrap32(np.array(form.offset + form.a * op.convolution.requantize.zero_point)))
    params = {f"convolution.{k}": v for k, v in alone.params.items()}
    params |= {f"sum.{k}": v for k, v in (linear_params(total) | {"offset": offset}).items()}
    return replace(alone, struct="edgegen_conv2d_sum_s8_winograd_neon", params=params, inputs=(0, 3))


def _pack(node: Node) -> Packed:
    return _with_sum(node, ALONE.pack(convolution_of(node)))


def _roomier(node: Node) -> Iterator[Roomier]:
    for way in ALONE.roomier(convolution_of(node)):
        yield Roomier(way.scratch, partial(_roomily, node, way))


def _roomily(node: Node, way: Roomier) -> Packed:
    return _with_sum(node, way.pack())


def _overlap(node: Node) -> Overlaps:
    """With x, as that of the convolution; `in_place` says that with the skip."""
    assert node.packed is not None
    prefix = "convolution."
    params = {k.removeprefix(prefix): v for k, v in node.packed.params.items() if k.startswith(prefix)}
    alone = convolution_of(node)
    alone.packed = replace(node.packed, params=params)
    return ALONE.overlap(alone)


ROW = Kernel(
    "conv2d_sum_s8_winograd_neon",
    "s8 s8 s32? s8 -> s8",
    _pack,
    header="conv2d_s8_winograd_neon",
    requires=ALONE.requires,
    when=_when,
    for_speed=ALONE.for_speed,
    in_place=(3,),
    overlap=_overlap,
    roomier=_roomier,
)
