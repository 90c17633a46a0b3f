"""Quantize, Requantize and Dequantize: between real numbers and quantized integers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from edgegen.errors import InvalidGraph
from edgegen.ir.dtypes import DTYPES, F32
from edgegen.ir.fixed_point import FixedPoint, wrap32
from edgegen.ir.graph import Node
from edgegen.ir.kernel import Kernel, Literal, Packed, apart
from edgegen.ir.op import NO_CLAMP, Op, Range, known, present
from edgegen.ir.rows import RowWindow, element_rows
from edgegen.ir.tensor import Array, TensorType
from edgegen.ops.element_overlap import by_element
from edgegen.ops.lookup import FLIP_SIGN_8, LOOKUP_8, same_order
from edgegen.ops.window import any_order

When = Callable[[Node], str | None]

_INTEGERS = ("s8", "u8", "s16", "s32")


def limits(dtype: str, clamp: Range) -> tuple[int, int]:
    """The clamp within the limits of an integer type."""
    low, high = DTYPES[dtype].range
    return int(max(low, clamp.low)), int(min(high, clamp.high))


@dataclass(frozen=True)
class Quantize(Op):
    """round(x / scale) + zero_point, saturated to `dtype`: f32 to integers.

    even: ties go to the even number (ONNX QuantizeLinear), not away from zero (TFLM QUANTIZE)

    The quotient is an f32. Numbers that no 32-bit integer holds, which TFLM leaves to the machine, saturate too; NaN
    gives the least number.
    """

    scale: float = 1.0
    zero_point: int = 0
    dtype: str = "s8"
    even: bool = False

    def infer(self, *inputs: TensorType | None) -> tuple[TensorType, ...]:
        x = known(inputs[0], "x")
        if not x.dtype.is_float or self.dtype not in ("s8", "u8", "s16"):
            raise InvalidGraph(f"x {x} cannot be quantized to {self.dtype}")
        return (TensorType(DTYPES[self.dtype], x.shape),)

    def row_windows(self, *inputs: TensorType | None) -> tuple[RowWindow | None, ...] | None:
        return element_rows(*inputs)

    def reference(self, *inputs: Array | None) -> tuple[Array, ...]:
        x = present(inputs[0], "x")
        low, high = limits(self.dtype, NO_CLAMP)
        with np.errstate(over="ignore", invalid="ignore"):
            quotient = (x / np.float32(self.scale)).astype(np.float64)
        bounded = np.clip(np.nan_to_num(quotient, nan=-np.inf), low - self.zero_point, high - self.zero_point)
        rounded = np.rint(bounded) if self.even else np.trunc(bounded + np.copysign(0.5, bounded))
        return ((rounded + self.zero_point).astype(DTYPES[self.dtype].np),)


@dataclass(frozen=True)
class Dequantize(Op):
    """scale * (x - zero_point): integers to f32, multiplied as f32 (TFLM DEQUANTIZE).

    scale, zero_point: one entry, or one per index along `axis`
    """

    scale: tuple[float, ...] = (1.0,)
    zero_point: tuple[int, ...] = (0,)
    axis: int = 0

    def infer(self, *inputs: TensorType | None) -> tuple[TensorType, ...]:
        x = known(inputs[0], "x")
        if not x.dtype.is_integer or len(self.scale) != len(self.zero_point):
            raise InvalidGraph(f"x {x} cannot be dequantized")
        if len(self.scale) > 1 and (not 0 <= self.axis < len(x.shape) or x.shape[self.axis] != len(self.scale)):
            raise InvalidGraph(f"{len(self.scale)} scales do not fit axis {self.axis} of x {x}")
        return (TensorType(F32, x.shape),)

    def row_windows(self, *inputs: TensorType | None) -> tuple[RowWindow | None, ...] | None:
        return element_rows(*inputs)

    def reference(self, *inputs: Array | None) -> tuple[Array, ...]:
        x = present(inputs[0], "x")
        shape = [1] * x.ndim
        if len(self.scale) > 1:
            shape[self.axis] = len(self.scale)
        scale, zero = np.array(self.scale, np.float32), np.array(self.zero_point, np.int64)
        if x.ndim or len(self.scale) > 1:
            scale, zero = scale.reshape(shape), zero.reshape(shape)
        else:
            scale, zero = scale[0], zero[0]
        return (np.asarray(scale * (x.astype(np.int64) - zero).astype(np.float32), np.float32),)


@dataclass(frozen=True)
class Requantize(Op):
    """requantize(x - x_zero), clamped: quantized integers to another scale, zero point or type (TFLM QUANTIZE, RELU).

    clamp: on the output, in its own numbers
    """

    requantize: FixedPoint
    x_zero: int = 0
    dtype: str = "s8"
    clamp: Range = NO_CLAMP

    def infer(self, *inputs: TensorType | None) -> tuple[TensorType, ...]:
        x = known(inputs[0], "x")
        if x.dtype.name not in _INTEGERS or self.dtype not in _INTEGERS:
            raise InvalidGraph(f"x {x} cannot be requantized to {self.dtype}")
        return (TensorType(DTYPES[self.dtype], x.shape),)

    def row_windows(self, *inputs: TensorType | None) -> tuple[RowWindow | None, ...] | None:
        return element_rows(*inputs)

    def reference(self, *inputs: Array | None) -> tuple[Array, ...]:
        x = present(inputs[0], "x").astype(np.int64)
        y = wrap32(self.requantize.apply(wrap32(x - self.x_zero)))
        return (np.clip(y, *limits(self.dtype, self.clamp)).astype(DTYPES[self.dtype].np),)


_ONE = FixedPoint.from_scales([1.0], 0)
TO_SIGNED = Requantize(replace(_ONE, zero_point=-128), 0, "s8")
"""u8 as s8, each 128 less: the same bytes with their upper bit flipped."""
TO_UNSIGNED = Requantize(replace(_ONE, zero_point=128), 0, "u8")


def _pack_quantize(node: Node) -> Packed:
    op = node.op
    assert isinstance(op, Quantize)
    low, high = limits(op.dtype, NO_CLAMP)
    params: dict[str, Literal] = {
        "count": node.out.type.elements,
        "backward": 0,
        "zero_point": op.zero_point,
        "even": int(op.even),
        "scale": op.scale,
        "low": float(low - op.zero_point),
        "high": float(high - op.zero_point),
    }
    return Packed("edgegen_quantize", params)


def _pack_dequantize(node: Node) -> Packed:
    op = node.op
    assert isinstance(op, Dequantize)
    params: dict[str, Literal] = {
        "count": node.out.type.elements,
        "backward": 0,
        "zero_point": op.zero_point[0],
        "scale": op.scale[0],
    }
    return Packed("edgegen_dequantize", params)


def _pack_requantize(node: Node) -> Packed:
    op = node.op
    assert isinstance(op, Requantize)
    low, high = limits(op.dtype, op.clamp)
    params: dict[str, Literal] = {
        "count": node.out.type.elements,
        "backward": 0,
        "x_zero": op.x_zero,
        "multiplier": op.requantize.multiplier[0],
        "shift": op.requantize.shift[0],
        "zero_point": op.requantize.zero_point,
        "low": low,
        "high": high,
    }
    return Packed("edgegen_requantize_params", params)


def _per_tensor(node: Node) -> str | None:
    assert isinstance(node.op, Dequantize)
    return same_order(node) if len(node.op.scale) == 1 else "dequantizes whole tensors, not channels"


def _zero_is_s8(node: Node) -> str | None:
    assert isinstance(node.op, Dequantize)
    return _per_tensor(node) or (None if -128 <= node.op.zero_point[0] <= 127 else "zero point must be s8")


def _quantize_row(to: str, suffix: str = "", requires: frozenset[str] = frozenset(), block: int = 1) -> Kernel:
    return Kernel(
        f"quantize_f32_{to}{suffix}",
        f"f32 -> {to}",
        _pack_quantize,
        header=f"quantize{suffix}",
        requires=requires,
        when=same_order,
        overlap=by_element(block),
        reads=any_order,
        writes=any_order,
    )


def _dequantize_row(
    of: str, suffix: str = "", requires: frozenset[str] = frozenset(), when: When = _per_tensor, block: int = 1
) -> Kernel:
    return Kernel(
        f"dequantize_{of}_f32{suffix}",
        f"{of} -> f32",
        _pack_dequantize,
        header=f"quantize{suffix}",
        requires=requires,
        when=when,
        overlap=by_element(block),
        reads=any_order,
        writes=any_order,
    )


_NEON = frozenset({"neon"})
Quantize.kernels = (_quantize_row("s8", "_neon", _NEON, 16), *map(_quantize_row, ("s8", "u8", "s16")))
Dequantize.kernels = (
    _dequantize_row("s8", "_neon", _NEON, _zero_is_s8, 8),
    *map(_dequantize_row, ("s8", "u8", "s16")),
)
Requantize.kernels = (
    FLIP_SIGN_8,
    LOOKUP_8,
    *(
        Kernel(
            f"requantize_{of}_{to}",
            f"{of} -> {to}",
            _pack_requantize,
            header="requantize",
            when=same_order,
            in_place=(0,) if of == to else (),
            overlap=apart if of == to else by_element(),
            reads=any_order,
            writes=any_order,
        )
        for of in _INTEGERS
        for to in _INTEGERS
        if (DTYPES[of].size, DTYPES[to].size) != (1, 1)
    ),
)
