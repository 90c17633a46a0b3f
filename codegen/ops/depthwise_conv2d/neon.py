"""Rows for AArch64: channels in blocks of vectors, over windows that lie in x or, in padding, in scratch.

3x3 kernels have rows of their own, which compute two output rows at a time and put in padding left and right.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from edgegen.ir.graph import Node
from edgegen.ir.kernel import Constant, Kernel, Literal, Overlap, Packed
from edgegen.ir.tensor import Array
from edgegen.ops.depthwise_conv2d.op import DepthwiseConv2d
from edgegen.ops.epilogue import bias_or_zeros, clamp_f32, fold_zero_point, nine_bits
from edgegen.ops.neon_tiles import fits_f16, output_params, pack_epilogue, unit_blocks
from edgegen.ops.neon_windows import Windows, find_windows, too_many_runs
from edgegen.ops.overlap import Overlaps, applies
from edgegen.ops.window_overlap import by_rows

When = Callable[[Node], str | None]
Pack = Callable[[Node], Packed]
Find = Callable[[Node], Windows]


def _windows(node: Node) -> Windows:
    op, w, y = node.op, node.input(1), node.out
    assert isinstance(op, DepthwiseConv2d)
    kernel, out = (w.shape[0], w.shape[1]), (y.shape[1], y.shape[2])
    return find_windows(node.input(0), out, kernel, op.stride, op.dilation, op.pad, op.x_zero, joined=False)


def _bands(node: Node) -> Windows:
    """Whole input rows of two output rows: 4, or 5 at stride 2, of which the last may lie below the image."""
    op, y = node.op, node.out
    assert isinstance(op, DepthwiseConv2d)
    out, stride = (-(-y.shape[1] // 2), y.shape[2]), (2 * op.stride[0], op.stride[1])
    kernel, pad = (3 + op.stride[0], 1), (op.pad[0], 0, op.pad[2] + y.shape[1] % 2, 0)
    return find_windows(node.input(0), out, kernel, stride, (1, 1), pad, op.x_zero, joined=False)


def _holds(node: Node) -> str | None:
    """One output channel for each input channel, and enough of them for a vector."""
    op, x, w = node.op, node.input(0), node.input(1)
    assert isinstance(op, DepthwiseConv2d)
    if w.shape[2] != x.shape[3]:
        return "the channel multiplier must be 1"
    least = 8 if w.dtype.is_integer else 4
    if w.shape[2] < least:
        return f"there must be at least {least} channels"
    return too_many_runs(w.shape[0] * w.shape[1]) or nine_bits(node)


def _holds_3x3(node: Node, strides: tuple[int, ...], least_odd: int) -> str | None:
    """least_odd: the least odd number of output rows for which it pays to compute one more in vain"""
    op, w, rows = node.op, node.input(1), node.out.shape[1]
    assert isinstance(op, DepthwiseConv2d)
    if w.shape[:2] != (3, 3) or op.stride not in [(s, s) for s in strides] or op.dilation != (1, 1):
        return f"kernel must be 3x3, dilation 1, stride {' or '.join(map(str, strides))}"
    if rows % 2 == 1 and rows < least_odd:
        return f"{rows} output rows are too few"
    return _holds(node)


def _apart(taps: Array) -> bool:
    """Whether the products of taps 0 and 1, 2 and 3, ... of s8 [taps, channels] may overflow as a sum of s16.

    Only (-128 * -128) * 2 does, so both weights must be -128.
    """
    pairs = taps[: len(taps) // 2 * 2].reshape(-1, 2, taps.shape[1])
    return bool((pairs == -128).all(axis=1).any())


def _sides(op: DepthwiseConv2d) -> dict[str, Literal]:
    return {"left": op.pad[1], "sides": int(op.pad[1] > 0 or op.pad[3] > 0)}


def _bordered(packed: Packed, found: Windows, dtype: type) -> Packed:
    """With the row of padding that bands find above and below the image: in flash, since it would be most of what the
    layers with the largest images need beside them."""
    window = {name.removeprefix("window."): value for name, value in found.fields.items()}
    row, fill = window["row"], window["fill"]
    assert isinstance(row, int)
    assert isinstance(fill, int)
    border = (Constant("border", np.full(row, fill, np.uint8).view(dtype), 16),) if window["border"] else ()
    return replace(packed, constants=(*packed.constants, *border), scratch=0)


def _packed_s8(node: Node, found: Windows, how: dict[str, Literal], weights: Array, widest: int) -> Packed:
    op, w = node.op, node.input(1).values
    assert isinstance(op, DepthwiseConv2d)
    assert op.requantize is not None
    bias = fold_zero_point(bias_or_zeros(node), w.astype(np.int64).sum(axis=(0, 1)), op.x_zero)
    return Packed(
        "edgegen_depthwise_conv2d_s8_neon",
        {
            "batch": found.batch,
            "out_h": found.out_h,
            **how,
            **found.fields,
            **output_params(op.requantize, op.clamp, w.shape[2]),
        },
        (
            Constant("weights", weights),
            Constant("epilogue", pack_epilogue(bias, op.requantize, widest)),
        ),
        scratch=found.scratch,
    )


def _pack_s8(node: Node) -> Packed:
    taps = node.input(1).values.reshape(-1, node.out.shape[3])
    blocks = [taps[:, c : c + size].reshape(-1) for c, size in unit_blocks(taps.shape[1])]
    return _packed_s8(node, _windows(node), {"apart": int(_apart(taps))}, np.concatenate(blocks), 16)


def _pack_s16(node: Node) -> Packed:
    taps = node.input(1).values.reshape(-1, node.out.shape[3])
    blocks = [taps[:, c : c + size].reshape(-1) for c, size in unit_blocks(taps.shape[1], 8)]
    return _packed_s8(node, _windows(node), {}, np.concatenate(blocks), 8)


def _pack_s8_3x3(node: Node) -> Packed:
    assert isinstance(node.op, DepthwiseConv2d)
    taps = node.input(1).values.transpose(1, 0, 2).reshape(9, -1)  # column by column
    weights = np.concatenate([taps[:, c : c + 8].reshape(-1) for c, _ in unit_blocks(taps.shape[1], 8)])
    how = _sides(node.op) | {"out_h": node.out.shape[1], "apart": int(_apart(taps))}
    return _bordered(_packed_s8(node, _bands(node), how, weights, 8), _bands(node), np.int8)


def _pack_s8_3x3_dotprod(node: Node) -> Packed:
    assert isinstance(node.op, DepthwiseConv2d)
    w = node.input(1).values
    # column of the kernel, output row, channel, input row: the second output row begins one input row further down
    taps = np.zeros((3, 2, w.shape[2], 4), np.int8)
    taps[:, 0, :, :3] = taps[:, 1, :, 1:] = w.transpose(1, 2, 0)
    weights = np.concatenate([taps[:, :, c : c + 8].reshape(-1) for c, _ in unit_blocks(w.shape[2], 8)])
    packed = _packed_s8(node, _bands(node), _sides(node.op) | {"out_h": node.out.shape[1]}, weights, 8)
    return _bordered(packed, _bands(node), np.int8)


def _packed_f32(node: Node, found: Windows, how: dict[str, Literal], taps: Array, widest: int) -> Packed:
    """taps: [taps, channels], in blocks of `widest` channels, then of 4; the last of those steps back."""
    op, channels = node.op, taps.shape[1]
    assert isinstance(op, DepthwiseConv2d)
    low, high = clamp_f32(op.clamp)
    bias = bias_or_zeros(node)
    wide = channels // widest * widest
    blocks = [(c, widest) for c in range(0, wide, widest)]
    blocks += [(min(c, channels - 4), 4) for c in range(wide, channels, 4)]
    return Packed(
        "edgegen_depthwise_conv2d_f32_neon",
        {
            "batch": found.batch,
            "out_h": found.out_h,
            **how,
            **found.fields,
            "output.low": low,
            "output.high": high,
            "output.step": channels,
        },
        (
            Constant("weights", np.concatenate([taps[:, c : c + size].reshape(-1) for c, size in blocks])),
            Constant("bias", np.concatenate([bias[c : c + size] for c, size in blocks])),
        ),
        scratch=found.scratch,
    )


def _pack_f32(node: Node) -> Packed:
    return _packed_f32(node, _windows(node), {}, node.input(1).values.reshape(-1, node.out.shape[3]), 16)


def _pack_f32_3x3(node: Node) -> Packed:
    assert isinstance(node.op, DepthwiseConv2d)
    taps = node.input(1).values.transpose(1, 0, 2).reshape(9, -1)  # column by column
    packed = _packed_f32(node, _bands(node), _sides(node.op) | {"out_h": node.out.shape[1]}, taps, 4)
    return _bordered(packed, _bands(node), np.float32)


def _holds_f16(node: Node) -> str | None:
    reason = _holds(node)
    if reason is None and node.out.shape[3] < 8:
        reason = "there must be at least 8 channels"
    return reason or fits_f16(node.input(1).values.reshape(-1, node.out.shape[3]).T)


def _halved(node: Node, packed: Packed, taps: Array, blocks: list[tuple[int, int]]) -> Packed:
    """What a row of f32 packs, with these weights as f16 and with the bias in blocks of (channel, channels)."""
    halves, bias = taps.astype(np.float16).view(np.uint16), bias_or_zeros(node)
    weights = np.concatenate([halves[:, c : c + size].reshape(-1) for c, size in blocks])
    biases = np.concatenate([bias[c : c + size] for c, size in blocks])
    return replace(packed, constants=(Constant("weights", weights), Constant("bias", biases)))


def _pack_f16(node: Node) -> Packed:
    taps = node.input(1).values.reshape(-1, node.out.shape[3])
    return _halved(node, _pack_f32(node), taps, list(unit_blocks(taps.shape[1])))


def _pack_f16_3x3(node: Node) -> Packed:
    assert isinstance(node.op, DepthwiseConv2d)
    taps = node.input(1).values.transpose(1, 0, 2).reshape(9, -1)  # column by column
    packed = _packed_f32(node, _bands(node), _sides(node.op) | {"out_h": node.out.shape[1]}, taps, 4)
    halved = _halved(node, packed, taps, list(unit_blocks(taps.shape[1], 8)))
    return _bordered(halved, _bands(node), np.uint16)


def _a_row_below(node: Node) -> Overlaps:
    """Two rows of outputs take 8 channels from these channels of four rows of x, of which the next two rows of outputs
    need the last two again, and read two columns ahead. So an output that keeps x's shape may lie exactly one row below
    it: then the two rows lie over the first two of the four, in columns that were read, and over no other channel."""
    x, y, op = node.input(0), node.out, node.op
    assert isinstance(op, DepthwiseConv2d)
    if not applies(node) or x.shape != y.shape or op.pad != (1, 1, 1, 1) or x.shape[3] % 8:
        return by_rows(2)(node)
    return {0: Overlap(-x.shape[2] * x.shape[3], 0)}


def _rows(name: str, pack: Pack, holds: When, find: Find) -> tuple[Kernel, Kernel]:
    """Two rows: for windows that lie in x, and for windows that need padding."""

    def lies_in_x(node: Node) -> str | None:
        return holds(node) or ("windows must lie in x" if find(node).scratch else None)

    overlap = _a_row_below if name == "depthwise_conv2d_s8_3x3_neon" else by_rows(2 if "3x3" in name else 1)
    requires = frozenset({"neon"} | ({"dotprod"} if name.endswith("dotprod") else {"fp16"} if "f16" in name else set()))
    floats = next((f"{t} f32 f32? -> {t}" for t in ("f32", "f16") if f"_{t}_" in name), None)
    signature = floats or f"s8 {'s16' if 's16' in name else 's8'} s32? -> s8"
    return (
        Kernel(name, signature, pack, name, requires, lies_in_x, overlap=overlap),
        Kernel(
            f"{name}_{'bordered' if find is _bands else 'scratch'}",
            signature,
            pack,
            name,
            requires,
            holds,
            overlap=overlap,
        ),
    )


ROWS = (
    *_rows("depthwise_conv2d_s8_3x3_dotprod", _pack_s8_3x3_dotprod, lambda n: _holds_3x3(n, (1,), 3), _bands),
    *_rows("depthwise_conv2d_s8_3x3_neon", _pack_s8_3x3, lambda n: _holds_3x3(n, (1, 2), 5), _bands),
    *_rows("depthwise_conv2d_s8_neon", _pack_s8, _holds, _windows),
    *_rows("depthwise_conv2d_s8_s16_neon", _pack_s16, _holds, _windows),
    *_rows("depthwise_conv2d_f32_3x3_neon", _pack_f32_3x3, lambda n: _holds_3x3(n, (1, 2), 3), _bands),
    *_rows("depthwise_conv2d_f32_neon", _pack_f32, _holds, _windows),
    *_rows("depthwise_conv2d_f16_3x3_neon", _pack_f16_3x3, lambda n: _holds_3x3(n, (1, 2), 3) or _holds_f16(n), _bands),
    *_rows("depthwise_conv2d_f16_neon", _pack_f16, _holds_f16, _windows),
)
