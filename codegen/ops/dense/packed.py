"""Rows that read weights of four bits two to the byte."""

from __future__ import annotations

import numpy as np

from edgegen.ir.fixed_point import FixedPoint
from edgegen.ir.graph import Node
from edgegen.ir.kernel import Constant, Kernel, Packed
from edgegen.ir.op import Range
from edgegen.ops.dense.op import Dense
from edgegen.ops.epilogue import (
    bias_or_zeros,
    clamp_s8,
    constant_weights,
    fixed_point_epilogue,
    fold_zero_point,
    rounds_twice,
)
from edgegen.ops.gathered_windows import GatheredWindows
from edgegen.ops.nibbles import fit_nibbles, pack_nibbles
from edgegen.ops.packed_windows import STEP, packed_window_rows
from edgegen.ops.window_overlap import by_pixel


def _when(node: Node) -> str | None:
    return constant_weights(node) or rounds_twice(node) or fit_nibbles(node.input(1).values)


def _pack(node: Node) -> Packed:
    op, w = node.op, node.input(1).values
    assert isinstance(op, Dense)
    assert op.requantize is not None
    low, high = clamp_s8(op.clamp)
    bias = fold_zero_point(bias_or_zeros(node), w.astype(np.int64).sum(axis=1), op.x_zero)
    return Packed(
        "edgegen_dense_s4",
        {
            "rows": node.input(0).shape[0],
            "depth": w.shape[1],
            "units": w.shape[0],
            "zero_point": op.requantize.zero_point,
            "low": low,
            "high": high,
        },
        (
            Constant("weights", pack_nibbles(w)),
            Constant("epilogue", fixed_point_epilogue(bias, op.requantize)),
        ),
    )


def _windows(node: Node) -> GatheredWindows:
    units, depth = node.input(1).shape
    return GatheredWindows.of_rows(node.input(0).shape[0], units, depth, STEP)


def _output(node: Node) -> tuple[int, FixedPoint, Range]:
    op = node.op
    assert isinstance(op, Dense)
    assert op.requantize is not None
    return op.x_zero, op.requantize, op.clamp


ROWS = (
    *packed_window_rows(_windows, _output),
    Kernel("dense_s4", "s8 s8 s32? -> s8", _pack, when=_when, for_size=True, overlap=by_pixel),
)
