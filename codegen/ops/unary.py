"""Unary: the functions of one number that need more than a clamp: a class and a table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from edgegen.errors import InvalidGraph
from edgegen.ir.graph import Node
from edgegen.ir.kernel import Kernel, Packed
from edgegen.ir.op import Op, known, present
from edgegen.ir.tensor import Array, TensorType
from edgegen.ops.lookup import LOOKUP_8, same_order
from edgegen.ops.unary_quantized import QuantizedFunction
from edgegen.ops.window import any_order

Function = Callable[[Array, float], Array]


def _logistic(x: Array, _alpha: float) -> Array:
    """TFLM's f32 LOGISTIC: exp(x) below -9, where it differs by 1e-4 from 1 / (1 + exp(-x)), and 1 above 16.6."""
    with np.errstate(over="ignore"):
        return np.where(x > 16.619047164916992, 1.0, np.where(x < -9, np.exp(x), 1 / (1 + np.exp(-x))))


FUNCTIONS: dict[str, Function] = {
    "logistic": _logistic,
    "tanh": lambda x, _alpha: np.tanh(x),
    "hard_swish": lambda x, _alpha: x * np.clip(x + 3, 0, 6) / 6,
    "leaky_relu": lambda x, alpha: np.where(x > 0, x, x * alpha),
}


@dataclass(frozen=True)
class Unary(Op):
    """function(x), element by element.

    function:  one of FUNCTIONS, which says what it is on floats
    alpha:     of leaky_relu on floats
    quantized: what it is on integers, which stay in x's type; None for floats
    """

    function: str = "logistic"
    alpha: float = 0.0
    quantized: QuantizedFunction | None = None

    @property
    def kind(self) -> str:
        return "".join(part.capitalize() for part in self.function.split("_"))

    def infer(self, *inputs: TensorType | None) -> tuple[TensorType, ...]:
        x = known(inputs[0], "x")
        if self.function not in FUNCTIONS:
            raise InvalidGraph(f'"{self.function}" is not one of {", ".join(FUNCTIONS)}')
        if x.dtype.is_float != (self.quantized is None):
            raise InvalidGraph(f"x {x} does not fit the function's arithmetic")
        return (TensorType(x.dtype, x.shape),)

    def reference(self, *inputs: Array | None) -> tuple[Array, ...]:
        x = present(inputs[0], "x")
        if self.quantized is None:
            return (FUNCTIONS[self.function](x.astype(np.float64), self.alpha).astype(x.dtype),)
        limits = np.iinfo(x.dtype)
        y = self.quantized.apply(x.astype(np.int64))
        return (np.clip(y, limits.min, limits.max).astype(x.dtype),)


def _pack_f32(node: Node) -> Packed:
    assert isinstance(node.op, Unary)
    return Packed("edgegen_unary_f32", {"count": node.out.type.elements, "alpha": node.op.alpha})


def _row_f32(function: str) -> Kernel:
    def when(node: Node) -> str | None:
        assert isinstance(node.op, Unary)
        return same_order(node) if node.op.function == function else f"computes {function}"

    return Kernel(
        f"{function}_f32",
        "f32 -> f32",
        _pack_f32,
        header="unary_f32",
        when=when,
        in_place=(0,),
        reads=any_order,
        writes=any_order,
    )


Unary.kernels = (LOOKUP_8, *map(_row_f32, FUNCTIONS))
