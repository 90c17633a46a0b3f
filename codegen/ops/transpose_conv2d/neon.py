"""Rows for AArch64: convolutions whose outputs are rows apart."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from edgegen.ir.graph import Node
from edgegen.ir.kernel import Overlap
from edgegen.ops.neon_convolution import PAIRS, WITH_WEIGHTS, rows
from edgegen.ops.neon_tiles import before_last
from edgegen.ops.overlap import NONE, Overlaps, applies, distance, param, turning
from edgegen.ops.transpose_conv2d.phases import in_phases, not_in_phases
from edgegen.ops.window_overlap import by_piece, copied_rows


def _over_rows(widest: int) -> Callable[[Node], Overlaps]:
    """Of kernels that take a row of windows through all phases, and each block of `widest` units of theirs: all but the
    last pixel's last block may then be written before the first window is read. A copy is read beforehand."""

    def overlap(node: Node) -> Overlaps:
        x, y = node.input(0), node.out
        if not applies(node):
            return NONE
        batch, in_h = x.shape[0], x.shape[1]
        if (param(node, "window.in_h"), param(node, "window.in_w")) != (in_h, x.shape[2]):
            return by_piece(node, param(node, "window.out_w"))
        out_h, units = param(node, "out_h"), param(node, "parts.units")
        image, oy = np.divmod(np.arange(batch * out_h, dtype=np.int64), out_h)
        phases = y.type.bytes // (batch * out_h)  # bytes of all phases' rows
        written = (image * out_h + oy) * phases
        if param(node, "window.copied") > 0:
            return {0: Overlap(distance(copied_rows(node, image, oy), written))}
        x_row, top = x.type.bytes // (batch * in_h), oy - param(node, "window.pad_top")
        first = image * in_h + np.clip(top, 0, in_h - 1)
        end = image * in_h + np.clip(top + param(node, "window.kernel_h"), 1, in_h)
        last = (units - before_last(units, widest)) * y.dtype.size
        return turning(node, distance(first * x_row, written + phases - last), lambda: (end * x_row, written))

    return overlap


ROWS = tuple(
    row for one in WITH_WEIGHTS for row in rows(one, in_phases, not_in_phases, _over_rows(8 if one is PAIRS else 16))
)
