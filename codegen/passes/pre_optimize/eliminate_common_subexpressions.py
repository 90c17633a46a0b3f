"""Computes each value once: merges nodes with the same operator and inputs, and constants with the same data."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Hashable

from edgegen.ir.graph import Graph, Node
from edgegen.ir.tensor import Tensor
from edgegen.ops.reshape import Reshape
from edgegen.passes.substitution import Substitution
from edgegen.targets import Target


def _merge_constants(graph: Graph) -> bool:
    first: dict[Hashable, Tensor] = {}
    twins: dict[Tensor, Tensor] = {}
    constants = dict.fromkeys(t for n in graph.nodes for t in n.inputs if t is not None and t.is_constant)
    alike = Counter(t.type for t in constants)
    for tensor in (t for t in constants if alike[t.type] > 1):
        key = (tensor.type, hashlib.sha256(tensor.values.tobytes()).digest())
        kept = first.setdefault(key, tensor)
        if kept is not tensor:
            twins[tensor] = kept
    for node in graph.nodes if twins else ():
        node.inputs = [None if t is None else twins.get(t, t) for t in node.inputs]
    return bool(twins)


def eliminate_common_subexpressions(graph: Graph, target: Target) -> bool:
    """Two outputs of the graph with one value stay two tensors; the second becomes a view of the first."""
    del target
    changed = _merge_constants(graph)
    computed: dict[Hashable, Node] = {}
    substitution = Substitution(graph)
    for node in graph.nodes:
        key = (node.op, tuple(substitution.inputs(node)), tuple(t.type for t in node.outputs))
        twin = computed.setdefault(key, node)
        if twin is node or substitution.bypass(node, twin.outputs):
            continue
        if len(node.outputs) == 1 and not node.op.is_view:
            node.op, node.inputs = Reshape(node.out.shape), [twin.out]
            changed = True
    return substitution.apply() or changed
