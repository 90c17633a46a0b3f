"""Bucketize: between which boundaries numbers lie."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edgegen.errors import InvalidGraph
from edgegen.ir.dtypes import F32, S32
from edgegen.ir.graph import Node
from edgegen.ir.kernel import Constant, Kernel, Packed
from edgegen.ir.op import Op, known, present
from edgegen.ir.tensor import Array, TensorType
from edgegen.ops.element_overlap import by_element


@dataclass(frozen=True)
class Bucketize(Op):
    """How many of the boundaries, which ascend, each number reaches (TFLite BUCKETIZE on f32)."""

    boundaries: tuple[float, ...] = ()

    def infer(self, *inputs: TensorType | None) -> tuple[TensorType, ...]:
        x = known(inputs[0], "x")
        if x.dtype != F32 or list(self.boundaries) != sorted(self.boundaries):
            raise InvalidGraph(f"x {x} must be f32, and the boundaries must ascend")
        return (TensorType(S32, x.shape),)

    def reference(self, *inputs: Array | None) -> tuple[Array, ...]:
        x, edges = present(inputs[0], "x"), np.array(self.boundaries, np.float32)
        return ((x[..., None] >= edges).sum(-1).astype(np.int32),)


def _pack(node: Node) -> Packed:
    assert isinstance(node.op, Bucketize)
    params = {"count": node.out.type.elements, "boundaries": len(node.op.boundaries)}
    return Packed("edgegen_bucketize", params, (Constant("boundaries", np.array(node.op.boundaries, np.float32)),))


def _when(node: Node) -> str | None:
    assert isinstance(node.op, Bucketize)
    return None if node.op.boundaries else "there must be a boundary"


Bucketize.kernels = (
    Kernel("bucketize_f32", "f32 -> s32", _pack, header="bucketize", when=_when, overlap=by_element()),
)
