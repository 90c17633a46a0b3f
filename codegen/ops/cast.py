"""Cast: the same values as another type."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edgegen.errors import InvalidGraph
from edgegen.ir.dtypes import DTYPES
from edgegen.ir.graph import Node
from edgegen.ir.kernel import Kernel, Packed
from edgegen.ir.op import Op, known, present
from edgegen.ir.tensor import Array, TensorType
from edgegen.ops.lookup import same_order
from edgegen.ops.window import any_order

CASTABLE = ("s8", "u8", "s16", "u16", "s32", "u32", "s64", "u64", "bool", "f32")
PAIRS = {(of, to) for of in CASTABLE for to in CASTABLE} | {("f16", "f32"), ("f32", "f16")}


def _pack(node: Node) -> Packed:
    return Packed("edgegen_cast", {"count": node.out.type.elements})


def _row(of: str, to: str) -> Kernel:
    narrowing = DTYPES[to].size == 1
    return Kernel(
        f"cast_{of}_{to}",
        f"{of} -> {to}",
        _pack,
        header="cast",
        when=same_order,
        in_place=(0,) if narrowing else (),
        reads=any_order,
        writes=any_order,
    )


@dataclass(frozen=True)
class Cast(Op):
    """x as `dtype`, element by element (TFLite CAST).

    Integers keep their low bits; bool is 0 or 1, and of a number whether it is not 0; f32 becomes an integer by
    leaving out its fraction, and f16 by rounding to the nearest, ties to even. Numbers that the integer cannot hold,
    which TFLite leaves to the machine, saturate, and NaN becomes 0.
    """

    dtype: str = "f32"

    kernels = tuple(_row(of, to) for of, to in sorted(PAIRS))

    def infer(self, *inputs: TensorType | None) -> tuple[TensorType, ...]:
        x = known(inputs[0], "x")
        if (x.dtype.name, self.dtype) not in PAIRS:
            raise InvalidGraph(f"x {x} cannot be cast to {self.dtype}")
        return (TensorType(DTYPES[self.dtype], x.shape),)

    def reference(self, *inputs: Array | None) -> tuple[Array, ...]:
        x, to = present(inputs[0], "x"), DTYPES[self.dtype]
        if not np.issubdtype(x.dtype, np.floating) or not to.is_integer:
            with np.errstate(over="ignore"):
                return (x.astype(to.np),)
        low, high = to.range
        with np.errstate(invalid="ignore"):
            whole = np.trunc(np.nan_to_num(x.astype(np.float64), nan=0.0))
            inside = (whole > low) & (whole < high)
            y = np.where(inside, whole, 0).astype(to.np)
        y = np.where(whole >= high, to.np.type(high), np.where(whole <= low, to.np.type(low), y))
        return (np.asarray(y, to.np),)
