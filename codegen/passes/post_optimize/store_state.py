"""Sees to it that what each state becomes can be written where the state lies.

Usually the node that computes the next value can write it there at once, because the old value is no longer read, or
because its kernel updates it in place. Otherwise a copy at the end of the run stores it.
"""

from __future__ import annotations

from collections.abc import Sequence

from edgegen.ir.graph import Graph, Node, State
from edgegen.ir.tensor import Tensor
from edgegen.ops.copy import Copy
from edgegen.ops.select import select
from edgegen.targets import Target


class Bytes:
    """Whose bytes each activation lies in, seen through views and control flow that rewrites values in place."""

    def __init__(self, graph: Graph) -> None:
        self.base = {t: t for t in graph.sources}
        self.maker: dict[Tensor, tuple[int, Node]] = {}
        self.last_read: dict[Tensor, int] = {}
        for step, node in enumerate(graph.nodes):
            read = [self.base[t] for t in node.inputs if t is not None and not t.is_constant]
            shared = {k: self.base[node.input(i)] for i, k in (((0, 0),) if node.is_view else node.updates)}
            for k, tensor in enumerate(node.outputs):
                self.base[tensor] = shared.get(k, tensor)
                self.maker[tensor] = (step, node)
            if not node.is_view:
                self.last_read.update(dict.fromkeys(read, step))


def written_directly(state: State, states: Sequence[State], graph: Graph, known: Bytes) -> bool:
    """Whether the node that computes the next value can write it onto the old one."""
    base = known.base.get(state.next)
    if base is None or base in graph.sources or sum(known.base.get(s.next) is base for s in states) > 1:
        return False
    if any(known.base.get(t) is state.value for t in graph.sinks):
        return False
    step, node = known.maker[base]
    last = known.last_read.get(state.value, -1)
    if last != step:
        return last < step
    output = node.outputs.index(base)
    readers = [i for i, t in enumerate(node.inputs) if t is not None and known.base.get(t) is state.value]
    return all(node.may_overwrite(i, output) for i in readers)


def copy_of(source: Tensor, name: str, target: Target) -> Node:
    """A node, with its kernel, that copies a tensor."""
    node = Node(Copy(), [source], [Tensor(name, source.type)], name)
    node.kernel = select(node, target)
    node.packed = node.kernel.pack(node)
    return node


def _copied(graph: Graph, target: Target, source: Tensor, name: str) -> Tensor:
    """Appends a copy of a tensor to the graph."""
    node = copy_of(source, name, target)
    graph.nodes.append(node)
    return node.out


def _in_order(late: list[State], known: Bytes) -> tuple[list[State], list[State]]:
    """(states to store in turn, states whose next value must be saved first because they wait for one another).

    A state that becomes the old value of another is stored before that one is overwritten.
    """
    waiting, ordered, saved = list(late), list[State](), list[State]()
    while waiting:
        needed = {known.base.get(s.next) for s in waiting if s not in saved}
        ready = next((s for s in waiting if not (needed - {known.base.get(s.next)}) & {s.value}), None)
        if ready is None:
            saved.append(next(s for s in waiting if s not in saved))
            continue
        waiting.remove(ready)
        ordered.append(ready)
    return ordered, saved


def store_state(graph: Graph, target: Target) -> bool:
    """Appends copies for the states that need them; outputs that are old values of such states are copied first."""
    known = Bytes(graph)
    values = {s.value for s in graph.state if known.base.get(s.next) is not s.value}
    before = len(graph.nodes)
    for i, tensor in enumerate(graph.outputs):
        if known.base.get(tensor) in values:
            graph.outputs[i] = _copied(graph, target, tensor, tensor.name)
    store_updates(graph, graph.state, target)
    return len(graph.nodes) > before


def store_updates(graph: Graph, states: Sequence[State], target: Target) -> None:
    """Appends copies for the states whose next value cannot be computed where the old one lies."""
    known = Bytes(graph)
    changing = [s for s in states if known.base.get(s.next) is not s.value]
    late = [s for s in changing if not written_directly(s, states, graph, known)]
    ordered, saved = _in_order(late, known)
    for state in saved:
        state.next = _copied(graph, target, state.next, f"{state.name}/saved")
    for state in ordered:
        state.next = _copied(graph, target, state.next, f"{state.name}/next")
