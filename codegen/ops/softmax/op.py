"""What Softmax is; its kernel rows are beside it, one file for each instruction set."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edgegen.errors import InvalidGraph
from edgegen.ir.dtypes import DTYPES, dtype_of
from edgegen.ir.fixed_point import FixedPoint, IntArray, doubling_high_multiply, rounding_shift_right
from edgegen.ir.op import Op, known, present
from edgegen.ir.tensor import Array, TensorType
from edgegen.ops.fixed_point_functions import exp_on_negative_values, leading_zeros, reciprocal_of_one_plus
from edgegen.ops.unary_tables import interpolation_table

SUM_BITS = 12  # integer bits of a sum of exponentials
MAX_DEPTH_S8 = 8191  # the longest sum that 32 bits hold
MAX_DEPTH_S16 = 32767  # twice as much would overflow a rounding shift
EXPONENTIALS = interpolation_table(lambda x: np.exp(x.astype(np.float64)).astype(np.float32), (-10, 0), 32768)
RECIPROCALS = interpolation_table(lambda x: np.float32(1) / (np.float32(1) + x), (0, 1), 32768)


def rounded_softmax(x: Array, precision: str, beta: float = 1.0) -> Array:
    """softmax(beta * x) along the last axis.

    precision: "f16" or "bf16" if differences, exponentials, the sum and quotients are rounded to it. A sum of f16 is
    made in f32 and rounded once, one of bf16 after each addition (what numpy makes of the two types)
    """
    with np.errstate(invalid="ignore", over="ignore"):
        if precision not in ("f16", "bf16"):
            e = np.exp((x - x.max(axis=-1, keepdims=True)) * beta)
            return np.asarray(e / e.sum(axis=-1, keepdims=True))
        narrow = DTYPES[precision].np
        wide = x.astype(narrow).astype(np.float32)
        scaled = (wide - wide.max(axis=-1, keepdims=True)) * np.float32(beta)
        e = np.exp(scaled.astype(narrow).astype(np.float32)).astype(narrow).astype(np.float32)
        total = np.zeros((*e.shape[:-1], 1), np.float32)
        for j in range(e.shape[-1]):
            total += e[..., j : j + 1]
            total = total.astype(narrow).astype(np.float32) if precision == "bf16" else total
        return (e / total.astype(narrow).astype(np.float32)).astype(narrow).astype(np.float32)


@dataclass(frozen=True)
class Softmax(Op):
    """exp(beta * x) along the last axis, divided by its sum.

    beta:       for floats
    difference: for s8: scales x - max(x) so that it has 5 integer bits; for s16: so that -65535 stands for -10;
                beta and x's scale are part of it
    diff_min:   for s8: smaller differences count as exp = 0
    dtype:      of the result, if it is not x's: s16 for s8

    s8 gives s8 with scale 1/256 and zero point -128, as TFLM's SOFTMAX (reference_ops::Softmax): exponentials in
    fixed point, their sum with 12 integer bits, its reciprocal by Newton steps. TFLM stops where the sum reaches 256;
    here such probabilities below half a step are 0, which is what they round to. s8 to s16 gives the scale
    2^-16 and zero point -32768. s16 gives s16 with scale 2^-15 through tables of exp and 1 / (1 + x)
    (reference_ops::SoftmaxInt16). f16 and bf16 are rounded as `rounded_softmax` says.
    """

    beta: float = 1.0
    difference: FixedPoint | None = None
    diff_min: int = 0
    dtype: str = ""

    def infer(self, *inputs: TensorType | None) -> tuple[TensorType, ...]:
        x = known(inputs[0], "x")
        if not x.shape or x.shape[-1] == 0:
            raise InvalidGraph(f"x {x} has no last axis to sum over")
        most = MAX_DEPTH_S16 if x.dtype.name == "s16" else MAX_DEPTH_S8
        if self.difference is not None and x.shape[-1] > most:
            raise InvalidGraph(f"an {x.dtype} softmax over {x.shape[-1]} values, more than {most}, overflows its sum")
        return (TensorType(DTYPES[self.dtype] if self.dtype else x.dtype, x.shape),)

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
            return (rounded_softmax(wide, dtype_of(x).name, self.beta).astype(x.dtype),)
        wide = x.astype(np.int64)
        if x.dtype == np.int16:
            return (self._of_s16(wide).astype(np.int16),)
        result = DTYPES[self.dtype].np if self.dtype else x.dtype
        bits, least, most = 8 * result.itemsize, np.iinfo(result).min, np.iinfo(result).max
        exponentials = self.exponentials()[wide.max(axis=-1, keepdims=True) - wide]
        total = rounding_shift_right(exponentials, SUM_BITS).sum(axis=-1, keepdims=True)
        zeros = leading_zeros(total)
        scale = reciprocal_of_one_plus((total << zeros) - (1 << 31))
        exponent = SUM_BITS - zeros + 31 - bits
        y = rounding_shift_right(doubling_high_multiply(scale, exponentials), np.minimum(exponent, 31))
        return (np.where(exponent > 31, least, np.minimum(y + least, most)).astype(result),)

    def _of_s16(self, x: IntArray) -> IntArray:
        assert self.difference is not None
        scaled = self.difference.apply(x - x.max(axis=-1, keepdims=True))
        exponentials = EXPONENTIALS.apply(np.clip(scaled + 32767, -32768, 32767))
        total = exponentials.sum(axis=-1, keepdims=True)
        zeros = leading_zeros(total)
        fraction = ((total << (zeros - 1)) + (1 << 13)) >> 14  # of the sum, from 1 to 2, with 16 bits
        reciprocal = RECIPROCALS.apply(np.clip(fraction - (1 << 15) - (1 << 16), -32768, 32767))
        shift = 31 - zeros
        return np.clip((exponentials * reciprocal + (np.int64(1) << (shift - 1))) >> shift, 0, 32767)
