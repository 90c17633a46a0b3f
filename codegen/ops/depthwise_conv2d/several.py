"""Rows for AArch64 and x86-64 that give several channels for each of x: convolutions in groups of one channel."""

from __future__ import annotations

import numpy as np

from edgegen.ir.graph import Node
from edgegen.ir.kernel import Kernel
from edgegen.ops import neon_convolution, x86_convolution
from edgegen.ops.convolution_parts import Parts, grouped
from edgegen.ops.depthwise_conv2d.op import DepthwiseConv2d
from edgegen.ops.epilogue import constant_weights
from edgegen.ops.neon_convolution import DOTPROD, F32, PAIRS
from edgegen.ops.window_overlap import by_rows


def _parts(node: Node, depth: int, units: int) -> Parts:
    op, w = node.op, node.input(1).values
    assert isinstance(op, DepthwiseConv2d)
    return grouped(node, op, np.ascontiguousarray(w.transpose(2, 0, 1)[..., None]), False, depth, units)


def _on_neon(node: Node) -> Parts:
    return _parts(node, 16 // node.input(0).dtype.size, 8)


def _when(node: Node) -> str | None:
    few = node.out.shape[3] == node.input(0).shape[3]
    return "the channel multiplier must be more than 1" if few else constant_weights(node)


ROWS: tuple[Kernel, ...] = (
    *x86_convolution.rows(lambda node, tiling: _parts(node, tiling.unit, tiling.lanes), lambda node, _: _when(node)),
    *neon_convolution.rows(DOTPROD, _on_neon, _when, by_rows(1), for_speed=True),
    neon_convolution.sides_row(_on_neon, _when, by_rows(1), for_speed=True),
    *(row for one in (PAIRS, F32) for row in neon_convolution.rows(one, _on_neon, _when, by_rows(1), for_speed=True)),
)
