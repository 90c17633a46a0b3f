"""What is legal in a graph, checked after every pass. The rules grow with the stages."""

from __future__ import annotations

from collections.abc import Callable

from edgegen.errors import InvalidGraph
from edgegen.ir.graph import Graph, Node
from edgegen.ir.tensor import Tensor

STAGES = ("read", "pre_optimize", "optimize", "post_optimize")

Rule = Callable[[Graph], None]


def _fail(node: Node, text: str) -> InvalidGraph:
    where = f" ({node.source})" if node.source else ""
    return InvalidGraph(f'{node.op.kind} "{node.name}"{where}: {text}')


def defined_before_use(graph: Graph) -> None:
    """Inputs come from the graph's inputs, constants or earlier nodes; every tensor is written once."""
    defined: set[Tensor] = set(graph.inputs)
    if len(defined) != len(graph.inputs):
        raise InvalidGraph("a tensor is listed twice among the graph's inputs")
    later = {t: n for n in graph.nodes for t in n.outputs}
    for node in graph.nodes:
        for tensor in node.inputs:
            if tensor is None or tensor.is_constant or tensor in defined:
                continue
            why = f'written only later, by "{later[tensor].name}"' if tensor in later else "never written"
            raise _fail(node, f'reads "{tensor.name}", which is {why}')
        for tensor in node.outputs:
            if tensor in defined or tensor.is_constant:
                raise _fail(node, f'writes "{tensor.name}", which already has a value')
            defined.add(tensor)
    for tensor in graph.outputs:
        if tensor not in defined and not tensor.is_constant:
            raise InvalidGraph(f'the graph\'s output "{tensor.name}" is never written')


def types_agree(graph: Graph) -> None:
    """Each node's outputs have the dtype and shape that its operator infers; constants match their data."""
    for node in graph.nodes:
        try:
            inferred = node.op.infer(*(t.type if t is not None else None for t in node.inputs))
        except InvalidGraph as error:
            raise _fail(node, error.what) from error
        if len(inferred) != len(node.outputs):
            raise _fail(node, f"has {len(node.outputs)} outputs, computes {len(inferred)}")
        for tensor, computed in zip(node.outputs, inferred, strict=True):
            if (tensor.dtype, tensor.shape) != (computed.dtype, computed.shape):
                declared = f"{tensor.dtype}{list(tensor.shape)}"
                raise _fail(node, f'"{tensor.name}" is {declared}, computes {computed}')
    for tensor in graph.tensors():
        if tensor.data is not None and (tensor.data.shape != tensor.shape or tensor.data.dtype != tensor.dtype.np):
            raise InvalidGraph(f'constant "{tensor.name}" is {tensor.type}, its data differs')


def no_dead_nodes(graph: Graph) -> None:
    """Every node's result reaches an output."""
    needed = set(graph.outputs)
    for node in reversed(graph.nodes):
        if not needed.intersection(node.outputs):
            raise _fail(node, "computes nothing that is used")
        needed.update(t for t in node.inputs if t is not None)


def kernels_chosen(graph: Graph) -> None:
    """Every node that computes has a kernel row and its packed constants."""
    for node in graph.nodes:
        if not node.op.is_view and (node.kernel is None or node.packed is None):
            raise _fail(node, "has no kernel")


def arena_is_sound(graph: Graph) -> None:
    """Every activation has a place inside the arena, and no two that are in use together overlap by accident."""
    if graph.plan is None:
        raise InvalidGraph("the arena is not planned")
    for tensor in graph.tensors():
        if tensor.is_constant:
            continue
        place = graph.plan.tensors.get(tensor)
        if place is None or place.offset + place.size > graph.plan.arena_bytes:
            raise InvalidGraph(f'"{tensor.name}" has no place in the arena')


RULES: dict[str, tuple[Rule, ...]] = {
    "read": (defined_before_use, types_agree),
    "pre_optimize": (defined_before_use, types_agree, no_dead_nodes),
    "optimize": (defined_before_use, types_agree, no_dead_nodes),
    "post_optimize": (defined_before_use, types_agree, no_dead_nodes, kernels_chosen, arena_is_sound),
}


def verify(graph: Graph, stage: str) -> None:
    """Checks every rule of what is legal after `stage`. Raises InvalidGraph."""
    for rule in RULES[stage]:
        rule(graph)
