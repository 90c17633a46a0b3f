"""What Softmax is; its kernel rows are beside it, one file for each instruction set."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from edgegen.errors import InvalidGraph
from edgegen.ir.fixed_point import FixedPoint, doubling_high_multiply, rounding_shift_right
from edgegen.ir.op import Op, known, present
from edgegen.ir.tensor import Array, TensorType
from edgegen.ops.fixed_point_functions import exp_on_negative_values, leading_zeros, reciprocal_of_one_plus

SUM_BITS = 12  # integer bits of a sum of exponentials
MAX_DEPTH_S8 = 8191  # the longest sum that 32 bits hold


@dataclass(frozen=True)
class Softmax(Op):
    """exp(beta * x) along the last axis, divided by its sum.

    beta:       for floats
    difference: for s8: scales x - max(x) so that it has 5 integer bits; beta and x's scale are part of it
    diff_min:   for s8: smaller differences count as exp = 0

    s8 gives s8 with scale 1/256 and zero point -128, as TFLM's SOFTMAX (reference_ops::Softmax): exponentials in
    fixed point, their sum with 12 integer bits, its reciprocal by Newton steps. TFLM stops where the sum reaches 256;
    here such probabilities below half a step are 0, which is what they round to.
    """

    beta: float = 1.0
    difference: FixedPoint | None = None
    diff_min: int = 0

    def infer(self, *inputs: TensorType | None) -> tuple[TensorType, ...]:
        x = known(inputs[0], "x")
        if not x.shape or x.shape[-1] == 0:
            raise InvalidGraph(f"x {x} has no last axis to sum over")
        if self.difference is not None and x.shape[-1] > MAX_DEPTH_S8:
            raise InvalidGraph(f"an s8 softmax over {x.shape[-1]} values, more than {MAX_DEPTH_S8}, overflows its sum")
        return (TensorType(x.dtype, x.shape),)

    def exponentials(self) -> Array:
        """int64[256], no integer bits: exp of the differences 0, -1, ... -255 of s8 values."""
        assert self.difference is not None
        differences = -np.arange(256)
        used = differences >= self.diff_min
        scaled = self.difference.apply(np.where(used, differences, 0))
        return np.where(used, exp_on_negative_values(scaled, 5), 0)

    def reference(self, *inputs: Array | None) -> tuple[Array, ...]:
        x = present(inputs[0], "x")
        if self.difference is None:
            wide = x.astype(np.float64)
            e = np.exp((wide - wide.max(axis=-1, keepdims=True)) * self.beta)
            return ((e / e.sum(axis=-1, keepdims=True)).astype(x.dtype),)
        wide = x.astype(np.int64)
        exponentials = self.exponentials()[wide.max(axis=-1, keepdims=True) - wide]
        total = rounding_shift_right(exponentials, SUM_BITS).sum(axis=-1, keepdims=True)
        zeros = leading_zeros(total)
        scale = reciprocal_of_one_plus((total << zeros) - (1 << 31))
        exponent = SUM_BITS - zeros + 31 - 8
        y = rounding_shift_right(doubling_high_multiply(scale, exponentials), np.minimum(exponent, 31))
        return (np.where(exponent > 31, -128, np.minimum(y - 128, 127)).astype(x.dtype),)
