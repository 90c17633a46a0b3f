"""Rows for the DSP extension (Cortex-M4) that read weights of four bits two to the byte: s8 layers window by window."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from edgegen.ir.fixed_point import FixedPoint
from edgegen.ir.graph import Node
from edgegen.ir.kernel import Constant, Kernel, Packed
from edgegen.ir.op import Range
from edgegen.ops.epilogue import (
    bias_or_zeros,
    clamp_s8,
    constant_weights,
    fixed_point_epilogue,
    fold_zero_point,
    rounds_twice,
)
from edgegen.ops.gathered_windows import GatheredWindows
from edgegen.ops.nibbles import fit_nibbles, pack_nibble_quads
from edgegen.ops.window_overlap import by_units, by_window

STEP = 8


def _pack(node: Node, windows: GatheredWindows, x_zero: int, requantize: FixedPoint, clamp: Range) -> Packed:
    w = node.input(1).values
    sums = w.reshape(len(w), -1).sum(axis=1, dtype=np.int64)
    bias = fold_zero_point(bias_or_zeros(node), sums, x_zero)
    low, high = clamp_s8(clamp)
    output = {"x_zero": x_zero, "zero_point": requantize.zero_point, "low": low, "high": high}
    words = pack_nibble_quads(windows.weights(w)).view(np.uint32)
    constants = (Constant("weights", words), Constant("epilogue", fixed_point_epilogue(bias, requantize)))
    scratch = 0 if windows.lie_in_x else windows.padded
    return Packed("edgegen_windows_s4_dsp", windows.params() | output, constants, scratch=scratch)


def packed_window_rows(
    windows: Callable[[Node], GatheredWindows], output: Callable[[Node], tuple[int, FixedPoint, Range]]
) -> tuple[Kernel, ...]:
    """windows, output: those of a node, and its input's zero point, requantization and clamp."""

    def when(node: Node, gathered: bool) -> str | None:
        reason = constant_weights(node) or rounds_twice(node) or fit_nibbles(node.input(1).values)
        return reason or windows(node).rejection(gathered)

    return tuple(
        Kernel(
            f"windows_s4_dsp{'_gathered' if gathered else ''}",
            "s8 s8 s32? -> s8",
            lambda node: _pack(node, windows(node), *output(node)),
            "windows_s4_dsp",
            frozenset({"dsp"}),
            partial(when, gathered=gathered),
            for_size=True,
            overlap=by_window if gathered else by_units,
        )
        for gathered in (False, True)
    )
