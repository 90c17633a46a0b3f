"""Rows for cores with the DSP extension (Cortex-M4)."""

from __future__ import annotations

from edgegen.ir.graph import Node
from edgegen.ir.kernel import Kernel, Packed
from edgegen.ops.gates import constant_parameters
from edgegen.ops.lstm.generic import SIGNATURE_F32, UPDATES, pack_f32


def _pack_f32(node: Node) -> Packed:
    return pack_f32(node, joins=True)


ROWS = (
    Kernel(
        "lstm_f32_dsp",
        SIGNATURE_F32,
        _pack_f32,
        requires=frozenset({"dsp"}),
        when=constant_parameters,
        updates=UPDATES,
    ),
)
