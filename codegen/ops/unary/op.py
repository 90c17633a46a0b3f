"""What Unary is, the functions of one number that need more than a clamp; its kernel rows are beside it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from edgegen.errors import InvalidGraph
from edgegen.ir.op import Op, known, present
from edgegen.ir.rows import RowWindow, element_rows
from edgegen.ir.tensor import Array, TensorType
from edgegen.ops.unary_quantized import QuantizedFunction

Function = Callable[[Array, float], Array]


def _logistic(x: Array, _alpha: float) -> Array:
    """TFLM's f32 LOGISTIC: exp(x) below -9, where it differs by 1e-4 from 1 / (1 + exp(-x)), and 1 above 16.6."""
    return np.where(x > 16.619047164916992, 1.0, np.where(x < -9, np.exp(x), 1 / (1 + np.exp(-x))))


def _elementwise(function: Callable[[float], float]) -> Function:
    """A function of Python's math module, which numpy lacks."""
    vectorized = np.vectorize(function, otypes=[np.float64])
    return lambda x, _alpha: np.asarray(vectorized(x))


def _gelu(x: Array, _alpha: float) -> Array:
    """x times the probability that a normal number is below x."""
    return x * 0.5 * _elementwise(math.erfc)(-x * math.sqrt(0.5), 0)


def _gelu_tanh(x: Array, _alpha: float) -> Array:
    """The usual approximation of gelu by tanh."""
    return 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


def _softplus(x: Array) -> Array:
    """log(1 + exp(x)) without overflow."""
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


FUNCTIONS: dict[str, Function] = {
    "logistic": _logistic,
    "tanh": lambda x, _alpha: np.tanh(x),
    "hard_swish": lambda x, _alpha: x * np.clip(x + 3, 0, 6) / 6,
    "leaky_relu": lambda x, alpha: np.where(x > 0, x, x * alpha),
    "abs": lambda x, _alpha: np.abs(x),
    "acos": lambda x, _alpha: np.arccos(x),
    "acosh": lambda x, _alpha: np.arccosh(x),
    "asin": lambda x, _alpha: np.arcsin(x),
    "asinh": lambda x, _alpha: np.arcsinh(x),
    "atan": lambda x, _alpha: np.arctan(x),
    "atanh": lambda x, _alpha: np.arctanh(x),
    "ceil": lambda x, _alpha: np.ceil(x),
    "cos": lambda x, _alpha: np.cos(x),
    "cosh": lambda x, _alpha: np.cosh(x),
    "erf": _elementwise(math.erf),
    "elu": lambda x, _alpha: np.where(x < 0, np.expm1(x), x),
    "exp": lambda x, _alpha: np.exp(x),
    "floor": lambda x, _alpha: np.floor(x),
    "gelu": _gelu,
    "gelu_tanh": _gelu_tanh,
    "log": lambda x, _alpha: np.log(x),
    "mish": lambda x, _alpha: x * np.tanh(_softplus(x)),
    "neg": lambda x, _alpha: -x,
    "round": lambda x, _alpha: np.rint(x),  # ties go to the even number
    "rsqrt": lambda x, _alpha: 1 / np.sqrt(x),
    "sign": lambda x, _alpha: np.sign(x),
    "silu": lambda x, alpha: x / (1 + np.exp(-alpha * x)),
    "sin": lambda x, _alpha: np.sin(x),
    "sinh": lambda x, _alpha: np.sinh(x),
    "softplus": lambda x, _alpha: _softplus(x),
    "softsign": lambda x, _alpha: x / (1 + np.abs(x)),
    "sqrt": lambda x, _alpha: np.sqrt(x),
    "square": lambda x, _alpha: x * x,
    "tan": lambda x, _alpha: np.tan(x),
}
INTEGER_FUNCTIONS: dict[str, Callable[[Array], Array]] = {"abs": np.abs, "neg": np.negative, "sign": np.sign}
PLAIN_INTEGERS = ("s16", "s32", "s64")
"""Types that INTEGER_FUNCTIONS take as they are; the least number is its own negative."""


@dataclass(frozen=True)
class Unary(Op):
    """function(x), element by element.

    function:  one of FUNCTIONS, which says what it is on floats; "not" of bool
    alpha:     of leaky_relu on floats; of silu (x * logistic(alpha * x))
    quantized: what it is on quantized integers, which stay in x's type; None for floats and plain integers
    """

    function: str = "logistic"
    alpha: float = 0.0
    quantized: QuantizedFunction | None = None

    @property
    def kind(self) -> str:
        return "".join(part.capitalize() for part in self.function.split("_"))

    def infer(self, *inputs: TensorType | None) -> tuple[TensorType, ...]:
        x = known(inputs[0], "x")
        if self.function not in (*FUNCTIONS, "not"):
            raise InvalidGraph(f'"{self.function}" is not one of {", ".join((*FUNCTIONS, "not"))}')
        plain_integer = x.dtype.name in PLAIN_INTEGERS and self.function in INTEGER_FUNCTIONS
        if self.function == "not":
            fits = x.dtype.name == "bool"
        elif self.quantized is not None:
            fits = x.dtype.is_integer
        else:
            fits = x.dtype.is_float or plain_integer
        if not fits:
            raise InvalidGraph(f"x {x} does not fit the function's arithmetic")
        return (TensorType(x.dtype, x.shape),)

    def row_windows(self, *inputs: TensorType | None) -> tuple[RowWindow | None, ...] | None:
        return element_rows(*inputs)

    def reference(self, *inputs: Array | None) -> tuple[Array, ...]:
        x = present(inputs[0], "x")
        with np.errstate(all="ignore"):
            if self.quantized is not None:
                limits = np.iinfo(x.dtype)
                y = self.quantized.apply(x.astype(np.int64))
                return (np.clip(y, limits.min, limits.max).astype(x.dtype),)
            if self.function == "not":
                return (np.logical_not(x),)
            if np.issubdtype(x.dtype, np.integer):
                return (INTEGER_FUNCTIONS[self.function](x).astype(x.dtype),)
            return (np.asarray(FUNCTIONS[self.function](x.astype(np.float64), self.alpha), x.dtype),)
