"""Lets convolutions pad by themselves."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from edgegen.ir.graph import Graph, Node
from edgegen.ir.op import Op
from edgegen.ir.tensor import Tensor
from edgegen.ops.clamp import Clamp
from edgegen.ops.conv2d import Conv2d
from edgegen.ops.depthwise_conv2d import DepthwiseConv2d
from edgegen.ops.hybrid import HybridProduct
from edgegen.ops.pad import Pad
from edgegen.ops.quantize_rows import QuantizeRows
from edgegen.ops.requantize import Quantize, Requantize
from edgegen.ops.table import Table
from edgegen.ops.unary import Unary
from edgegen.targets import Target

_ELEMENTWISE = (Clamp, Quantize, Requantize, Table, Unary)


def _product(node: Node) -> tuple[Conv2d | DepthwiseConv2d, Tensor] | None:
    """A convolution and its weights; None for other operators."""
    op, position = (node.op.product, 3) if isinstance(node.op, HybridProduct) else (node.op, 1)
    return (op, node.input(position)) if isinstance(op, Conv2d | DepthwiseConv2d) else None


def _absorbed(pad: Pad, node: Node) -> Op | None:
    """The convolution with the pad in it, or None.

    Exact where the pad adds what the convolution reads beyond its image, its zero point. No window may lie in padding
    alone: kernels count on that.
    """
    product = _product(node)
    if product is None or pad.value != product[0].x_zero:
        return None
    if pad.before[0] or pad.after[0] or pad.before[3] or pad.after[3]:
        return None
    op, weights = product
    height, width = weights.shape[1:3] if isinstance(op, Conv2d) else weights.shape[:2]
    top, left, bottom, right = op.pad
    total = (top + pad.before[1], left + pad.before[2], bottom + pad.after[1], right + pad.after[2])
    if (
        max(total[0], total[2]) > (height - 1) * op.dilation[0]
        or max(total[1], total[3]) > (width - 1) * op.dilation[1]
    ):
        return None
    padded = replace(op, pad=total)
    return replace(node.op, product=padded) if isinstance(node.op, HybridProduct) else padded


def _of_elements(pad: Node, reader: Node) -> Pad | None:
    """The pad that can follow an operator that computes each element by itself, in place of the one before it."""
    op, x = pad.op, pad.out
    assert isinstance(op, Pad)
    if not isinstance(reader.op, _ELEMENTWISE) or len(reader.inputs) != 1 or reader.out.dtype.size > x.dtype.size:
        return None
    (values,) = reader.op.reference(np.full((1,) * (x.rank - 1) + x.shape[-1:], op.value, x.dtype.np))
    same = values.size > 0 and (values == values.reshape(-1)[0]).all()
    return replace(op, value=values.reshape(-1)[0].item()) if same else None


def _sink(pad: Node, reader: Node, op: Pad, graph: Graph) -> None:
    """Lets the pad follow its reader as `op`."""
    x, y = pad.input(0), reader.out
    inner = Tensor(f"{y.name}/unpadded", replace(y.type, shape=x.shape))
    reader.inputs, reader.outputs = [x], [inner]
    pad.op, pad.inputs, pad.outputs = op, [inner], [y]
    graph.remove([pad])
    graph.nodes.insert(graph.nodes.index(reader) + 1, pad)


def fuse_pad(graph: Graph, target: Target) -> bool:
    """A pad goes if every node that reads it can do without; pools, which average over real pixels, cannot.

    It follows a reader that computes elements, since a convolution may come behind it; rows quantized at run time have
    the same range without zeros.
    """
    del target
    consumers = graph.consumers()
    outputs = set(graph.sinks)
    fused: list[Node] = []
    changed = False
    for node in list(graph.nodes):
        if not isinstance(node.op, Pad) or node.out in outputs:
            continue
        padded, readers = node.out, consumers.get(node.out, [])
        after = _of_elements(node, readers[0]) if len(readers) == 1 else None
        if after is not None:
            _sink(node, readers[0], after, graph)
            changed = True
            continue
        between = readers[0] if len(readers) == 1 and isinstance(readers[0].op, QuantizeRows) else None
        if between is not None and node.op.value == 0 and between.out not in outputs:
            padded, readers = between.out, consumers.get(between.out, [])
        ops = [_absorbed(node.op, reader) for reader in readers] if padded.rank == 4 else []
        if not ops or any(op is None or padded in r.inputs[1:] for op, r in zip(ops, readers, strict=True)):
            continue
        for reader, op in zip(readers, ops, strict=True):
            if op is not None:
                reader.op = op
        for reader in [between] if between is not None else readers:
            reader.inputs = [node.input(0), *reader.inputs[1:]]
        if between is not None:
            between.out.type = replace(between.out.type, shape=node.input(0).shape)
        fused.append(node)
    graph.remove(fused)
    return changed or bool(fused)
