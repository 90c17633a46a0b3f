"""What Binary is; its kernel rows are beside it, one file for each instruction set."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from edgegen.errors import InvalidGraph
from edgegen.ir.fixed_point import FixedPoint, IntArray, doubling_high_multiply, rounding_shift_right, wrap32
from edgegen.ir.op import NO_CLAMP, Op, Range, known, present
from edgegen.ir.rows import RowWindow, element_rows
from edgegen.ir.tensor import Array, TensorType
from edgegen.ops.fixed_point_functions import leading_zeros, reciprocal_of_one_plus


def _divide(a: Array, b: Array) -> Array:
    """a / b; integers leave out the fraction, and what is divided by 0 gives 0."""
    if not np.issubdtype(a.dtype, np.integer):
        return np.asarray(np.divide(a, b))
    quotient = np.floor_divide(a, np.where(b == 0, 1, b))
    exact = quotient * b == a
    return np.where(b == 0, 0, quotient + (~exact & ((a < 0) != (b < 0)))).astype(a.dtype)


def _floor_divide(a: Array, b: Array) -> Array:
    """The greatest whole number of at most a / b; integers divided by 0 give 0."""
    if not np.issubdtype(a.dtype, np.integer):
        return np.asarray(np.floor(np.divide(a, b)))
    return np.where(b == 0, 0, np.floor_divide(a, np.where(b == 0, 1, b))).astype(a.dtype)


def _floor_modulo(a: Array, b: Array) -> Array:
    """What floor division leaves, with b's sign; of integers divided by 0, 0."""
    if not np.issubdtype(a.dtype, np.integer):
        rest = np.fmod(a, b)
        return np.asarray(np.where((rest != 0) & ((b < 0) != (rest < 0)), rest + b, rest))
    return np.where(b == 0, 0, np.mod(a, np.where(b == 0, 1, b))).astype(a.dtype)


def _modulo(a: Array, b: Array) -> Array:
    """What division that leaves out the fraction leaves, with a's sign (C's fmod and %); of integers by 0, 0."""
    if not np.issubdtype(a.dtype, np.integer):
        return np.asarray(np.fmod(a, b))
    return np.where(b == 0, 0, np.fmod(a, np.where(b == 0, 1, b))).astype(a.dtype)


def _power(a: Array, b: Array) -> Array:
    """a to the power of b. Integers wrap around; a negative power of one gives its whole part, and of 0 gives 0."""
    if not np.issubdtype(a.dtype, np.integer):
        return np.asarray(np.power(a.astype(np.float64), b.astype(np.float64)), a.dtype)
    small = np.where(np.abs(a) == 1, np.where(b % 2 == 0, 1, a), 0)
    return np.where(b < 0, small, np.power(a, np.maximum(b, 0))).astype(a.dtype)


def _shift_left(a: Array, b: Array) -> Array:
    """a * 2^b, wrapped around; 0 where b is negative or no less than the bits."""
    bits = 8 * a.dtype.itemsize
    return np.where((b >= 0) & (b < bits), np.left_shift(a, np.clip(b, 0, bits - 1)), 0).astype(a.dtype)


def _shift_right(a: Array, b: Array) -> Array:
    """a without its lowest b bits, divided by 2^b; b counts for no less than 0, and for as much as shifts all out."""
    bits = 8 * a.dtype.itemsize
    if a.dtype.kind == "u":
        return np.where(b < bits, np.right_shift(a, np.minimum(b, bits - 1)), 0).astype(a.dtype)
    return np.right_shift(a, np.clip(b, 0, bits - 1))


FUNCTIONS: dict[str, Callable[[Array, Array], Array]] = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "div": _divide,
    "maximum": np.maximum,
    "minimum": np.minimum,
    "squared_difference": lambda a, b: (a - b) * (a - b),
    "floor_div": _floor_divide,
    "floor_mod": _floor_modulo,
    "fmod": _modulo,
    "pow": _power,
    "atan2": lambda a, b: np.arctan2(a.astype(np.float64), b.astype(np.float64)).astype(a.dtype),
    "and": np.bitwise_and,
    "or": np.bitwise_or,
    "xor": np.bitwise_xor,
    "shift_left": _shift_left,
    "shift_right": _shift_right,
}
OF_FLOATS, OF_INTEGERS = ("atan2",), ("and", "or", "xor", "shift_left", "shift_right")


