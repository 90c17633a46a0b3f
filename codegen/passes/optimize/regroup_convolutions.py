"""Writes convolutions as the operator whose kernels suit them: the arithmetic is the same."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from edgegen.ir.graph import Graph, Node
from edgegen.ir.tensor import Array, Tensor, constant
from edgegen.ops.conv2d import Conv2d
from edgegen.ops.depthwise_conv2d import DepthwiseConv2d
from edgegen.targets import Target


def _replace(node: Node, op: Conv2d | DepthwiseConv2d, weights: Array) -> None:
    old = node.input(1)
    node.op = op
    quantization = old.type.quantization
    if quantization is not None and quantization.axis is not None:
        # scales of filters stay theirs, on the axis that counts them; others are of no use
        of_filters = quantization.axis == (2 if isinstance(op, Conv2d) else 0)
        quantization = replace(quantization, axis=0 if isinstance(op, Conv2d) else 2) if of_filters else None
    new: Tensor = constant(old.name, np.ascontiguousarray(weights), old.dtype, quantization)
    node.inputs = [node.input(0), new, *node.inputs[2:]]


def _regrouped(node: Node) -> bool:
    op, x, w = node.op, node.input(0), node.input(1)
    if w.data is None:
        return False
    if isinstance(op, Conv2d) and w.shape[3] == 1 < x.shape[3]:
        depthwise = DepthwiseConv2d(op.stride, op.dilation, op.pad, op.x_zero, op.requantize, op.clamp)
        _replace(node, depthwise, w.data[..., 0].transpose(1, 2, 0))
        return True
    if isinstance(op, DepthwiseConv2d) and x.shape[3] == 1 and w.shape[2] > 1:
        conv = Conv2d(op.stride, op.dilation, op.pad, op.x_zero, op.requantize, op.clamp)
        _replace(node, conv, w.data.transpose(2, 0, 1)[..., None])
        return True
    return False


def regroup_convolutions(graph: Graph, target: Target) -> bool:
    """Conv2d with one channel per group becomes DepthwiseConv2d; DepthwiseConv2d of one channel becomes Conv2d.

    Weights of [O,kH,kW,1] and [kH,kW,O] hold the same filters: in both, group or channel c makes outputs c*M to
    c*M + M - 1.
    """
    del target
    return sum([_regrouped(n) for n in graph.nodes if isinstance(n.op, Conv2d | DepthwiseConv2d)]) > 0
