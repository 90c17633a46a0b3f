"""The row of s8 for the DSP extension (Cortex-M4)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from edgegen.ir.graph import Node
from edgegen.ir.kernel import Constant, Kernel, Literal, Packed, Roomier
from edgegen.ops.dsp_products import fit_lanes, pack_products, rounded
from edgegen.ops.lstm.floats import UPDATES
from edgegen.ops.lstm.quantized import SIGMOID, arithmetic, params, plain, starts, weights_by_cell
from edgegen.ops.overlap import Overlaps, param
from edgegen.ops.recurrent import over_steps

BLOCK = 16  # cells: with less, what a call costs beside its sums shows


def _pack_s8(node: Node, block: int = BLOCK) -> Packed:
    (w, r), (over_x, over_h) = weights_by_cell(node), starts(node)
    first, second = (rounded(a.shape[1]) if a.shape[1] % 4 else 0 for a in (w, r))
    lanes, block = fit_lanes(w, r), min(block, len(w) // 4)
    constants = (
        Constant("from_x", pack_products(w, over_x, lanes)),
        Constant("from_h", pack_products(r, over_h, lanes)),
        SIGMOID,
    )
    more: dict[str, Literal] = {"apart": int(not lanes), "block": block, "copy": first, "sums": first + second}
    scratch = first + second + 4 * 4 * 2 * block
    return Packed("edgegen_lstm_integer", params(node) | more, constants, inputs=(0, 1, 2), scratch=scratch)


def _roomier_s8(node: Node) -> Iterator[Roomier]:
    """All cells at a time."""
    packed = _pack_s8(node, node.out.shape[-1])
    yield Roomier(packed.scratch, lambda: packed)


def _overlap_s8(node: Node) -> Overlaps:
    """What is copied is read before."""
    cells, block = node.out.shape[-1], param(node, "block")
    return over_steps(node, 0 if param(node, "copy") else (cells - 1) // block * block)


def _when_s8(node: Node) -> str | None:
    why = plain(node)
    if why is not None:
        return why
    gates, sums = arithmetic(node), zip(weights_by_cell(node), starts(node), strict=True)
    if any(s >= 0 for s in (*gates.from_x.shift, *gates.from_h.shift)):
        return "sums must be scaled down"
    if any((128 * np.abs(a).sum(axis=1) + np.abs(start) >= 1 << 30).any() for a, start in sums):
        return "sums must be below 2^30"
    return None


ROWS = (
    Kernel(
        "lstm_s8_dsp",
        "s8 s8 s16 s8 s8 s32? -> s8 s8 s16",
        _pack_s8,
        requires=frozenset({"dsp"}),
        when=_when_s8,
        overlap=_overlap_s8,
        roomier=_roomier_s8,
        updates=UPDATES,
    ),
)
