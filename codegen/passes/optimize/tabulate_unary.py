"""Computes functions of one 8-bit number ahead of time, for all 256 of them, by the operators' references.

Whatever a few nodes in a row make of one 8-bit tensor, element by element, is one table: an activation between two
rescalings, x * logistic(x), a float operator between Dequantize and Quantize, a sum with a constant. Where the table
only limits its input, the node becomes a Clamp, which its producer may take over.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from edgegen.ir.dtypes import S8
from edgegen.ir.graph import Graph, Node
from edgegen.ir.op import Op, Range
from edgegen.ir.tensor import Array, Tensor
from edgegen.ops.binary import Binary
from edgegen.ops.clamp import Clamp
from edgegen.ops.copy import Copy
from edgegen.ops.lookup import byte_values
from edgegen.ops.prelu import Prelu
from edgegen.ops.requantize import Dequantize, Quantize, Requantize
from edgegen.ops.table import Table
from edgegen.ops.unary import Unary
from edgegen.passes.substitution import uses
from edgegen.targets import Target

_ELEMENTWISE = (Binary, Clamp, Dequantize, Prelu, Quantize, Requantize, Table, Unary)
_TABLES = (Requantize, Table, Unary)  # between 8-bit numbers, their own kernel row is a table already


@dataclass(frozen=True)
class _Function:
    """A tensor as a function of another: values[256] for each byte that an element of `source` can be."""

    source: Tensor
    values: Array


def _is_byte(tensor: Tensor) -> bool:
    return tensor.dtype.name in ("s8", "u8")


class _Functions:
    """What is known of the tensors, in the order of the nodes."""

    def __init__(self, graph: Graph) -> None:
        self._uses: Counter[Tensor] = uses(graph)
        self._known: dict[Tensor, _Function] = {}

    def _of(self, tensor: Tensor) -> _Function | None:
        """The tensor as a function; of itself if others need its 8 bits anyway."""
        if tensor in self._known and not (_is_byte(tensor) and self._uses[tensor] > 1):
            return self._known[tensor]
        return _Function(tensor, byte_values(tensor.dtype)) if _is_byte(tensor) else None

    def apply(self, node: Node) -> _Function | None:
        """The node's result as a function of one 8-bit tensor of its shape; None if it is not one."""
        if not isinstance(node.op, _ELEMENTWISE) or (isinstance(node.op, Dequantize) and len(node.op.scale) > 1):
            return None
        operands: list[Array] = []
        sources: set[Tensor] = set()
        for tensor in node.inputs:
            if tensor is None:
                return None
            if tensor.is_constant:
                flat = tensor.values.reshape(-1)
                if flat.size == 0 or (flat != flat[0]).any():
                    return None
                operands.append(flat[:1])
                continue
            function = self._of(tensor)
            if function is None or tensor.shape != node.out.shape:
                return None
            sources.add(function.source)
            operands.append(function.values)
        if len(sources) != 1:
            return None
        with np.errstate(all="ignore"):
            (values,) = node.op.reference(*operands)
        function = _Function(sources.pop(), values)
        self._known[node.out] = function
        return function


def _written_out(function: _Function, out: Tensor) -> Op:
    """Copy or Clamp if the function leaves its input alone or only limits it, else its table."""
    x, y = byte_values(function.source.dtype), function.values
    if x.dtype == y.dtype and np.array_equal(x, y):
        return Copy()
    if out.dtype == function.source.dtype == S8 and np.array_equal(y, np.clip(x, y.min(), y.max())):
        return Clamp(Range(int(y.min()), int(y.max())))
    return Table(tuple(int(v) for v in y), out.dtype.name)


def tabulate_unary(graph: Graph, target: Target) -> bool:
    """A node that is one table, or one clamp, in one step stays as it is."""
    del target
    functions = _Functions(graph)
    changed = False
    for node in graph.nodes:
        function = functions.apply(node)
        if function is None or not _is_byte(node.out):
            continue
        op = _written_out(function, node.out)
        is_table = isinstance(node.op, _TABLES) and isinstance(op, Table)
        if node.inputs == [function.source] and (is_table or type(node.op) is type(op)):
            continue
        node.op, node.inputs = op, [function.source]
        changed = True
    return changed
