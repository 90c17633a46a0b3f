"""Removes nodes that change nothing, to the bit, and merges neighbours that only move values."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from edgegen.ir.dtypes import DType
from edgegen.ir.graph import Graph, Node
from edgegen.ir.op import NO_CLAMP, Op, Range
from edgegen.ir.tensor import Array, Tensor
from edgegen.ops.binary import Binary
from edgegen.ops.broadcast_to import BroadcastTo
from edgegen.ops.clamp import Clamp
from edgegen.ops.concat import Concat
from edgegen.ops.copy import Copy
from edgegen.ops.mirror_pad import MirrorPad
from edgegen.ops.pad import LOOPS, Pad, only_value
from edgegen.ops.pool2d import Pool2d
from edgegen.ops.reshape import Reshape
from edgegen.ops.resize import Resize
from edgegen.ops.slice import Slice
from edgegen.ops.transpose import Transpose
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


def _limits_nothing(clamp: Range, dtype: DType) -> bool:
    low, high = dtype.range if dtype.is_integer else (NO_CLAMP.low, NO_CLAMP.high)
    return clamp.low <= low and clamp.high >= high


def _clamp(node: Node) -> Tensor | None:
    assert isinstance(node.op, Clamp)
    return node.input(0) if _limits_nothing(node.op.clamp, node.out.dtype) else None


def _pool2d(node: Node) -> Tensor | None:
    """A window of one pixel, unless its sign is lost."""
    op = node.op
    assert isinstance(op, Pool2d)
    one_pixel = op.pooling != "l2" and (op.kernel, op.stride, op.pad) == ((1, 1), (1, 1), (0, 0, 0, 0))
    return node.input(0) if one_pixel and _limits_nothing(op.clamp, node.out.dtype) else None


def _same_shape(node: Node) -> Tensor | None:
    """Reshapes, pads and repetitions that leave the shape alone leave everything alone, as do copies."""
    return node.input(0) if node.input(0).shape == node.out.shape else None


def _slice(node: Node) -> Tensor | None:
    assert isinstance(node.op, Slice)
    return (
        _same_shape(node)
        if all(s == 1 or n == 1 for s, n in zip(node.op.stride, node.out.shape, strict=True))
        else None
    )


def _transpose(node: Node) -> Tensor | None:
    assert isinstance(node.op, Transpose)
    return node.input(0) if node.op.perm == tuple(range(node.out.rank)) else None


def _concat(node: Node) -> Tensor | None:
    return node.input(0) if len(node.inputs) == 1 else None


def _padded(op: Concat, inputs: Sequence[Tensor | None], rank: int) -> tuple[Pad, Tensor] | None:
    """The pad that a concatenation of one activation and of constants of one value is, and what it pads."""
    found = [(i, t) for i, t in enumerate(inputs) if t is not None and not t.is_constant]
    constants = [t.values.reshape(-1) for t in inputs if t is not None and t.is_constant]
    value = only_value(np.concatenate(constants)) if len(found) == 1 and constants else None
    if value is None or value[0] != value[0] or rank > LOOPS + 1:
        return None
    ((position, source),) = found
    before, after = (
        tuple(sum(t.shape[axis] for t in side if t is not None) if axis == op.axis else 0 for axis in range(rank))
        for side in (inputs[:position], inputs[position + 1 :])
    )
    return Pad(before, after, value[0].item()), source


def _resize(node: Node) -> Tensor | None:
    """To the same size, except between floats, where 0 * inf is not 0."""
    op, x = node.op, node.input(0)
    assert isinstance(op, Resize)
    if x.shape != node.out.shape or (op.interpolation == "bilinear" and x.dtype.is_float):
        return None
    for axis in (0, 1):
        extent = x.shape[axis + 1]
        if op.interpolation == "nearest":
            pixels = op.nearest(axis, extent)
        else:
            pixels, _, fraction = op.between_fixed(axis, extent)
            if fraction.any():
                return None
        if not np.array_equal(pixels, np.arange(extent)):
            return None
    return x


_UNCHANGED: dict[type[Op], Callable[[Node], Tensor | None]] = {
    Binary: _binary,
    BroadcastTo: _same_shape,
    Clamp: _clamp,
    Concat: _concat,
    Copy: _same_shape,
    MirrorPad: _same_shape,
    Pad: _same_shape,
    Pool2d: _pool2d,
    Reshape: _same_shape,
    Resize: _resize,
    Slice: _slice,
    Transpose: _transpose,
}


def _merged(outer: Op, inner: Op) -> Op | None:
    """One operator that does what `inner` and then `outer` do; None if there is none."""
    if isinstance(outer, Reshape) and isinstance(inner, Reshape):
        return outer
    if isinstance(outer, Transpose) and isinstance(inner, Transpose):
        return Transpose(tuple(inner.perm[axis] for axis in outer.perm))
    if isinstance(outer, Slice) and isinstance(inner, Slice):
        begin = tuple(b + c * s for b, c, s in zip(inner.begin, outer.begin, inner.stride, strict=True))
        stride = tuple(s * t for s, t in zip(inner.stride, outer.stride, strict=True))
        return Slice(begin, outer.size, stride)
    if isinstance(outer, Pad) and isinstance(inner, Pad) and repr(outer.value) == repr(inner.value):  # -0.0 is not 0.0
        before = tuple(a + b for a, b in zip(outer.before, inner.before, strict=True))
        after = tuple(a + b for a, b in zip(outer.after, inner.after, strict=True))
        return Pad(before, after, outer.value)
    return None


def _merge(node: Node, substitution: Substitution) -> bool:
    """Lets the node read what the node before it reads, where one operator does for both."""
    maker = substitution.producer(node.input(0)) if node.inputs and node.inputs[0] is not None else None
    merged = _merged(node.op, maker.op) if maker is not None else None
    if maker is None or merged is None:
        return False
    node.op, node.inputs = merged, list(maker.inputs)
    return True


def simplify_algebra(graph: Graph, target: Target) -> bool:
    """Where the graph needs both names of a value, a view of the one remains for the other."""
    del target
    substitution = Substitution(graph)
    changed = False
    for node in graph.nodes:
        node.inputs = substitution.inputs(node)
        changed |= _merge(node, substitution)
        padded = _padded(node.op, node.inputs, node.out.rank) if isinstance(node.op, Concat) else None
        if padded is not None:
            node.op, node.inputs = padded[0], [padded[1]]
            changed = True
        unchanged = _UNCHANGED.get(type(node.op))
        source = unchanged(node) if unchanged is not None else None
        if source is None or substitution.bypass(node, [source]):
            continue
        if not isinstance(node.op, Reshape):
            node.op, node.inputs = Reshape(node.out.shape), [source]
            changed = True
    return substitution.apply() or changed
