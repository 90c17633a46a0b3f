"""ScaledBinary: sums, differences and products of quantized integers, computed as the real numbers they stand for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from edgegen.errors import InvalidGraph
from edgegen.ir.dtypes import S8
from edgegen.ir.graph import Node
from edgegen.ir.kernel import Kernel, Packed
from edgegen.ir.op import NO_CLAMP, Op, Range, known, present
from edgegen.ir.rows import RowWindow, element_rows
from edgegen.ir.tensor import Array, TensorType
from edgegen.ops.binary.broadcast import MAX_LOOPS, loops, walked_in_order
from edgegen.ops.float_vectors import VECTORS, FloatVectors
from edgegen.ops.requantize import limits
from edgegen.ops.window import any_order

FUNCTIONS: dict[str, Callable[[Array, Array], Array]] = {"add": np.add, "mul": np.multiply, "sub": np.subtract}


@dataclass(frozen=True)
class ScaledBinary(Op):
    """round(function(a_scale * (a - a_zero), b_scale * (b - b_zero)) / scale) + zero_point, clamped; s8, broadcast.

    Every step is an f32 and ties go to even: what ONNX's DequantizeLinear, Add, Mul or Sub, and QuantizeLinear give one
    after the other.

    function: one of FUNCTIONS
    clamp:    on the output, in its own numbers
    """

    function: str = "add"
    a_scale: float = 1.0
    a_zero: int = 0
    b_scale: float = 1.0
    b_zero: int = 0
    scale: float = 1.0
    zero_point: int = 0
    clamp: Range = NO_CLAMP

    @property
    def kind(self) -> str:
        return f"Scaled{self.function.capitalize()}"

    def infer(self, *inputs: TensorType | None) -> tuple[TensorType, ...]:
        a, b = known(inputs[0], "a"), known(inputs[1], "b")
        if self.function not in FUNCTIONS:
            raise InvalidGraph(f'"{self.function}" is not one of {", ".join(FUNCTIONS)}')
        if a.dtype != S8 or b.dtype != S8:
            raise InvalidGraph(f"a {a} and b {b} must be s8")
        try:
            shape = np.broadcast_shapes(a.shape, b.shape)
        except ValueError as error:
            raise InvalidGraph(f"a {a} and b {b} do not broadcast") from error
        return (TensorType(S8, shape),)

    def row_windows(self, *inputs: TensorType | None) -> tuple[RowWindow | None, ...] | None:
        return element_rows(*inputs)

    def reference(self, *inputs: Array | None) -> tuple[Array, ...]:
        a, b = present(inputs[0], "a"), present(inputs[1], "b")
        left = np.float32(self.a_scale) * (a.astype(np.int64) - self.a_zero).astype(np.float32)
        right = np.float32(self.b_scale) * (b.astype(np.int64) - self.b_zero).astype(np.float32)
        with np.errstate(over="ignore"):
            quotient = (FUNCTIONS[self.function](left, right) / np.float32(self.scale)).astype(np.float64)
        low, high = limits("s8", self.clamp)
        rounded = np.rint(np.clip(quotient, low - self.zero_point, high - self.zero_point))
        return ((rounded + self.zero_point).astype(np.int8),)


def _pack(node: Node) -> Packed:
    op, found = node.op, loops(node).padded(MAX_LOOPS)
    assert isinstance(op, ScaledBinary)
    low, high = limits("s8", op.clamp)
    return Packed(
        "edgegen_scaled_binary",
        {
            "extent": found.extent,
            "a_step": found.a,
            "b_step": found.b,
            "a_zero": op.a_zero,
            "b_zero": op.b_zero,
            "zero_point": op.zero_point,
            "a_scale": op.a_scale,
            "b_scale": op.b_scale,
            "scale": op.scale,
            "low": float(low - op.zero_point),
            "high": float(high - op.zero_point),
        },
        inputs=(0, 1),
    )


def _side_by_side(node: Node) -> str | None:
    same = node.input(0).shape == node.input(1).shape == node.out.shape
    if not same or len(loops(node).extent) > 1:
        return "operands must have the output's shape and lie as it does"
    return walked_in_order(node)


def _row(function: str, when: Callable[[Node], str | None] = walked_in_order) -> Kernel:
    def computes(node: Node) -> str | None:
        assert isinstance(node.op, ScaledBinary)
        return when(node) if node.op.function == function else f"computes {function}"

    return Kernel(
        f"scaled_{function}_s8",
        "s8 s8 -> s8",
        _pack,
        header="scaled_binary",
        when=computes,
        in_place=(0, 1),
        reads=any_order,
        writes=any_order,
    )


def _vector_row(function: str, vectors: FloatVectors) -> Kernel:
    plain = _row(function, _side_by_side)
    header = f"scaled_binary{vectors.suffix}"
    return replace(plain, name=f"{plain.name}{vectors.suffix}", header=header, requires=vectors.features)


ScaledBinary.kernels = (
    *(_vector_row(function, vectors) for vectors in VECTORS if vectors.lanes > 1 for function in FUNCTIONS),
    *map(_row, FUNCTIONS),
)
