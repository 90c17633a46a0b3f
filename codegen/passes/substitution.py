"""What passes that remove nodes have in common: counting uses, replacing results by equal tensors, merging clamps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from edgegen.ir.graph import Graph, Node
from edgegen.ir.op import Op, Range
from edgegen.ir.tensor import Tensor


def uses(graph: Graph) -> Counter[Tensor]:
    """How often each tensor is read: by nodes, each input counted, and after the last node."""
    return Counter([*(t for n in graph.nodes for t in n.inputs if t is not None), *graph.sinks])


def with_clamp(op: Op, clamp: Range) -> Op:
    """The operator, which has a clamp, with another one."""
    changes: dict[str, Any] = {"clamp": clamp}
    return replace(op, **changes)


class Substitution:
    """Tensors to be read in place of others, collected during one walk over the nodes and applied at its end.

    The graph's sinks stay the tensors that they are, because their names are the model's interface.
    """

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._outputs = set(graph.sinks)
        self._producers = graph.producers()
        self._instead: dict[Tensor, Tensor] = {}
        self._removed: set[Node] = set()

    def resolve(self, tensor: Tensor) -> Tensor:
        """What stands for the tensor now."""
        while tensor in self._instead:
            tensor = self._instead[tensor]
        return tensor

    def inputs(self, node: Node) -> list[Tensor | None]:
        """What the node reads now."""
        return [None if t is None else self.resolve(t) for t in node.inputs]

    def producer(self, tensor: Tensor) -> Node | None:
        """The node that computes the tensor; None for inputs of the graph and constants."""
        return self._producers.get(tensor)

    def bypass(self, node: Node, sources: Sequence[Tensor]) -> bool:
        """Lets every reader of the node's outputs read `sources`, which hold the same values, and removes the node.

        False, and nothing changes, if an output of the graph would lose its name: where it is to be replaced by an
        input, a constant or another output.
        """
        pairs = [(old, self.resolve(new)) for old, new in zip(node.outputs, sources, strict=True)]
        if any(old in self._outputs and not self._can_rename(new) for old, new in pairs):
            return False
        for old, new in pairs:
            if old in self._outputs:
                maker = self._producers[new]
                maker.outputs = [old if t is new else t for t in maker.outputs]
                self._producers[old] = maker
                self._instead[new] = old
            else:
                self._instead[old] = new
        self._removed.add(node)
        return True

    def _can_rename(self, tensor: Tensor) -> bool:
        return tensor not in self._outputs and tensor in self._producers

    def apply(self) -> bool:
        """Edits the graph; whether there was anything to do."""
        if not self._removed:
            return False
        self._graph.remove(list(self._removed))
        for node in self._graph.nodes:
            node.inputs = self.inputs(node)
        return True
