"""Turns Dequantize -> operator -> Quantize into the operator on integers, with ONNX's requantization.

A layer with weights on s8 or u8 whose weights and bias are constants that remember their scales, and whose result is
quantized with ties to even, adds up integers and multiplies the sums by x scale * w scale / y scale, an f32, as
onnxruntime's fusion into QLinearConv and QGemm does; so do products of two tensors, averages and means. Against the
float operators, which round every product, a result may differ by one step where it lies within their rounding errors
of a tie. Bias without scales is rounded to steps of x scale * w scale, as onnxruntime's does. u8 is computed as s8, 128
less. Probabilities come from a table of exponentials (see ScaledSoftmax).

Sums, differences and products of two tensors, and what only moves elements or takes the greatest, between Dequantize
and Quantize are computed from the integers too; there the results are the same to the bit. Numbers are quantized before
they are moved, and moved before they are real again.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np

from edgegen.errors import InvalidGraph
from edgegen.ir.dtypes import F32, S8, S16, S32, U8
from edgegen.ir.fixed_point import IntArray, ScaledRound
from edgegen.ir.graph import Graph, Node
from edgegen.ir.op import NO_CLAMP, Op
from edgegen.ir.tensor import Array, Tensor, constant
from edgegen.ops.arg_reduce import ArgReduce
from edgegen.ops.batch_matmul import MOST_PRODUCTS, BatchMatmul
from edgegen.ops.binary import Binary
from edgegen.ops.conv2d import Conv2d
from edgegen.ops.dense import Dense
from edgegen.ops.depthwise_conv2d import DepthwiseConv2d
from edgegen.ops.pad import Pad
from edgegen.ops.pool2d import Pool2d
from edgegen.ops.reduce import Reduce
from edgegen.ops.requantize import TO_UNSIGNED, Dequantize, Quantize
from edgegen.ops.reshape import Reshape
from edgegen.ops.scaled_binary import FUNCTIONS, ScaledBinary
from edgegen.ops.scaled_softmax import MOST_DEPTH, ScaledSoftmax
from edgegen.ops.softmax import Softmax
from edgegen.ops.table import Table
from edgegen.ops.transpose_conv2d import TransposeConv2d
from edgegen.passes.integer_sources import (
    IntegerRewriting,
    flips,
    moved,
    moves,
    weights_of,
    with_padding,
)
from edgegen.targets import Target

_UNITS = {Conv2d: 0, DepthwiseConv2d: 2, Dense: 0, TransposeConv2d: 0}
"""The axis of the weights that counts the output's channels."""


def _bias(b: Tensor | None, step: Array, units: int) -> IntArray | None:
    """s64[units] in steps of the sums; None if s32 does not hold it."""
    if b is None:
        return np.zeros(units, np.int64)
    bias = np.rint(b.values.astype(np.float64) / step.astype(np.float64))
    return bias.astype(np.int64) if (np.abs(bias) < 2.0**31).all() else None


def _scheme(factors: Array, zero_point: int) -> ScaledRound | None:
    """None if the factors are too great or too small."""
    try:
        return ScaledRound.from_scales([float(f) for f in factors.reshape(-1)], zero_point)
    except InvalidGraph:
        return None


def _average_factor(x_scale: float, y_scale: float, count: int) -> Array:
    """From sums of `count` numbers to their average's steps, in f32 as onnxruntime's QLinearGlobalAveragePool."""
    return np.float32(x_scale) / (np.float32(y_scale) * np.array([count], np.float32))


