"""Convolutions in groups as several of one image."""

from __future__ import annotations

from edgegen.ir.graph import Node
from edgegen.ops.conv2d.op import Conv2d
from edgegen.ops.convolution_parts import Parts, grouped


def in_groups(node: Node, depth: int, units: int) -> Parts:
    """A Conv2d of constant weights in as many parts as have at least so many channels and units each.

    If need be that is one.
    """
    op = node.op
    assert isinstance(op, Conv2d)
    return grouped(node, op, node.input(1).values, op.interleaved, depth, units)
