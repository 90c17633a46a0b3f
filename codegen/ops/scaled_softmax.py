"""ScaledSoftmax: probabilities of quantized integers, computed as the real numbers they stand for."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from edgegen.errors import InvalidGraph
from edgegen.ir.dtypes import S8
from edgegen.ir.fixed_point import IntArray
from edgegen.ir.graph import Node
from edgegen.ir.kernel import Constant, Kernel, Packed
from edgegen.ir.op import Op, known, present
from edgegen.ir.tensor import Array, TensorType

MOST_DEPTH = (1 << 16) - 1
_FRACTION = 24  # bits of an exponential: what an f32 holds of a number up to 1


@dataclass(frozen=True)
class ScaledSoftmax(Op):
    """round(softmax(x_scale * x) / scale) + zero_point along the last axis, saturated; s8 to s8, ties to even.

    What ONNX's DequantizeLinear, Softmax and QuantizeLinear give one after the other, but for the rounding errors of
    f32 sums: exponentials have 24 bits behind the point, fewer where a row is so long that their sum would leave u32.
    Sums are exact, so their order does not matter, and results are round(exponential * (1 / scale / sum)), each step
    an f32.

    zero_point: of the result; that of x makes no difference
    """

    x_scale: float = 1.0
    scale: float = 1.0
    zero_point: int = 0

    def infer(self, *inputs: TensorType | None) -> tuple[TensorType, ...]:
        x = known(inputs[0], "x")
        if x.dtype != S8 or not x.shape or not 0 < x.shape[-1] <= MOST_DEPTH:
            raise InvalidGraph(f"x {x} must be s8 with a last axis of 1 to {MOST_DEPTH} values")
        if not self.scale > 0 or not self.x_scale > 0:
            raise InvalidGraph(f"scales {self.x_scale} and {self.scale} must be positive")
        return (TensorType(S8, x.shape),)

    def exponentials(self, depth: int) -> IntArray:
        """u32: exp of the differences 0, -1, ... from a row's greatest number, up to the last that is not 0."""
        bits = min(_FRACTION, 32 - depth.bit_length())
        real = np.exp(-np.arange(256) * float(np.float32(self.x_scale)))
        table = np.rint(np.ldexp(real, bits)).astype(np.uint32)
        return table[: int(np.flatnonzero(table)[-1]) + 1]

    @property
    def steps(self) -> float:
        """Steps of the result in a probability of 1, an f32."""
        return float(np.float32(1) / np.float32(self.scale))

    def reference(self, *inputs: Array | None) -> tuple[Array, ...]:
        x = present(inputs[0], "x").astype(np.int64)
        table = self.exponentials(x.shape[-1])
        below = x.max(axis=-1, keepdims=True) - x
        e = np.where(below < len(table), table[np.minimum(below, len(table) - 1)], np.uint32(0)).astype(np.uint32)
        factor = np.float32(self.steps) / e.sum(axis=-1, keepdims=True, dtype=np.uint64).astype(np.float32)
        rounded = np.rint(np.clip(e.astype(np.float32) * factor, -128 - self.zero_point, 127 - self.zero_point))
        return ((rounded + self.zero_point).astype(np.int8),)


def _pack(node: Node) -> Packed:
    op, shape = node.op, node.input(0).shape
    assert isinstance(op, ScaledSoftmax)
    table = op.exponentials(shape[-1])
    return Packed(
        "edgegen_scaled_softmax",
        {
            "rows": math.prod(shape[:-1]),
            "depth": shape[-1],
            "length": len(table),
            "zero_point": op.zero_point,
            "steps": op.steps,
        },
        (Constant("exponentials", table),),
    )


ScaledSoftmax.kernels = (Kernel("scaled_softmax_s8", "s8 -> s8", _pack, header="scaled_softmax", in_place=(0,)),)
