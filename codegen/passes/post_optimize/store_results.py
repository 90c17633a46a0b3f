"""Sees to it that sub-graphs can leave their results where the graph around them finds them.

A sub-graph works on the bytes of its node's inputs and outputs. So a branch must compute every output in bytes of its
own; a loop starts on bytes that nobody else needs, and each turn must end with the next values where the old ones lay.
Where that is not so by itself, copies see to it.
"""

from __future__ import annotations

import numpy as np

from edgegen.ir.graph import Graph, Node, State
from edgegen.ir.tensor import Tensor
from edgegen.passes.post_optimize.store_state import Bytes, copy_of, store_updates
from edgegen.targets import Target

Pairs = dict[Tensor, Tensor]  # what the graph finds, and what it leaves in the same bytes


def _place_constants(node: Node, graph: Graph, target: Target) -> None:
    """A sub-graph finds its inputs in the arena, where constants are not."""
    for i, tensor in enumerate(node.inputs):
        if tensor is not None and tensor.is_constant:
            copy = copy_of(tensor, f"{node.name}/{tensor.name}", target)
            graph.insert_before(node, copy)
            node.inputs[i] = copy.out


def _separate_outputs(branch: Graph, target: Target) -> None:
    """Outputs that are constants, arguments or other outputs are copied."""
    known = Bytes(branch)
    taken = set(branch.sources)
    for i, tensor in enumerate(branch.outputs):
        base = known.base.get(tensor)
        if base is None or base in taken:
            copy = copy_of(tensor, f"{tensor.name}/result{i}", target)
            branch.nodes.append(copy)
            branch.outputs[i] = copy.out
        else:
            taken.add(base)


def _close_turn(body: Graph, target: Target) -> None:
    """The body leaves each carried value where it found the last one."""
    nothing = np.zeros(0)
    states = [State(v.name, v, n, nothing) for v, n in zip(body.inputs, body.outputs, strict=False)]
    store_updates(body, states, target)
    body.outputs = [s.next for s in states]


def _must_copy(node: Node, i: int, graph: Graph, rewritten: Pairs, free: set[Tensor]) -> bool:
    """Whether others need the bytes of what the loop carries at position i, and would find them rewritten."""
    position = graph.nodes.index(node)
    base = Bytes(Graph(graph.name, graph.inputs, [], graph.nodes[:position], graph.state)).base
    own = base[node.input(i)]
    if own in graph.sources and own not in free and rewritten.get(own) is not node.outputs[i]:
        return True
    beside = [j for j, t in enumerate(node.inputs) if t is not None and j != i and base[t] is own]
    if any(j < i or j >= len(node.outputs) for j in beside):
        return True
    later = [t for n in graph.nodes[position + 1 :] for t in n.inputs if t is not None]
    return any(base.get(t) is own for t in (*later, *graph.sinks))


def _start_loop(node: Node, graph: Graph, rewritten: Pairs, free: set[Tensor], target: Target) -> None:
    for i in range(len(node.outputs)):
        if _must_copy(node, i, graph, rewritten, free):
            copy = copy_of(node.input(i), f"{node.outputs[i].name}/first", target)
            graph.insert_before(node, copy)
            node.inputs[i] = copy.out


def _store(graph: Graph, rewritten: Pairs, free: set[Tensor], target: Target) -> bool:
    """free: sources of the graph that may be overwritten once nobody needs them."""
    control = [n for n in graph.nodes if n.op.is_control]
    for node in control:
        _place_constants(node, graph, target)
        if not node.op.is_loop:
            for branch in node.op.graphs:
                _store(branch, {}, set(), target)
                _separate_outputs(branch, target)
            continue
        condition, body = node.op.graphs
        _store(condition, {}, set(), target)
        if condition.outputs[0].is_constant:
            _separate_outputs(condition, target)
        _store(body, dict(zip(body.inputs, body.outputs, strict=False)), set(), target)
        _close_turn(body, target)
        _start_loop(node, graph, rewritten, free, target)
    return bool(control)


def store_results(graph: Graph, target: Target) -> bool:
    """A loop may work on inputs of the model, whose bytes are the model's own once it runs, and on its state."""
    return _store(graph, {s.value: s.next for s in graph.state}, set(graph.inputs), target)
