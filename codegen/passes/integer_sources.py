"""What integers the real numbers of a graph stand for: what the passes that compute on them have in common.

A real number has an origin if it comes from Dequantize of 8-bit integers, at most moved since. u8 is computed as s8,
128 less, so all zero points here are those of s8.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from edgegen.ir.dtypes import F32, S8, U8, DType
from edgegen.ir.fixed_point import IntArray
from edgegen.ir.graph import Graph, Node
from edgegen.ir.op import NO_CLAMP, Op, Range
from edgegen.ir.tensor import Array, Tensor, constant
from edgegen.ops.broadcast_to import BroadcastTo
from edgegen.ops.concat import Concat
from edgegen.ops.gather import Gather
from edgegen.ops.mirror_pad import MirrorPad
from edgegen.ops.pad import Pad
from edgegen.ops.pool2d import Pool2d
from edgegen.ops.reduce import Reduce
from edgegen.ops.requantize import TO_SIGNED, TO_UNSIGNED, Dequantize, Quantize
from edgegen.ops.reshape import Reshape
from edgegen.ops.resize import Resize
from edgegen.ops.slice import Slice
from edgegen.ops.table import Table
from edgegen.ops.transpose import Transpose
from edgegen.passes.substitution import uses

_TO_UNSIGNED = tuple(int(v) for v in np.arange(256) ^ 128)
_TO_SIGNED = tuple(int(v) for v in np.arange(256) - 128)


def moves(op: Op) -> bool:
    """Whether each result is one of the elements of the operator's inputs, or a constant, chosen alike before and
    after they are quantized: scales are positive, so the greatest number stays the greatest."""
    if isinstance(op, Pool2d):
        return op.pooling == "max" and op.clamp == NO_CLAMP
    if isinstance(op, Reduce):
        return op.function in ("max", "min")
    if isinstance(op, Resize):
        return op.interpolation == "nearest"
    return isinstance(op, BroadcastTo | Concat | Gather | MirrorPad | Pad | Reshape | Slice | Transpose)


def moved(node: Node) -> list[Tensor]:
    """The inputs that a node which moves numbers moves; others, of other types, say where to."""
    return [t for t in node.inputs if t is not None and t.dtype == node.out.dtype]


def with_padding(op: Op, quantize: Quantize) -> Op:
    """The operator that moves what is quantized already."""
    if not isinstance(op, Pad):
        return op
    (value,) = quantize.reference(np.array(op.value, np.float32))
    return replace(op, value=int(value))


def flips(node: Node, of: DType = S8) -> bool:
    """Whether the node gives u8 128 greater than its s8, or s8 128 less than its u8."""
    if node.op == (TO_UNSIGNED if of == S8 else TO_SIGNED):
        return True
    turned = isinstance(node.op, Table) and node.op.values == (_TO_UNSIGNED if of == S8 else _TO_SIGNED)
    return turned and node.input(0).dtype == of


def weights_of(w: Tensor, axis: int) -> tuple[IntArray, Array] | None:
    """(steps from the zero point, scales f32 of all or of each channel) of f32 weights; None unless these are exactly
    the numbers that the weights are."""
    q = w.type.quantization
    if q is None or q.block or (len(q.scale) > 1 and q.axis != axis):
        return None
    scale = np.array(q.scale, np.float32)
    shape = [1] * w.rank
    shape[axis] = len(scale)
    if not (scale > 0).all():
        return None
    steps = np.rint(w.values / scale.reshape(shape))
    if not np.array_equal(steps.astype(np.float32) * scale.reshape(shape), w.values):
        return None
    return steps.astype(np.int64), scale


@dataclass(frozen=True)
class Source:
    """What an f32 tensor stands for: scale * (s8 - zero).

    known: the s8, if it is constant
    """

    scale: float
    zero: int
    known: Tensor | None = None


@dataclass(frozen=True)
class Sink:
    """The Quantize that alone reads a node's result; zero and what is clamped are those of s8.

    is_u8: of the node's own result
    """

    node: Node
    op: Quantize

    @property
    def is_u8(self) -> bool:
        return self.op.dtype == "u8"

    @property
    def zero(self) -> int:
        return self.op.zero_point - 128 * self.is_u8

    def clamp(self, reals: Range) -> Range:
        """A clamp of real numbers, on integers."""
        (bounds,) = self.op.reference(np.array([reals.low, reals.high], np.float32))
        low, high = (int(bound) - 128 * self.is_u8 for bound in bounds)
        return Range(low, high)


class IntegerRewriting:
    """One walk over a graph: new nodes stand where the old ones did."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.changed = False
        self._uses: Counter[Tensor] = uses(graph)
        self._producers = graph.producers()
        self._consumers = graph.consumers()

    def insert(self, before: Node, op: Op, inputs: list[Tensor | None], name: str, source: str) -> Tensor:
        """The result of a new node."""
        (type,) = op.infer(*(None if t is None else t.type for t in inputs))
        node = Node(op, inputs, [Tensor(name, type)], name, source)
        self.graph.insert_before(before, node)
        self._producers[node.out] = node
        return node.out

    def producer(self, tensor: Tensor) -> Node | None:
        return self._producers.get(tensor)

    def alone(self, tensor: Tensor) -> bool:
        """Whether the tensor is read once, by a node."""
        return self._uses[tensor] == len(self._consumers.get(tensor, [])) == 1

    def origin(self, tensor: Tensor) -> Node | None:
        """The Dequantize of 8-bit integers that an f32 tensor comes from, moved as it is."""
        node = self._producers.get(tensor)
        if node is None:
            return None
        if isinstance(node.op, Dequantize):
            fits = node.input(0).dtype in (S8, U8) and len(node.op.scale) == 1 and node.op.scale[0] > 0
            return node if fits else None
        if not moves(node.op) or len(moved(node)) != 1:
            return None
        found = self.origin(moved(node)[0])
        if found is not None and isinstance(node.op, Pad) and self._padding(node.op, found) is None:
            return None
        return found

    def _padding(self, op: Pad, origin: Node) -> Pad | None:
        """The same padding of s8; None if no integer stands for it."""
        of = origin.op
        assert isinstance(of, Dequantize)
        quantize = Quantize(of.scale[0], of.zero_point[0], origin.input(0).dtype.name, even=True)
        (value,) = quantize.reference(np.array(op.value, np.float32))
        if of.reference(value)[0] != np.float32(op.value):
            return None
        return replace(op, value=int(value) - 128 * (origin.input(0).dtype == U8))

    def integers(self, tensor: Tensor, before: Node) -> Tensor:
        """s8 that an f32 tensor with an origin stands for: the origin's, moved likewise."""
        node = self._producers[tensor]
        if isinstance(node.op, Dequantize):
            return self.signed(node.input(0), before)
        origin = self.origin(tensor)
        assert origin is not None
        op = self._padding(node.op, origin) if isinstance(node.op, Pad) else node.op
        assert op is not None
        inputs = [t if t is None or t.dtype != F32 else self.integers(t, before) for t in node.inputs]
        return self.insert(before, op, inputs, f"{node.name}/s8", node.source)

    def signed(self, x: Tensor, before: Node) -> Tensor:
        """u8 as s8: what it was made of, moved likewise, if it was made of s8."""
        if x.dtype == S8:
            return x
        node = self._producers.get(x)
        if node is not None and flips(node):
            return node.input(0)
        if node is not None and self.was_signed(x):
            return self.moved_signed(node, before)
        return self.insert(before, TO_SIGNED, [x], f"{x.name}/s8", before.source)

    def moved_signed(self, node: Node, before: Node) -> Tensor:
        """The result of a node that moves u8, as s8 that are moved likewise."""
        op = replace(node.op, value=node.op.value - 128) if isinstance(node.op, Pad) else node.op
        inputs = [t if t is None or t.dtype != U8 else self.signed(t, before) for t in node.inputs]
        return self.insert(before, op, inputs, f"{node.name}/s8", node.source)

    def was_signed(self, x: Tensor) -> bool:
        """Whether x is u8 made of s8 alone, at most moved since by what nothing else reads."""
        node = self._producers.get(x)
        if node is None or x.dtype != U8:
            return False
        if flips(node):
            return True
        return moves(node.op) and self.alone(x) and all(self.was_signed(t) for t in moved(node))

    def source(self, tensor: Tensor) -> Source | None:
        """What an f32 operand stands for; None if it is not 8-bit integers of one scale."""
        if tensor.is_constant:
            found = weights_of(tensor, 0) if tensor.rank else None
            if found is None or len(found[1]) != 1:
                return None
            low, high = int(found[0].min(initial=0)), int(found[0].max(initial=0))
            if high - low > 255:
                return None
            zero = -128 - low  # so that the least is -128
            return Source(float(found[1][0]), zero, constant(f"{tensor.name}/s8", found[0] + zero, S8))
        origin = self.origin(tensor)
        if origin is None:
            return None
        of = origin.op
        assert isinstance(of, Dequantize)
        return Source(of.scale[0], of.zero_point[0] - 128 * (origin.input(0).dtype == U8))

    def sink(self, node: Node) -> Sink | None:
        """What quantizes the node's f32 result with ties to even, if nothing else reads it."""
        if node.out.dtype != F32 or not self.alone(node.out):
            return None
        reader = self._consumers[node.out][0]
        op = reader.op
        if isinstance(op, Quantize) and op.even and op.dtype in ("s8", "u8") and op.scale > 0:
            return Sink(reader, op)
        return None

    def give(self, sink: Sink, op: Op, inputs: list[Tensor | None], of: Node) -> None:
        """The sink's result, if it is u8 by way of s8, is that of `op`, which stands for node `of`."""
        y = self.insert(sink.node, op, inputs, f"{of.name}/integers", of.source)
        self.replace(sink.node, TO_UNSIGNED if sink.is_u8 else None, y)

    def replace(self, node: Node, op: Any, y: Tensor) -> None:
        """`node` gives way to `op` of y, or to what computes y."""
        if op is not None:
            node.op, node.inputs = op, [y]
        else:
            maker = self._producers[y]
            maker.outputs = [node.out]
            self._producers[node.out] = maker
            self.graph.remove([node])
        self.changed = True
