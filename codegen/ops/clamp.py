"""Clamp: bounds on every element. RELU and its like on floats, and on integers that keep their scale."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from edgegen.ir.graph import Node
from edgegen.ir.kernel import Kernel, Packed
from edgegen.ir.op import NO_CLAMP, Op, Range, known, present
from edgegen.ir.rows import RowWindow, element_rows
from edgegen.ir.tensor import Array, TensorType
from edgegen.ops.epilogue import clamp_f32
from edgegen.ops.lookup import same_order
from edgegen.ops.window import any_order


def _pack_integer(node: Node) -> Packed:
    assert isinstance(node.op, Clamp)
    least, most = node.out.dtype.range
    low, high = int(max(node.op.clamp.low, least)), int(min(node.op.clamp.high, most))
    return Packed("edgegen_bounds", {"count": node.out.type.elements, "low": low, "high": high})


def _pack_f32(node: Node) -> Packed:
    assert isinstance(node.op, Clamp)
    low, high = clamp_f32(node.op.clamp)
    return Packed("edgegen_bounds_f32", {"count": node.out.type.elements, "low": low, "high": high})


def _row(
    name: str, dtype: str, pack: Callable[[Node], Packed], header: str, requires: frozenset[str] = frozenset()
) -> Kernel:
    return Kernel(
        name,
        f"{dtype} -> {dtype}",
        pack,
        header=header,
        requires=requires,
        when=same_order,
        in_place=(0,),
        reads=any_order,
        writes=any_order,
    )


@dataclass(frozen=True)
class Clamp(Op):
    """x limited to clamp.low and clamp.high, in x's own numbers (a zero point is where 0 lies)."""

    clamp: Range = NO_CLAMP

    kernels = (
        _row("clamp_f16_neon", "f16", _pack_f32, "unary_f16_neon", frozenset({"neon", "fp16"})),
        *(_row(f"clamp_{dtype}", dtype, _pack_integer, "clamp") for dtype in ("s8", "u8", "s16")),
        _row("clamp_f32", "f32", _pack_f32, "clamp"),
        *(_row(f"clamp_{dtype}", dtype, _pack_f32, "clamp_half") for dtype in ("f16", "bf16")),
    )

    def infer(self, *inputs: TensorType | None) -> tuple[TensorType, ...]:
        x = known(inputs[0], "x")
        return (TensorType(x.dtype, x.shape),)

    def row_windows(self, *inputs: TensorType | None) -> tuple[RowWindow | None, ...] | None:
        return element_rows(*inputs)

    def reference(self, *inputs: Array | None) -> tuple[Array, ...]:
        x = present(inputs[0], "x")
        return (np.clip(x.astype(np.float64), self.clamp.low, self.clamp.high).astype(x.dtype),)
