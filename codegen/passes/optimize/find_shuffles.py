"""Writes a reshape, a transpose and a reshape that together shuffle along one axis as the one operator that they are.

Whatever works on any order of axes can then change order together with the shuffle, and what comes before it can take
it over (interleave_channels).
"""

from __future__ import annotations

import math

from edgegen.ir.graph import Graph, Node
from edgegen.ops.reshape import Reshape
from edgegen.ops.shuffle import Shuffle
from edgegen.ops.transpose import Transpose
from edgegen.passes.substitution import uses
from edgegen.targets import Target


def _swapped(perm: tuple[int, ...]) -> int | None:
    """k of a permutation that lets axes k and k + 1 change places, and no others."""
    moved = [i for i, axis in enumerate(perm) if i != axis]
    return moved[0] if len(moved) == 2 and moved[1] == moved[0] + 1 else None


def _shuffle(split: Node, swap: Node, join: Node) -> Shuffle | None:
    assert isinstance(swap.op, Transpose)
    at, parts, x = _swapped(swap.op.perm), swap.input(0).shape, split.input(0).shape
    if at is None or join.out.shape != x or 0 in x:
        return None
    before, extent = math.prod(parts[:at]), parts[at] * parts[at + 1]
    axes = [i for i, n in enumerate(x) if n == extent and math.prod(x[:i]) == before]
    return Shuffle(axes[0], parts[at]) if axes else None


def find_shuffles(graph: Graph, target: Target) -> bool:
    """Exact: the same elements in the same places."""
    del target
    producers, readers, uses_of = graph.producers(), graph.consumers(), uses(graph)
    gone: list[Node] = []
    for swap in graph.nodes:
        if not isinstance(swap.op, Transpose) or swap.inputs[0] is None:
            continue
        split, ends = producers.get(swap.input(0)), readers.get(swap.out, [])
        if split is None or not isinstance(split.op, Reshape) or split.inputs[0] is None or len(ends) != 1:
            continue
        (join,) = ends
        if not isinstance(join.op, Reshape) or uses_of[split.out] != 1 or uses_of[swap.out] != 1:
            continue
        op = _shuffle(split, swap, join)
        if op is not None and not split.input(0).is_constant:
            join.op, join.inputs = op, [split.input(0)]
            gone += [split, swap]
    graph.remove(gone)
    return bool(gone)
