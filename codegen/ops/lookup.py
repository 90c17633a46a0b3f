"""Rows of element-wise operators from 8-bit numbers to 8-bit numbers: a table made ahead of time, or a flipped sign."""

from __future__ import annotations

import numpy as np

from edgegen.ir.dtypes import DType
from edgegen.ir.graph import Node
from edgegen.ir.kernel import Constant, Kernel, Packed
from edgegen.ir.tensor import Array
from edgegen.ops.window import any_order


def byte_values(dtype: DType) -> Array:
    """The 256 values of an 8-bit type in the order of their bytes: 0 to 127, then -128 to -1 for s8."""
    return np.arange(256, dtype=np.uint8).view(dtype.np)


def tabulated(node: Node) -> Array:
    """[256]: what an element-wise node of one 8-bit input gives for each byte, by its reference."""
    (table,) = node.op.reference(byte_values(node.input(0).dtype))
    return table


def same_order(node: Node) -> str | None:
    """A row's `when`: input and output lie in the same order, so they are walked together."""
    same = node.input(0).type.layout == node.out.type.layout
    return None if same else "input and output lie in different orders"


def _pack(node: Node) -> Packed:
    table = tabulated(node).view(np.uint8)
    return Packed("edgegen_lookup", {"count": node.out.type.elements}, (Constant("table", table),))


def _flips(node: Node) -> str | None:
    flips = np.array_equal(tabulated(node).view(np.uint8), np.arange(256) ^ 0x80)
    return same_order(node) if flips else "flips signs"


def _pack_flip(node: Node) -> Packed:
    return Packed("edgegen_flip_sign", {"count": node.out.type.elements})


FLIP_SIGN_8 = Kernel(
    "flip_sign_8", "x1 -> x1", _pack_flip, when=_flips, in_place=(0,), reads=any_order, writes=any_order
)
"""Between s8 and u8 of numbers 128 apart: four at a time, without a table."""

LOOKUP_8 = Kernel("lookup_8", "x1 -> x1", _pack, when=same_order, in_place=(0,), reads=any_order, writes=any_order)
