"""Lets activations of f16 and bf16 models stay so in the arena, where rows compute these types between casts."""

from __future__ import annotations

from collections import Counter

import numpy as np

from edgegen.errors import InvalidGraph
from edgegen.ir.dtypes import BF16, F16, F32, DType
from edgegen.ir.graph import Graph, Node
from edgegen.ir.tensor import Tensor, TensorType, constant
from edgegen.ops.cast import Cast
from edgegen.ops.select import candidates
from edgegen.passes.substitution import uses
from edgegen.targets import Target

_HALVES = (F16, BF16)


def _cast(node: Node | None, of: tuple[DType, ...], to: tuple[DType, ...]) -> bool:
    return node is not None and isinstance(node.op, Cast) and node.input(0).dtype in of and node.out.dtype in to


def _round_again(graph: Graph) -> list[tuple[Node, Node]]:
    """Puts casts to the narrower type and back where a pass has put off the rounding, and two nodes are left between
    which it is due: pairs of them."""
    pairs: list[tuple[Node, Node]] = []
    nodes: list[Node] = []
    instead: dict[Tensor, Tensor] = {}
    for node in graph.nodes:
        node.inputs = [instead.get(t, t) if t is not None else None for t in node.inputs]
        nodes.append(node)
        for x in node.outputs:
            if x.rounded is None or x in graph.sinks:
                continue
            narrow = Tensor(f"{x.name}/{x.rounded}", TensorType(x.rounded, x.shape))
            back = instead[x] = Tensor(f"{x.name}/{x.dtype}", TensorType(x.dtype, x.shape))
            pair = (
                Node(Cast(str(x.rounded)), [x], [narrow], f"{node.name}/round"),
                Node(Cast(str(x.dtype)), [narrow], [back], f"{node.name}/widen"),
            )
            nodes += pair
            pairs.append(pair)
    graph.nodes = nodes
    return pairs


def _half_constant(tensor: Tensor, dtype: DType) -> Tensor | None:
    """The constant in the narrower type, if that holds its values."""
    with np.errstate(over="ignore"):
        narrow = tensor.values.astype(dtype.np)
    same = np.array_equal(narrow.astype(tensor.values.dtype), tensor.values, equal_nan=True)
    return constant(f"{tensor.name}/{dtype}", narrow, dtype) if same else None


def _in_half(node: Node, inputs: list[Tensor | None], out: Tensor, target: Target) -> Node | None:
    """The node on `inputs`, if its target has a row for it."""
    half = Node(node.op, inputs, [out], node.name, node.source)
    try:
        (type,) = node.op.infer(*(None if t is None else t.type for t in inputs))
    except InvalidGraph:
        return None
    return half if type.dtype == out.dtype and candidates(half, target) else None


def _narrowed(
    node: Node,
    producers: dict[Tensor, Node],
    consumers: dict[Tensor, list[Node]],
    uses_of: Counter[Tensor],
    target: Target,
) -> tuple[Node, list[Node]] | None:
    """(the node between narrow tensors, the casts around it that nobody else needs)"""
    if len(node.outputs) != 1 or node.out.dtype != F32 or isinstance(node.op, Cast) or node.op.is_control:
        return None
    after = consumers.get(node.out, [])
    if uses_of[node.out] != 1 or not after or not _cast(after[0], (F32,), _HALVES):
        return None
    out = after[0].out
    read = [t for t in node.inputs if t is not None and not t.is_constant and t.dtype == F32]
    before = {t: producers.get(t) for t in read}
    casts = [cast for cast in before.values() if cast is not None and _cast(cast, (out.dtype,), (F32,))]
    if not read or len(casts) != len(before):
        return None
    narrow = {cast.out: cast.input(0) for cast in casts}
    inputs = [narrow.get(t, t) if t is not None else None for t in node.inputs]
    half = _in_half(node, inputs, out, target)
    if half is None:
        constants = {
            t: _half_constant(t, out.dtype) for t in inputs if t is not None and t.is_constant and t.dtype == F32
        }
        if not constants or None in constants.values():
            return None
        half = _in_half(node, [constants.get(t, t) if t is not None else None for t in inputs], out, target)
        if half is None:
            return None
    uses_of.subtract(read)
    uses_of.update(narrow[t] for t in read)
    return half, [after[0], *(cast for cast in casts if uses_of[cast.out] == 0)]


def store_halves(graph: Graph, target: Target) -> bool:
    """Nodes whose operands come from f16, or bf16, and whose result goes there. Their casts go, unless others read the
    results too. Roundings that were put off are made where that lets the type stay narrow."""
    put_back = _round_again(graph)
    uses_of, producers, consumers = uses(graph), graph.producers(), graph.consumers()
    removed: dict[Node, None] = {}
    changed = False
    for node in graph.nodes:
        found = _narrowed(node, producers, consumers, uses_of, target)
        if found is None:
            continue
        half, casts = found
        node.inputs, node.outputs = half.inputs, half.outputs
        removed |= dict.fromkeys(casts)
        changed = True
    for first, second in put_back:
        if first not in removed and second not in removed:
            for reader in consumers[second.out]:
                reader.inputs = [first.input(0) if t is second.out else t for t in reader.inputs]
            removed |= {first: None, second: None}
        else:
            changed = True
    graph.remove(list(removed))
    return changed
