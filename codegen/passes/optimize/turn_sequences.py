"""Runs a recurrent layer from the end of its sequence where that is turned round for it, and its result after it.

Bidirectional layers are exported so: reverse, run, reverse again. Steps run in either direction without that.
"""

from __future__ import annotations

from dataclasses import replace

from edgegen.ir.graph import Graph, Node
from edgegen.ir.tensor import Tensor
from edgegen.ops.gru import Gru
from edgegen.ops.lstm import Lstm
from edgegen.ops.rnn import Rnn
from edgegen.ops.slice import Slice
from edgegen.passes.substitution import uses
from edgegen.targets import Target

_LENGTHS = {Lstm: 10, Gru: 5, Rnn: 5}
"""Position of the lengths that sequences may have of their own: shorter ones begin elsewhere when turned round."""


def _turns(node: Node | None, axis: int) -> bool:
    """Whether the node turns its input round along an axis, and does nothing else."""
    if node is None or not isinstance(node.op, Slice):
        return False
    op, shape = node.op, node.input(0).shape
    begin = tuple(n - 1 if i == axis else 0 for i, n in enumerate(shape))
    steps = all(
        n == 1 or step == (-1 if i == axis else 1) for i, (n, step) in enumerate(zip(shape, op.stride, strict=True))
    )
    return op.begin == begin and op.size == shape and steps


def _turned(node: Node, before: Node | None, readers: list[Node], used: int) -> Node | None:
    """Lets a layer take what `before` turns round, and give what its one reader makes of it; that reader."""
    op = node.op
    if not isinstance(op, Lstm | Gru | Rnn):
        return None
    lengths = node.inputs[_LENGTHS[type(op)] :]
    axis = 0 if op.time_major else 1
    if any(lengths) or not _turns(before, axis) or used != 1 or len(readers) != 1 or not _turns(readers[0], axis):
        return None
    assert before is not None
    node.op, node.inputs[0] = replace(op, reverse=not op.reverse), before.input(0)
    node.outputs[0] = readers[0].out
    return readers[0]


def turn_sequences(graph: Graph, target: Target) -> bool:
    """What turned the sequence round is left to eliminate_dead_nodes."""
    del target
    made, readers, count = graph.producers(), graph.consumers(), uses(graph)
    gone: list[Node] = []
    for node in graph.nodes:
        x: Tensor | None = node.inputs[0] if node.inputs else None
        last = _turned(node, made.get(x) if x is not None else None, readers.get(node.out, []), count[node.out])
        gone += [last] if last is not None else []
    graph.remove(gone)
    return bool(gone)
