"""Trees while they are read: nodes and leaves in any order, made into the tables of a Trees node."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from edgegen.frontends.onnx.importer import Operator
from edgegen.ir.dtypes import S32, DType
from edgegen.ir.tensor import Tensor
from edgegen.ops.trees import Trees, branch_code


@dataclass
class TreeTables:
    """The tables of a Trees node while they are written."""

    branch: list[list[int]] = field(default_factory=list)
    threshold: list[float] = field(default_factory=list)
    root: list[int] = field(default_factory=list)
    leaves: list[list[tuple[int, float]]] = field(default_factory=list)

    def add_branch(self, feature: int, relation: str, missing: bool, threshold: float) -> int:
        """A node whose ways are still to be written."""
        self.branch.append([branch_code(feature, relation, missing), 0, 0])
        self.threshold.append(threshold)
        return len(self.branch) - 1

    def add_leaf(self, entries: list[tuple[int, float]]) -> int:
        """Where a way leads that ends here."""
        self.leaves.append(entries)
        return ~(len(self.leaves) - 1)

    def _different_leaves(self, aggregate: str) -> tuple[list[tuple[tuple[int, float], ...]], list[int]]:
        """(each leaf that there is, once; which one each was). What adds nothing to a sum is left out."""
        if not self.leaves:  # no way leads to it
            self.add_leaf([])
        known: dict[tuple[tuple[int, float], ...], int] = {}
        number = []
        for leaf in self.leaves:
            entries = tuple(e for e in leaf if e[1] != 0 or aggregate != "sum")
            number.append(known.setdefault(entries, len(known)))
        return list(known), number

    def evaluated(self, op: Operator, x: Tensor, targets: int, aggregate: str) -> Tensor:
        """[N, targets]. Raises InvalidGraph where the tables do not fit."""
        if not self.branch:  # a table has an element; no way leads here
            self.branch.append([0, -1, -1])
            self.threshold.append(0)
        leaves, number = self._different_leaves(aggregate)
        entries = [entry for leaf in leaves for entry in leaf]
        first = np.cumsum([0, *map(len, leaves)])
        if not entries:
            entries, first[-1] = [(0, 0.0)], 1

        def moved(way: int) -> int:
            return way if way >= 0 else ~number[~way]

        tables: list[tuple[object, DType]] = [
            ([[code, moved(yes), moved(no)] for code, yes, no in self.branch], S32),
            (self.threshold, x.dtype),
            ([moved(way) for way in self.root], S32),
            (first, S32),
            ([t for t, _ in entries], S32),
            ([w for _, w in entries], x.dtype),
        ]
        trees = Trees(targets, aggregate)
        arrays = [np.array(values, dtype.np) for values, dtype in tables]
        trees.check(x.shape[1], *arrays)
        constants = [op.constant(a, d) for a, (_, d) in zip(arrays, tables, strict=True)]
        return op.add(trees, [x, *constants])
