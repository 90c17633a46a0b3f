"""Portable rows."""

from __future__ import annotations

import math

import numpy as np

from edgegen.ir.graph import Node
from edgegen.ir.kernel import Constant, Kernel, Packed
from edgegen.ops.element_overlap import by_element
from edgegen.ops.softmax.op import EXPONENTIALS, RECIPROCALS, Softmax


def exponential_table(op: Softmax) -> np.ndarray:
    """s32: the exponentials up to the last that is not 0."""
    table = op.exponentials().astype(np.int32)
    return table[: int(np.flatnonzero(table)[-1]) + 1]


def _rows(node: Node) -> dict[str, int]:
    shape = node.input(0).shape
    return {"rows": math.prod(shape[:-1]), "depth": shape[-1]}


def _pack_s8(node: Node) -> Packed:
    assert isinstance(node.op, Softmax)
    table = exponential_table(node.op)
    return Packed("edgegen_softmax_s8", {**_rows(node), "length": len(table)}, (Constant("exponentials", table),))


def _pack_f32(node: Node) -> Packed:
    assert isinstance(node.op, Softmax)
    return Packed("edgegen_softmax_f32", {**_rows(node), "beta": node.op.beta})


def _pack_s16(node: Node) -> Packed:
    assert isinstance(node.op, Softmax)
    assert node.op.difference is not None
    params = {
        **_rows(node),
        "multiplier": node.op.difference.multiplier[0],
        "shift": node.op.difference.shift[0],
    }
    tables = (
        Constant("exponentials", np.array(EXPONENTIALS.values, np.int16)),
        Constant("reciprocals", np.array(RECIPROCALS.values, np.int16)),
    )
    return Packed("edgegen_softmax_s16", params, tables)


ROWS = (
    Kernel("softmax_s8", "s8 -> s8", _pack_s8, in_place=(0,)),
    Kernel("softmax_s8_s16", "s8 -> s16", _pack_s8, header="softmax_s8", overlap=by_element()),
    Kernel("softmax_s16", "s16 -> s16", _pack_s16, in_place=(0,)),
    Kernel("softmax_f32", "f32 -> f32", _pack_f32, in_place=(0,)),
    *(
        Kernel(f"softmax_{t}", f"{t} -> {t}", _pack_f32, "softmax_narrow", in_place=(0,))
        for t in ("f64", "f16", "bf16")
    ),
)
