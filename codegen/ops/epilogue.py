"""What follows the accumulation in a quantized kernel: bias, requantization, clamp, laid out for the kernels."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from edgegen.ir.dtypes import S8, S32, DType
from edgegen.ir.fixed_point import FixedPoint, FixedPointOnce, IntArray, ScaledRound
from edgegen.ir.graph import Node
from edgegen.ir.kernel import Constant, Double, Kernel, Packed
from edgegen.ir.op import Range
from edgegen.ir.tensor import Array


def fold_zero_point(bias: Array | None, weight_sums: IntArray, x_zero: int) -> IntArray:
    """Bias s32[O] of an accumulator over raw inputs: sum((x - x_zero) * w) + b = sum(x * w) + b - x_zero * sum(w).

    weight_sums: int64[O]. Padding must then read as x_zero. Wraps as the 32-bit accumulator does.
    """
    b = np.zeros(len(weight_sums), np.int64) if bias is None else bias.astype(np.int64)
    return (b - x_zero * weight_sums).astype(np.int32)


def split_offset(weights: IntArray) -> tuple[IntArray, int]:
    """(s8, offset): s16 weights that lie within 256 numbers as s8 + offset, the offset as near to 0 as may be.

    No s8 is -128 unless it must be, since kernels that put two weights in a lane have no room for it.
    """
    if weights.dtype == np.int8:
        return weights, 0
    low, high = int(weights.min(initial=0)), int(weights.max(initial=0))
    offset = max(high - 127, min(0, low + 127 + (high - low > 254)))
    return (weights - offset).astype(np.int8), offset


def scheme(requantize: FixedPoint | None) -> int:
    """What tells a kernel how to requantize: see edgegen_requantize_by."""
    return 2 if isinstance(requantize, ScaledRound) else int(isinstance(requantize, FixedPointOnce))


def factor_words(requantize: FixedPoint, channels: int) -> tuple[IntArray, IntArray]:
    """The s32 that kernels take as multiplier and shift of each channel: of ScaledRound the f32 factor's bits and 0."""
    if isinstance(requantize, ScaledRound):
        factors = np.ascontiguousarray(np.broadcast_to(requantize.factors(), channels))
        return factors.view(np.int32), np.zeros(channels, np.int32)
    return requantize.per_channel(channels)


def fixed_point_epilogue(bias: IntArray, requantize: FixedPoint | None) -> IntArray:
    """s32[O,3]: bias, multiplier and shift of each output channel, as one stream for one pointer.

    Sums that are left as they are have zeros.
    """
    factors = np.zeros((2, len(bias)), np.int32) if requantize is None else factor_words(requantize, len(bias))
    return np.stack([bias.astype(np.int32), *factors], axis=1)


def result_type(x: DType, requantize: FixedPoint | None) -> DType:
    """Of a layer over x: sums of s8 that are not requantized are s32."""
    return S32 if x == S8 and requantize is None else x


def finish_accumulator(
    acc: Array, bias: Array | None, requantize: FixedPoint | None, clamp: Range, dtype: np.dtype
) -> Array:
    """The epilogue's meaning: acc f64[...,O], exact for integers, plus bias, requantized and clamped to `dtype`."""
    if bias is not None:
        acc = acc + bias
    if requantize is None:
        dtype = np.dtype(np.int32) if dtype == np.int8 else dtype
        return np.clip(acc, clamp.low, clamp.high).astype(dtype)
    out = requantize.apply(acc.astype(np.int64))
    limits = np.iinfo(dtype)
    return np.clip(out, max(clamp.low, limits.min), min(clamp.high, limits.max)).astype(dtype)


def clamp_s8(clamp: Range) -> tuple[int, int]:
    """The clamp of an s8 result as integers within s8."""
    return int(max(clamp.low, -128)), int(min(clamp.high, 127))


def clamp_f32(clamp: Range) -> tuple[float, float]:
    """The clamp of an f32 result; an open side is an infinity."""
    return float(np.float32(clamp.low)), float(np.float32(clamp.high))


def clamp_f64(clamp: Range) -> tuple[Double, Double]:
    """The clamp of an f64 result; an open side is an infinity."""
    return Double(clamp.low), Double(clamp.high)


