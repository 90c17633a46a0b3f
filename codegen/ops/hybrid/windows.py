"""Rows for AArch64 and x86-64, and of four-bit weights for Cortex-M4: dense layers and convolutions window by window,
four units at a time."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from edgegen.ir.graph import Node
from edgegen.ir.kernel import Constant, Kernel, Packed
from edgegen.ops.conv2d.op import Conv2d
from edgegen.ops.dense.op import Dense
from edgegen.ops.gathered_windows import GatheredWindows
from edgegen.ops.hybrid.generic import INPUTS, SIGNATURE, factors, holds, hybrid, output_params, weight_sums
from edgegen.ops.nibbles import fit_nibbles, pack_nibble_quads
from edgegen.ops.window_overlap import by_units, by_window

_STEP, _STEP_S4 = 16, 8


def _windows(node: Node, step: int) -> GatheredWindows:
    product, x, w, y = hybrid(node).product, node.input(0).shape, node.input(3).shape, node.out.shape
    if isinstance(product, Dense):
        return GatheredWindows.of_rows(x[0], w[0], w[1], step)
    assert isinstance(product, Conv2d)
    return GatheredWindows(x, w, y, step, product.stride, product.dilation, product.pad)


def _packed(node: Node, windows: GatheredWindows, weights: Constant, gathered: bool) -> Packed:
    constants = (weights, factors(node), weight_sums(node.input(3).values))
    scratch = windows.padded if gathered else 0
    return Packed("edgegen_hybrid_windows", windows.params() | output_params(node), constants, INPUTS, scratch)


def _pack(node: Node, gathered: bool) -> Packed:
    windows = _windows(node, _STEP)
    return _packed(node, windows, Constant("weights", windows.weights(node.input(3).values)), gathered)


def _pack_s4(node: Node, gathered: bool) -> Packed:
    windows = _windows(node, _STEP_S4)
    words = pack_nibble_quads(windows.weights(node.input(3).values))
    return _packed(node, windows, Constant("weights", words.view(np.uint32)), gathered)


def _when(gathered: bool) -> Callable[[Node], str | None]:
    def when(node: Node) -> str | None:
        w = node.input(3).shape
        if len(w) == 2 and w[1] < _STEP:
            return f"rows must have at least {_STEP} elements"
        return _windows(node, _STEP).rejection(gathered, fewest=1)

    return when


def _when_s4(gathered: bool) -> Callable[[Node], str | None]:
    def when(node: Node) -> str | None:
        return _windows(node, _STEP_S4).rejection(gathered) or fit_nibbles(node.input(3).values)

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
            overlap=by_window if gathered else by_units,
        )
        for product in (Dense, Conv2d)
        for gathered in (False, True)
    )


ROWS = (
    *_rows("dotprod", frozenset({"neon", "dotprod"})),
    *_rows("neon", frozenset({"neon"})),
    *_rows("avx2", frozenset({"avx2", "fma"})),
)

ROWS_S4 = tuple(
    Kernel(
        f"hybrid_windows_s4_dsp{'_gathered' if gathered else ''}",
        SIGNATURE,
        partial(_pack_s4, gathered=gathered),
        "hybrid_windows_s4_dsp",
        frozenset({"dsp"}),
        holds(product, _when_s4(gathered)),
        for_size=True,
        overlap=by_window if gathered else by_units,
    )
    for product in (Dense, Conv2d)
    for gathered in (False, True)
)
