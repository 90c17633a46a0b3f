"""Rows of f32 whose weights lie in flash as codes of fewer bits, decoded while the kernel runs."""

from __future__ import annotations

from edgegen.ir.graph import Node
from edgegen.ir.kernel import Packed
from edgegen.ops.dense.op import Dense
from edgegen.ops.epilogue import bias_or_zeros, constant_weights
from edgegen.ops.stored_tiles import pack_tiles, tile_rows
from edgegen.ops.stored_weights import codes_of, holds_codes


def _rows(node: Node) -> int:
    return node.input(0).shape[0]


def _when(node: Node) -> str | None:
    return constant_weights(node) or holds_codes(node.input(1))


def _pack(node: Node, lanes: int) -> Packed:
    assert isinstance(node.op, Dense)
    return pack_tiles(_rows(node), codes_of(node.input(1)), bias_or_zeros(node), node.op.clamp, lanes)


ROWS = tile_rows(_pack, _when, _rows)
