"""Runs any graph in numpy, node by node, through the operators' references."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from edgegen.errors import UsageError
from edgegen.ir.graph import Graph
from edgegen.ir.tensor import Array, Tensor


def evaluate_all(graph: Graph, inputs: Sequence[Array], state: Sequence[Array] | None = None) -> dict[Tensor, Array]:
    """Value of every tensor for one run.

    inputs: one array per graph input, of exactly its dtype and shape; raises UsageError otherwise
    state:  values of the graph's state before the run; by default the initial ones
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
    found = [s.initial for s in graph.state] if state is None else state
    values.update(zip((s.value for s in graph.state), found, strict=True))

    def value(tensor: Tensor | None) -> Array | None:
        if tensor is None or tensor.data is not None:
            return None if tensor is None else tensor.data
        return values[tensor]

    for node in graph.nodes:
        results = node.op.reference(*(value(t) for t in node.inputs))
        values.update(zip(node.outputs, results, strict=True))
    for tensor in graph.sinks:
        if tensor.data is not None:
            values[tensor] = tensor.data
    return values


class Evaluation:
    """A graph run in numpy, its state kept from run to run."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self.reset()

    def reset(self) -> None:
        """The next run starts from the initial state."""
        self._state = [s.initial for s in self._graph.state]

    def run(self, inputs: Sequence[Array]) -> list[Array]:
        """Outputs in the graph's order; raises UsageError for inputs that do not fit."""
        values = evaluate_all(self._graph, inputs, self._state)
        self._state = [values[s.next] for s in self._graph.state]
        return [values[t] for t in self._graph.outputs]


def evaluate(graph: Graph, inputs: Sequence[Array] | Mapping[str, Array]) -> list[Array]:
    """Outputs of one run from the initial state, in the graph's order. `inputs` in that order, or by input name."""
    if isinstance(inputs, Mapping):
        missing = [t.name for t in graph.inputs if t.name not in inputs]
        if missing:
            raise UsageError(f"no value for input {', '.join(missing)}")
        inputs = [inputs[t.name] for t in graph.inputs]
    return Evaluation(graph).run(inputs)
