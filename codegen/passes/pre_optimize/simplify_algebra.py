"""Removes nodes that change nothing, to the bit."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from edgegen.ir.graph import Graph, Node
from edgegen.ir.op import NO_CLAMP, Op
from edgegen.ir.tensor import Array, Tensor
from edgegen.ops.binary import Binary
from edgegen.ops.pool2d import Pool2d
from edgegen.ops.reshape import Reshape
from edgegen.passes.substitution import Substitution
from edgegen.targets import Target

# Float operands that leave every value as it is, -0.0 and NaN included: -0.0 + 0.0 would be 0.0.
_NEUTRAL: dict[str, float] = {"add": -0.0, "sub": 0.0, "mul": 1.0}


def _all_values(dtype: np.dtype) -> Array:
    """Every value of an integer type of up to 16 bits."""
    limits = np.iinfo(dtype)
    return np.arange(limits.min, limits.max + 1, dtype=np.int32).astype(dtype)


def _binary(node: Node) -> Tensor | None:
    """x + 0, x - 0, x * 1 and whatever else leaves every quantized value where it was."""
    assert isinstance(node.op, Binary)
    for position in (0, 1):
        x, c = node.input(position), node.input(1 - position)
        if (
            c.is_constant
            and not x.is_constant
            and x.shape == node.out.shape
            and _is_neutral(node.op, position, c.values)
        ):
            return x
    return None


def _is_neutral(op: Binary, position: int, constant: Array) -> bool:
    """Whether the operator gives back its operand at `position` for any value of that, beside this constant."""
    if np.issubdtype(constant.dtype, np.floating):
        neutral = np.array(_NEUTRAL.get(op.function, np.nan), constant.dtype)
        commutes = op.function in ("add", "mul") or position == 0
        equal = (constant == neutral) & (np.signbit(constant) == np.signbit(neutral))
        return commutes and op.clamp == NO_CLAMP and bool(equal.all())
    if constant.dtype.itemsize > 2:
        return False
    x = _all_values(constant.dtype)[:, None]
    c = np.unique(constant)[None, :]
    if c.size * x.size > 1 << 20:
        return False
    (y,) = op.reference(x, c) if position == 0 else op.reference(c, x)
    return bool((y == x).all())


def _pool2d(node: Node) -> Tensor | None:
    """A window of one pixel."""
    op, x = node.op, node.input(0)
    assert isinstance(op, Pool2d)
    if (op.kernel, op.stride, op.pad) != ((1, 1), (1, 1), (0, 0, 0, 0)):
        return None
    low, high = x.dtype.range if x.dtype.is_integer else (NO_CLAMP.low, NO_CLAMP.high)
    return x if op.clamp.low <= low and op.clamp.high >= high else None


def _reshape(node: Node) -> Tensor | None:
    return node.input(0) if node.input(0).shape == node.out.shape else None


_UNCHANGED: dict[type[Op], Callable[[Node], Tensor | None]] = {
    Binary: _binary,
    Pool2d: _pool2d,
    Reshape: _reshape,
}


def _skip_inner_view(node: Node, substitution: Substitution) -> bool:
    """A reshape of a reshape reads the first one's source."""
    inner = substitution.producer(node.input(0))
    if inner is None or not isinstance(inner.op, Reshape):
        return False
    node.inputs = list(inner.inputs)
    return True


def simplify_algebra(graph: Graph, target: Target) -> bool:
    """Where the graph needs both names of a value, a view of the one remains for the other."""
    del target
    substitution = Substitution(graph)
    changed = False
    for node in graph.nodes:
        node.inputs = substitution.inputs(node)
        if isinstance(node.op, Reshape):
            changed |= _skip_inner_view(node, substitution)
        unchanged = _UNCHANGED.get(type(node.op))
        source = unchanged(node) if unchanged is not None else None
        if source is None or substitution.bypass(node, [source]):
            continue
        if not isinstance(node.op, Reshape):
            node.op, node.inputs = Reshape(node.out.shape), [source]
            changed = True
    return substitution.apply() or changed
