"""What Dense is; its kernel rows are beside it, one file for each instruction set."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edgegen.errors import InvalidGraph
from edgegen.ir.fixed_point import FixedPoint
from edgegen.ir.op import NO_CLAMP, Op, Range, known, present
from edgegen.ir.tensor import Array, TensorType
from edgegen.ops.epilogue import finish_accumulator, result_type


@dataclass(frozen=True)
class Dense(Op):
    """x[M,K] * w[O,K] + b[O] -> [M,O], then requantize (integers) and clamp.

    x_zero:     zero point of x; weights are symmetric
    requantize: how s32 accumulators become the output's integers; None for floats and for results that are the s32 sums
    clamp:      on the output, in its own numbers
    """

    x_zero: int = 0
    requantize: FixedPoint | None = None
    clamp: Range = NO_CLAMP

    def infer(self, *inputs: TensorType | None) -> tuple[TensorType, ...]:
        x, w = known(inputs[0], "x"), known(inputs[1], "weights")
        b = inputs[2] if len(inputs) > 2 else None
        if len(x.shape) != 2 or len(w.shape) != 2 or x.shape[1] != w.shape[1]:
            raise InvalidGraph(f"x {x} and weights {w} do not multiply")
        if b is not None and b.shape != (w.shape[0],):
            raise InvalidGraph(f"bias {b} does not have {w.shape[0]} elements")
        if self.requantize is not None and len(self.requantize.multiplier) not in (1, w.shape[0]):
            raise InvalidGraph(f"{len(self.requantize.multiplier)} multipliers for {w.shape[0]} units")
        return (TensorType(result_type(x.dtype, self.requantize), (x.shape[0], w.shape[0])),)

    def reference(self, *inputs: Array | None) -> tuple[Array, ...]:
        x, w = present(inputs[0], "x"), present(inputs[1], "weights")
        b = inputs[2] if len(inputs) > 2 else None
        # float64 holds every partial sum of an integer product exactly, and BLAS makes it fast
        acc = (x.astype(np.float64) - self.x_zero) @ w.astype(np.float64).T
        return (finish_accumulator(acc, b, self.requantize, self.clamp, x.dtype),)

    def macs(self, *inputs: TensorType | None) -> int:
        x, w = known(inputs[0], "x"), known(inputs[1], "weights")
        return x.shape[0] * x.shape[1] * w.shape[0]
