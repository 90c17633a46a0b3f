"""Lets convolutions pad by themselves."""

from __future__ import annotations

from dataclasses import replace

from edgegen.ir.graph import Graph, Node
from edgegen.ops.conv2d import Conv2d
from edgegen.ops.depthwise_conv2d import DepthwiseConv2d
from edgegen.ops.pad import Pad
from edgegen.targets import Target


def _kernel_extent(node: Node) -> tuple[int, int] | None:
    """(height, width) of the pixels that a convolution's window spans; None for other operators."""
    if isinstance(node.op, Conv2d):
        size = node.input(1).shape[1:3]
    elif isinstance(node.op, DepthwiseConv2d):
        size = node.input(1).shape[:2]
    else:
        return None
    return (size[0] - 1) * node.op.dilation[0] + 1, (size[1] - 1) * node.op.dilation[1] + 1


def _absorbed(pad: Pad, node: Node) -> Conv2d | DepthwiseConv2d | None:
    """The convolution with the pad in it, or None.

    Exact where the pad adds what the convolution reads beyond its image, its zero point. No window may lie in padding
    alone: kernels count on that.
    """
    extent = _kernel_extent(node)
    if extent is None or not isinstance(node.op, Conv2d | DepthwiseConv2d) or pad.value != node.op.x_zero:
        return None
    if pad.before[0] or pad.after[0] or pad.before[3] or pad.after[3]:
        return None
    top, left, bottom, right = node.op.pad
    total = (top + pad.before[1], left + pad.before[2], bottom + pad.after[1], right + pad.after[2])
    if max(total[0], total[2]) >= extent[0] or max(total[1], total[3]) >= extent[1]:
        return None
    return replace(node.op, pad=total)


def fuse_pad(graph: Graph, target: Target) -> bool:
    """A pad goes if every node that reads it can do without; pools, which average over real pixels, cannot."""
    del target
    consumers = graph.consumers()
    outputs = set(graph.sinks)
    fused: list[Node] = []
    for node in graph.nodes:
        if not isinstance(node.op, Pad) or node.out in outputs or node.out.rank != 4:
            continue
        readers = consumers.get(node.out, [])
        ops = [_absorbed(node.op, reader) for reader in readers]
        if not readers or any(op is None or node.out in r.inputs[1:] for op, r in zip(ops, readers, strict=True)):
            continue
        for reader, op in zip(readers, ops, strict=True):
            if op is not None:
                reader.op, reader.inputs = op, [node.input(0), *reader.inputs[1:]]
        fused.append(node)
    graph.remove(fused)
    return bool(fused)
