"""Moves factors and terms of each channel, as batch normalization leaves them, into weights and bias before them."""

from __future__ import annotations

from collections import Counter

import numpy as np

from edgegen.ir.dtypes import F32
from edgegen.ir.graph import Graph, Node
from edgegen.ir.op import NO_CLAMP
from edgegen.ir.tensor import Array, Tensor, constant
from edgegen.ops.binary import Binary
from edgegen.ops.conv2d import Conv2d
from edgegen.ops.dense import Dense
from edgegen.ops.depthwise_conv2d import DepthwiseConv2d
from edgegen.ops.stored_weights import scaled_weights
from edgegen.ops.transpose_conv2d import TransposeConv2d
from edgegen.passes.substitution import uses, with_clamp
from edgegen.targets import Target


def _per_channel(tensor: Tensor, channels: int) -> Array | None:
    """f64[channels] of a constant that holds one value, or one for each index of the last axis; None for others."""
    if tensor.data is None or tensor.dtype != F32:
        return None
    if tensor.data.size == 1 or (tensor.data.size == channels == tensor.shape[-1]):
        return np.broadcast_to(tensor.data.reshape(-1).astype(np.float64), (channels,))
    return None


def _scaled_weights(node: Node, factor: Array) -> Array:
    """The node's weights with output channel o multiplied by factor[o]."""
    w = node.input(1).values.astype(np.float64)
    if isinstance(node.op, DepthwiseConv2d):
        return w * factor
    return w * factor.reshape(-1, *[1] * (w.ndim - 1))


def _affine(op: Binary, position: int, values: Array) -> tuple[Array, Array]:
    """(factor, term) such that the operator computes x * factor + term, x being its operand at `position`."""
    one, zero = np.ones_like(values), np.zeros_like(values)
    if op.function == "mul":
        return values, zero
    if op.function == "add":
        return one, values
    return (one, -values) if position == 0 else (-one, values)


def _fuse(node: Node, linear: Node, position: int) -> bool:
    """Gives `linear` the weights and bias that make `node`, which reads its result at `position`, superfluous."""
    assert isinstance(node.op, Binary)
    channels = linear.out.shape[-1]
    values = _per_channel(node.input(1 - position), channels)
    weights, bias = linear.input(1), linear.inputs[2] if len(linear.inputs) > 2 else None
    if values is None or weights.data is None or (bias is not None and bias.data is None):
        return False
    factor, term = _affine(node.op, position, values)
    old = np.zeros(channels) if bias is None else bias.values.astype(np.float64)
    new_weights = _scaled_weights(linear, factor).astype(np.float32)
    new_bias = (old * factor + term).astype(np.float32)
    if not (np.isfinite(new_weights).all() and np.isfinite(new_bias).all()):
        return False
    if (factor != 1).any():
        codes = scaled_weights(weights, factor, isinstance(linear.op, DepthwiseConv2d))
        weights = codes or constant(f"{weights.name}/scaled", new_weights, F32)
    linear.inputs = [linear.input(0), weights, constant(f"{node.name}/bias", new_bias, F32)]
    return True


def _may_change(node: Node, uses_of: Counter[Tensor]) -> bool:
    """Whether weights and bias are free to change: f32, no clamp on the result, neither result nor weights shared."""
    if not isinstance(node.op, Conv2d | DepthwiseConv2d | Dense | TransposeConv2d) or node.out.dtype != F32:
        return False
    return node.op.clamp == NO_CLAMP and uses_of[node.out] == 1 and uses_of[node.input(1)] == 1


def fuse_batch_norm(graph: Graph, target: Target) -> bool:
    """f32 only: moves each weight and bias by an ULP or two, which no integer arithmetic would forgive."""
    del target
    uses_of, producers = uses(graph), graph.producers()
    fused: list[Node] = []
    for node in graph.nodes:
        if not isinstance(node.op, Binary) or node.op.function not in ("add", "sub", "mul"):
            continue
        for position in (0, 1):
            linear = producers.get(node.input(position))
            if linear is None or not _may_change(linear, uses_of) or linear.out.shape != node.out.shape:
                continue
            if _fuse(node, linear, position):
                linear.op = with_clamp(linear.op, node.op.clamp)
                linear.outputs = [node.out]
                producers[node.out] = linear
                uses_of[linear.input(1)] = 1
                fused.append(node)
                break
    graph.remove(fused)
    return bool(fused)
