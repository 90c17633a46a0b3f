"""Lets groups of nodes that treat all places alike work on another order of axes, where that saves transposes.

Images of a model in channels-first order are transposed for every convolution and back. cancel_transposes lets a
transpose follow the only node that reads it; where a tensor is read by many, as in networks whose layers read all
earlier ones (DenseNet), or computed from parts that come in both orders, the whole group has to change at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from edgegen.ir.graph import Graph, Node
from edgegen.ir.tensor import Tensor
from edgegen.ops.transpose import Transpose
from edgegen.passes.substitution import uses
from edgegen.passes.transposition import (
    Axes,
    inverse,
    is_movable,
    moved_bytes,
    on_source,
    source_type,
    untransposed,
)
from edgegen.targets import Target


def _groups(graph: Graph, perm: Axes) -> Iterator[list[Node]]:
    """Nodes that can change order together, since they read the same tensors or each other's."""
    leader: dict[Tensor, Tensor] = {}

    def find(tensor: Tensor) -> Tensor:
        while leader.setdefault(tensor, tensor) is not tensor:
            leader[tensor] = tensor = leader[leader[tensor]]
        return tensor

    movable = [n for n in graph.nodes if is_movable(n, perm)]
    for node in movable:
        for tensor in node.inputs:
            if tensor is not None and not tensor.is_constant:
                leader[find(tensor)] = find(node.out)
    groups: dict[Tensor, list[Node]] = {}
    for node in movable:
        groups.setdefault(find(node.out), []).append(node)
    yield from groups.values()


@dataclass
class _Group:
    """Nodes that may work on tensors whose transposes by `perm` they work on now.

    given:  tensors that they read and others make; made: their results that others read or that are needed in the end
    """

    graph: Graph
    perm: Axes
    nodes: list[Node]

    def __post_init__(self) -> None:
        producers, everywhere = self.graph.producers(), uses(self.graph)
        own = {n.out for n in self.nodes}
        read = [t for n in self.nodes for t in n.inputs if t is not None and not t.is_constant]
        self.sources: dict[Tensor, Tensor] = {}
        self.gain = 0
        readers = self.graph.consumers()
        inside = set(self.nodes)
        self.given = [t for t in dict.fromkeys(read) if t not in own]
        back = inverse(self.perm)
        for tensor in self.given:
            maker = producers.get(tensor)
            if maker is not None and isinstance(maker.op, Transpose) and maker.op.perm == self.perm:
                self.sources[tensor] = maker.input(0)
                if read.count(tensor) == everywhere[tensor]:
                    self.gain += moved_bytes(tensor.type, self.perm)
            elif not any(isinstance(r.op, Transpose) and r.op.perm == back for r in readers.get(tensor, [])):
                self.gain -= moved_bytes(tensor.type, self.perm)
        sinks = set(self.graph.sinks)
        self.made = []
        for tensor in own:
            outside = [n for n in readers.get(tensor, []) if n not in inside]
            if not outside and tensor not in sinks:
                continue
            self.made.append(tensor)
            undone = [n for n in outside if isinstance(n.op, Transpose) and n.op.perm == back]
            self.gain += len(undone) * moved_bytes(tensor.type, self.perm)
            if tensor in sinks or len(undone) < len(outside):
                self.gain -= moved_bytes(tensor.type, self.perm)

    def reorder(self) -> None:
        """Rewrites the nodes; transposes stand wherever the group meets others."""
        back, made = inverse(self.perm), set(self.made)
        own, nodes = set(self.nodes), []
        for node in self.graph.nodes:
            if node not in own:
                nodes.append(node)
                continue
            sources = []
            for tensor in node.inputs:
                assert tensor is not None
                if tensor.is_constant:
                    sources.append(untransposed(tensor, self.perm))
                    continue
                if tensor not in self.sources:
                    turned = Tensor(f"{tensor.name}/transposed", source_type(tensor.type, self.perm))
                    nodes.append(Node(Transpose(back), [tensor], [turned], turned.name, node.source))
                    self.sources[tensor] = turned
                sources.append(self.sources[tensor])
            moved = on_source(node.op, self.perm)
            assert moved is not None
            out = node.out
            inner = Tensor(f"{out.name}/untransposed", source_type(out.type, self.perm))
            node.op, node.inputs, node.outputs = moved[0], [*sources], [inner]
            self.sources[out] = inner
            nodes.append(node)
            if out in made:
                nodes.append(Node(Transpose(self.perm), [inner], [out], out.name, node.source))
        self.graph.nodes = nodes


def reorder_axes(graph: Graph, target: Target) -> bool:
    """Exact: what a node computes at each place does not depend on the order in which places are stored."""
    del target
    perms = dict.fromkeys(n.op.perm for n in graph.nodes if isinstance(n.op, Transpose) and n.out.rank > 2)
    for perm in perms:
        changed = False
        for nodes in list(_groups(graph, perm)):
            group = _Group(graph, perm, nodes)
            if group.gain > 0:
                group.reorder()
                changed = True
        if changed:  # transposes that nothing reads any more must go before another permutation is weighed up
            return True
    return False
