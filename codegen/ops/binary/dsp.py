"""Rows for the DSP extension (Cortex-M4): quantized add and sub of s8 as a plane over both operands, proved on all
pairs of them; f32 eight elements at a time."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from edgegen.ir.fixed_point import FixedPoint, IntArray
from edgegen.ir.graph import Node
from edgegen.ir.kernel import Kernel, Literal, Packed
from edgegen.ops.binary.broadcast import loops, walked_in_order
from edgegen.ops.binary.op import Binary, integer_clamp
from edgegen.ops.epilogue import clamp_f32

_DSP = frozenset({"dsp"})
_SHIFT = 20  # of add_s8_dsp's sums
_FRACTION = 8  # bits by which its factors are finer than its sums
_DISTANCES = sorted(range(-24, 25), key=abs)  # from the real factors
_NEAR = 8  # pairs whose real sum is so near to a step decide which factors can be exact
_BEYOND = 1 << 60


@dataclass(frozen=True)
class Plane:
    """saturate(((a * a_factor >> 8) + (b * b_factor >> 8) + offset) >> 20), where nothing exceeds 32 bits."""

    a_factor: int
    b_factor: int
    offset: int


def _factor(rescale: FixedPoint) -> float:
    return rescale.multiplier[0] * 2.0 ** (rescale.shift[0] - 31)


def _offsets(sums: IntArray, y: IntArray, clamp: tuple[int, int]) -> tuple[int, int]:
    """Least and greatest offset that gives every sum its y; where y is at an end of the clamp, from one side only."""
    low = np.where(y > clamp[0], (y << _SHIFT) - sums, -_BEYOND)
    high = np.where(y < clamp[1], ((y + 1) << _SHIFT) - 1 - sums, _BEYOND)
    return int(low.max(initial=-_BEYOND)), int(high.min(initial=_BEYOND))


@lru_cache(maxsize=64)
def plane(op: Binary) -> Plane | None:
    """Factors and an offset that give the reference's result for all 65,536 pairs of s8; None if none are found.

    op: quantized add or sub. The real factors are tried first, then their neighbours, on the pairs near a step; what
    holds there is checked on all pairs.
    """
    assert op.a_rescale is not None
    assert op.b_rescale is not None
    assert op.requantize is not None
    values = np.arange(-128, 128)
    a, b = (v.reshape(-1) for v in np.meshgrid(values, values))
    y = op.reference(a.astype(np.int8), b.astype(np.int8))[0].astype(np.int64)
    clamp = integer_clamp(op.clamp, np.dtype(np.int8))
    unit = 2.0 ** (op.left_shift + _SHIFT + _FRACTION) * _factor(op.requantize)
    real = (unit * _factor(op.a_rescale), unit * _factor(op.b_rescale) * (-1 if op.function == "sub" else 1))
    if max(map(abs, real)) > (1 << 31) - 64:
        return None
    exact = ((a - op.a_zero) * real[0] + (b - op.b_zero) * real[1]) / 2**_FRACTION + (1 << _SHIFT - 1)
    past_step = np.mod(exact, 2.0**_SHIFT)
    near = np.minimum(past_step, 2.0**_SHIFT - past_step) < _NEAR
    for i in _DISTANCES:
        for k in _DISTANCES:
            fa, fb = round(real[0]) + i, round(real[1]) + k
            low, high = _offsets((a[near] * fa >> _FRACTION) + (b[near] * fb >> _FRACTION), y[near], clamp)
            if low > high:
                continue
            sums = (a * fa >> _FRACTION) + (b * fb >> _FRACTION)
            low, high = _offsets(sums, y, clamp)
            if low <= high and int(np.abs(sums).max()) + abs(low + high) // 2 < (1 << 31) - 1:
                return Plane(fa, fb, (low + high) // 2)
    return None


def _pack(node: Node) -> Packed:
    assert isinstance(node.op, Binary)
    found = plane(node.op)
    assert found is not None
    low, high = integer_clamp(node.op.clamp, node.out.dtype.np)
    return Packed(
        "edgegen_add_s8_dsp",
        {
            "elements": node.out.type.elements,
            "a_factor": found.a_factor,
            "b_factor": found.b_factor,
            "offset": found.offset,
            "low": low,
            "high": high,
        },
        inputs=(0, 1),
    )


def _pack_f32(node: Node) -> Packed:
    assert isinstance(node.op, Binary)
    low, high = clamp_f32(node.op.clamp)
    params: dict[str, Literal] = {"elements": node.out.type.elements, "low": low, "high": high}
    return Packed("edgegen_binary_f32_dsp", params, inputs=(0, 1))


def _side_by_side(node: Node) -> str | None:
    """Operands lie as the output does, without broadcasting or gaps."""
    if any(node.input(i).type.elements != node.out.type.elements for i in (0, 1)) or len(loops(node).extent) != 1:
        return "operands must have the output's shape"
    return walked_in_order(node)


def _when(node: Node) -> str | None:
    op = node.op
    assert isinstance(op, Binary)
    if op.function not in ("add", "sub") or op.requantize is None:
        return "computes quantized add and sub"
    reason = _side_by_side(node)
    if reason:
        return reason
    return None if plane(op) is not None else "no plane is exact for all pairs"


def _row_f32(function: str) -> Kernel:
    def when(node: Node) -> str | None:
        assert isinstance(node.op, Binary)
        return _side_by_side(node) if node.op.function == function else f"computes {function}"

    return Kernel(f"{function}_f32_dsp", "f32 f32 -> f32", _pack_f32, "binary_f32_dsp", _DSP, when, in_place=(0, 1))


ROWS = (
    Kernel("add_s8_dsp", "s8 s8 -> s8", _pack, requires=_DSP, when=_when, in_place=(0, 1)),
    *(_row_f32(function) for function in ("add", "sub", "mul")),
)
