"""Rows for AArch64: channels in blocks of 16 and 8, over windows that lie in x or, in padding, in scratch."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from edgegen.ir.graph import Node
from edgegen.ir.kernel import Constant, Kernel, Packed
from edgegen.ir.tensor import Array
from edgegen.ops.depthwise_conv2d.op import DepthwiseConv2d
from edgegen.ops.epilogue import bias_or_zeros, constant_weights, fold_zero_point
from edgegen.ops.neon_tiles import output_params, pack_epilogue, unit_blocks
from edgegen.ops.neon_windows import Windows, find_windows, too_many_runs

When = Callable[[Node], str | None]
Pack = Callable[[Node], Packed]


def _windows(node: Node) -> Windows:
    op, w, y = node.op, node.input(1), node.out
    assert isinstance(op, DepthwiseConv2d)
    kernel, out = (w.shape[0], w.shape[1]), (y.shape[1], y.shape[2])
    return find_windows(node.input(0), out, kernel, op.stride, op.dilation, op.pad, op.x_zero, joined=False)


def _holds(node: Node) -> str | None:
    """One output channel for each input channel, and enough of them for a vector."""
    op, x, w = node.op, node.input(0), node.input(1)
    assert isinstance(op, DepthwiseConv2d)
    if w.shape[2] != x.shape[3]:
        return "the channel multiplier must be 1"
    least = 8 if w.dtype.is_integer else 4
    if w.shape[2] < least:
        return f"there must be at least {least} channels"
    return too_many_runs(w.shape[0] * w.shape[1]) or constant_weights(node)


def _blocks(weights: Array) -> Array:
    """[taps, channels] -> 1-d: per block of channels [taps][channels of the block]."""
    return np.concatenate([weights[:, c : c + size].reshape(-1) for c, size in unit_blocks(weights.shape[1])])


def _apart(taps: Array) -> bool:
    """Whether the products of taps 0 and 1, 2 and 3, ... of [taps, channels] may overflow as a sum of s16.

    Only (-128 * -128) * 2 does, so both weights must be -128.
    """
    pairs = taps[: len(taps) // 2 * 2].reshape(-1, 2, taps.shape[1])
    return bool((pairs == -128).all(axis=1).any())


def _pack_s8(node: Node) -> Packed:
    op, w = node.op, node.input(1).values
    assert isinstance(op, DepthwiseConv2d)
    assert op.requantize is not None
    found = _windows(node)
    taps = w.reshape(-1, w.shape[2])
    bias = fold_zero_point(bias_or_zeros(node), taps.astype(np.int64).sum(axis=0), op.x_zero)
    return Packed(
        "edgegen_depthwise_conv2d_s8_neon",
        {
            "batch": found.batch,
            "out_h": found.out_h,
            "apart": int(_apart(taps)),
            **found.fields,
            **output_params(op.requantize, op.clamp, w.shape[2]),
        },
        (
            Constant("weights", _blocks(taps)),
            Constant("epilogue", pack_epilogue(bias, op.requantize)),
        ),
        scratch=found.scratch,
    )


def _band(node: Node) -> Windows:
    """Windows of two output rows: 4 input rows, or 5 at stride 2, of which the last may lie below the image."""
    op, y = node.op, node.out
    assert isinstance(op, DepthwiseConv2d)
    top, left, bottom, right = op.pad
    out, stride = (-(-y.shape[1] // 2), y.shape[2]), (2 * op.stride[0], op.stride[1])
    kernel, pad = (3 + op.stride[0], 1), (top, left, bottom + y.shape[1] % 2, right)
    return find_windows(node.input(0), out, kernel, stride, (1, 1), pad, op.x_zero, joined=False)


def _holds_3x3(node: Node, dotprod: bool) -> str | None:
    """Where computing two rows at once pays, even if the last row is alone."""
    op, w, height = node.op, node.input(1), node.out.shape[1]
    assert isinstance(op, DepthwiseConv2d)
    strides = ((1, 1),) if dotprod else ((1, 1), (2, 2))
    if w.shape[:2] != (3, 3) or op.stride not in strides or op.dilation != (1, 1):
        return f"kernel must be 3x3, dilation 1, stride {' or '.join(str(s[0]) for s in strides)}"
    if height == 1 or (height == 3 and not dotprod):
        return "there must be more rows"
    return _holds(node)


def _pack_s8_3x3(node: Node, dotprod: bool) -> Packed:
    op, w = node.op, node.input(1).values
    assert isinstance(op, DepthwiseConv2d)
    assert op.requantize is not None
    found = _band(node)
    channels = w.shape[2]
    bias = fold_zero_point(bias_or_zeros(node), w.astype(np.int64).sum(axis=(0, 1)), op.x_zero)
    columns = w.transpose(1, 0, 2)  # [column, row, channel]
    if dotprod:
        # column of the kernel, output row, channel, input row: the second output row begins one input row further down
        taps = np.zeros((3, 2, channels, 4), np.int8)
        taps[:, 0, :, :3] = taps[:, 1, :, 1:] = columns.transpose(0, 2, 1)
        apart = False
    else:
        taps = columns.reshape(9, channels)
        apart = _apart(taps)
    first = [c for c, _ in unit_blocks(channels, 8)]
    weights = [(taps[:, :, c : c + 8] if dotprod else taps[:, c : c + 8]).reshape(-1) for c in first]
    return Packed(
        "edgegen_depthwise_conv2d_s8_neon",
        {
            "batch": found.batch,
            "out_h": node.out.shape[1],
            "apart": int(apart),
            **found.fields,
            **output_params(op.requantize, op.clamp, channels),
        },
        (
            Constant("weights", np.concatenate(weights)),
            Constant("epilogue", pack_epilogue(bias, op.requantize, 8)),
        ),
        scratch=found.scratch,
    )


def _rows(
    name: str, features: set[str], pack: Pack, holds: When, scratch: Callable[[Node], Windows]
) -> tuple[Kernel, Kernel]:
    """Two rows: windows that lie in x, and windows that need scratch."""

    def lies_in_x(node: Node) -> str | None:
        return holds(node) or ("windows must lie in x" if scratch(node).scratch else None)

    requires, signature = frozenset(features), "s8 s8 s32? -> s8"
    return (
        Kernel(name, signature, pack, name, requires, lies_in_x),
        Kernel(f"{name}_scratch", signature, pack, name, requires, holds),
    )


ROWS = (
    *_rows(
        "depthwise_conv2d_s8_3x3_dotprod",
        {"neon", "dotprod"},
        lambda node: _pack_s8_3x3(node, dotprod=True),
        lambda node: _holds_3x3(node, dotprod=True),
        _band,
    ),
    *_rows(
        "depthwise_conv2d_s8_3x3_neon",
        {"neon"},
        lambda node: _pack_s8_3x3(node, dotprod=False),
        lambda node: _holds_3x3(node, dotprod=False),
        _band,
    ),
    *_rows("depthwise_conv2d_s8_neon", {"neon"}, _pack_s8, _holds, _windows),
)
