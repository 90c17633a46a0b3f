"""Coupling: probabilities of several classes from those of each two."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from edgegen.errors import InvalidGraph
from edgegen.ir.dtypes import F32
from edgegen.ir.graph import Node
from edgegen.ir.kernel import Kernel, Packed
from edgegen.ir.op import Op, known, present
from edgegen.ir.tensor import Array, TensorType
from edgegen.ops.overlap import Overlaps, in_turn, nested, param

TURNS = 100


@dataclass(frozen=True)
class Coupling(Op):
    """x f32[N, pairs] -> p f32[N, classes]: x[(i, j)] is the probability of class i where it is i or j, i < j in order.

    p minimizes the sum of (x[(j, i)] p[i] - x[(i, j)] p[j])^2 over all pairs, found by the iteration of Wu, Lin and
    Weng (2004) as libsvm does it: it ends after TURNS, or when no class is off by 0.005 / classes, so that where it
    ends is a part of the result (ONNX SVMClassifier with probabilities).
    """

    classes: int = 2

    def infer(self, *inputs: TensorType | None) -> tuple[TensorType, ...]:
        x = known(inputs[0], "x")
        if x.dtype != F32 or len(x.shape) != 2 or self.classes < 2 or x.shape[1] != math.comb(self.classes, 2):
            raise InvalidGraph(f"x {x} has no probabilities of each two of {self.classes} classes")
        return (TensorType(F32, (x.shape[0], self.classes)),)

    def reference(self, *inputs: Array | None) -> tuple[Array, ...]:
        x = present(inputs[0], "x")
        return (np.stack([self._coupled(row) for row in x]) if len(x) else np.zeros((0, self.classes), np.float32),)

    def _coupled(self, row: Array) -> Array:
        k, f32 = self.classes, np.float32
        r = np.zeros((k, k), f32)
        for value, (i, j) in zip(row, combinations(range(k), 2), strict=True):
            r[i, j], r[j, i] = value, f32(1) - value
        q = -r.T * r
        np.fill_diagonal(q, (r * r).sum(0))
        p, limit = np.full(k, f32(1) / f32(k)), f32(0.005) / f32(k)
        for _ in range(max(TURNS, k)):
            qp = q @ p
            total = p @ qp
            if np.abs(qp - total).max() < limit:
                break
            for t in range(k):
                step = (total - qp[t]) / q[t, t]
                p[t] += step
                whole = f32(1) + step
                total = (total + step * (step * q[t, t] + 2 * qp[t])) / whole / whole
                qp = (qp + step * q[t]) / whole
                p /= whole
        return p


def _pack(node: Node) -> Packed:
    """scratch: the symmetric matrix of the pairs, and its product with the probabilities."""
    assert isinstance(node.op, Coupling)
    rows, k = node.out.shape
    params = {"rows": rows, "classes": k, "turns": max(TURNS, k)}
    return Packed("edgegen_coupling", params, scratch=4 * k * (k + 1))


def _overlap(node: Node) -> Overlaps:
    """A row of pairs becomes a matrix in scratch before its probabilities are written."""
    rows, classes = param(node, "rows"), param(node, "classes")
    return in_turn(node, nested((rows,), (classes * (classes - 1) // 2,)))


Coupling.kernels = (Kernel("coupling_f32", "f32 -> f32", _pack, header="coupling", overlap=_overlap),)
