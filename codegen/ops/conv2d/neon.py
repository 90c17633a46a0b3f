"""Rows for AArch64: register tiles over windows that lie in x or, where they reach into padding, in scratch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from edgegen.ir.graph import Node
from edgegen.ir.kernel import Constant, Kernel, Literal, Packed
from edgegen.ir.tensor import Array
from edgegen.ops.conv2d import neon_winograd
from edgegen.ops.conv2d.op import Conv2d
from edgegen.ops.epilogue import bias_or_zeros, clamp_f32, fold_zero_point, nine_bits
from edgegen.ops.neon_tiles import (
    f16_constants,
    f16_tile_rows,
    fits_f16,
    output_params,
    pack_bias,
    pack_epilogue,
    pack_lanes,
    pack_pairs,
    pack_wide,
    pairs_may_overflow,
    tile_rows,
)
from edgegen.ops.neon_windows import Windows, find_windows, too_many_runs
from edgegen.ops.overlap import by_rows

When = Callable[[Node], str | None]

_TILE = 6  # rows that tiles of floats have at most
_STRIP = 6  # pixels: each costs a look at every block of weights' loop


def _windows(node: Node, strip: int = 0) -> Windows:
    op, w, y = node.op, node.input(1), node.out
    assert isinstance(op, Conv2d)
    kernel = (w.shape[1], w.shape[2])
    out = (y.shape[1], y.shape[2])
    return find_windows(node.input(0), out, kernel, op.stride, op.dilation, op.pad, op.x_zero, True, strip)


def _whole_strips(node: Node) -> Windows:
    """Windows in equal strips, for a kernel that cannot end in a shorter one."""
    pixels = node.out.type.elements // node.out.shape[3]
    return _windows(node, next((s for s in range(4 * _STRIP, 16 * _STRIP) if pixels % s == 0), 0))


def _holds(node: Node) -> str | None:
    """One group, and windows that are neither too many pieces nor, for floats, fewer than the 4 that a vector holds."""
    op, x, w = node.op, node.input(0), node.input(1)
    assert isinstance(op, Conv2d)
    if w.shape[3] != x.shape[3]:
        return "groups must be 1"
    if not w.dtype.is_integer and w.shape[1] * w.shape[2] * w.shape[3] < 4:
        return "a window must have at least 4 elements"
    return too_many_runs(w.shape[1] * (1 if op.dilation[1] == 1 else w.shape[2])) or nine_bits(node)


def _holds_wide(node: Node) -> str | None:
    """Where so few products add up that spreading each sum over a vector would not pay."""
    found = _windows(node)
    if found.runs * found.run != 8 or found.scratch:
        return "windows must be 8 bytes of x"
    return _holds(node)


def _weights(node: Node, found: Windows) -> Array:
    """[units, runs, run], with zeros beyond short gathered windows."""
    w = node.input(1).values
    units = w.shape[0]
    if found.runs * found.run == w[0].size:
        return w.reshape(units, found.runs, found.run)
    flat = w.reshape(units, -1)
    return np.pad(flat, ((0, 0), (0, found.run - flat.shape[1])))[:, None, :]


def _pack_s8(node: Node, dotprod: bool) -> Packed:
    op = node.op
    assert isinstance(op, Conv2d)
    found = _windows(node, 0 if dotprod else _STRIP)
    w = node.input(1).values
    bias = fold_zero_point(bias_or_zeros(node), w.astype(np.int64).sum(axis=(1, 2, 3)), op.x_zero)
    weights = _weights(node, found)
    how: dict[str, Literal]
    if dotprod:
        how = {"tile": tile_rows(found.out_w, found.runs * -(-found.run // 4))}
        packed, epilogue = pack_lanes(weights, 4), pack_epilogue(bias, op.requantize)
    else:
        how = {"apart": int(pairs_may_overflow(weights))}
        how |= {} if found.scratch else {"backward": 0}
        packed, epilogue = pack_pairs(weights), pack_epilogue(bias, op.requantize, 8)
    return Packed(
        "edgegen_conv2d_s8_neon",
        {
            "batch": found.batch,
            "out_h": found.out_h,
            **how,
            **found.fields,
            **output_params(op.requantize, op.clamp, w.shape[0]),
        },
        (Constant("weights", packed), Constant("epilogue", epilogue)),
        scratch=found.scratch,
    )


def _pack_s16(node: Node) -> Packed:
    packed = _pack_s8(node, dotprod=True)  # the same tiles and epilogue
    weights = pack_wide(_weights(node, _windows(node)))
    return replace(packed, constants=(Constant("weights", weights), packed.constants[1]))


def _pack_wide(node: Node) -> Packed:
    packed = _pack_s8(node, dotprod=True)  # the same epilogue
    packed = replace(packed, params={**packed.params, **_whole_strips(node).fields, "out_h": _whole_strips(node).out_h})
    weights = pack_lanes(_weights(node, _windows(node)), 1).astype(np.int16)
    return replace(packed, constants=(Constant("weights", weights), packed.constants[1]))


def _pack_f32(node: Node) -> Packed:
    assert isinstance(node.op, Conv2d)
    found = _windows(node)
    low, high = clamp_f32(node.op.clamp)
    return Packed(
        "edgegen_conv2d_f32_neon",
        {
            "batch": found.batch,
            "out_h": found.out_h,
            "tile": tile_rows(found.out_w, found.runs * found.run),
            **found.fields,
            "output.low": low,
            "output.high": high,
            "output.step": node.out.shape[3],
        },
        (
            Constant("weights", pack_lanes(_weights(node, found), 1)),
            Constant("bias", pack_bias(bias_or_zeros(node))),
        ),
        scratch=found.scratch,
    )


def _f16_strips(node: Node) -> Windows:
    """Windows in strips of whole tiles, of which the last may be shorter, but no shorter than a tile."""
    pixels = node.out.type.elements // max(node.out.shape[3], 1)
    return _windows(node, next((s for s in range(8 * _TILE, 16 * _TILE, _TILE) if not 0 < pixels % s < _TILE), 0))


def _holds_f16(node: Node) -> str | None:
    reason = _holds(node)
    if reason is None and _windows(node).run < 8:
        reason = "pieces of a window must have at least 8 elements"
    return reason or fits_f16(node.input(1).values)


def _pack_f16(node: Node) -> Packed:
    packed, found = _pack_f32(node), _f16_strips(node)
    size: dict[str, Literal] = {"out_h": found.out_h, "tile": f16_tile_rows(found.out_w, found.runs * found.run)}
    params = {**packed.params, **found.fields, **size}
    return replace(packed, params=params, constants=f16_constants(_weights(node, found), bias_or_zeros(node)))


def _rows(
    name: str, signature: str, features: set[str], pack: Callable[[Node], Packed], holds: When = _holds
) -> tuple[Kernel, Kernel]:
    """Two rows: windows that lie in x, and windows that need scratch."""
    requires, header = frozenset(features), name.replace("_s32", "")

    def lies_in_x(node: Node) -> str | None:
        return holds(node) or ("windows must lie in x" if _windows(node).scratch else None)

    return (
        Kernel(name, signature, pack, header, requires, lies_in_x, overlap=by_rows(1)),
        Kernel(f"{name}_scratch", signature, pack, header, requires, holds, overlap=by_rows(1)),
    )


_SUMS, _SUMS_OFFSET = "s8 s8 s32? -> s32", "s8 s16 s32? -> s32"

ROWS = (
    *_rows("conv2d_s8_dotprod", "s8 s8 s32? -> s8", {"neon", "dotprod"}, lambda node: _pack_s8(node, dotprod=True)),
    neon_winograd.S8_ROW,
    Kernel(
        "conv2d_s8_wide_neon",
        "s8 s8 s32? -> s8",
        _pack_wide,
        requires=frozenset({"neon"}),
        when=_holds_wide,
        overlap=by_rows(1),
    ),
    *_rows("conv2d_s8_neon", "s8 s8 s32? -> s8", {"neon"}, lambda node: _pack_s8(node, dotprod=False)),
    *_rows("conv2d_s8_s16_neon", "s8 s16 s32? -> s8", {"neon"}, _pack_s16),
    *_rows("conv2d_s8_s32_dotprod", _SUMS, {"neon", "dotprod"}, lambda node: _pack_s8(node, dotprod=True)),
    *_rows("conv2d_s8_s32_neon", _SUMS, {"neon"}, lambda node: _pack_s8(node, dotprod=False)),
    *_rows("conv2d_s8_s16_s32_neon", _SUMS_OFFSET, {"neon"}, _pack_s16),
    neon_winograd.F32_ROW,
    *_rows("conv2d_f32_neon", "f32 f32 f32? -> f32", {"neon"}, _pack_f32),
    *_rows("conv2d_f16_neon", "f16 f32 f32? -> f16", {"neon", "fp16"}, _pack_f16, _holds_f16),
)