class _Forms(IntegerRewriting):
    """The integer form of each operator between Dequantize and Quantize: a method does nothing where it has none."""

    def layer(self, node: Node) -> None:
        """Constant weights."""
        op, sink = node.op, self.sink(node)
        if not isinstance(op, Conv2d | DepthwiseConv2d | Dense | TransposeConv2d) or sink is None:
            return
        if any(t is not None and not t.is_constant for t in node.inputs[1:]):
            return
        units = _UNITS[type(op)]
        weights, source = weights_of(node.input(1), units), self.source(node.input(0))
        if weights is None or source is None or np.ptp(weights[0]) > 255 or np.abs(weights[0]).max(initial=0) > 255:
            return
        steps, w_scale = weights
        step = np.float32(source.scale) * w_scale
        requantize = _scheme(step / np.float32(sink.op.scale), sink.zero)
        bias = _bias(node.inputs[2] if len(node.inputs) > 2 else None, step, node.input(1).shape[units])
        if bias is None or requantize is None:
            return
        dtype = S8 if steps.min(initial=0) >= -128 and steps.max(initial=0) <= 127 else S16
        w = constant(f"{node.input(1).name}/{dtype}", steps, dtype)
        b = constant(f"{node.name}/bias", bias, S32)
        changes: dict[str, Any] = {"x_zero": source.zero, "requantize": requantize, "clamp": sink.clamp(op.clamp)}
        self.give(sink, replace(op, **changes), [self.integers(node.input(0), node), w, b], node)

    def product(self, node: Node) -> None:
        """Matrices."""
        op, sink = node.op, self.sink(node)
        if not isinstance(op, BatchMatmul) or sink is None:
            return
        if node.input(0).shape[-2 if op.adj_x else -1] > MOST_PRODUCTS:
            return
        left, right = self.source(node.input(0)), self.source(node.input(1))
        if left is None or right is None:
            return
        factor = np.float32(left.scale) * np.array([right.scale], np.float32) / np.float32(sink.op.scale)
        requantize = _scheme(factor, sink.zero)
        if requantize is None:
            return
        inputs = [
            s.known or self.integers(t, node) for s, t in zip((left, right), map(node.input, (0, 1)), strict=True)
        ]
        zeros: dict[str, Any] = {"x_zero": left.zero, "w_zero": right.zero, "requantize": requantize}
        self.give(sink, replace(op, **zeros, clamp=sink.clamp(op.clamp)), list(inputs), node)

    def binary(self, node: Node) -> None:
        """A sum, difference or product; one operand may be constant."""
        op, sink = node.op, self.sink(node)
        if not isinstance(op, Binary) or op.function not in FUNCTIONS or sink is None:
            return
        a, b = self.source(node.input(0)), self.source(node.input(1))
        if a is None or b is None or (a.known is not None and b.known is not None):
            return
        clamp = sink.clamp(op.clamp)
        scaled = ScaledBinary(op.function, a.scale, a.zero, b.scale, b.zero, sink.op.scale, sink.zero, clamp)
        inputs = [s.known or self.integers(t, node) for s, t in zip((a, b), map(node.input, (0, 1)), strict=True)]
        self.give(sink, scaled, list(inputs), node)

    def average(self, node: Node) -> None:
        """Over windows."""
        op, sink = node.op, self.sink(node)
        if not isinstance(op, Pool2d) or op.pooling != "average" or sink is None:
            return
        source = self.source(node.input(0))
        if source is None:
            return
        factor = _average_factor(source.scale, sink.op.scale, op.kernel[0] * op.kernel[1])
        requantize = _scheme(factor, sink.zero)
        if requantize is None:
            return
        pool = replace(op, x_zero=source.zero, requantize=requantize, clamp=sink.clamp(op.clamp))
        self.give(sink, pool, [self.integers(node.input(0), node)], node)

    def mean(self, node: Node) -> None:
        """A mean or sum over axes; that of images is one window, for which there are faster kernels."""
        op, sink, x = node.op, self.sink(node), node.inputs[0] if node.inputs else None
        if not isinstance(op, Reduce) or op.function not in ("mean", "sum") or sink is None or x is None:
            return
        source = self.source(x)
        if source is None:
            return
        count = math.prod(x.shape[a] for a in op.axes)
        mean = op.function == "mean"
        factor = _average_factor(source.scale, sink.op.scale, count if mean else 1)
        requantize = _scheme(factor, sink.zero)
        if requantize is None or count > 1 << 23:
            return
        integers = self.integers(x, node)
        if mean and x.rank == 4 and op.axes == (1, 2):
            pool = Pool2d("average", (x.shape[1], x.shape[2]), x_zero=source.zero, requantize=requantize)
            integers = self.insert(sink.node, pool, [integers], f"{node.name}/window", node.source)
            self.give(sink, Reshape(node.out.shape), [integers], node)
        else:
            self.give(sink, replace(op, x_zero=source.zero, requantize=requantize), [integers], node)

    def softmax(self, node: Node) -> None:
        op, sink = node.op, self.sink(node)
        if not isinstance(op, Softmax) or op.beta != 1 or sink is None or node.out.shape[-1] > MOST_DEPTH:
            return
        source = self.source(node.input(0))
        if source is not None:
            scaled = ScaledSoftmax(source.scale, sink.op.scale, sink.zero)
            self.give(sink, scaled, [self.integers(node.input(0), node)], node)

    def movement(self, node: Node) -> None:
        """What moves numbers that are quantized next moves them once they are."""
        sink = self.sink(node) if moves(node.op) else None
        if sink is None or any(t.is_constant for t in moved(node)):
            return
        to = sink.op
        inputs = [t if t is None or t.dtype != F32 else self._requantized(t, to, sink.node) for t in node.inputs]
        name = f"{node.name}/integers"
        if isinstance(node.op, Pool2d) and to.dtype == "u8":
            x = inputs[0]
            assert x is not None
            y = self.insert(sink.node, node.op, [self.signed(x, sink.node)], name, node.source)
            self.replace(sink.node, TO_UNSIGNED, y)
        else:
            y = self.insert(sink.node, with_padding(node.op, to), inputs, name, node.source)
            self.replace(sink.node, None, y)

    def _requantized(self, tensor: Tensor, to: Quantize, before: Node) -> Tensor:
        """An f32 tensor quantized; the integers that it was just made of, if they are the same."""
        node = self.producer(tensor)
        if node is not None and isinstance(node.op, Dequantize):
            same = (node.op.scale, node.op.zero_point) == ((to.scale,), (to.zero_point,))
            if same and node.input(0).dtype.name == to.dtype:
                return node.input(0)
        return self.insert(before, to, [tensor], f"{tensor.name}/quantized", before.source)

    def real_later(self, node: Node) -> None:
        """What moves numbers that were just made real, no more of them than there were, moves the integers; so does
        what asks for the place of the greatest."""
        asks = isinstance(node.op, ArgReduce)
        if not asks and (not moves(node.op) or isinstance(node.op, Pad) or len(moved(node)) != 1):
            return
        x = node.input(0)
        maker = self.producer(x)
        if maker is None or self.origin(x) is not maker or not isinstance(maker.op, Dequantize):
            return
        if asks:
            node.inputs = [self.signed(maker.input(0), node), *node.inputs[1:]]
            self.changed = True
        elif self.alone(x) and node.out.type.elements <= x.type.elements:
            integers = maker.input(0)
            if isinstance(node.op, Pool2d) and integers.dtype == U8:
                integers = self.signed(integers, node)
            zero = maker.op.zero_point[0] - (128 if integers.dtype != maker.input(0).dtype else 0)
            inputs = [integers, *node.inputs[1:]]
            y = self.insert(node, node.op, inputs, f"{node.name}/integers", node.source)
            self.replace(node, replace(maker.op, zero_point=(zero,)), y)

    def pool(self, node: Node) -> None:
        """The greatest of u8 is computed as s8, which has the fast rows."""
        x = node.inputs[0] if node.inputs else None
        pools = isinstance(node.op, Pool2d) and node.op.pooling == "max" and node.op.clamp == NO_CLAMP
        if pools and x is not None and x.dtype == U8:
            y = self.insert(node, node.op, [self.signed(x, node)], f"{node.name}/s8", node.source)
            self.replace(node, TO_UNSIGNED, y)

    def sign(self, node: Node) -> None:
        """u8 that is only read as s8 is s8 from the start, and what was s8 before it was u8 is read as that."""
        maker = self.producer(node.inputs[0]) if node.inputs and node.inputs[0] is not None else None
        if maker is None:
            return
        signed = flips(node, U8) and self.alone(maker.out)
        if signed and isinstance(maker.op, Quantize):
            node.op = replace(maker.op, zero_point=maker.op.zero_point - 128, dtype="s8")
            node.inputs = list(maker.inputs)
            self.changed = True
        elif signed and moves(maker.op):
            self.replace(node, None, self.moved_signed(maker, node))
        elif isinstance(node.op, Dequantize | Table) and self.was_signed(node.input(0)):
            if isinstance(node.op, Table):  # it has an entry for each byte, and a byte of s8 differs in its upper bit
                node.op = replace(node.op, values=tuple(node.op.values[byte ^ 128] for byte in range(256)))
            else:
                node.op = replace(node.op, zero_point=tuple(zero - 128 for zero in node.op.zero_point))
            node.inputs = [self.signed(node.input(0), node)]
            self.changed = True


def _rounds_to_even(op: Op) -> bool:
    """Whether the operator quantizes as ONNX does."""
    if isinstance(op, Quantize):
        return op.even
    return isinstance(op, ScaledBinary | ScaledSoftmax) or isinstance(getattr(op, "requantize", None), ScaledRound)


def quantize_layers(graph: Graph, target: Target) -> bool:
    """Only in models that quantize with ties to even, as ONNX's do."""
    del target
    if not any(_rounds_to_even(n.op) for n in graph.nodes):
        return False
    forms = _Forms(graph)
    steps = (
        forms.layer,
        forms.product,
        forms.binary,
        forms.average,
        forms.mean,
        forms.softmax,
        forms.movement,
        forms.real_later,
        forms.pool,
        forms.sign,
    )
    for node in list(graph.nodes):
        for step in steps:
            step(node)
    return forms.changed
