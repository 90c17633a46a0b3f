"""Rows of f32 in register tiles: one kernel for vectors of any instruction set, and of one float."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from edgegen.ir.graph import Node
from edgegen.ir.kernel import Kernel, Packed
from edgegen.ops.batch_matmul.generic import ROWS as PLAIN
from edgegen.ops.batch_matmul.generic import geometry, matrices
from edgegen.ops.batch_matmul.op import BatchMatmul
from edgegen.ops.epilogue import clamp_f32
from edgegen.ops.float_vectors import VECTORS, FloatVectors
from edgegen.ops.overlap import Overlaps, after, param, together

(_F32,) = (row for row in PLAIN if row.name == "batch_matmul_f32")

_IN_CACHE = 1 << 14  # bytes of w that stay near the core while it goes from some rows of x to the next
_FEW, _MANY = 4, 32  # rows of a strip where w stays there and where it does not: whole tiles of any vectors
_LEAST = 1 << 10  # products of a strip, beside which its loops cost nothing


@dataclass(frozen=True)
class _Columns:
    """A block of columns. laid_out: in scratch, before the first strip is multiplied by it"""

    first: int
    end: int
    laid_out: bool


def _depth(node: Node) -> int:
    assert isinstance(node.op, BatchMatmul)
    return node.input(0).shape[-2 if node.op.adj_x else -1]


def _columns(node: Node, lanes: int) -> Iterator[_Columns]:
    """The blocks, in order."""
    op, units = node.op, node.out.shape[-1]
    assert isinstance(op, BatchMatmul)
    apart = op.adj_y and _depth(node) > 1
    first = 0
    while first < units:
        width = lanes * next((v for v in (4, 2) if units - first >= v * lanes), 1)
        end = min(first + width, units)
        yield _Columns(first, end, end - first < width or (width > 1 and apart))
        first = end


def _scratch(node: Node, lanes: int) -> int:
    """Bytes for the widest block of columns of w that no vector loads as they lie."""
    widths = [-(-(b.end - b.first) // lanes) * lanes for b in _columns(node, lanes) if b.laid_out]
    return 4 * _depth(node) * max(widths, default=0)


def _strip(node: Node, lanes: int) -> int:
    """Rows of x that are multiplied by all columns before the next: few, so that the output may follow x closely."""
    rows = node.out.shape[-2]
    if sum(b.laid_out for b in _columns(node, lanes)) > 1:
        return max(rows, 1)
    w = node.input(1)
    if w.shape[-1] * w.shape[-2] * 4 > _IN_CACHE:
        return _MANY
    worth = -(-_LEAST // max(_depth(node) * node.out.shape[-1], 1))
    return max(-(-worth // _FEW) * _FEW, _FEW)


def _overlap(vectors: FloatVectors) -> Callable[[Node], Overlaps]:
    def overlap(node: Node) -> Overlaps:
        return together(_over_tiles(node, [*_columns(node, vectors.lanes)], rows) for rows in vectors.rows)

    return overlap


def _over_tiles(node: Node, columns: list[_Columns], tile: int) -> Overlaps:
    """Of tiles of so many rows, each of which is read before it is written: strip by strip, and in each block by block
    of columns."""
    rows, units, strip = param(node, "rows"), param(node, "units"), param(node, "strip")
    tile = tile if rows >= tile else 1
    steps = [
        (min(done, rows - tile), done == 0, block)
        for first in range(0, rows, strip)
        for block in columns
        for done in range(first, min(first + strip, rows), tile)
    ]
    if not steps:
        return {}
    row = np.array([r for r, _, _ in steps])
    ends = (row + tile - 1) * units + np.array([b.end for _, _, b in steps])
    written = np.maximum.accumulate(np.append(0, ends[:-1]))
    before = np.arange(len(matrices(node, "x_batch_step"))) * (rows * units)
    of_x = np.add.outer(matrices(node, "x_batch_step"), row * param(node, "x_row_step"))
    read = [i for i, (_, first, b) in enumerate(steps) if first or not b.laid_out]
    of_w = np.array([steps[i][2].first for i in read]) * param(node, "w_unit_step")
    of_w = np.add.outer(matrices(node, "w_batch_step"), of_w)
    return after(node, 0, of_x, np.add.outer(before, written)) | after(
        node, 1, of_w, np.add.outer(before, written[read])
    )


def _row(vectors: FloatVectors, packed: bool) -> Kernel:
    lanes = vectors.lanes

    def pack(node: Node) -> Packed:
        assert isinstance(node.op, BatchMatmul)
        low, high = clamp_f32(node.op.clamp)
        params = geometry(node) | {"strip": _strip(node, lanes), "low": low, "high": high}
        return Packed("edgegen_product_tiles", params, inputs=(0, 1), scratch=_scratch(node, lanes))

    def when(node: Node) -> str | None:
        if (_scratch(node, lanes) > 0) != packed:
            return "columns of w lie as vectors load them" if packed else "columns of w must be laid out"
        return _F32.when(node)

    name = f"batch_matmul_f32_tiles{vectors.suffix}"
    return replace(
        _F32,
        name=f"{name}_packed" if packed else name,
        header=name,
        pack=pack,
        when=when,
        requires=vectors.features,
        for_speed=not vectors.features,
        overlap=_overlap(vectors),
    )


ROWS = tuple(_row(v, packed) for v in VECTORS for packed in (False, True))
