"""What the two ways to run a model whose dimension is free up to a bound have in common."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from edgegen.errors import UnsupportedModel
from edgegen.ir.dtypes import S32, S64
from edgegen.ir.graph import Graph, Node
from edgegen.ir.op import Op
from edgegen.ir.tensor import Tensor, TensorType, constant
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


class Size:
    """The actual size, an input of the graph called as the dimension is.

    count: s32[], kept within `least` and `bound`
    """

    def __init__(self, graph: Graph, dimension: str, least: int, bound: int) -> None:
        self.graph, self.given = graph, Tensor(dimension, TensorType(S32, ()))
        low, high = (constant(name, np.array(n), S32) for name, n in (("least", least), ("bound", bound)))
        counted = add(graph, Binary("maximum"), [self.given, low], "count/least")
        self.count = add(graph, Binary("minimum"), [counted, high], "count")
        self._row: Tensor | None = None

    def row(self) -> Tensor:
        """s64[1]"""
        if self._row is None:
            wide = add(self.graph, Cast("s64"), [self.count], "count/s64")
            self._row = add(self.graph, Reshape((1,)), [wide], "count/row")
        return self._row

    def extents(self, tensor: Tensor, axis: int | None) -> Tensor:
        """s64[rank]: those of an output, of which the one along `axis` is the actual size."""
        name = f"{tensor.name}_shape"
        if axis is None:
            extents = constant(f"{name}/extents", np.array(tensor.shape), S64)
            return add(self.graph, Concat(0), [extents], name)
        sides = (tensor.shape[:axis], tensor.shape[axis + 1 :])
        around = [constant(f"{name}/{k}", np.array(side), S64) if side else None for k, side in enumerate(sides)]
        parts = [t for t in (around[0], self.row(), around[1]) if t is not None]
        return add(self.graph, Concat(0), parts, name)
