"""What Binary is; its kernel rows are beside it, one file for each instruction set."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from edgegen.errors import InvalidGraph
from edgegen.ir.fixed_point import FixedPoint, wrap32
from edgegen.ir.op import NO_CLAMP, Op, Range, known, present
from edgegen.ir.tensor import Array, TensorType

FUNCTIONS: dict[str, Callable[[Array, Array], Array]] = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
}


@dataclass(frozen=True)
class Binary(Op):
    """function(a, b) element by element, broadcast to a common shape as numpy does, then clamp.

    function:         one of FUNCTIONS
    a_zero, b_zero:   zero points of a and b
    left_shift, a_rescale, b_rescale: bring quantized operands of add and sub to one scale (their zero points are 0)
    requantize:       the result to the output's integers; None for floats and plain integers
    clamp:            on the output, in its own numbers

    Quantized add and sub, as TFLM's int8 and int16 kernels: requantize(a_rescale((a - a_zero) << left_shift) +/-
    b_rescale((b - b_zero) << left_shift)). Quantized mul: requantize((a - a_zero) * (b - b_zero)). Integers without
    requantize wrap around.
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
        return self.function.capitalize()

    def infer(self, *inputs: TensorType | None) -> tuple[TensorType, ...]:
        a, b = known(inputs[0], "a"), known(inputs[1], "b")
        if self.function not in FUNCTIONS:
            raise InvalidGraph(f'"{self.function}" is not one of {", ".join(FUNCTIONS)}')
        if a.dtype != b.dtype:
            raise InvalidGraph(f"a {a} and b {b} differ in type")
        try:
            shape = np.broadcast_shapes(a.shape, b.shape)
        except ValueError as error:
            raise InvalidGraph(f"a {a} and b {b} do not broadcast") from error
        return (TensorType(a.dtype, shape),)

    def reference(self, *inputs: Array | None) -> tuple[Array, ...]:
        a, b = present(inputs[0], "a"), present(inputs[1], "b")
        function = FUNCTIONS[self.function]
        if self.requantize is None:
            with np.errstate(over="ignore"):
                y = function(a, b)
            return (_clip(y, self.clamp, a.dtype),)
        wide_a, wide_b = a.astype(np.int64) - self.a_zero, b.astype(np.int64) - self.b_zero
        if self.a_rescale is not None and self.b_rescale is not None:
            wide_a = self.a_rescale.apply(wrap32(wide_a << self.left_shift))
            wide_b = self.b_rescale.apply(wrap32(wide_b << self.left_shift))
        return (_clip(self.requantize.apply(wrap32(function(wide_a, wide_b))), self.clamp, a.dtype),)


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