def constant_weights(node: Node) -> str | None:
    """A row's `when`: weights (input 1) and bias (input 2) are known ahead of time, so they can be packed."""
    known = all(t is None or t.is_constant for t in node.inputs[1:3])
    return None if known else "weights and bias must be constant"


def constant_bias(node: Node) -> str | None:
    """A row's `when`: the bias (input 2), if there is one, is known ahead of time; the weights need not be."""
    return None if all(t is None or t.is_constant for t in node.inputs[2:3]) else "bias must be constant"


def given_weights(node: Node) -> tuple[tuple[Constant, ...], tuple[int, ...]]:
    """The weights as they are stored, as a constant or, computed at run time, as an input: (constants, inputs)."""
    w = node.input(1)
    return ((Constant("weights", w.values, max(4, w.dtype.size)),), (0,)) if w.is_constant else ((), (0, 1))


def within_256(node: Node) -> str | None:
    """A row's `when`: constant s16 weights lie so close together that s8 holds them, less an offset."""
    reason = constant_weights(node)
    if reason is None and np.ptp(node.input(1).values.astype(np.int64)) > 255:
        reason = "weights must lie within 256 numbers"
    return reason


def nine_bits(node: Node) -> str | None:
    """A row's `when`: constant weights are floats or of no more than 9 bits."""
    reason, w = constant_weights(node), node.input(1)
    if reason is None and w.dtype.size == 2 and np.abs(w.values.astype(np.int64)).max(initial=0) > 255:
        reason = "weights must be of 9 bits"
    return reason


def rounds_twice(node: Node) -> str | None:
    """Part of a row's `when`: the kernel requantizes as `FixedPoint` itself says."""
    other = isinstance(getattr(node.op, "requantize", None), (FixedPointOnce, ScaledRound))
    return "requantizes in two roundings" if other else None


def never_once(node: Node) -> str | None:
    """Part of a row's `when`: the kernel requantizes as `FixedPoint` and `ScaledRound` say."""
    once = isinstance(getattr(node.op, "requantize", None), FixedPointOnce)
    return "requantizes in two roundings" if once else None


def worth_reordering(node: Node) -> str | None:
    """A row's `when`, where f32 sums are added up in another order than the model's: a layer this small gains nothing
    that its caller would notice, and in the model's order its results are TensorFlow Lite Micro's to the bit."""
    return None if node.input(1).type.elements > 256 else "too small to add up in another order"


def bias_or_zeros(node: Node) -> Array:
    """Bias [O] of a node whose output's last axis has O channels: s32 beside integer weights, f32 beside floats."""
    if len(node.inputs) > 2 and node.inputs[2] is not None:
        return node.input(2).values
    return np.zeros(node.out.shape[-1], np.float32 if node.input(1).dtype.is_float else np.int32)


def integer_rows(
    name: str, header: str, pack: Callable[[Node], Packed], ways: tuple[str, ...] = ("", "_scaled", "_s32")
) -> tuple[Kernel, ...]:
    """Portable rows of x s8 beside weights of s8, or s16 that lie within 256 numbers: one for each way to requantize.

    ways: suffixes of the kernels: "" for FixedPoint, "_once" and "_scaled" for its kinds, "_s32" for the sums as they
          are, of an operator that does not requantize
    """

    def row(suffix: str, weights: str) -> Kernel:
        fits, scheme = constant_weights if weights == "s8" else within_256, _SCHEMES[suffix]

        def when(node: Node) -> str | None:
            given = getattr(node.op, "requantize", None)
            return fits(node) if type(given) is scheme else f"does not requantize by {type(given).__name__}"

        offset = "" if weights == "s8" else "_offset"
        y = "s32" if suffix == "_s32" else "s8"
        return Kernel(f"{name}_s8{suffix}{offset}", f"s8 {weights} s32? -> {y}", pack, header, when=when)

    return tuple(row(suffix, weights) for suffix in ways for weights in ("s8", "s16"))


_SCHEMES: dict[str, type[FixedPoint | None]] = {
    "": FixedPoint,
    "_once": FixedPointOnce,
    "_scaled": ScaledRound,
    "_s32": type(None),
}
