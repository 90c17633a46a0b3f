"""LocalResponse: numbers divided by a power of the squares of their neighbours along the last axis."""

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


@dataclass(frozen=True)
class LocalResponse(Op):
    """x[c] * (bias + alpha * sum(x[c - before .. c + after]^2)) ^ -beta (ONNX LRN).

    TFLite's reference of LOCAL_RESPONSE_NORMALIZATION leaves out the last neighbour: after is before - 1.
    """

    before: int = 5
    after: int = 4
    bias: float = 1.0
    alpha: float = 1.0
    beta: float = 0.5

    def infer(self, *inputs: TensorType | None) -> tuple[TensorType, ...]:
        x = known(inputs[0], "x")
        if not x.shape or not x.dtype.is_float or self.before < 0 or self.after < -1:
            raise InvalidGraph(f"x {x} has no neighbours within {self.before} and {self.after}")
        return (TensorType(x.dtype, x.shape),)

    def reference(self, *inputs: Array | None) -> tuple[Array, ...]:
        x = present(inputs[0], "x")
        wide = x.astype(np.float64)
        depth = x.shape[-1]
        before, after = min(self.before, depth), min(self.after, depth)
        padded = np.pad(wide * wide, [(0, 0)] * (x.ndim - 1) + [(before, max(after, 0))])
        total = np.zeros_like(wide)
        for k in range(before + 1 + after):
            total += padded[..., k : k + depth]
        return ((wide * (self.bias + self.alpha * total) ** -self.beta).astype(x.dtype),)


def _pack(node: Node) -> Packed:
    op = node.op
    assert isinstance(op, LocalResponse)
    shape = node.input(0).shape
    return Packed(
        "edgegen_local_response",
        {
            "rows": math.prod(shape[:-1]),
            "depth": shape[-1],
            "before": min(op.before, shape[-1]),
            "after": min(op.after, shape[-1]),
            "bias": op.bias,
            "alpha": op.alpha,
            "beta": op.beta,
        },
    )


def _overlap(node: Node) -> Overlaps:
    """An element of the output is written when its neighbours have been read."""
    channels = np.arange(param(node, "depth"), dtype=np.int64)
    firsts = np.maximum(channels - param(node, "before"), 0)
    return in_turn(node, np.add.outer(nested((param(node, "rows"),), (len(channels),)), firsts).reshape(-1))


LocalResponse.kernels = (Kernel("local_response_f32", "f32 -> f32", _pack, header="local_response", overlap=_overlap),)
