"""Lets what follows a layer's reshaped result follow the layer, so that it can become part of it.

A convolution along one axis is one of images one pixel high, whose result loses that axis again; batch normalization
and activation come behind.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from edgegen.ir.graph import Graph, Node
from edgegen.ir.tensor import Tensor, TensorType, constant
from edgegen.ops.binary import Binary
from edgegen.ops.clamp import Clamp
from edgegen.ops.conv2d import Conv2d
from edgegen.ops.dense import Dense
from edgegen.ops.depthwise_conv2d import DepthwiseConv2d
from edgegen.ops.reshape import Reshape
from edgegen.ops.transpose_conv2d import TransposeConv2d
from edgegen.passes.substitution import uses
from edgegen.targets import Target


def _each_channel(node: Node, x: Tensor, before: Tensor) -> list[Tensor | None] | None:
    """What the node reads if `before` stands for `x`, its reshaped form; None if it does not act on each channel."""
    inputs: list[Tensor | None] = []
    for tensor in node.inputs:
        if tensor is x:
            inputs.append(before)
            continue
        if tensor is None or tensor.data is None:
            return None
        one = tensor.data.size == 1
        if not one and not tensor.data.size == tensor.shape[-1] == x.shape[-1]:
            return None
        values = tensor.data.reshape(() if one else -1)
        inputs.append(constant(tensor.name, values, tensor.dtype, tensor.type.quantization))
    return inputs


def _reshaped_layer(x: Tensor, producers: Mapping[Tensor, Node], uses_of: Counter[Tensor]) -> Node | None:
    """The reshape of a layer's result, with its channels, of which `x` is the only form that anyone reads."""
    reshape = producers.get(x)
    if reshape is None or not isinstance(reshape.op, Reshape) or uses_of[x] != 1 or not x.rank:
        return None
    result = reshape.input(0)
    layer = producers.get(result)
    alone = uses_of[result] == 1 and result.shape[-1:] == x.shape[-1:]
    layers = (Conv2d, Dense, DepthwiseConv2d, TransposeConv2d)
    return reshape if layer is not None and isinstance(layer.op, layers) and alone else None


def sink_reshapes(graph: Graph, target: Target) -> bool:
    """Of clamps, and of sums, differences and products with a constant for each channel."""
    del target
    uses_of, producers = uses(graph), graph.producers()
    changed = False
    for node in list(graph.nodes):
        functions = ("add", "sub", "mul")
        if not isinstance(node.op, Clamp) and not (isinstance(node.op, Binary) and node.op.function in functions):
            continue
        for x in (t for t in node.inputs if t is not None):
            reshape = _reshaped_layer(x, producers, uses_of)
            inputs = None if reshape is None else _each_channel(node, x, reshape.input(0))
            if reshape is None or inputs is None or x.shape != node.out.shape:
                continue
            out = node.out
            moved = TensorType(out.dtype, reshape.input(0).shape, out.type.quantization)
            node.inputs, node.outputs = inputs, [Tensor(f"{out.name}/layer", moved)]
            reshape.inputs, reshape.outputs = [node.out], [out]
            graph.nodes.remove(reshape)
            graph.nodes.insert(graph.nodes.index(node) + 1, reshape)
            producers.update({node.out: node, out: reshape})
            uses_of[node.out] = 1
            changed = True
            break
    return changed
