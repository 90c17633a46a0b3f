"""Determinant: of square matrices."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from edgegen.errors import InvalidGraph
from edgegen.ir.graph import Node
from edgegen.ir.kernel import Kernel, Packed
from edgegen.ir.op import Op, known, present
from edgegen.ir.tensor import Array, TensorType
from edgegen.ops.overlap import Overlaps, in_turn, nested, param

_DTYPES = ("f32", "f64")


@dataclass(frozen=True)
class Determinant(Op):
    """x[..., N, N] -> y[...] (ONNX Det), by elimination with the greatest element of each column as pivot."""

    def infer(self, *inputs: TensorType | None) -> tuple[TensorType, ...]:
        x = known(inputs[0], "x")
        if x.dtype.name not in _DTYPES or len(x.shape) < 2 or x.shape[-1] != x.shape[-2] or not x.elements:
            raise InvalidGraph(f"x {x} holds no square matrices of floats")
        return (TensorType(x.dtype, x.shape[:-2]),)

    def reference(self, *inputs: Array | None) -> tuple[Array, ...]:
        x = present(inputs[0], "x")
        return (np.asarray(np.linalg.det(x.astype(np.float64)), x.dtype),)

    def macs(self, *inputs: TensorType | None) -> int:
        x = known(inputs[0], "x")
        return math.prod(x.shape[:-2]) * x.shape[-1] ** 3 // 3


def _pack(node: Node) -> Packed:
    x = node.input(0)
    n = x.shape[-1]
    params = {"count": math.prod(x.shape[:-2]), "n": n}
    return Packed("edgegen_determinant", params, scratch=n * n * x.dtype.size)


def _overlap(node: Node) -> Overlaps:
    """A matrix is copied before its determinant is written."""
    return in_turn(node, nested((param(node, "count"),), (param(node, "n") ** 2,)))


Determinant.kernels = tuple(
    Kernel(f"determinant_{t}", f"{t} -> {t}", _pack, header="determinant", overlap=_overlap) for t in _DTYPES
)
