"""Sub-graphs that an operator runs: written into the graph around it, or made its own."""

from __future__ import annotations

from collections.abc import Sequence

import onnx

from edgegen.frontends.onnx.importer import Importer, Operator, constants_of
from edgegen.frontends.onnx.values import Value
from edgegen.ir.graph import Graph
from edgegen.ir.tensor import Tensor


def nested(op: Operator, graph: Graph, part: str) -> Operator:
    """The operator once more, as it adds to `graph` what belongs to a part of it such as "then".

    Its importer sees all that the operator's own sees, but calls things by names of its own.
    """
    around = op.model
    model = Importer(around.versions, graph, {}, around, f"{op.path}/", f"{op.label}/{part}/")
    inner = Operator(model, op.node, op.index)
    inner.source = op.source
    return inner


class SubGraph:
    """A graph that is an operator's attribute; it may be imported several times, but has its constants once."""

    def __init__(self, proto: onnx.GraphProto) -> None:
        self.proto = proto
        self._constants = constants_of(proto)
        self.inputs = [i for i in proto.input if i.name not in self._constants]

    def run(self, inner: Operator, given: Sequence[Value]) -> list[Value]:
        """Imports its operators, its inputs being the values `given`, with an operator that `nested` made; its outputs.

        Raises InvalidModel and UnsupportedModel.
        """
        if len(given) != len(self.inputs):
            raise inner.invalid(f'its sub-graph "{self.proto.name}" has {len(self.inputs)} inputs, not {len(given)}')
        inner.model.scope.update(self._constants)
        for info, value in zip(self.inputs, given, strict=True):
            inner.model.define(info.name, value)
        return inner.model.add_nodes(self.proto)


def captured(graphs: Sequence[Graph]) -> list[Tensor]:
    """The tensors of the graphs around them that sub-graphs read."""
    free: dict[Tensor, None] = {}
    for graph in graphs:
        own = {*graph.inputs, *(t for n in graph.nodes for t in n.outputs)}
        read = [*(t for n in graph.nodes for t in n.inputs if t is not None), *graph.outputs]
        free.update(dict.fromkeys(t for t in read if t not in own and not t.is_constant))
    return list(free)


def close(graphs: Sequence[Graph]) -> list[Tensor]:
    """Gives sub-graphs of one operator further inputs, the same to each, for what they capture; what that is."""
    free = captured(graphs)
    for graph in graphs:
        for tensor in free:
            twin = Tensor(tensor.name, tensor.type)
            graph.inputs.append(twin)
            graph.replace_uses(tensor, twin)
    return free
