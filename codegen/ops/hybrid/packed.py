"""Rows that read weights of four bits two to the byte."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from edgegen.ir.graph import Node
from edgegen.ir.kernel import Constant, Kernel, Packed
from edgegen.ops.conv2d.op import Conv2d
from edgegen.ops.dense.op import Dense
from edgegen.ops.hybrid.generic import SIGNATURE, holds, pack_conv2d, pack_dense
from edgegen.ops.nibbles import fit_nibbles, pack_nibbles
from edgegen.ops.window import any_order
from edgegen.ops.window_overlap import by_pixel


def _fits(node: Node) -> str | None:
    return fit_nibbles(node.input(3).values)


def _packed(pack: Callable[[Node], Packed]) -> Callable[[Node], Packed]:
    """The portable row's params and constants, but for the weights."""

    def packed(node: Node) -> Packed:
        plain, w = pack(node), node.input(3).values
        weights = Constant("weights", pack_nibbles(w.reshape(-1, w.shape[-1])))
        return replace(plain, constants=(weights, *plain.constants[1:]))

    return packed


ROWS = (
    Kernel(
        "hybrid_dense_s4", SIGNATURE, _packed(pack_dense), when=holds(Dense, _fits), for_size=True, overlap=by_pixel
    ),
    Kernel(
        "hybrid_conv2d_s4",
        SIGNATURE,
        _packed(pack_conv2d),
        when=holds(Conv2d, _fits),
        for_size=True,
        overlap=by_pixel,
        reads=any_order,
        writes=any_order,
    ),
)
