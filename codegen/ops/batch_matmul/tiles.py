"""Rows of f32 in register tiles: one kernel for vectors of any instruction set, and of one float."""

from __future__ import annotations

from dataclasses import replace

from edgegen.ir.graph import Node
from edgegen.ir.kernel import Kernel, Packed
from edgegen.ops.batch_matmul.generic import ROWS as PLAIN
from edgegen.ops.batch_matmul.op import BatchMatmul
from edgegen.ops.float_vectors import VECTORS

(_F32,) = (row for row in PLAIN if row.name == "batch_matmul_f32")


def _scratch(node: Node, lanes: int) -> int:
    """Bytes for the columns of w that no vector loads as they lie: all of them if w is transposed, else the last."""
    op, units = node.op, node.out.shape[-1]
    assert isinstance(op, BatchMatmul)
    depth = node.input(0).shape[-2 if op.adj_x else -1]
    if op.adj_y and units > 1:
        widest = next((v for v in (4, 2) if units >= v * lanes), 1)
        return 4 * depth * widest * lanes
    return 4 * depth * lanes if units % lanes else 0


def _row(suffix: str, lanes: int, features: frozenset[str], packed: bool) -> Kernel:
    def pack(node: Node) -> Packed:
        return replace(_F32.pack(node), scratch=_scratch(node, lanes))

    def when(node: Node) -> str | None:
        if (_scratch(node, lanes) > 0) != packed:
            return "columns of w lie as vectors load them" if packed else "columns of w must be laid out"
        return _F32.when(node)

    name = f"batch_matmul_f32_tiles{suffix}"
    return replace(
        _F32,
        name=f"{name}_packed" if packed else name,
        header=name,
        pack=pack,
        when=when,
        requires=features,
        for_speed=not features,
    )


ROWS = tuple(_row(v.suffix, v.lanes, v.features, packed) for v in VECTORS for packed in (False, True))
