"""Matrix-like nodes as if they had some of their output's units alone."""

from __future__ import annotations

from dataclasses import replace

from edgegen.ir.graph import Node
from edgegen.ir.tensor import Tensor
from edgegen.ops.conv2d import Conv2d
from edgegen.ops.dense import Dense
from edgegen.ops.depthwise_conv2d import DepthwiseConv2d
from edgegen.ops.transpose_conv2d import TransposeConv2d


def unit_grain(node: Node) -> int:
    """Of a node each of whose units has weights of its own: units that can be computed without the others start and end
    at multiples of this; 0: none can.

    Depthwise convolutions are cut between channels of x, grouped ones between groups or, if those are interleaved,
    where each has as many units.
    """
    if not isinstance(node.op, Dense | Conv2d | DepthwiseConv2d | TransposeConv2d):
        return 0
    if node.input(0).is_constant or any(t is not None and not t.is_constant for t in node.inputs[1:]):
        return 0
    units, groups = node.out.shape[-1], _groups(node)
    return groups if isinstance(node.op, Conv2d) and node.op.interleaved else units // groups if groups > 1 else 1


def _groups(node: Node) -> int:
    x, w = node.input(0), node.input(1)
    if isinstance(node.op, DepthwiseConv2d):
        return x.shape[3]
    return x.shape[3] // w.shape[3] if isinstance(node.op, Conv2d) else 1


def channels_read(node: Node, first: int, end: int) -> tuple[int, int]:
    """The channels of x, from one to before another, that units [first, end) are computed from."""
    channels, units, groups = node.input(0).shape[-1], node.out.shape[-1], _groups(node)
    if groups == 1 or (isinstance(node.op, Conv2d) and node.op.interleaved):
        return 0, channels
    return first * channels // units, end * channels // units


def some_units(node: Node, first: int, end: int) -> Node:
    """The node with units [first, end), multiples of its `unit_grain`: x, w, b -> y[...,O]."""
    op, x, out = node.op, node.input(0), node.out
    assert isinstance(op, Dense | Conv2d | DepthwiseConv2d | TransposeConv2d)
    some = range(first, end)
    requantize = None if op.requantize is None else op.requantize.of_channels(some)
    axis = 2 if isinstance(op, DepthwiseConv2d) else 0
    constants = [
        None if t is None else _of_units(t, first, end, axis if i == 0 else 0) for i, t in enumerate(node.inputs[1:])
    ]
    low, high = channels_read(node, first, end)
    read = Tensor(x.name, replace(x.type, shape=(*x.shape[:-1], high - low)))
    result = Tensor(out.name, replace(out.type, shape=(*out.shape[:-1], len(some))))
    return Node(replace(op, requantize=requantize), [read, *constants], [result], node.name, node.source)


def _of_units(tensor: Tensor, first: int, end: int, axis: int) -> Tensor:
    shape = (*tensor.shape[:axis], end - first, *tensor.shape[axis + 1 :])
    index = (slice(None),) * axis + (slice(first, end),)
    return Tensor(tensor.name, replace(tensor.type, shape=shape), tensor.values[index])
