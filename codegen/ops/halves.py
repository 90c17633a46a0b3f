"""Rows of f32 layers whose weights are stored in half precision: what models have that were converted to float16."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from edgegen.ir.graph import Node
from edgegen.ir.kernel import Kernel, Packed, apart

LEAST = 64
"""Weights of a layer that is worth a kernel of its own."""


def fit_halves(node: Node) -> str | None:
    """Part of a row's `when`: the weights (input 1) are f16 numbers, so that nothing is lost."""
    w = node.input(1).values
    if w.size < LEAST:
        return f"fewer than {LEAST} weights"
    with np.errstate(over="ignore"):
        exact = np.isfinite(w).all() and np.array_equal(w.astype(np.float16).astype(np.float32), w)
    return None if exact else "weights need more than half precision"


def half_row(row: Kernel, filters: Callable[[Node], int]) -> Kernel:
    """The portable row of f32 with its first constant, the weights, in half precision.

    filters: weights that the kernel expands at a time
    """

    def pack(node: Node) -> Packed:
        plain = row.pack(node)
        weights = replace(plain.constants[0], array=plain.constants[0].array.astype(np.float16))
        return replace(plain, constants=(weights, *plain.constants[1:]), scratch=4 * filters(node))

    def when(node: Node) -> str | None:
        return (None if node.input(1).is_constant else "weights must be constant") or row.when(node) or fit_halves(node)

    return replace(row, name=f"{row.name}_half", pack=pack, header="halves", when=when, for_size=True, overlap=apart)
