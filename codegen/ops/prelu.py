"""Prelu: a learned slope for what is negative."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edgegen.errors import InvalidGraph
from edgegen.ir.fixed_point import FixedPoint
from edgegen.ir.graph import Node
from edgegen.ir.kernel import Kernel, Literal, Packed
from edgegen.ir.op import Op, known, present
from edgegen.ir.rows import RowWindow, element_rows
from edgegen.ir.tensor import Array, TensorType
from edgegen.ops.binary.broadcast import MAX_LOOPS, few_loops, loops, walked_in_order
from edgegen.ops.window import any_order


@dataclass(frozen=True)
class Prelu(Op):
    """x where x >= 0, x * alpha elsewhere; alpha is broadcast to x's shape.

    x_zero, alpha_zero: zero points
    positive, negative: requantize x and x * alpha to the output's integers (TFLM PRELU, s8 and s16); None for floats
    """

    x_zero: int = 0
    alpha_zero: int = 0
    positive: FixedPoint | None = None
    negative: FixedPoint | None = None

    def infer(self, *inputs: TensorType | None) -> tuple[TensorType, ...]:
        x, alpha = known(inputs[0], "x"), known(inputs[1], "alpha")
        try:
            shape = np.broadcast_shapes(x.shape, alpha.shape)
        except ValueError:
            shape = ()
        if x.dtype != alpha.dtype or shape != x.shape:
            raise InvalidGraph(f"alpha {alpha} does not broadcast to x {x}")
        return (TensorType(x.dtype, x.shape),)

    def row_windows(self, *inputs: TensorType | None) -> tuple[RowWindow | None, ...] | None:
        return element_rows(*inputs)

    def reference(self, *inputs: Array | None) -> tuple[Array, ...]:
        x, alpha = present(inputs[0], "x"), present(inputs[1], "alpha")
        if self.positive is None or self.negative is None:
            return (np.where(x >= 0, x, x * alpha).astype(x.dtype),)
        value = x.astype(np.int64) - self.x_zero
        product = value * (alpha.astype(np.int64) - self.alpha_zero)
        y = np.where(value >= 0, self.positive.apply(value), self.negative.apply(product))
        limits = np.iinfo(x.dtype)
        return (np.clip(y, limits.min, limits.max).astype(x.dtype),)


def _geometry(node: Node) -> dict[str, Literal]:
    found = loops(node).padded(MAX_LOOPS)
    return {"extent": found.extent, "a_step": found.a, "b_step": found.b}


def _pack_integer(node: Node) -> Packed:
    op = node.op
    assert isinstance(op, Prelu)
    assert op.positive is not None
    assert op.negative is not None
    low, high = node.out.dtype.range
    params: dict[str, Literal] = {
        "x_zero": op.x_zero,
        "alpha_zero": op.alpha_zero,
        "zero_point": op.positive.zero_point,
        "low": low,
        "high": high,
        "positive_multiplier": op.positive.multiplier[0],
        "positive_shift": op.positive.shift[0],
        "negative_multiplier": op.negative.multiplier[0],
        "negative_shift": op.negative.shift[0],
    }
    return Packed("edgegen_prelu_integer", _geometry(node) | params, inputs=(0, 1))


def _pack_f32(node: Node) -> Packed:
    return Packed("edgegen_prelu_f32", _geometry(node), inputs=(0, 1))


Prelu.kernels = tuple(
    Kernel(
        f"prelu_{dtype}",
        f"{dtype} {dtype} -> {dtype}",
        pack,
        header="prelu",
        when=when,
        in_place=in_place,
        reads=any_order,
        writes=any_order,
    )
    for dtype, pack in (("s8", _pack_integer), ("s16", _pack_integer), ("f32", _pack_f32))
    for when, in_place in ((walked_in_order, (0,)), (few_loops, ()))
)
