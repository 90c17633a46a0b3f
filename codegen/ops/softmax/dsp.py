"""Rows for the DSP extension (Cortex-M4)."""

from __future__ import annotations

import math

from edgegen.ir.graph import Node
from edgegen.ir.kernel import Constant, Kernel, Packed
from edgegen.ops.softmax.generic import exponential_table
from edgegen.ops.softmax.op import Softmax


def _pack_s8(node: Node) -> Packed:
    assert isinstance(node.op, Softmax)
    table, shape = exponential_table(node.op), node.input(0).shape
    return Packed(
        "edgegen_softmax_s8",
        {"rows": math.prod(shape[:-1]), "depth": shape[-1], "length": len(table)},
        (Constant("exponentials", table),),
    )


ROWS = (Kernel("softmax_s8_dsp", "s8 -> s8", _pack_s8, requires=frozenset({"dsp"}), in_place=(0,)),)
