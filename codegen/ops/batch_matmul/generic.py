"""Portable rows: plain loops over matrices, either of which may be computed at run time."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from edgegen.ir.fixed_point import FixedPoint, ScaledRound, WideFixedPoint
from edgegen.ir.graph import Node
from edgegen.ir.kernel import Kernel, Literal, Packed
from edgegen.ops.batch_matmul.op import MOST_PRODUCTS, BatchMatmul
from edgegen.ops.epilogue import clamp_f32, clamp_f64, clamp_s8, factor_words
from edgegen.ops.epilogue_s16 import output_s16
from edgegen.ops.overlap import Offsets, Overlaps, after, nested, numbers, param

MAX_BATCH_RANK = 3


def _batch_steps(shape: tuple[int, ...], rank: int) -> tuple[int, ...]:
    """Elements from one matrix to the next along each of `rank` batch dimensions; 0 where the matrix repeats."""
    lead = (1,) * (rank - len(shape) + 2) + shape[:-2]
    size, steps = shape[-2] * shape[-1], []
    for extent in reversed(lead):
        steps.append(size if extent > 1 else 0)
        size *= extent
    return tuple(reversed(steps))


def geometry(node: Node) -> dict[str, Literal]:
    op, x, w, y = node.op, node.input(0), node.input(1), node.out
    assert isinstance(op, BatchMatmul)
    rows, units = y.shape[-2:]
    depth = x.shape[-2] if op.adj_x else x.shape[-1]
    return {
        "batch": (1,) * (MAX_BATCH_RANK - y.rank + 2) + y.shape[:-2],
        "x_batch_step": _batch_steps(x.shape, MAX_BATCH_RANK),
        "w_batch_step": _batch_steps(w.shape, MAX_BATCH_RANK),
        "rows": rows,
        "depth": depth,
        "units": units,
        "x_row_step": 1 if op.adj_x else depth,
        "x_depth_step": rows if op.adj_x else 1,
        "w_depth_step": 1 if op.adj_y else units,
        "w_unit_step": depth if op.adj_y else 1,
    }


def matrices(node: Node, name: str) -> Offsets:
    """Elements of x ("x_batch_step") or w from its start to each of the matrices that are multiplied."""
    return nested(numbers(node, "batch"), numbers(node, name))


def _overlap(node: Node) -> Overlaps:
    """A row of x is read until its last product is written, and a column of w for the last row."""
    rows, units = param(node, "rows"), param(node, "units")
    of_x, of_w = matrices(node, "x_batch_step"), matrices(node, "w_batch_step")
    first = np.arange(len(of_x), dtype=np.int64) * rows  # of the output's rows, of each product
    x_rows = np.add.outer(of_x, nested((rows,), (param(node, "x_row_step"),)))
    columns = np.add.outer(of_w, nested((units,), (param(node, "w_unit_step"),)))
    last = np.add.outer(first + rows - 1, np.zeros(units, np.int64)) * units + np.arange(units)
    return after(node, 0, x_rows, (np.arange(x_rows.size) + 1) * units - 1) | after(node, 1, columns, last)


def _pack_s8(node: Node) -> Packed:
    op = node.op
    assert isinstance(op, BatchMatmul)
    low, high = clamp_s8(op.clamp)
    multiplier, shift = (0, 0) if op.requantize is None else (int(w[0]) for w in factor_words(op.requantize, 1))
    output: dict[str, Literal] = {
        "x_zero": op.x_zero,
        "w_zero": op.w_zero,
        "multiplier": multiplier,
        "shift": shift,
        "zero_point": 0 if op.requantize is None else op.requantize.zero_point,
        "low": low,
        "high": high,
    }
    return Packed("edgegen_batch_matmul_s8", geometry(node) | output, inputs=(0, 1))


def _pack_s16(node: Node) -> Packed:
    op = node.op
    assert isinstance(op, BatchMatmul)
    assert isinstance(op.requantize, WideFixedPoint)
    multiplier, shift = op.requantize.reduced(1)
    scale: dict[str, Literal] = {"scale": (int(multiplier[0]), int(shift[0]))}
    params = geometry(node) | scale | output_s16(op.requantize, op.clamp)
    return Packed("edgegen_batch_matmul_s16", params, inputs=(0, 1))


def _pack_float(node: Node) -> Packed:
    assert isinstance(node.op, BatchMatmul)
    low, high = (clamp_f64 if node.out.dtype.size == 8 else clamp_f32)(node.op.clamp)
    return Packed(f"edgegen_batch_matmul_{node.out.dtype}", geometry(node) | {"low": low, "high": high}, inputs=(0, 1))


def few_batches(node: Node) -> str | None:
    return None if node.out.rank <= MAX_BATCH_RANK + 2 else f"at most {MAX_BATCH_RANK} batch dimensions"


def _when_s8(scheme: type[FixedPoint | None]) -> Callable[[Node], str | None]:
    def when(node: Node) -> str | None:
        op = node.op
        assert isinstance(op, BatchMatmul)
        if type(op.requantize) is not scheme:
            return f"does not requantize by {type(op.requantize).__name__}"
        depth = node.input(0).shape[-2 if op.adj_x else -1]
        return few_batches(node) or (
            None if depth <= MOST_PRODUCTS else f"sums of more than {MOST_PRODUCTS} products may overflow"
        )

    return when


def _when_s16(node: Node) -> str | None:
    op = node.op
    assert isinstance(op, BatchMatmul)
    if not isinstance(op.requantize, WideFixedPoint) or op.x_zero or op.w_zero or op.requantize.zero_point:
        return "zero points must be 0 and sums have 64 bits"
    depth = node.input(0).shape[-2 if op.adj_x else -1]
    return few_batches(node) or (None if depth <= 1 << 16 else "sums of more than 65536 products may overflow")


ROWS = tuple(
    Kernel(f"batch_matmul_{name}", signature, pack, header="batch_matmul", when=when, overlap=_overlap)
    for name, signature, pack, when in (
        ("s8", "s8 s8 -> s8", _pack_s8, _when_s8(FixedPoint)),
        ("s8_scaled", "s8 s8 -> s8", _pack_s8, _when_s8(ScaledRound)),
        ("s8_s32", "s8 s8 -> s32", _pack_s8, _when_s8(type(None))),
        ("s16", "s16 s16 -> s16", _pack_s16, _when_s16),
        ("s16_s8", "s16 s8 -> s16", _pack_s16, _when_s16),
        ("f32", "f32 f32 -> f32", _pack_float, few_batches),
        ("f64", "f64 f64 -> f64", _pack_float, few_batches),
    )
)
