"""Rows for the DSP extension (Cortex-M4): four filters at a time over features, pairs of numbers over time."""

from __future__ import annotations

import numpy as np

from edgegen.ir.graph import Node
from edgegen.ir.kernel import Constant, Kernel, Packed
from edgegen.ops.dsp_products import fit_lanes, pack_products, rounded
from edgegen.ops.svdf.generic import UPDATES, finish, folded_biases, single_factors, sizes


def _pack(node: Node) -> Packed:
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
    params = sizes(node) | finish(node) | {"apart": int(not lanes), "sums": copy}
    scratch = copy + 4 * rounded(filters)
    return Packed("edgegen_svdf_s8_dsp", params, constants, inputs=(0, 1), scratch=scratch)


ROWS = (
    Kernel(
        "svdf_s8_s16_dsp",
        "s8 s16 s8 s16 s32? -> s8 s16",
        _pack,
        header="svdf_s8_dsp",
        requires=frozenset({"dsp"}),
        when=single_factors,
        updates=UPDATES,
    ),
)
