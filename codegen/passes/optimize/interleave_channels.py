"""Lets the operator before a channel shuffle give its channels in the order after it.

Networks of grouped convolutions (ShuffleNet) shuffle channels in between: a reshape takes the channels for groups of n,
a transpose puts n groups in their place, and a reshape takes those for channels again. A convolution before that can as
well compute its channels in that order, its filters being constants; if it has the same groups, their channels then
take turns. Parts that a concatenation joins, as many as there are groups, are joined channel by channel.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

import numpy as np

from edgegen.ir.graph import Graph, Node
from edgegen.ir.quantization import Quantization
from edgegen.ir.tensor import Tensor, TensorType, constant
from edgegen.ops.concat import Concat
from edgegen.ops.conv2d import Conv2d
from edgegen.ops.dense import Dense
from edgegen.ops.reshape import Reshape
from edgegen.ops.transpose import Transpose
from edgegen.passes.substitution import uses
from edgegen.targets import Target


@dataclass(frozen=True)
class _Shuffle:
    """Channel g * n + j of `maker`'s result, read by nobody else, is channel j * groups + g of `end`'s result."""

    maker: Node
    end: Node
    groups: int


def _shuffles(graph: Graph, uses_of: Counter[Tensor]) -> list[_Shuffle]:
    producers, readers = graph.producers(), graph.consumers()
    found = []
    for node in graph.nodes:
        if not isinstance(node.op, Transpose) or node.out.rank < 3:
            continue
        rank = node.out.rank
        if node.op.perm != (*range(rank - 2), rank - 1, rank - 2):
            continue
        split = producers.get(node.input(0))
        ends = readers.get(node.out, [])
        if split is None or not isinstance(split.op, Reshape) or len(ends) != 1 or not isinstance(ends[0].op, Reshape):
            continue
        x, y, groups = split.input(0), ends[0].out, node.input(0).shape[-2]
        maker = producers.get(x)
        channels = groups * node.input(0).shape[-1]
        alone = all(uses_of[t] == 1 for t in (x, split.out, node.out))
        if maker is not None and alone and x.shape[-1:] == y.shape[-1:] == (channels,):
            found.append(_Shuffle(maker, ends[0], groups))
    return found


def _reordered(scales: Quantization, order: list[int]) -> Quantization:
    scale, zero = tuple(scales.scale[i] for i in order), tuple(scales.zero_point[i] for i in order)
    return replace(scales, scale=scale, zero_point=zero)


def _filters(shuffle: _Shuffle) -> bool:
    """Gives the weighted layer before the shuffle its filters in the order after it; False if it cannot."""
    node = shuffle.maker
    op, weights, bias = node.op, node.input(1), node.inputs[2] if len(node.inputs) > 2 else None
    if not isinstance(op, Conv2d | Dense) or weights.data is None or (bias is not None and bias.data is None):
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


def _parts(shuffle: _Shuffle, graph: Graph) -> bool:
    """Joins the parts of a concatenation channel by channel; False if it joins something else."""
    node = shuffle.maker
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
    changed = False
    for shuffle in _shuffles(graph, uses(graph)):
        if _filters(shuffle) or _parts(shuffle, graph):
            shuffle.end.inputs = [shuffle.maker.out]
            changed = True
    return changed
