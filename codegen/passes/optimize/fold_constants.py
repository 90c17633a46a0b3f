"""Computes ahead of time what depends on constants only."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from edgegen.ir.graph import Graph, Node
from edgegen.targets import Target

GROWTH = 1024  # bytes of flash that one fold may add: what the node's call and code cost at most


def _grows_flash(node: Node) -> bool:
    read = sum(t.type.bytes for t in dict.fromkeys(node.inputs) if t is not None)
    return sum(t.type.bytes for t in node.outputs) > read + GROWTH


def fold_constants(graph: Graph, target: Target) -> bool:
    """Nodes whose inputs are all constant give way to their results, unless a small input would become large data.

    Control flow stays: a loop may have no end.
    """
    del target
    folded: list[Node] = []
    for node in graph.nodes:
        inputs = [t for t in node.inputs if t is not None]
        if not inputs or node.op.is_control or not all(t.is_constant for t in inputs) or _grows_flash(node):
            continue
        results = node.op.reference(*(None if t is None else t.values for t in node.inputs))
        for tensor, result in zip(node.outputs, results, strict=True):
            tensor.data = np.array(result, tensor.dtype.np)
            tensor.data.setflags(write=False)
        if tensor.type.quantization is None and inputs[0].type.quantization is not None:
            tensor.type = replace(tensor.type, quantization=node.op.carries(inputs[0].type))
        folded.append(node)
    graph.remove(folded)
    return bool(folded)
