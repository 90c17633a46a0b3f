"""How far results of one element each may lie over the elements that they are made from, of whatever types."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from edgegen.ir.graph import Node
from edgegen.ops.overlap import NONE, Overlaps, distance, turning


def by_element(block: int = 1) -> Callable[[Node], Overlaps]:
    """Of a kernel that takes each element from the one of x at the same place, of whatever types.

    block: elements that are read before they are written; what they leave at the end goes one by one
    """

    def overlap(node: Node) -> Overlaps:
        x, y = node.input(0), node.out
        count = y.type.elements
        if x.is_constant or count == 0:
            return NONE
        whole = count - count % block
        # reads and writes advance evenly, so that of each stretch the steps at its ends decide
        ends = {0, block, whole - 2 * block, whole - block, whole, whole + 1, count - 2, count - 1}
        first = [i for i in sorted(ends) if 0 <= i < count and (i >= whole or i % block == 0)]
        starts = np.array(first, np.int64)
        past = starts + np.where(starts < whole, block, 1)
        size, to_size = x.dtype.size, y.dtype.size
        return turning(node, distance(starts * size, starts * to_size), lambda: (past * size, past * to_size))

    return overlap
