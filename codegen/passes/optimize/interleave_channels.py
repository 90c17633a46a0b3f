"""Lets the operator before a channel shuffle give its channels in the order after it.

Networks of grouped convolutions (ShuffleNet) shuffle channels in between. A convolution before that can as well compute
its channels in that order, its filters being constants; if it has the same groups, their channels then take turns.
Parts that a concatenation joins, as many as there are groups, are joined channel by channel.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from edgegen.ir.graph import Graph, Node
from edgegen.ir.quantization import Quantization
from edgegen.ir.tensor import Tensor, TensorType, constant
from edgegen.ops.concat import Concat
from edgegen.ops.conv2d import Conv2d
from edgegen.ops.dense import Dense
from edgegen.ops.reshape import Reshape
from edgegen.ops.shuffle import Shuffle
from edgegen.passes.substitution import uses
from edgegen.targets import Target


def _reordered(scales: Quantization, order: list[int]) -> Quantization:
    scale, zero = tuple(scales.scale[i] for i in order), tuple(scales.zero_point[i] for i in order)
    return replace(scales, scale=scale, zero_point=zero)


def _filters(node: Node, shuffle: Shuffle) -> bool:
    """Gives a weighted layer its filters in the order after the shuffle; False if it cannot."""
    op = node.op
    if not isinstance(op, Conv2d | Dense):
        return False
    weights, bias = node.input(1), node.inputs[2] if len(node.inputs) > 2 else None
    if weights.data is None or (bias is not None and bias.data is None):
        return False
    if isinstance(op, Conv2d) and weights.shape[3] != node.input(0).shape[3]:
        groups = node.input(0).shape[3] // weights.shape[3]
        if op.interleaved or groups != shuffle.groups or weights.shape[3] == 1:  # of 1: it is to be depthwise
            return False
        op = replace(op, interleaved=True)
    order = np.arange(weights.shape[0]).reshape(shuffle.groups, -1).T.reshape(-1)
    scales = weights.type.quantization
    if scales is not None and not scales.per_tensor:
        scales = _reordered(scales, order.tolist()) if scales.axis == 0 and not scales.block else None
    node.op = op if op.requantize is None else replace(op, requantize=op.requantize.of_channels(order.tolist()))
    filters = constant(f"{weights.name}/shuffled", weights.values[order], weights.dtype, scales)
    if bias is not None:
        bias = constant(f"{bias.name}/shuffled", bias.values[order], bias.dtype)
    node.inputs = [node.input(0), filters, bias]
    return True


def _parts(node: Node, shuffle: Shuffle, graph: Graph) -> bool:
    """Joins the parts of a concatenation channel by channel; False if it joins something else."""
    rank, each = node.out.rank, node.out.shape[-1] // shuffle.groups
    if not isinstance(node.op, Concat) or node.op.axis != rank - 1 or len(node.inputs) != shuffle.groups:
        return False
    parts = [node.input(i) for i in range(len(node.inputs))]
    if any(t.shape[-1] != each for t in parts):
        return False
    columns: list[Tensor | None] = []
    for k, tensor in enumerate(parts):
        type = TensorType(tensor.dtype, (*tensor.shape, 1), tensor.type.quantization)
        column = Tensor(f"{node.name}/column{k}", type)
        graph.insert_before(node, Node(Reshape(type.shape), [tensor], [column], column.name, node.source))
        columns.append(column)
    out = node.out
    node.op, node.inputs = Concat(rank), columns
    shape = (*out.shape[:-1], each, shuffle.groups)
    node.outputs = [Tensor(f"{out.name}/columns", TensorType(out.dtype, shape, out.type.quantization))]
    return True


def interleave_channels(graph: Graph, target: Target) -> bool:
    """Exact: the same products add up in the same order."""
    del target
    changed, producers, uses_of = False, graph.producers(), uses(graph)
    for node in list(graph.nodes):
        if not isinstance(node.op, Shuffle) or node.op.axis != node.out.rank - 1 or uses_of[node.input(0)] != 1:
            continue
        maker = producers.get(node.input(0))
        if maker is not None and (_filters(maker, node.op) or _parts(maker, node.op, graph)):
            node.op, node.inputs = Reshape(node.out.shape), [maker.out]
            changed = True
    return changed
