"""Lets what follows an operator read its result before it is rounded to a narrow float, so that the two can become one.

Where no kernel computes in f16 or bf16, each operator of a model in such a type reads f32 made of its inputs, and its
result is rounded. Between an operator and an element-wise one that alone reads it, as between a convolution, its batch
normalization and its activation, the rounding is left out: results differ from the model's by what it would have lost.
Where the two do not become one, store_halves puts the rounding back.
"""

from __future__ import annotations

from collections import Counter

from edgegen.ir.dtypes import BF16, F16, F32
from edgegen.ir.graph import Graph, Node
from edgegen.ir.tensor import Tensor
from edgegen.ops.binary import Binary
from edgegen.ops.cast import Cast
from edgegen.ops.clamp import Clamp
from edgegen.ops.unary import Unary
from edgegen.passes.substitution import uses
from edgegen.targets import Target


def _cast(node: Node | None) -> Node | None:
    return node if node is not None and isinstance(node.op, Cast) else None


def _element_wise(node: Node, x: Tensor) -> bool:
    """Whether the node computes each element of its result from one of x and constants."""
    if not isinstance(node.op, Binary | Clamp | Unary) or node.out.shape != x.shape:
        return False
    return all(t is x or t is None or t.is_constant for t in node.inputs)


def _unrounded(x: Tensor, producers: dict[Tensor, Node], uses_of: Counter[Tensor]) -> Tensor | None:
    """The f32 that x was rounded from on its way to f32 again, read by nobody else; None if there is no such."""
    back = _cast(producers.get(x))
    narrow = _cast(producers.get(back.input(0))) if back is not None else None
    if back is None or narrow is None or x.dtype != F32 or narrow.out.dtype not in (F16, BF16):
        return None
    before = narrow.input(0)
    maker = producers.get(before)
    alone = uses_of[x] == uses_of[narrow.out] == uses_of[before] == 1
    return before if alone and before.dtype == F32 and maker is not None and not isinstance(maker.op, Cast) else None


def fuse_rounding(graph: Graph, target: Target) -> bool:
    """f16 and bf16 only: rounding to an 8-bit float is what a model does on purpose."""
    del target
    uses_of, producers = uses(graph), graph.producers()
    changed = False
    for node in graph.nodes:
        for i, x in enumerate(node.inputs):
            before = None if x is None else _unrounded(x, producers, uses_of)
            if x is not None and before is not None and _element_wise(node, x):
                before.rounded = producers[x].input(0).dtype
                node.inputs[i] = before  # nobody reads the casts then
                changed = True
    return changed
