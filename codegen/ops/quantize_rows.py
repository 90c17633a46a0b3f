"""QuantizeRows: f32 activations quantized to s8 while the model runs, for products with s8 weights."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edgegen.errors import InvalidGraph
from edgegen.ir.dtypes import F32, S8, S32
from edgegen.ir.graph import Node
from edgegen.ir.kernel import Kernel, Packed
from edgegen.ir.layout import NATURAL
from edgegen.ir.op import Op, known, present
from edgegen.ir.tensor import Array, TensorType
from edgegen.ops.lookup import same_order
from edgegen.ops.window import any_order


def _half_away(x: Array) -> Array:
    return np.trunc(x + np.copysign(0.5, x))


def _scales(low: Array, high: Array, asymmetric: bool) -> tuple[Array, Array, Array]:
    """(scale f32, its inverse f32, zero point s32) of rows that reach from low to high, low <= 0 <= high."""
    flat = low == high
    if not asymmetric:
        span = np.where(flat, np.float32(127), np.maximum(-low, high))
        return span / np.float32(127), np.float32(127) / span, np.zeros(len(low), np.int32)
    exact = np.where(flat, np.float32(255), high - low).astype(np.float64) / 255.0
    from_low, from_high = low / exact, high / exact
    zero = np.where(128.0 - from_low < 127.0 + from_high, -128.0 - from_low, 127.0 - from_high)
    scale = exact.astype(np.float32)
    zero = np.where(flat, 0.0, np.clip(np.nan_to_num(_half_away(zero), nan=-128.0), -128, 127))
    inverse = np.where(scale > 0, np.float32(1) / scale, np.float32(0))
    return scale, inverse, zero.astype(np.int32)


def quantize_rows(x: Array, asymmetric: bool) -> tuple[Array, Array, Array]:
    """x f32[rows,depth] -> (q s8[rows,depth], scale f32[rows], zero s32[rows]): x is about scale * (q - zero).

    As LiteRT's tensor_utils quantizes floats on x86-64, in f32 but for the asymmetric scale, which is f64 until the
    zero point is known. Symmetric: q in [-127, 127] and zero 0. x / scale rounds half away from zero; LiteRT's vector
    code adds 0.5 in f32 first, which differs for 0.49999997 alone. NaN is limited to some number of the range.
    """
    x = np.asarray(x, np.float32)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        low = np.fmin.reduce(x, axis=1, initial=np.float32(0))
        high = np.fmax.reduce(x, axis=1, initial=np.float32(0))
        scale, inverse, zero = _scales(low, high, asymmetric)
        rounded = _half_away((x * inverse[:, None]).astype(np.float64))
    rounded = np.clip(np.nan_to_num(rounded, nan=-256.0), -256, 255) + zero[:, None]
    return np.clip(rounded, -128 if asymmetric else -127, 127).astype(np.int8), scale, zero


@dataclass(frozen=True)
class QuantizeRows(Op):
    """f32 x of `rows` equal parts -> (s8 of x's shape, scale f32[rows], zero point s32[rows]), of each part its own.

    Symmetric (zero points of 0) or asymmetric, as TFLite's dynamic-range operators quantize their inputs; see
    `quantize_rows`.
    """

    rows: int = 1
    asymmetric: bool = False

    def infer(self, *inputs: TensorType | None) -> tuple[TensorType, ...]:
        x = known(inputs[0], "x")
        if x.dtype != F32 or self.rows < 1 or x.elements == 0 or x.elements % self.rows:
            raise InvalidGraph(f"x {x} does not divide into {self.rows} rows of floats")
        return TensorType(S8, x.shape), TensorType(F32, (self.rows,)), TensorType(S32, (self.rows,))

    def reference(self, *inputs: Array | None) -> tuple[Array, ...]:
        x = present(inputs[0], "x")
        q, scale, zero = quantize_rows(x.reshape(self.rows, -1), self.asymmetric)
        return q.reshape(x.shape), scale, zero


def _pack(node: Node) -> Packed:
    assert isinstance(node.op, QuantizeRows)
    rows = node.op.rows
    return Packed("edgegen_quantize_rows", {"rows": rows, "depth": node.out.type.elements // rows})


def _row(asymmetric: bool, isa: str = "", requires: frozenset[str] = frozenset()) -> Kernel:
    def when(node: Node) -> str | None:
        op, x = node.op, node.input(0)
        assert isinstance(op, QuantizeRows)
        if op.asymmetric != asymmetric:
            return "quantizes with zero points" if asymmetric else "quantizes without zero points"
        if x.rank == 4 and x.shape[0] % op.rows and x.type.layout != NATURAL:
            return "rows that are not whole images must lie in natural order"
        return same_order(node)

    return Kernel(
        f"quantize_rows_{'a' if asymmetric else ''}symmetric{isa}",
        "f32 -> s8 f32 s32",
        _pack,
        header=f"quantize_rows{isa}",
        requires=requires,
        when=when,
        in_place=(0,),
        reads=any_order,
        writes=any_order,
    )


QuantizeRows.kernels = (
    *(_row(asymmetric, "_neon", frozenset({"neon"})) for asymmetric in (False, True)),
    *(_row(asymmetric, "_dsp", frozenset({"dsp"})) for asymmetric in (False, True)),
    *(_row(asymmetric) for asymmetric in (False, True)),
)
