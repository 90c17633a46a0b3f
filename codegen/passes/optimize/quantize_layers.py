"""Turns Dequantize -> layer -> Quantize into the layer on integers, with ONNX's requantization.

A convolution or dense layer on s8 or u8 whose weights and bias are constants that remember their scales, and whose
result is quantized with ties to even, adds up integers and multiplies the sums by x scale * w scale / y scale, an f32,
as onnxruntime's fusion into QLinearConv and QGemm does. Against the float operators, which round every product, a
result may differ by one step where it lies within their rounding errors of a tie. Bias without scales is rounded to
steps of x scale * w scale, as onnxruntime's does. u8 is computed as s8, 128 less.

Sums, differences and products of two tensors, and what only moves elements or takes the greatest, between Dequantize
and Quantize are computed from the integers too; there the results are the same to the bit.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np

from edgegen.errors import InvalidGraph
from edgegen.ir.dtypes import F32, S8, S16, S32, U8
from edgegen.ir.fixed_point import IntArray, ScaledRound
from edgegen.ir.graph import Graph, Node
from edgegen.ir.op import NO_CLAMP, Range
from edgegen.ir.tensor import Array, Tensor, constant
from edgegen.ops.binary import Binary
from edgegen.ops.concat import Concat
from edgegen.ops.conv2d import Conv2d
from edgegen.ops.dense import Dense
from edgegen.ops.depthwise_conv2d import DepthwiseConv2d
from edgegen.ops.pool2d import Pool2d
from edgegen.ops.requantize import TO_SIGNED, TO_UNSIGNED, Dequantize, Quantize
from edgegen.ops.reshape import Reshape
from edgegen.ops.scaled_binary import FUNCTIONS, ScaledBinary
from edgegen.ops.slice import Slice
from edgegen.ops.table import Table
from edgegen.ops.transpose import Transpose
from edgegen.passes.substitution import uses
from edgegen.targets import Target

_UNITS = {Conv2d: 0, DepthwiseConv2d: 2, Dense: 0}
"""The axis of the weights that counts the output's channels."""


_FLIPPED = tuple(int(v) for v in np.arange(256) ^ 128)


def _moves(op: object) -> bool:
    """Whether each result is one of the operator's inputs' elements, chosen alike before and after they are quantized:
    scales are positive, so the greatest number stays the greatest."""
    return isinstance(op, Concat | Reshape | Slice | Transpose) or (isinstance(op, Pool2d) and op.pooling == "max")


def _flips(node: Node) -> bool:
    """Whether the node gives u8 128 greater than its s8."""
    if node.op == TO_UNSIGNED:
        return True
    return isinstance(node.op, Table) and node.input(0).dtype == S8 and node.op.values == _FLIPPED


def _integers_of(w: Tensor, axis: int) -> tuple[IntArray, Array] | None:
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


