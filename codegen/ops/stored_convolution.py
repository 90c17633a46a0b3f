"""Rows of convolutions on f32 whose weights are codes: the portable ones, with filters decoded to scratch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from edgegen.ir.graph import Node
from edgegen.ir.kernel import Kernel, Packed, apart
from edgegen.ops.overlap import Overlaps
from edgegen.ops.stored_weights import codes_of, holds_codes


def stored_row(
    row: Kernel, last: bool, scratch: Callable[[Node], int], overlap: Callable[[Node], Overlaps] = apart
) -> Kernel:
    """A portable f32 row whose first constant, the weights, becomes codes, their scales and zeros.

    last:    units are the weights' last axis, not their first
    scratch: floats that the kernel decodes at a time; overlap: of the row
    """

    def pack(node: Node) -> Packed:
        plain, codes = row.pack(node), codes_of(node.input(1), last)
        params = {f"conv.{name}": value for name, value in plain.params.items()} | codes.params
        constants = (*codes.constants, *plain.constants[1:])
        return replace(
            plain, struct=f"{plain.struct}_stored", params=params, constants=constants, scratch=4 * scratch(node)
        )

    def when(node: Node) -> str | None:
        return row.when(node) or holds_codes(node.input(1), last)

    name = f"{row.name}_stored"
    return replace(row, name=name, pack=pack, header=name, when=when, for_size=True, overlap=overlap, split=None)
