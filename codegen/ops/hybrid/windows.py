"""Rows for AArch64 and x86-64: dense layers and convolutions window by window, four units at a time."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from edgegen.ir.graph import Node
from edgegen.ir.kernel import Constant, Kernel, Literal, Packed
from edgegen.ops.conv2d.op import Conv2d
from edgegen.ops.dense.op import Dense
from edgegen.ops.hybrid.generic import INPUTS, SIGNATURE, factors, holds, hybrid, output_params, weight_sums

STEP = 16
"""Bytes that a kernel multiplies at a time: windows and their weights are padded to whole steps."""


def _convolution(node: Node) -> tuple[Conv2d, tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
    """(product, shapes of x, weights and output): rows of a matrix are images of one pixel."""
    product, x, w, y = hybrid(node).product, node.input(0).shape, node.input(3).shape, node.out.shape
    if isinstance(product, Dense):
        return Conv2d(), (x[0], 1, 1, x[1]), (w[0], 1, 1, w[1]), (y[0], 1, 1, y[1])
    assert isinstance(product, Conv2d)
    return product, x, w, y


def _pack(node: Node, gathered: bool) -> Packed:
    product, x, w, y = _convolution(node)
    size = w[1] * w[2] * w[3]
    padded = -(-size // STEP) * STEP
    weights = np.zeros((w[0], padded), np.int8)
    weights[:, :size] = node.input(3).values.reshape(w[0], size)
    params: dict[str, Literal] = {
        "batch": x[0],
        "in_h": x[1],
        "in_w": x[2],
        "channels": x[3],
        "out_h": y[1],
        "out_w": y[2],
        "units": w[0],
        "size": size,
        "padded": padded,
        "kernel_h": w[1],
        "kernel_w": w[2],
        "stride_h": product.stride[0],
        "stride_w": product.stride[1],
        "dilation_h": product.dilation[0],
        "dilation_w": product.dilation[1],
        "pad_top": product.pad[0],
        "pad_left": product.pad[1],
    }
    constants = (Constant("weights", weights), factors(node), weight_sums(weights))
    scratch = padded if gathered else 0
    return Packed("edgegen_hybrid_windows", params | output_params(node), constants, INPUTS, scratch)


def _when(gathered: bool) -> Callable[[Node], str | None]:
    def when(node: Node) -> str | None:
        product, x, w, _ = _convolution(node)
        if w[3] != x[3] or w[0] < 4:
            return "groups must be 1, and there must be at least 4 units"
        if w[3] < STEP and w[1:3] == (1, 1):
            return f"windows must have at least {STEP} bytes"
        lie_in_x = w[1:3] == (1, 1) and not any(product.pad) and w[3] % STEP == 0
        if lie_in_x == gathered:
            return "windows can be read in place" if gathered else "windows must be gathered"
        return None

    return when


def _rows(isa: str, features: frozenset[str]) -> tuple[Kernel, ...]:
    return tuple(
        Kernel(
            f"hybrid_windows_{isa}{'_gathered' if gathered else ''}",
            SIGNATURE,
            partial(_pack, gathered=gathered),
            f"hybrid_{isa}",
            features,
            holds(product, _when(gathered)),
        )
        for product in (Dense, Conv2d)
        for gathered in (False, True)
    )


ROWS = (
    *_rows("dotprod", frozenset({"neon", "dotprod"})),
    *_rows("neon", frozenset({"neon"})),
    *_rows("avx2", frozenset({"avx2", "fma"})),
)
