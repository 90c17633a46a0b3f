"""Rows for x86-64 with AVX2."""

from __future__ import annotations

import math

import numpy as np

from edgegen.ir.graph import Node
from edgegen.ir.kernel import Constant, Kernel, Literal, Packed
from edgegen.ops.softmax.generic import exponential_table
from edgegen.ops.softmax.op import Softmax
from edgegen.ops.x86_tiles import FEATURES_AVX2


def _rows(node: Node) -> dict[str, Literal]:
    shape = node.input(0).shape
    return {"rows": math.prod(shape[:-1]), "depth": shape[-1]}


def _pack_s8(node: Node) -> Packed:
    assert isinstance(node.op, Softmax)
    table = exponential_table(node.op)
    ended = np.append(table, np.int32(0))
    return Packed("edgegen_softmax_s8", {**_rows(node), "length": len(table)}, (Constant("exponentials", ended),))


def _pack_f32(node: Node) -> Packed:
    assert isinstance(node.op, Softmax)
    return Packed("edgegen_softmax_f32", {**_rows(node), "beta": node.op.beta})


def _eight_or_more(node: Node) -> str | None:
    return None if node.input(0).shape[-1] >= 8 else "rows must have at least 8 elements"


ROWS = (
    Kernel("softmax_s8_avx2", "s8 -> s8", _pack_s8, requires=FEATURES_AVX2, when=_eight_or_more, in_place=(0,)),
    Kernel("softmax_f32_avx2", "f32 -> f32", _pack_f32, requires=FEATURES_AVX2, in_place=(0,)),
)
