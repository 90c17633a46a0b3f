"""Rows for the DSP extension (Cortex-M4): four filters at a time over features, pairs of numbers over time."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from edgegen.ir.graph import Node
from edgegen.ir.kernel import Constant, Kernel, Packed, Roomier
from edgegen.ops.dsp_products import fit_lanes, pack_products, rounded
from edgegen.ops.overlap import Overlaps, over_rows, param
from edgegen.ops.svdf.generic import UPDATES, finish, folded_biases, single_factors, sizes

FILTERS = 32  # at a time: with less, what a call costs beside its sums shows


def _pack(node: Node, filters_at_once: int = FILTERS) -> Packed:
    features, times = node.input(2).values.astype(np.int64), node.input(3).values
    starts, bias = folded_biases(node)
    filters, memory = times.shape
    paired = np.zeros((filters, memory + memory % 2), np.int16)
    paired[:, :memory] = times
    copy = rounded(features.shape[1]) if features.shape[1] % 4 else 0
    lanes = fit_lanes(features)
    constants = (
        Constant("features", pack_products(features, starts, lanes)),
        Constant("times", paired),
        Constant("bias", bias),
    )
    rank = filters // node.out.shape[1]
    block = min(math.lcm(filters_at_once, rank) // rank, filters // rank)  # whole tiles of four filters
    params = sizes(node) | finish(node) | {"apart": int(not lanes), "block": block, "sums": copy}
    scratch = copy + 4 * rounded(block * rank)
    return Packed("edgegen_svdf_s8_dsp", params, constants, inputs=(0, 1), scratch=scratch)


def _roomier(node: Node) -> Iterator[Roomier]:
    """All filters at a time."""
    packed = _pack(node, 4 * node.input(3).shape[0])
    yield Roomier(packed.scratch, lambda: packed)


def _overlap(node: Node) -> Overlaps:
    """What is copied is read before."""
    units, block = node.out.shape[1], param(node, "block")
    return over_rows(node, 0 if param(node, "sums") else (units - 1) // block * block)


ROWS = (
    Kernel(
        "svdf_s8_s16_dsp",
        "s8 s16 s8 s16 s32? -> s8 s16",
        _pack,
        header="svdf_s8_dsp",
        requires=frozenset({"dsp"}),
        when=single_factors,
        overlap=_overlap,
        roomier=_roomier,
        updates=UPDATES,
    ),
)
