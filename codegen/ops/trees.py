"""Trees: an ensemble of decision trees over the features of each row."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edgegen.errors import InvalidGraph
from edgegen.ir.dtypes import S32
from edgegen.ir.graph import Node
from edgegen.ir.kernel import Constant, Kernel, Packed
from edgegen.ir.op import Op, known, present
from edgegen.ir.tensor import Array, TensorType
from edgegen.ops.overlap import Overlaps, after, param

RELATIONS = ("less_equal", "less", "greater_equal", "greater", "equal", "not_equal")
"""Which comparison of a feature with the threshold leads to the first branch, by its number."""
AGGREGATES = ("sum", "min", "max")
_DTYPES = ("f32", "f64")


def branch_code(feature: int, relation: str, missing: bool) -> int:
    """The first word of a node. missing: NaN always leads to the first branch; else where comparisons with it lead."""
    return feature * 16 + RELATIONS.index(relation) * 2 + missing


@dataclass(frozen=True)
class Trees(Op):
    """x[N, features] -> y[N, targets]: what the leaves that each row reaches say about each target, together.

    branch    s32[nodes, 3], constant: `branch_code`, then where to go if the comparison holds and if it does not: a
              later node, or ~i for leaf i (ONNX's trees as one table; nodes may share what follows)
    threshold [nodes] of x's type, constant
    root      s32[trees], constant: as where to go
    first     s32[leaves + 1], constant: leaf i has the entries from first[i] to before first[i + 1]
    target    s32[entries], constant; weight [entries] of x's type, constant

    aggregate: "sum", "min" or "max" over the trees; a target that no leaf names is 0
    """

    targets: int = 1
    aggregate: str = "sum"

    def infer(self, *inputs: TensorType | None) -> tuple[TensorType, ...]:
        x, branch, threshold, root, first, target, weight = (known(t, "a table of trees") for t in inputs)
        if len(x.shape) != 2 or x.dtype.name not in _DTYPES or self.aggregate not in AGGREGATES or self.targets < 1:
            raise InvalidGraph(f"x {x} has no rows of features of which trees make {self.aggregate}s")
        if {branch.dtype, root.dtype, first.dtype, target.dtype} != {S32} or {threshold.dtype, weight.dtype} != {
            x.dtype
        }:
            raise InvalidGraph(f"tables of trees must be s32, thresholds and weights {x.dtype}")
        if branch.shape != (*threshold.shape, 3) or target.shape != weight.shape or not first.elements:
            raise InvalidGraph(f"tables of trees do not fit: branches {branch}, thresholds {threshold}")
        return (TensorType(x.dtype, (x.shape[0], self.targets)),)

    def check(self, features: int, *tables: Array) -> None:
        """Raises InvalidGraph unless every walk through the tables ends, within them."""
        branch, _, root, first, target, weight = tables
        leaves, nodes = len(first) - 1, len(branch)
        ways = np.concatenate([branch[:, 1:].reshape(-1), root])
        if ways.size and (ways.min() < -leaves or ways.max() >= nodes):
            raise InvalidGraph("trees lead to nodes that are not there")
        if (branch[:, 1:] >= 0).any() and (
            np.where(branch[:, 1:] >= 0, branch[:, 1:], nodes) <= np.arange(nodes)[:, None]
        ).any():
            raise InvalidGraph("nodes of trees must come before those that they lead to")
        if (branch[:, 0] < 0).any() or (branch[:, 0] // 16 >= features).any():
            raise InvalidGraph(f"trees ask for features that {features} are not enough for")
        if first[0] != 0 or first[-1] != len(weight) or (np.diff(first) < 0).any():
            raise InvalidGraph("leaves of trees have no entries")
        if target.size and (target.min() < 0 or target.max() >= self.targets):
            raise InvalidGraph(f"leaves of trees name targets that are not among {self.targets}")

    def reference(self, *inputs: Array | None) -> tuple[Array, ...]:
        x, branch, threshold, root, first, target, weight = (present(t, "a table of trees") for t in inputs)
        self.check(x.shape[1], branch, threshold, root, first, target, weight)
        relations = (np.less_equal, np.less, np.greater_equal, np.greater, np.equal, np.not_equal)
        y = np.full((len(x), self.targets), np.nan, x.dtype)
        for row, result in zip(x, y, strict=True):
            for at in root:
                while at >= 0:
                    code, then, otherwise = branch[at]
                    value = row[code // 16]
                    holds = relations[code // 2 % 8](value, threshold[at])
                    at = then if holds or (np.isnan(value) and code % 2) else otherwise
                for k in range(first[~at], first[~at + 1]):
                    best = result[target[k]]
                    join = {"sum": np.add, "min": np.minimum, "max": np.maximum}[self.aggregate]
                    result[target[k]] = weight[k] if np.isnan(best) else join(best, weight[k])
        return (np.where(np.isnan(y), 0, y).astype(x.dtype),)


def _pack(node: Node) -> Packed:
    op, x = node.op, node.input(0)
    assert isinstance(op, Trees)
    names = ("branch", "threshold", "root", "first", "target", "weight")
    tables = [node.input(i + 1).values for i in range(len(names))]
    op.check(x.shape[1], *tables)
    params = {
        "rows": x.shape[0],
        "features": x.shape[1],
        "targets": op.targets,
        "trees": tables[2].size,
        "aggregate": AGGREGATES.index(op.aggregate),
    }
    return Packed("edgegen_trees", params, tuple(Constant(n, t) for n, t in zip(names, tables, strict=True)))


def _constant(node: Node) -> str | None:
    return None if all(node.input(i).is_constant for i in range(1, 7)) else "the tables must be constant"


def _overlap(node: Node) -> Overlaps:
    """A row is read while its targets hold what they have come to."""
    row = np.arange(param(node, "rows"), dtype=np.int64)
    return after(node, 0, row * param(node, "features"), (row + 1) * param(node, "targets"))


Trees.kernels = tuple(
    Kernel(f"trees_{t}", f"{t} s32 {t} s32 s32 s32 {t} -> {t}", _pack, header="trees", when=_constant, overlap=_overlap)
    for t in _DTYPES
)
