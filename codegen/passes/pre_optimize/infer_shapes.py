"""Settles every tensor's type: fills dimensions that the file leaves open, checks the others against the operators."""

from __future__ import annotations

from dataclasses import replace

from edgegen.errors import InvalidGraph, UsageError
from edgegen.ir.graph import Graph, Node
from edgegen.ir.tensor import Tensor, TensorType
from edgegen.targets import Target


def _settle(node: Node, tensor: Tensor, computed: TensorType) -> bool:
    fits = len(tensor.shape) == len(computed.shape) and all(
        d in (-1, c) for d, c in zip(tensor.shape, computed.shape, strict=True)
    )
    if tensor.dtype != computed.dtype or not fits:
        where = f" ({node.source})" if node.source else ""
        raise InvalidGraph(
            f'{node.op.kind} "{node.name}"{where}: "{tensor.name}" is declared {tensor.type}, computes {computed}'
        )
    if tensor.shape == computed.shape:
        return False
    tensor.type = replace(tensor.type, shape=computed.shape)
    return True


def infer_shapes(graph: Graph, target: Target) -> bool:
    """Raises UsageError for an input of unknown size, InvalidGraph where declared and inferred types contradict."""
    del target
    for tensor in graph.sources:
        if any(d < 0 for d in tensor.shape):
            raise UsageError(
                f'input "{tensor.name}" is {tensor.type}, which has a free dimension',
                help=f"choose its size: --shape {tensor.name}={','.join(str(max(d, 1)) for d in tensor.shape)}",
            )
    changed = False
    for node in graph.nodes:
        try:
            types = node.op.infer(*(t.type if t is not None else None for t in node.inputs))
        except InvalidGraph as error:
            where = f" ({node.source})" if node.source else ""
            raise InvalidGraph(f'{node.op.kind} "{node.name}"{where}: {error.what}', error.details) from error
        if len(types) != len(node.outputs):
            raise InvalidGraph(f'{node.op.kind} "{node.name}" has {len(node.outputs)} outputs, computes {len(types)}')
        for tensor, computed in zip(node.outputs, types, strict=True):
            changed |= _settle(node, tensor, computed)
    return changed
