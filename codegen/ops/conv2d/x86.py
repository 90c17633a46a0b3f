"""Rows for x86-64: one group or several, which are taken together as far as they do not fill vectors."""

from __future__ import annotations

from edgegen.ir.graph import Node
from edgegen.ops.conv2d.groups import in_groups
from edgegen.ops.convolution_parts import Parts
from edgegen.ops.epilogue import constant_weights
from edgegen.ops.x86_convolution import rows
from edgegen.ops.x86_tiles import APART, Tiling


def _parts(node: Node, tiling: Tiling) -> Parts:
    return in_groups(node, tiling.unit, tiling.lanes)


def _when(node: Node, _tiling: Tiling) -> str | None:
    return constant_weights(node)


ROWS = rows(_parts, _when, APART)