@dataclass(frozen=True)
class Binary(Op):
    """function(a, b) element by element, broadcast to a common shape as numpy does, then clamp.

    function:         one of FUNCTIONS
    a_zero, b_zero:   zero points of a and b
    left_shift, a_rescale, b_rescale: bring quantized operands of add, sub and squared_difference to one scale (their
                      zero points are 0)
    requantize:       the result to the output's integers; None for floats and plain integers
    clamp:            on the output, in its own numbers

    Quantized add, sub and squared_difference, as TFLM's int8 and int16 kernels: requantize(a_rescale((a - a_zero) <<
    left_shift) +/- b_rescale((b - b_zero) << left_shift)), the difference squared for the last. Quantized mul:
    requantize((a - a_zero) * (b - b_zero)). Quantized div: by the reciprocal of b - b_zero (TFLM DIV, int8); what is
    divided by 0, which TFLite leaves open, gives requantize's zero point. Integers without requantize wrap around.
    """

    function: str = "add"
    a_zero: int = 0
    b_zero: int = 0
    left_shift: int = 0
    a_rescale: FixedPoint | None = None
    b_rescale: FixedPoint | None = None
    requantize: FixedPoint | None = None
    clamp: Range = NO_CLAMP

    @property
    def kind(self) -> str:
        return "".join(part.capitalize() for part in self.function.split("_"))

    def infer(self, *inputs: TensorType | None) -> tuple[TensorType, ...]:
        a, b = known(inputs[0], "a"), known(inputs[1], "b")
        if self.function not in FUNCTIONS:
            raise InvalidGraph(f'"{self.function}" is not one of {", ".join(FUNCTIONS)}')
        if a.dtype != b.dtype:
            raise InvalidGraph(f"a {a} and b {b} differ in type")
        if self.function in (OF_INTEGERS if a.dtype.is_float else OF_FLOATS):
            raise InvalidGraph(f"{self.function} of {a} is not defined")
        try:
            shape = np.broadcast_shapes(a.shape, b.shape)
        except ValueError as error:
            raise InvalidGraph(f"a {a} and b {b} do not broadcast") from error
        return (TensorType(a.dtype, shape),)

    def row_windows(self, *inputs: TensorType | None) -> tuple[RowWindow | None, ...] | None:
        return element_rows(*inputs)

    def reference(self, *inputs: Array | None) -> tuple[Array, ...]:
        a, b = present(inputs[0], "a"), present(inputs[1], "b")
        function = FUNCTIONS[self.function]
        if self.requantize is None:
            with np.errstate(all="ignore"):
                y = function(a, b)
            return (_clip(y, self.clamp, a.dtype),)
        wide_a, wide_b = a.astype(np.int64) - self.a_zero, b.astype(np.int64) - self.b_zero
        if self.function == "div":
            return (_clip(divide_quantized(wide_a, wide_b, self.requantize), self.clamp, a.dtype),)
        if self.a_rescale is not None and self.b_rescale is not None:
            wide_a = self.a_rescale.apply(wrap32(wide_a << self.left_shift))
            wide_b = self.b_rescale.apply(wrap32(wide_b << self.left_shift))
        return (_clip(self.requantize.apply(wrap32(function(wide_a, wide_b))), self.clamp, a.dtype),)


def divide_quantized(a: IntArray, b: IntArray, requantize: FixedPoint) -> IntArray:
    """requantize(a / b) with 31 bits of the reciprocal of b and of the quotient (tflite::DivElementwise).

    Quotients so small that TFLite shifts them by more than 31 bits, which C leaves undefined (on x86 both judges then
    give the greatest or least number), round to 0.
    """
    a, b = np.broadcast_arrays(np.where(b < 0, -a, a), np.abs(b))
    divisor = np.maximum(b, 1)
    zeros = leading_zeros(divisor)
    reciprocal = reciprocal_of_one_plus((divisor << zeros) - (1 << 31))
    magnitude = np.where(a >= 0, a, ~a)
    headroom = np.where(magnitude == 0, 31, leading_zeros(np.maximum(magnitude, 1)) - 1)
    quotient = doubling_high_multiply(wrap32(a << headroom), reciprocal)
    right = headroom + (31 - zeros) - requantize.shift[0]
    high = doubling_high_multiply(quotient, requantize.multiplier[0])
    scaled = np.where(right > 31, 0, rounding_shift_right(high, np.clip(right, 0, 31)))
    scaled = np.where(right < 0, np.clip(high << np.clip(-right, 0, 31), -(1 << 31), (1 << 31) - 1), scaled)
    return np.where(b == 0, 0, scaled) + requantize.zero_point


def _clip(y: Array, clamp: Range, dtype: np.dtype) -> Array:
    """y clamped and converted to `dtype`; open sides of an integer's clamp are its type's limits."""
    if not np.issubdtype(dtype, np.integer):
        return np.clip(y, clamp.low, clamp.high).astype(dtype)
    low, high = integer_clamp(clamp, dtype)
    return np.clip(y, low, high).astype(dtype)


def integer_clamp(clamp: Range, dtype: np.dtype) -> tuple[int, int]:
    """The clamp within the limits of an integer type, exact for 64 bits too."""
    limits = np.iinfo(dtype)
    low = int(limits.min) if clamp.low <= limits.min else int(clamp.low)
    high = int(limits.max) if clamp.high >= limits.max else int(clamp.high)
    return low, high
