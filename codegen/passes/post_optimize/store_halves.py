"""Lets activations of f16 models stay f16 in the arena, where a row computes an image of f16 between two casts."""

from __future__ import annotations

from edgegen.ir.dtypes import F16, F32
from edgegen.ir.graph import Graph, Node
from edgegen.ir.tensor import Tensor
from edgegen.ops.cast import Cast
from edgegen.ops.conv2d import Conv2d
from edgegen.ops.depthwise_conv2d import DepthwiseConv2d
from edgegen.ops.pool2d import Pool2d
from edgegen.ops.select import candidates
from edgegen.passes.substitution import uses
from edgegen.targets import Target


def _casts(node: Node | None, of: Tensor | None = None) -> bool:
    """Whether the node casts f16 to f32 or, of a tensor given, f32 to f16."""
    if node is None or not isinstance(node.op, Cast):
        return False
    wanted = (F16, F32) if of is None else (F32, F16)
    return (node.input(0).dtype, node.out.dtype) == wanted


def store_halves(graph: Graph, target: Target) -> bool:
    """Convolutions and pooling. Their casts go, unless others read their results too."""
    uses_of, producers, consumers = uses(graph), graph.producers(), graph.consumers()
    removed: list[Node] = []
    for node in graph.nodes:
        if not isinstance(node.op, Conv2d | DepthwiseConv2d | Pool2d) or node.out.dtype != F32:
            continue
        before, after = producers.get(node.input(0)), consumers.get(node.out, [])
        if (
            before is None
            or not _casts(before)
            or uses_of[node.out] != 1
            or not after
            or not _casts(after[0], node.out)
        ):
            continue
        half = Node(node.op, [before.input(0), *node.inputs[1:]], [after[0].out], node.name, node.source)
        if not candidates(half, target):
            continue
        uses_of[node.input(0)] -= 1
        node.inputs, node.outputs = half.inputs, half.outputs
        removed += [after[0], *([before] if uses_of[before.out] == 0 else [])]
    graph.remove(removed)
    return bool(removed)
