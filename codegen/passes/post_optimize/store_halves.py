"""Lets activations of f16 models stay f16 in the arena, where a row computes f16 between casts."""

from __future__ import annotations

from edgegen.ir.dtypes import F16, F32
from edgegen.ir.graph import Graph, Node
from edgegen.ir.tensor import Tensor
from edgegen.ops.binary import Binary
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
    """Convolutions, pooling, and arithmetic on two images. Their casts go, unless others read their results too."""
    uses_of, producers, consumers = uses(graph), graph.producers(), graph.consumers()
    removed: list[Node] = []
    for node in graph.nodes:
        if not isinstance(node.op, Conv2d | DepthwiseConv2d | Pool2d | Binary) or node.out.dtype != F32:
            continue
        count = 2 if isinstance(node.op, Binary) else 1
        before, after = [producers.get(node.input(i)) for i in range(count)], consumers.get(node.out, [])
        if not all(map(_casts, before)) or uses_of[node.out] != 1 or not after or not _casts(after[0], node.out):
            continue
        inputs = [*(cast.input(0) for cast in before if cast is not None), *node.inputs[count:]]
        half = Node(node.op, inputs, [after[0].out], node.name, node.source)
        if not candidates(half, target):
            continue
        uses_of.subtract(node.input(i) for i in range(count))
        node.inputs, node.outputs = half.inputs, half.outputs
        unread = {cast: None for cast in before if cast is not None and uses_of[cast.out] == 0}
        removed += [after[0], *unread]
    graph.remove(removed)
    return bool(removed)
