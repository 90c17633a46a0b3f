"""Bounds on what every channel of a quantized tensor can hold, whatever the inputs: sound, not always tight."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from edgegen.ir.dtypes import S8
from edgegen.ir.fixed_point import FixedPoint, IntArray
from edgegen.ir.graph import Graph, Node
from edgegen.ir.op import Op, Range
from edgegen.ir.tensor import Tensor
from edgegen.ops.binary import Binary
from edgegen.ops.clamp import Clamp
from edgegen.ops.conv2d import Conv2d
from edgegen.ops.copy import Copy
from edgegen.ops.dense import Dense
from edgegen.ops.depthwise_conv2d import DepthwiseConv2d
from edgegen.ops.pool2d import Pool2d
from edgegen.ops.reduce import Reduce
from edgegen.ops.requantize import Requantize
from edgegen.ops.reshape import Reshape
from edgegen.ops.table import Table
from edgegen.ops.unary import Unary

_S32 = (1 << 31) - 1


@dataclass(frozen=True)
class Channels:
    """Least and greatest value of each index of the last axis, int64[C]."""

    low: IntArray
    high: IntArray

    @property
    def constant(self) -> IntArray:
        """bool[C]: which channels hold one value only."""
        return self.low == self.high


Ranges = dict[Tensor, Channels]


def anything(tensor: Tensor) -> Channels:
    """All values of s8."""
    count = tensor.shape[-1]
    return Channels(np.full(count, -128), np.full(count, 127))


def requantized(low: IntArray, high: IntArray, requantize: FixedPoint, clamp: Range) -> Channels:
    """Bounds of an s8 result whose 32-bit accumulator lies between low and high, int64[C].

    Requantization never decreases as long as nothing overflows; where an accumulator may, the result may be anything.
    """
    multiplier, shift = (a.astype(np.int64) for a in requantize.per_channel(len(low)))
    safe = np.maximum(np.abs(low), np.abs(high)) <= _S32 >> np.maximum(shift, 0)
    safe &= multiplier >= 0
    bottom, top = max(-128, int(max(clamp.low, -128))), min(127, int(min(clamp.high, 127)))
    first, last = (np.clip(requantize.apply(np.where(safe, a, 0)), bottom, top) for a in (low, high))
    return Channels(np.where(safe, first, -128), np.where(safe, last, 127))


def _product(weights: IntArray, low: IntArray, high: IntArray) -> tuple[IntArray, IntArray]:
    """Bounds of weights * x, element by element, for x between low and high."""
    a, b = weights * low, weights * high
    return np.minimum(a, b), np.maximum(a, b)


def _weighted(node: Node, ranges: Ranges) -> Channels:
    """Conv2d, Dense and DepthwiseConv2d with constant weights."""
    op, x, w = node.op, node.input(0), node.input(1)
    bias = node.inputs[2] if len(node.inputs) > 2 else None
    assert isinstance(op, Conv2d | Dense | DepthwiseConv2d)
    if op.requantize is None or w.data is None or (bias is not None and bias.data is None):
        return anything(node.out)
    known = ranges[x]
    low, high = known.low - op.x_zero, known.high - op.x_zero
    if not isinstance(op, Dense) and any(op.pad):
        low, high = np.minimum(low, 0), np.maximum(high, 0)
    weights = w.data.astype(np.int64)
    if isinstance(op, DepthwiseConv2d):
        times = w.shape[2] // x.shape[3]
        least, most = _product(weights, np.repeat(low, times), np.repeat(high, times))
        axes: tuple[int, ...] = (0, 1)
    else:
        if w.shape[-1] != x.shape[-1]:  # each group reads some channels only
            low, high = np.broadcast_to(low.min(), w.shape[-1:]), np.broadcast_to(high.max(), w.shape[-1:])
        least, most = _product(weights, low, high)
        axes = tuple(range(1, w.rank))
    offset = 0 if bias is None else bias.values.astype(np.int64)
    return requantized(least.sum(axes) + offset, most.sum(axes) + offset, op.requantize, op.clamp)


def _mapped(node: Node, ranges: Ranges) -> Channels:
    """A function of one s8 number: the least and greatest of its results between the bounds."""
    (table,) = node.op.reference(np.arange(-128, 128).astype(np.int8))
    known = ranges[node.input(0)]
    spans = [table[a + 128 : b + 129] for a, b in zip(known.low.tolist(), known.high.tolist(), strict=True)]
    return Channels(np.array([int(s.min()) for s in spans]), np.array([int(s.max()) for s in spans]))


def _binary(node: Node, ranges: Ranges) -> Channels:
    """Sum, difference and product of two intervals have their extremes where both operands are at theirs."""
    op, corners = node.op, []
    assert isinstance(op, Binary)
    factors = [f for f in (op.a_rescale, op.b_rescale, op.requantize) if f is not None]
    largest_shift = 14 if op.function == "mul" else 0  # products of 17 bits, sums of 30: more could overflow
    if op.requantize is None or any(max(f.shift) > largest_shift or min(f.multiplier) < 0 for f in factors):
        return anything(node.out)
    channels = node.out.shape[-1]
    for tensor in (node.input(0), node.input(1)):
        if tensor.data is not None:
            flat = tensor.data.reshape(-1, tensor.shape[-1] if tensor.rank else 1)
            low, high = flat.min(axis=0), flat.max(axis=0)
        else:
            low, high = ranges[tensor].low, ranges[tensor].high
        if len(low) not in (1, channels):
            return anything(node.out)
        corners.append([np.broadcast_to(a, (channels,)).astype(np.int8) for a in (low, high)])
    results = np.stack([op.reference(a, b)[0] for a in corners[0] for b in corners[1]]).astype(np.int64)
    return Channels(results.min(axis=0), results.max(axis=0))


def _pool2d(node: Node, ranges: Ranges) -> Channels:
    """Averages and maxima lie between the least and the greatest of what they are taken of, if they keep its scale."""
    assert isinstance(node.op, Pool2d)
    if node.op.requantize is not None:
        return anything(node.out)
    low, high = int(max(node.op.clamp.low, -128)), int(min(node.op.clamp.high, 127))
    known = ranges[node.input(0)]
    return Channels(np.clip(known.low, low, high), np.clip(known.high, low, high))


def _reduce(node: Node, ranges: Ranges) -> Channels:
    op, x = node.op, node.input(0)
    assert isinstance(op, Reduce)
    if op.requantize is None or x.rank - 1 in op.axes or not node.out.shape:
        return anything(node.out)
    count = int(np.prod([x.shape[a] for a in op.axes]))
    known = ranges[x]
    low, high = (known.low - op.x_zero) * count, (known.high - op.x_zero) * count
    return requantized(low, high, op.requantize, Range(-128, 127))


def _reshape(node: Node, ranges: Ranges) -> Channels:
    known, old, new = ranges[node.input(0)], node.input(0).shape[-1], node.out.shape[-1]
    if new % old == 0:  # element i of any row is of channel i % C
        return Channels(np.tile(known.low, new // old), np.tile(known.high, new // old))
    return Channels(np.full(new, known.low.min()), np.full(new, known.high.max()))


def _same(node: Node, ranges: Ranges) -> Channels:
    return ranges[node.input(0)]


_RULES: dict[type[Op], Callable[[Node, Ranges], Channels]] = {
    Binary: _binary,
    Clamp: _mapped,
    Conv2d: _weighted,
    Copy: _same,
    Dense: _weighted,
    DepthwiseConv2d: _weighted,
    Pool2d: _pool2d,
    Reduce: _reduce,
    Requantize: _mapped,
    Reshape: _reshape,
    Table: _mapped,
    Unary: _mapped,
}


def value_ranges(graph: Graph) -> Ranges:
    """Bounds of every s8 activation of rank 1 or more."""
    ranges: Ranges = {t: anything(t) for t in graph.sources if t.dtype == S8 and t.shape}
    for node in graph.nodes:
        rule = _RULES.get(type(node.op))
        known = all(t is None or t.is_constant or t in ranges for t in node.inputs)
        for tensor in node.outputs:
            if tensor.dtype == S8 and tensor.shape:
                activation = not node.inputs or node.inputs[0] in ranges or isinstance(node.op, Binary)
                ranges[tensor] = rule(node, ranges) if rule is not None and known and activation else anything(tensor)
    return ranges
