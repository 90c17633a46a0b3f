"""Portable rows."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from edgegen.ir.graph import Node
from edgegen.ir.kernel import Constant, Kernel, Literal, Packed
from edgegen.ir.tensor import Array
from edgegen.ops.conv2d.op import Conv2d
from edgegen.ops.dense.op import Dense
from edgegen.ops.depthwise_conv2d.op import DepthwiseConv2d
from edgegen.ops.epilogue import clamp_f32
from edgegen.ops.hybrid.op import HybridProduct
from edgegen.ops.portable_convolution import image_params
from edgegen.ops.window import any_order, window_steps
from edgegen.ops.window_overlap import by_pixel

SIGNATURE = "s8 f32 s32 s8 f32? -> f32"
INPUTS = (0, 1, 2)


def hybrid(node: Node) -> HybridProduct:
    assert isinstance(node.op, HybridProduct)
    return node.op


def output_params(node: Node) -> dict[str, Literal]:
    """Fields of edgegen_hybrid_output."""
    op = hybrid(node)
    low, high = clamp_f32(op.clamp)
    return {"output.low": low, "output.high": high, "output.weights_first": int(op.scale.weights_first)}


def factors(node: Node) -> Constant:
    """Scale of the weights and bias of each output channel."""
    op, units = hybrid(node), node.out.shape[-1]
    absent = len(node.inputs) < 5 or node.inputs[4] is None
    bias = np.zeros(units, np.float32) if absent else node.input(4).values
    return Constant("factors", op.scale.factors(bias))


def weight_sums(weights: Array) -> Constant:
    """s32[O] of weights[O,...]: what a zero point of 1 adds to every sum."""
    return Constant("sums", weights.reshape(len(weights), -1).sum(axis=1, dtype=np.int32))


def holds(product: type, also: Callable[[Node], str | None] = lambda _: None) -> Callable[[Node], str | None]:
    """A row's `when`: it computes this product, with constant weights and bias."""

    def when(node: Node) -> str | None:
        if not isinstance(hybrid(node).product, product):
            return f"computes {product.__name__}"
        if not all(t is None or t.is_constant for t in node.inputs[3:5]):
            return "weights and bias must be constant"
        return also(node)

    return when


def pack_dense(node: Node) -> Packed:
    w = node.input(3).values
    sizes: dict[str, Literal] = {"rows": node.input(0).shape[0], "depth": w.shape[1], "units": w.shape[0]}
    constants = (Constant("weights", w), factors(node), weight_sums(w))
    return Packed("edgegen_hybrid_dense", sizes | output_params(node), constants, INPUTS)


def _window(product: Conv2d | DepthwiseConv2d) -> dict[str, Literal]:
    return {
        **window_steps(product.stride, product.pad, product.dilation),
        "backward": 0,
    }


def pack_conv2d(node: Node) -> Packed:
    product, w = hybrid(node).product, node.input(3)
    assert isinstance(product, Conv2d)
    filters: dict[str, Literal] = {
        "units": w.shape[0],
        "kernel_h": w.shape[1],
        "kernel_w": w.shape[2],
        "depth": w.shape[3],
        "group_units": w.shape[0] * w.shape[3] // node.input(0).shape[3],
        "groups": node.input(0).shape[3] // w.shape[3],
    }
    params = image_params(node) | filters | _window(product) | output_params(node)
    return Packed("edgegen_hybrid_conv2d", params, (Constant("weights", w.values), factors(node)), INPUTS)


def _pack_depthwise(node: Node) -> Packed:
    product, w = hybrid(node).product, node.input(3)
    assert isinstance(product, DepthwiseConv2d)
    filters: dict[str, Literal] = {
        "channels": w.shape[2],
        "multiplier": w.shape[2] // node.input(0).shape[3],
        "kernel_h": w.shape[0],
        "kernel_w": w.shape[1],
    }
    params = image_params(node) | filters | _window(product) | output_params(node)
    constants = (Constant("weights", w.values), factors(node))
    return Packed("edgegen_hybrid_depthwise_conv2d", params, constants, INPUTS)


ROWS = (
    Kernel("hybrid_dense", SIGNATURE, pack_dense, when=holds(Dense), overlap=by_pixel),
    Kernel(
        "hybrid_conv2d",
        SIGNATURE,
        pack_conv2d,
        when=holds(Conv2d),
        overlap=by_pixel,
        reads=any_order,
        writes=any_order,
    ),
    Kernel(
        "hybrid_depthwise_conv2d",
        SIGNATURE,
        _pack_depthwise,
        when=holds(DepthwiseConv2d),
        overlap=by_pixel,
        reads=any_order,
        writes=any_order,
    ),
)
