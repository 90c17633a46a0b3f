"""What the two ways to run a model whose dimension is free up to a bound have in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from edgegen.errors import UnsupportedModel
from edgegen.ir.dtypes import S32, S64
from edgegen.ir.graph import Graph, Node
from edgegen.ir.op import Op
from edgegen.ir.tensor import Tensor, constant
from edgegen.ops.binary import Binary
from edgegen.ops.broadcast_to import BroadcastTo
from edgegen.ops.cast import Cast
from edgegen.ops.concat import Concat
from edgegen.ops.reshape import Reshape
from edgegen.ops.slice import Slice


class AtMost(tuple[int, ...]):
    """Among shapes: a dimension that has any size up to a bound when the model runs."""

    def __new__(cls, bound: int) -> AtMost:
        return super().__new__(cls, (bound,))


def refused(why: str) -> UnsupportedModel:
    """The error for a model that does not allow the dimension to be free."""
    return UnsupportedModel(
        "the size of the dimension must be known ahead of time", [("why", why)], "choose it: --shape NAME=SIZE"
    )


def sized(op: Op, shape: tuple[int, ...]) -> Op:
    """The operator with another size of its result, if it states one."""
    if isinstance(op, Reshape | BroadcastTo):
        return replace(op, shape=shape)
    return replace(op, size=shape) if isinstance(op, Slice) else op


def add(graph: Graph, op: Op, inputs: Sequence[Tensor], name: str) -> Tensor:
    """The result of a node more at the graph's end."""
    (type,) = op.infer(*(t.type for t in inputs))
    result = Tensor(name, type)
    graph.nodes.append(Node(op, list(inputs), [result], name, "size"))
    return result


def extents(graph: Graph, tensor: Tensor, counts: Mapping[int, Tensor]) -> Tensor:
    """s64[rank]: those of an output, of which some axes have as many places as `counts`, s32[], say."""
    name = f"{tensor.name}_shape"
    parts: list[Tensor] = []
    fixed: list[int] = []
    for axis, n in enumerate(tensor.shape):
        if axis not in counts:
            fixed.append(n)
            continue
        if fixed:
            parts.append(constant(f"{name}/{axis}", np.array(fixed), S64))
            fixed = []
        wide = add(graph, Cast("s64"), [counts[axis]], f"{name}/count")
        parts.append(add(graph, Reshape((1,)), [wide], f"{name}/count"))
    if fixed or not parts:
        parts.append(constant(f"{name}/extents", np.array(fixed), S64))
    return add(graph, Concat(0), parts, name)


def bounded(given: Tensor, least: int, most: int, count: Tensor) -> list[Node]:
    """Nodes that compute count, s32[]: the size that is given, kept within its bounds."""
    low, high = (constant(name, np.array(n), S32) for name, n in (("least", least), ("most", most)))
    raised = Tensor("count/least", count.type)
    return [
        Node(Binary("maximum"), [given, low], [raised], raised.name, "size"),
        Node(Binary("minimum"), [raised, high], [count], count.name, "size"),
    ]
