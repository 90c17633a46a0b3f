"""Why the transposes that are left in a compiled model are left."""

from __future__ import annotations

from edgegen.ir.graph import Graph, Node
from edgegen.ir.tensor import Tensor
from edgegen.ops.shuffle import Shuffle
from edgegen.ops.transpose import Transpose
from edgegen.passes.transposition import on_source


def _carries(node: Node) -> bool:
    """Whether the node moves elements or treats all of them alike, so that a transpose may as well stand beyond it."""
    return node.is_view or any(on_source(node.op, tuple(range(t.rank))) for t in node.outputs)


def _before(graph: Graph, tensor: Tensor) -> Tensor | None:
    """The input of the graph that a tensor is, reordered or taken element by element; one of several."""
    maker = graph.producer(tensor)
    if maker is None or not _carries(maker):
        return tensor if tensor in graph.inputs else None
    found = [_before(graph, t) for t in maker.inputs if t is not None and not t.is_constant]
    return None if None in found else next(iter(found), None)


def _after(graph: Graph, tensor: Tensor) -> Tensor | None:
    """The output of the graph that a tensor becomes a part of, reordered or taken element by element."""
    readers = graph.consumers()
    while tensor not in graph.outputs:
        found = readers.get(tensor, [])
        if len(found) != 1 or not (_carries(found[0]) or isinstance(found[0].op, Transpose)):
            return None
        tensor = found[0].out
    return tensor


def reasons_left(graph: Graph) -> list[str]:
    """One reason for each transpose of a planned graph that moves bytes."""
    reasons = []
    for each in graph.everywhere():
        for node in each.nodes:
            if not isinstance(node.op, Transpose | Shuffle) or node.is_view:
                continue
            source, result = _before(each, node.input(0)), _after(each, node.out)
            shapes = f"{list(node.input(0).shape)} to {list(node.out.shape)}"
            if source is not None:
                reasons.append(f'input "{source.name}" comes in another order: {shapes}')
            elif result is not None:
                reasons.append(f'output "{result.name}" is wanted in another order: {shapes}')
            else:
                maker = each.producer(node.input(0))
                before = "nothing" if maker is None else maker.op.kind
                after = " and ".join(sorted({n.op.kind for n in each.consumers()[node.out]}))
                reasons.append(f"between {before} and {after}: {shapes}")
    return reasons
