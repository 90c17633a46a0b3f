"""Matrix-like nodes as if they had some of their output's units alone."""

from __future__ import annotations

from dataclasses import replace

from edgegen.ir.graph import Node
from edgegen.ir.tensor import Tensor
from edgegen.ops.conv2d import Conv2d
from edgegen.ops.dense import Dense


def has_units(node: Node) -> bool:
    """Whether each unit of the node's output has weights of its own, all reading the same inputs."""
    if not isinstance(node.op, Dense | Conv2d) or any(t is not None and not t.is_constant for t in node.inputs[1:]):
        return False
    return node.input(1).shape[-1] == node.input(0).shape[-1]


def some_units(node: Node, first: int, end: int) -> Node:
    """The node with units [first, end) of those that it `has_units` of: x, w[O,...], b[O] -> y[...,O]."""
    op, out = node.op, node.out
    assert isinstance(op, Dense | Conv2d)
    some = range(first, end)
    requantize = None if op.requantize is None else op.requantize.of_channels(some)
    constants = [None if t is None else _of_units(t, first, end) for t in node.inputs[1:]]
    result = Tensor(out.name, replace(out.type, shape=(*out.shape[:-1], len(some))))
    return Node(replace(op, requantize=requantize), [node.input(0), *constants], [result], node.name, node.source)


def _of_units(tensor: Tensor, first: int, end: int) -> Tensor:
    return Tensor(tensor.name, replace(tensor.type, shape=(end - first, *tensor.shape[1:])), tensor.values[first:end])
