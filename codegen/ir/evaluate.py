"""Runs any graph in numpy, node by node, through the operators' references."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from edgegen.errors import UsageError
from edgegen.ir.graph import Graph
from edgegen.ir.tensor import Array, Tensor


def evaluate_all(graph: Graph, inputs: Sequence[Array]) -> dict[Tensor, Array]:
    """Value of every tensor for one run.

    inputs: one array per graph input, of exactly its dtype and shape; raises UsageError otherwise.
    """
    if len(inputs) != len(graph.inputs):
        raise UsageError(f"{graph.name} has {len(graph.inputs)} inputs, was given {len(inputs)}")
    values: dict[Tensor, Array] = {}
    for tensor, array in zip(graph.inputs, inputs, strict=True):
        array = np.asarray(array)
        if array.dtype != tensor.dtype.np or array.shape != tensor.shape:
            given = f"{array.dtype.name}[{','.join(map(str, array.shape))}]"
            raise UsageError(f'input "{tensor.name}" is {tensor.type}, was given {given}')
        values[tensor] = array

    def value(tensor: Tensor | None) -> Array | None:
        if tensor is None or tensor.data is not None:
            return None if tensor is None else tensor.data
        return values[tensor]

    for node in graph.nodes:
        results = node.op.reference(*(value(t) for t in node.inputs))
        values.update(zip(node.outputs, results, strict=True))
    for tensor in graph.outputs:
        if tensor.data is not None:
            values[tensor] = tensor.data
    return values


def evaluate(graph: Graph, inputs: Sequence[Array] | Mapping[str, Array]) -> list[Array]:
    """Outputs of one run, in the graph's order. `inputs` in the graph's order, or by input name."""
    if isinstance(inputs, Mapping):
        missing = [t.name for t in graph.inputs if t.name not in inputs]
        if missing:
            raise UsageError(f"no value for input {', '.join(missing)}")
        inputs = [inputs[t.name] for t in graph.inputs]
    values = evaluate_all(graph, inputs)
    return [values[t] for t in graph.outputs]
