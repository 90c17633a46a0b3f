"""Lets a convolution add the image that a residual block keeps for it, so that its output can lie over that image.

Two images and the convolution's scratch are then all that the block needs; by itself, the convolution's output is a
third image, not all of which can lie over the convolution's input. Only where a kernel row adds as it goes, and where
the image is there before the convolution in any order: else it would have to be computed sooner, and might be larger
than what it is computed from. So no plan gets larger.
"""

from __future__ import annotations

from dataclasses import replace

from edgegen.ir.graph import Graph, Node
from edgegen.ir.tensor import Tensor
from edgegen.ops.binary import Binary
from edgegen.ops.conv2d import Conv2d
from edgegen.ops.conv2d_sum import WITH_SUM, Conv2dSum
from edgegen.ops.select import candidates, rejection
from edgegen.passes.substitution import uses
from edgegen.targets import Target


def fuse_sum(graph: Graph, target: Target) -> bool:
    """Leaves loops over rows alone, whose images are small, and weights in portions, which a sum would keep whole."""
    if graph.in_turns or target.portion_bytes:
        return False
    uses_of, producers = uses(graph), graph.producers()
    fused: list[Node] = []
    for node in graph.nodes:
        for position in (0, 1) if isinstance(node.op, Binary) and node.op.function == "add" else ():
            conv, skip = producers.get(node.input(position)), node.input(1 - position)
            if conv is None or uses_of[conv.out] != 1:
                continue
            whole = _with_sum(conv, node, position, target)
            if whole is not None and _comes_before(skip, conv, producers):
                conv.op, conv.inputs, conv.outputs = whole.op, whole.inputs, whole.outputs
                producers[node.out] = conv
                fused.append(node)
                break
    graph.remove(fused)
    return bool(fused)


def _with_sum(conv: Node, add: Node, position: int, target: Target) -> Node | None:
    """Both nodes as one, if a row computes that as fast as what computes the convolution; it is operand `position`."""
    op, skip = conv.op, add.input(1 - position)
    if not isinstance(op, Conv2d) or not isinstance(add.op, Binary) or skip.shape != conv.out.shape:
        return None
    alone = next(iter(candidates(conv, target)), None)
    row = None if alone is None else WITH_SUM.get(alone)
    if row is None:
        return None
    inputs = [*conv.inputs, *[None] * (3 - len(conv.inputs)), skip]
    whole = Node(Conv2dSum(op, _operands_turned(add.op) if position else add.op), inputs, add.outputs, conv.name)
    return whole if rejection(row, whole, target) is None else None


def _operands_turned(op: Binary) -> Binary:
    """b + a, which is a + b."""
    return replace(op, a_zero=op.b_zero, b_zero=op.a_zero, a_rescale=op.b_rescale, b_rescale=op.a_rescale)


def _comes_before(tensor: Tensor, node: Node, producers: dict[Tensor, Node]) -> bool:
    """Whether the node needs what is computed from the tensor, so that it is there before in any order."""
    seen: set[Tensor] = set()
    left = [t for t in node.inputs if t is not None]
    while left:
        found = left.pop()
        if found is tensor:
            return True
        maker = producers.get(found)
        if found not in seen and maker is not None:
            seen.add(found)
            left += [t for t in maker.inputs if t is not None]
    return False
