"""Sees to it that sub-graphs can leave their results where the graph around them finds them.

A sub-graph works on the bytes of its node's inputs and outputs. So a branch must compute every output in bytes of its
own; a loop starts on bytes that nobody else needs, and each turn must end with the next values where the old ones lay.
Where that is not so by itself, copies see to it. An argument that a branch gives back as it is stays where it lies.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from edgegen.ir.graph import Graph, Node, State
from edgegen.ir.tensor import Tensor
from edgegen.passes.post_optimize.store_state import Bytes, copy_of, store_updates, written_directly
from edgegen.targets import Target


def _place_constants(node: Node, graph: Graph, target: Target) -> None:
    """A sub-graph finds its inputs in the arena, where constants are not."""
    for i, tensor in enumerate(node.inputs):
        if tensor is not None and tensor.is_constant:
            copy = copy_of(tensor, f"{node.name}/{tensor.name}", target)
            graph.insert_before(node, copy)
            node.inputs[i] = copy.out


def _separate_outputs(graph: Graph, target: Target, kept: Collection[int] = ()) -> None:
    """Outputs that are constants, arguments or other outputs are copied, except those at positions `kept`."""
    known = Bytes(graph)
    taken = {*graph.sources, *(known.base.get(graph.outputs[k]) for k in kept)}
    for k, tensor in enumerate(graph.outputs):
        base = known.base.get(tensor)
        if k in kept:
            continue
        if base is None or base in taken:
            copy = copy_of(tensor, f"{tensor.name}/result{k}", target)
            graph.nodes.append(copy)
            graph.outputs[k] = copy.out
        taken.add(base)


def _update(graph: Graph, pairs: Sequence[tuple[int, int]], target: Target) -> None:
    """The sub-graph leaves each output k in the bytes of its input i, for pairs (i, k)."""
    nothing = np.zeros(0)
    states = [State(graph.inputs[i].name, graph.inputs[i], graph.outputs[k], nothing) for i, k in pairs]
    store_updates(graph, states, target)
    for state, (_, k) in zip(states, pairs, strict=True):
        graph.outputs[k] = state.next


@dataclass
class _Around:
    """A graph with nodes of control flow.

    rewritable: its sources whose bytes may take on other values once nobody needs theirs
    """

    graph: Graph
    rewritable: Collection[Tensor]
    target: Target

    def store(self) -> bool:
        control = [n for n in self.graph.nodes if n.op.is_control and not n.op.stretches]
        for node in control:
            _place_constants(node, self.graph, self.target)
            (self._store_loop if node.op.is_loop else self._store_branches)(node)
        return bool(control)

    def _store_loop(self, node: Node) -> None:
        """Each turn leaves the carried values where it found the last ones."""
        condition, body = node.op.graphs
        _Around(condition, (), self.target).store()
        if condition.outputs[0].is_constant:
            _separate_outputs(condition, self.target)
        pairs = tuple((i, i) for i in range(len(node.outputs)))
        _Around(body, body.inputs[: len(pairs)], self.target).store()
        _update(body, pairs, self.target)
        for i, _ in pairs:
            if not self._may_rewrite(node, i, range(i, len(pairs))):
                copy = copy_of(node.input(i), f"{node.outputs[i].name}/first", self.target)
                self.graph.insert_before(node, copy)
                node.inputs[i] = copy.out
        node.updates = pairs

    def _store_branches(self, node: Node) -> None:
        """What one branch gives back as it is, the other one changes in place, if nobody else needs it; so do both with
        what each can change in place."""
        pairs: list[tuple[int, int]] = []
        # values of variables are the last inputs and outputs, and had best stay where they are
        for i, k in (*sorted(_passed_through(node), reverse=True), *_changed(node)):
            free = i not in dict(pairs) and k not in (known for _, known in pairs)
            if free and self._may_rewrite(node, i, ()):
                pairs.append((i, k))
        node.updates = tuple(pairs)
        inner = [(i - 1, k) for i, k in pairs]
        for branch in node.op.graphs:
            _Around(branch, [branch.inputs[i] for i, _ in inner], self.target).store()
            _separate_outputs(branch, self.target, [k for _, k in inner])
            _update(branch, inner, self.target)

    def _may_rewrite(self, node: Node, i: int, copied: Collection[int]) -> bool:
        """Whether nobody else needs the bytes of the node's input i once the node runs.

        copied: other inputs that may lie there, because they are copied before
        """
        graph, position = self.graph, self.graph.nodes.index(node)
        base = Bytes(Graph(graph.name, graph.inputs, [], graph.nodes[:position], graph.state)).base
        own = base[node.input(i)]
        if own in graph.sources and own not in self.rewritable:
            return False
        if any(base[t] is own for j, t in enumerate(node.inputs) if t is not None and j != i and j not in copied):
            return False
        later = [t for n in graph.nodes[position + 1 :] for t in n.inputs if t is not None]
        return all(base.get(t) is not own for t in (*later, *graph.sinks))


def _passed_through(node: Node) -> list[tuple[int, int]]:
    """(input, output) where a branch gives an argument back as it is."""
    found: dict[tuple[int, int], None] = {}
    for graph in node.op.graphs:
        base = Bytes(graph).base
        places = {t: i for i, t in enumerate(graph.inputs, 1)}
        for k, tensor in enumerate(graph.outputs):
            i = places.get(base.get(tensor, tensor))
            if i is not None and node.input(i).type.bytes == tensor.type.bytes:
                found[i, k] = None
    return list(found)


def _changed(node: Node) -> list[tuple[int, int]]:
    """(input, output) where every branch can compute the output in the argument's bytes."""
    return [
        (i, k)
        for k, y in enumerate(node.outputs)
        for i, x in enumerate(node.inputs)
        if i > 0
        and x is not None
        and x.type.bytes == y.type.bytes
        and all(_in_bytes_of(g, i - 1, k) for g in node.op.graphs)
    ]


def _in_bytes_of(branch: Graph, i: int, k: int) -> bool:
    """Whether the branch's output k can be computed where its input i lies."""
    state = State("", branch.inputs[i], branch.outputs[k], np.zeros(0))
    return written_directly(state, [state], branch, Bytes(branch))


def store_results(graph: Graph, target: Target) -> bool:
    """State may be rewritten; so may inputs, whose bytes are the model's own once it runs, unless they are separate."""
    inputs = graph.inputs if target.io == "shared" else []
    return _Around(graph, {*inputs, *(s.value for s in graph.state)}, target).store()