class _Rewriting:
    """One walk over a graph: new nodes stand where the old ones did."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._uses: Counter[Tensor] = uses(graph)
        self._producers = graph.producers()
        self._consumers = graph.consumers()
        self.changed = False

    def _insert(self, before: Node, op: Any, inputs: list[Tensor | None], name: str, source: str) -> Tensor:
        (type,) = op.infer(*(None if t is None else t.type for t in inputs))
        node = Node(op, inputs, [Tensor(name, type)], name, source)
        self._graph.insert_before(before, node)
        self._producers[node.out] = node
        return node.out

    def _origin(self, tensor: Tensor) -> Node | None:
        """The Dequantize of 8-bit integers that an f32 tensor comes from, moved as it is."""
        node = self._producers.get(tensor)
        if node is not None and isinstance(node.op, Dequantize):
            fits = node.input(0).dtype in (S8, U8) and len(node.op.scale) == 1 and node.op.scale[0] > 0
            return node if fits else None
        moves = node is not None and _moves(node.op) and len(node.inputs) == 1
        return self._origin(node.input(0)) if node is not None and moves else None

    def _integers(self, tensor: Tensor, before: Node) -> Tensor:
        """s8 that an f32 tensor with an origin stands for: the origin's, moved likewise."""
        node = self._producers[tensor]
        if isinstance(node.op, Dequantize):
            return self.signed(node.input(0), before)
        return self._insert(before, node.op, [self._integers(node.input(0), before)], f"{node.name}/s8", node.source)

    def signed(self, x: Tensor, before: Node) -> Tensor:
        """u8 as s8: what it was made of, moved likewise, if it was made of s8."""
        if x.dtype == S8:
            return x
        node = self._producers.get(x)
        if node is not None and _flips(node):
            return node.input(0)
        if node is not None and _moves(node.op) and len(node.inputs) == 1:
            inner = self.signed(node.input(0), before)
            return self._insert(before, node.op, [inner], f"{node.name}/s8", node.source)
        return self._insert(before, TO_SIGNED, [x], f"{x.name}/s8", before.source)

    def _quantized_by(self, node: Node) -> Node | None:
        """The Quantize that alone reads the node's result."""
        readers = self._consumers.get(node.out, [])
        if len(readers) != 1 or self._uses[node.out] != 1:
            return None
        op = readers[0].op
        even = isinstance(op, Quantize) and op.even and op.dtype in ("s8", "u8") and op.scale > 0
        return readers[0] if even else None

    def layer(self, node: Node) -> None:
        """A layer between Dequantize and Quantize."""
        op, quantize = node.op, self._quantized_by(node)
        if not isinstance(op, Conv2d | DepthwiseConv2d | Dense) or quantize is None or node.out.dtype != F32:
            return
        if any(t is not None and not t.is_constant for t in node.inputs[1:]):
            return
        weights = _integers_of(node.input(1), _UNITS[type(op)])
        to = quantize.op
        assert isinstance(to, Quantize)
        if weights is None or np.ptp(weights[0]) > 255 or np.abs(weights[0]).max(initial=0) > 255:
            return
        origin = self._origin(node.input(0))
        if origin is None:
            return
        of = origin.op
        assert isinstance(of, Dequantize)
        steps, w_scale = weights
        units = node.input(1).shape[_UNITS[type(op)]]
        step = np.float32(of.scale[0]) * w_scale
        bias = _bias(node.inputs[2] if len(node.inputs) > 2 else None, step, units)
        offset = 128 if to.dtype == "u8" else 0
        try:
            factors = step / np.float32(to.scale)
            requantize = ScaledRound.from_scales([float(f) for f in factors], to.zero_point - offset)
        except InvalidGraph:
            return
        if bias is None:
            return
        (bounds,) = to.reference(np.array([op.clamp.low, op.clamp.high], np.float32))
        low, high = (int(bound) - offset for bound in bounds)
        x = self._integers(node.input(0), node)
        x_zero = of.zero_point[0] - (128 if origin.input(0).dtype == U8 else 0)
        dtype = S8 if steps.min(initial=0) >= -128 and steps.max(initial=0) <= 127 else S16
        w = constant(f"{node.input(1).name}/{dtype}", steps, dtype)
        b = constant(f"{node.name}/bias", bias, S32)
        changes: dict[str, Any] = {"x_zero": x_zero, "requantize": requantize, "clamp": Range(low, high)}
        y = self._insert(quantize, replace(op, **changes), [x, w, b], f"{node.name}/integers", node.source)
        self._give(quantize, TO_UNSIGNED if offset else None, y)

    def binary(self, node: Node) -> None:
        """A sum, difference or product between Dequantize and Quantize; one operand may be constant."""
        op, quantize = node.op, self._quantized_by(node)
        if not isinstance(op, Binary) or op.function not in FUNCTIONS or quantize is None or node.out.dtype != F32:
            return
        left, right = self._operand(node.input(0)), self._operand(node.input(1))
        if left is None or right is None:
            return
        (a_scale, a_zero, a), (b_scale, b_zero, b) = left, right
        if a is not None and b is not None:
            return
        to = quantize.op
        assert isinstance(to, Quantize)
        offset = 128 if to.dtype == "u8" else 0
        (bounds,) = to.reference(np.array([op.clamp.low, op.clamp.high], np.float32))
        low, high = (int(bound) - offset for bound in bounds)
        scaled = ScaledBinary(
            op.function, a_scale, a_zero, b_scale, b_zero, to.scale, to.zero_point - offset, Range(low, high)
        )
        inputs = [c or self._integers(t, node) for c, t in zip((a, b), (node.input(0), node.input(1)), strict=True)]
        y = self._insert(quantize, scaled, list(inputs), f"{node.name}/integers", node.source)
        self._give(quantize, TO_UNSIGNED if offset else None, y)

    def _operand(self, tensor: Tensor) -> tuple[float, int, Tensor | None] | None:
        """(scale, zero point as s8, s8 if it is constant) of an f32 operand that stands for 8-bit integers."""
        if tensor.is_constant:
            found = _integers_of(tensor, 0) if tensor.rank else None
            if found is None or len(found[1]) != 1:
                return None
            low, high = int(found[0].min(initial=0)), int(found[0].max(initial=0))
            if high - low > 255:
                return None
            zero = -128 - low  # so that the least is -128
            return float(found[1][0]), zero, constant(f"{tensor.name}/s8", found[0] + zero, S8)
        origin = self._origin(tensor)
        if origin is None:
            return None
        of = origin.op
        assert isinstance(of, Dequantize)
        return of.scale[0], of.zero_point[0] - (128 if origin.input(0).dtype == U8 else 0), None

    def _give(self, quantize: Node, op: Any, y: Tensor) -> None:
        """`quantize` gives way to `op` of y, or to what computes y."""
        if op is not None:
            quantize.op, quantize.inputs = op, [y]
        else:
            maker = self._producers[y]
            maker.outputs = [quantize.out]
            self._producers[quantize.out] = maker
            self._graph.remove([quantize])
        self.changed = True

    def movement(self, node: Node) -> None:
        """What moves dequantized integers that are quantized next moves the integers, each requantized by itself."""
        quantize = self._quantized_by(node)
        if quantize is None or not _moves(node.op) or not node.inputs:
            return
        to = quantize.op
        assert isinstance(to, Quantize)
        if not all(t is not None and self._origin(t) for t in node.inputs):
            return
        moved: list[Tensor | None] = [self._requantized(t, to, quantize) for t in node.inputs if t is not None]
        name = f"{node.name}/integers"
        if isinstance(node.op, Pool2d) and to.dtype == "u8":
            x = moved[0]
            assert x is not None
            y = self._insert(quantize, node.op, [self.signed(x, quantize)], name, node.source)
            self._give(quantize, TO_UNSIGNED, y)
        else:
            self._give(quantize, None, self._insert(quantize, node.op, moved, name, node.source))

    def pool(self, node: Node) -> None:
        """The greatest of u8 is computed as s8, which has the fast rows."""
        x = node.input(0)
        if isinstance(node.op, Pool2d) and node.op.pooling == "max" and x.dtype == U8 and node.op.clamp == NO_CLAMP:
            y = self._insert(node, node.op, [self.signed(x, node)], f"{node.name}/s8", node.source)
            node.op, node.inputs = TO_UNSIGNED, [y]
            self.changed = True

    def _requantized(self, tensor: Tensor, to: Quantize, before: Node) -> Tensor:
        """An f32 tensor quantized; the integers that it was just made of, if they are the same."""
        node = self._producers[tensor]
        of = node.op
        same = isinstance(of, Dequantize) and (of.scale, of.zero_point) == ((to.scale,), (to.zero_point,))
        if same and node.input(0).dtype.name == to.dtype:
            return node.input(0)
        return self._insert(before, to, [tensor], f"{tensor.name}/quantized", before.source)


def _bias(b: Tensor | None, step: Array, units: int) -> IntArray | None:
    """s64[units] in steps of the sums; None if s32 does not hold it."""
    if b is None:
        return np.zeros(units, np.int64)
    bias = np.rint(b.values.astype(np.float64) / step.astype(np.float64))
    return bias.astype(np.int64) if (np.abs(bias) < 2.0**31).all() else None


def quantize_layers(graph: Graph, target: Target) -> bool:
    """Only where Quantize rounds ties to even, as ONNX's does."""
    del target
    if not any(isinstance(n.op, Quantize) and n.op.even for n in graph.nodes):
        return False
    rewriting = _Rewriting(graph)
    for node in list(graph.nodes):
        rewriting.layer(node)
        rewriting.binary(node)
        rewriting.movement(node)
        rewriting.pool(node)
    return rewriting.changed
