"""What BatchMatmul is; its kernel rows are beside it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edgegen.errors import InvalidGraph
from edgegen.ir.dtypes import S8, S16
from edgegen.ir.fixed_point import FixedPoint
from edgegen.ir.op import NO_CLAMP, Op, Range, known, present
from edgegen.ir.tensor import Array, TensorType
from edgegen.ops.epilogue import finish_accumulator, result_type

MOST_PRODUCTS = 1 << 15
"""Of s8 that one sum of s32 surely holds."""


@dataclass(frozen=True)
class BatchMatmul(Op):
    """x[...,M,K] * w[...,K,N] -> [...,M,N], then requantize (integers) and clamp; leading dimensions broadcast.

    adj_x, adj_y:   x is stored as [...,K,M], w as [...,N,K]
    x_zero, w_zero: zero points
    requantize:     how integer sums become the output's integers, one factor; None for floats and for s32 sums of s8
    clamp:          on the output, in its own numbers
    """

    adj_x: bool = False
    adj_y: bool = False
    x_zero: int = 0
    w_zero: int = 0
    requantize: FixedPoint | None = None
    clamp: Range = NO_CLAMP

    def infer(self, *inputs: TensorType | None) -> tuple[TensorType, ...]:
        x, w = known(inputs[0], "x"), known(inputs[1], "w")
        if min(len(x.shape), len(w.shape)) < 2 or (x.dtype != w.dtype and (x.dtype, w.dtype) != (S16, S8)):
            raise InvalidGraph(f"{x} and {w} must be matrices of one type, or s16 and s8")
        rows, depth = reversed(x.shape[-2:]) if self.adj_x else x.shape[-2:]
        other, units = reversed(w.shape[-2:]) if self.adj_y else w.shape[-2:]
        try:
            lead = np.broadcast_shapes(x.shape[:-2], w.shape[:-2])
        except ValueError:
            raise InvalidGraph(f"the batches of {x} and {w} do not broadcast") from None
        if depth != other:
            raise InvalidGraph(f"{x} and {w} do not multiply")
        if self.requantize is not None and len(self.requantize.multiplier) != 1:
            raise InvalidGraph(f"{len(self.requantize.multiplier)} multipliers for one product")
        return (TensorType(result_type(x.dtype, self.requantize), (*lead, rows, units)),)

    def reference(self, *inputs: Array | None) -> tuple[Array, ...]:
        x, w = present(inputs[0], "x"), present(inputs[1], "w")
        # float64 holds every partial sum of an integer product exactly
        a, b = x.astype(np.float64) - self.x_zero, w.astype(np.float64) - self.w_zero
        acc = (a.swapaxes(-1, -2) if self.adj_x else a) @ (b.swapaxes(-1, -2) if self.adj_y else b)
        return (finish_accumulator(acc, None, self.requantize, self.clamp, x.dtype),)

    def macs(self, *inputs: TensorType | None) -> int:
        (y,) = self.infer(*inputs)
        return y.elements * known(inputs[0], "x").shape[-2 if self.adj_x else -1]
