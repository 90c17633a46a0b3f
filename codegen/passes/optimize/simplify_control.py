"""Takes out of control flow what can be decided ahead of time.

A branch whose condition is known takes the operator's place; a loop whose condition is known to be false vanishes. What
a loop's body gives back as it is stops being carried; constants move into the sub-graphs that read them. Inputs and
outputs that nobody needs go.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from edgegen.ir.graph import Graph, Node
from edgegen.ir.tensor import Tensor
from edgegen.ops.control import If, While
from edgegen.ops.reshape import Reshape
from edgegen.passes.pre_optimize.eliminate_dead_nodes import eliminate_dead_nodes
from edgegen.passes.substitution import uses
from edgegen.targets import Target


def _known(tensor: Tensor | None) -> bool | None:
    """The value of a condition that is a constant."""
    return None if tensor is None or tensor.data is None else bool(tensor.data.reshape(-1)[0])


def _instead(node: Node, values: list[Tensor]) -> list[Node]:
    """Views that give the values the names of the node's outputs; simplify_algebra removes those not needed."""
    return [Node(Reshape(y.shape), [x], [y], y.name, node.source) for x, y in zip(values, node.outputs, strict=True)]


def _inlined(node: Node, graph: Graph) -> list[Node]:
    for tensor, argument in node.arguments(graph):
        graph.replace_uses(tensor, argument)
    return [*graph.nodes, *_instead(node, graph.outputs)]


def _decided(node: Node) -> list[Node] | None:
    """What stands for the node if its condition is known; None if it is not."""
    op = node.op
    if isinstance(op, If) and (taken := _known(node.inputs[0])) is not None:
        return _inlined(node, op.then if taken else op.otherwise)
    if isinstance(op, While) and _known(op.condition.outputs[0]) is False:
        return _instead(node, [node.input(i) for i in range(op.carried)])
    return None


def _same_value(graph: Graph, result: Tensor) -> Tensor:
    """The tensor that `result` is a mere view of."""
    producers = graph.producers()
    while result in producers:
        node = producers[result]
        source = node.inputs[0]
        if not isinstance(node.op, Reshape) or source is None or source.shape != result.shape:
            break
        result = source
    return result


@dataclass
class _Loop:
    """A loop's inputs, carried ones first, while some of them are taken out."""

    node: Node
    op: While

    target: Target

    def needed(self, used: Callable[[Tensor], bool]) -> set[int]:
        """Positions whose values reach the condition or an output that is used."""
        condition, body = self.op.graphs
        read = {t for n in condition.nodes for t in n.inputs} | set(condition.outputs)
        found = {i for i, t in enumerate(condition.inputs) if t in read}
        found |= {i for i, t in enumerate(self.node.outputs) if used(t)}
        pending = list(found)
        while pending:
            i = pending.pop()
            if i >= self.op.carried:
                continue
            reached = _reaches(body, body.outputs[i])
            more = {k for k, t in enumerate(body.inputs) if t in reached} - found
            found |= more
            pending += more
        return found

    def drop(self, keep: list[int]) -> None:
        """Leaves the other positions out, and what the body computes for them alone."""
        carried = [i for i in keep if i < self.op.carried]
        self.op.body.outputs = [self.op.body.outputs[i] for i in carried]
        eliminate_dead_nodes(self.op.body, self.target)
        for graph in self.op.graphs:
            graph.inputs = [graph.inputs[i] for i in keep]
        self.node.inputs = [self.node.inputs[i] for i in keep]
        self.node.outputs = [self.node.outputs[i] for i in carried]

    def release(self) -> list[Node]:
        """Stops carrying what the body leaves as it is; views that stand for those outputs."""
        body, count = self.op.body, self.op.carried
        fixed = [i for i in range(count) if _same_value(body, body.outputs[i]) is body.inputs[i]]
        if not fixed:
            return []
        views = [_instead(Node(self.op, [], [self.node.outputs[i]], ""), [self.node.input(i)])[0] for i in fixed]
        carried = [i for i in range(count) if i not in fixed]
        order = [*carried, *fixed, *range(count, len(self.node.inputs))]
        for graph in self.op.graphs:
            graph.inputs = [graph.inputs[i] for i in order]
        self.node.inputs = [self.node.inputs[i] for i in order]
        body.outputs = [body.outputs[i] for i in carried]
        self.node.outputs = [self.node.outputs[i] for i in carried]
        return views


def _reaches(graph: Graph, result: Tensor) -> set[Tensor]:
    """All tensors that `result` depends on, itself included."""
    found = {result}
    for node in reversed(graph.nodes):
        if not found.isdisjoint(node.outputs):
            found.update(t for t in node.inputs if t is not None)
    return found


def _read(graph: Graph, tensor: Tensor) -> bool:
    return uses(graph)[tensor] > 0


def _move_constants(node: Node, first: int) -> bool:
    """Gives sub-graphs constants of their own for inputs, from position `first` on, that are constant."""
    moved = [i for i, t in enumerate(node.inputs) if i >= first and t is not None and t.is_constant]
    for i in moved:
        for graph in node.op.graphs:
            inner, outer = graph.inputs[i - len(node.inputs)], node.input(i)
            graph.replace_uses(inner, Tensor(outer.name, inner.type, outer.data))
    _drop_inputs(node, moved)
    return bool(moved)


def _drop_inputs(node: Node, positions: list[int]) -> None:
    gone = {i - len(node.inputs) for i in positions}
    for graph in node.op.graphs:
        count = len(graph.inputs)
        graph.inputs = [t for i, t in enumerate(graph.inputs) if i - count not in gone]
    node.inputs = [t for i, t in enumerate(node.inputs) if i - len(node.inputs) not in gone]


def _drop_unread(node: Node, first: int) -> bool:
    """Drops inputs from position `first` on that no sub-graph reads."""
    count = len(node.inputs)
    unread = [i for i in range(first, count) if not any(_read(g, g.inputs[i - count]) for g in node.op.graphs)]
    _drop_inputs(node, unread)
    return bool(unread)


def _simplify_if(node: Node, op: If, used: Callable[[Tensor], bool]) -> bool:
    kept = [i for i, t in enumerate(node.outputs) if used(t)]
    changed = 0 < len(kept) < len(node.outputs)
    if changed:
        node.outputs = [node.outputs[i] for i in kept]
        for graph in op.graphs:
            graph.outputs = [graph.outputs[i] for i in kept]
    return _move_constants(node, 1) | _drop_unread(node, 1) | changed


def _simplify_while(node: Node, op: While, used: Callable[[Tensor], bool], target: Target) -> tuple[bool, list[Node]]:
    loop = _Loop(node, op, target)
    needed = sorted(loop.needed(used))
    changed = len(needed) < len(node.inputs) and any(i < op.carried for i in needed)
    if changed:
        loop.drop(needed)
    views = loop.release()
    return _move_constants(node, op.carried) | changed | bool(views), views


def simplify_control(graph: Graph, target: Target) -> bool:
    """Loops that nobody needs are left to eliminate_dead_nodes."""
    nodes: list[Node] = []
    count = uses(graph)
    changed = False
    for node in graph.nodes:
        decided = _decided(node) if node.op.is_control else None
        if decided is not None:
            nodes += decided
            changed = True
            continue
        nodes.append(node)
        if isinstance(node.op, If):
            changed |= _simplify_if(node, node.op, lambda t: count[t] > 0)
        elif isinstance(node.op, While):
            simpler, views = _simplify_while(node, node.op, lambda t: count[t] > 0, target)
            nodes += views
            changed |= simpler
    graph.nodes = nodes
    return changed
