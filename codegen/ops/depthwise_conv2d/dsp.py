"""Rows for the DSP extension (Cortex-M4): 3x3 over pairs of image rows, any other window tap by tap."""

from __future__ import annotations

import numpy as np

from edgegen.ir.fixed_point import IntArray
from edgegen.ir.graph import Node
from edgegen.ir.kernel import Constant, Kernel, Literal, Overlap, Packed
from edgegen.ops.depthwise_conv2d.op import DepthwiseConv2d
from edgegen.ops.dsp_float import by_float_strip, pack_float_convolution
from edgegen.ops.dsp_in_place import in_place_row
from edgegen.ops.dsp_layers import Convolution, pack_convolution
from edgegen.ops.dsp_tiles import choose_result, holds_9_bits, tiles_of, words
from edgegen.ops.epilogue import (
    bias_or_zeros,
    clamp_f32,
    clamp_s8,
    constant_weights,
    factor_words,
    fold_zero_point,
    nine_bits,
    scheme,
)
from edgegen.ops.overlap import NONE, Overlaps, distance, param
from edgegen.ops.requantize_dsp import HighMultiply
from edgegen.ops.window import image_sizes, window_steps
from edgegen.ops.window_overlap import by_channel, by_strip, lanes, pixel_over_pixel, window_starts

_DSP = frozenset({"dsp"})
_F32 = "f32 f32 f32? -> f32"
_SHIFT = 13  # the only one that the 3x3 rows have a path for
_PIXEL_SCALE = 8  # they widen x by 2^8, and weights by what is left of a unit's scale
_LITTLE = 1024  # bytes of scratch
_SCALES_3X3 = (10, 9, 11, 12, 13, 8)
_SCALES = (8, 7, 5, 3, 1)
_SCALES_9_BITS = _SCALES[1:]


def _op(node: Node) -> DepthwiseConv2d:
    assert isinstance(node.op, DepthwiseConv2d)
    assert node.op.requantize is not None
    return node.op


def window_params(
    op: DepthwiseConv2d, x: tuple[int, ...], w: tuple[int, ...], y: tuple[int, ...]
) -> dict[str, Literal]:
    """The start of the params structs of the rows for any window, from the shapes of x, weights and output."""
    return {
        "batch": x[0],
        "in_h": x[1],
        "in_w": x[2],
        "channels": w[2],
        "step": w[2],
        "out_h": y[1],
        "out_w": y[2],
        "kernel_h": w[0],
        "kernel_w": w[1],
        **window_steps(op.stride, op.pad, op.dilation),
    }


def filter_blocks(filters: IntArray, offset: IntArray, ends: IntArray) -> list[IntArray]:
    """Words of each block of four channels, in three parts: offsets, taps and what follows them.

    filters: int64[channels, taps]; offset: [channels]; ends: [channels, words]
    """
    parts: list[IntArray] = []
    for a, b, c, d in _blocks(len(filters)):
        taps = np.stack([words(filters[a], filters[c]), words(filters[b], filters[d])], axis=1)
        parts += [offset[[a, b, c, d]], taps.reshape(-1), ends[[a, b, c, d]].reshape(-1)]
    return parts


def _filters(node: Node) -> IntArray:
    """int64[channels, kH, kW]."""
    return np.moveaxis(node.input(1).values.astype(np.int64), 2, 0)


def _result(node: Node, scales: tuple[int, ...], shifts: tuple[int, ...]) -> tuple[int, HighMultiply | None]:
    op, filters = _op(node), _filters(node)
    assert op.requantize is not None
    taps = filters.reshape(len(filters), -1)
    bias = fold_zero_point(bias_or_zeros(node), taps.sum(axis=1), op.x_zero)
    return choose_result(op.requantize, op.clamp, taps, bias, scales, shifts)


def _blocks(channels: int) -> list[tuple[int, ...]]:
    return list(tiles_of(channels, 4))


def _pack_3x3(node: Node) -> Packed:
    op, x, y = _op(node), node.input(0), node.out
    _, result = _result(node, _SCALES_3X3, (_SHIFT,))
    assert result is not None
    stride = op.stride[0]
    w = _filters(node) << (result.scale - _PIXEL_SCALE)[:, None, None]
    both = words(w[:, 0], w[:, 1])
    if stride == 1:
        last = words(w[:, 1], w[:, 2])
    else:
        third = np.concatenate([w[:, 2], np.zeros((len(w), 1), np.int64)], axis=1)
        last = words(third[:, 0::2], third[:, 1::2])
    ends = [result.offset, result.multiplier, result.constant]
    if not result.one_sided:
        ends.append(result.correction)
    channels = np.concatenate([both, last, np.stack(ends, axis=1)], axis=1)
    stream = channels[np.array(_blocks(x.shape[3])).reshape(-1)].astype(np.int32)
    strip = _strip(node)
    width = (strip - 1) * stride + 3
    low, high = clamp_s8(op.clamp)
    params: dict[str, Literal] = {
        **image_sizes(x.shape, y.shape[1:3]),
        "step": x.shape[3],
        "stride": stride,
        "pad_top": op.pad[0],
        "pad_left": op.pad[1],
        "width": width,
        "strip": strip,
        "per_channel": channels.shape[1],
        "x_zero": op.x_zero,
        "low": low,
        "high": high,
    }
    return Packed("edgegen_depthwise_conv2d_s8_dsp_3x3", params, (Constant("stream", stream),), scratch=4 * 8 * width)


def _strip(node: Node) -> int:
    """Outputs of a row that the 3x3 rows compute together. A part of a row costs time, since columns are then prepared
    twice; it pays where the scratch of a whole one matters beside x: beyond 1 KB and a thirty-second of x."""
    x, out_w, stride = node.input(0), node.out.shape[2], _op(node).stride[0]
    scratch = 4 * 8 * ((out_w - 1) * stride + 3)
    if stride == 1 or scratch <= max(_LITTLE, x.type.bytes // 32):
        return out_w
    return -(-out_w // 8) * 4  # two strips, of tiles of four


def _pack(node: Node) -> Packed:
    op, x, w, y = _op(node), node.input(0), node.input(1), node.out
    assert op.requantize is not None
    form, result = _result(node, _SCALES_9_BITS if holds_9_bits(w.values) else _SCALES, ())
    channels = w.shape[2]
    filters = _filters(node).reshape(channels, -1)
    if result is None:
        offset = bias_or_zeros(node).astype(np.int64)
        ends = np.zeros((channels, 0), np.int64)
    else:
        filters = filters << result.scale[:, None]
        # the kernel subtracts x's zero point from every tap that it reads
        offset = result.offset + op.x_zero * filters.sum(axis=1)
        ends = np.stack([result.multiplier, result.constant, result.correction], axis=1)
    parts = filter_blocks(filters, offset, ends)
    per_block = sum(len(p) for p in parts[:3])
    multipliers = per_block * len(_blocks(channels))
    if result is None:
        parts.append(np.stack(factor_words(op.requantize, channels), axis=1).reshape(-1).astype(np.int64))
    low, high = clamp_s8(op.clamp)
    params = window_params(op, x.shape, w.shape, y.shape) | {
        "block": per_block,
        "multipliers": multipliers,
        "form": form,
        "shift": scheme(op.requantize) if result is None else result.shift,
        "x_zero": op.x_zero,
        "zero_point": op.requantize.zero_point,
        "low": low,
        "high": high,
    }
    stream = np.concatenate(parts).astype(np.uint32).view(np.int32)
    return Packed("edgegen_depthwise_conv2d_s8_dsp", params, (Constant("stream", stream),))


def _as_convolution(node: Node) -> Convolution:
    """With one input channel a depthwise convolution is a convolution."""
    op, x, y = _op(node), node.input(0), node.out
    return Convolution(
        x.shape,
        (y.shape[1], y.shape[2]),
        np.moveaxis(node.input(1).values, 2, 0)[..., None],
        bias_or_zeros(node),
        op.stride,
        op.dilation,
        op.pad,
        op.x_zero,
        op.requantize,
        op.clamp,
    )


def _pack_one_channel(node: Node) -> Packed:
    return pack_convolution(_as_convolution(node))


def _pack_f32(node: Node) -> Packed:
    op, x, w, y = node.op, node.input(0), node.input(1), node.out
    assert isinstance(op, DepthwiseConv2d)
    low, high = clamp_f32(op.clamp)
    params = window_params(op, x.shape, w.shape, y.shape) | {"backward": 0, "low": low, "high": high}
    constants = (Constant("weights", w.values), Constant("bias", bias_or_zeros(node)))
    return Packed("edgegen_depthwise_conv2d_f32_dsp", params, constants)


def _pack_one_channel_f32(node: Node) -> Packed:
    op, x, y = node.op, node.input(0), node.out
    assert isinstance(op, DepthwiseConv2d)
    weights = np.moveaxis(node.input(1).values, 2, 0)[..., None]
    size = (y.shape[1], y.shape[2])
    bias = bias_or_zeros(node)
    return pack_float_convolution(x.shape, size, weights, bias, op.stride, op.dilation, op.pad, op.clamp)


def _when_f32(node: Node) -> str | None:
    if node.input(0).shape[3] != node.input(1).shape[2]:
        return "the channel multiplier must be 1"
    return constant_weights(node)


def _when_one_channel(node: Node) -> str | None:
    if node.input(0).shape[3] != 1:
        return "x must have one channel"
    return nine_bits(node) or (None if node.out.type.elements else "the output must not be empty")


def _when(node: Node) -> str | None:
    if node.input(0).shape[3] != node.input(1).shape[2]:
        return "the channel multiplier must be 1"
    if node.input(0).shape[3] < 4:
        return "there must be at least 4 channels"
    return nine_bits(node)


def windows_on_image(op: DepthwiseConv2d, x: tuple[int, ...], w: tuple[int, ...], y: tuple[int, ...]) -> str | None:
    """None if every window has a tap inside the image, in both directions; from shapes, as `window_params`."""
    for axis in (0, 1):
        step, size = op.dilation[axis], x[1 + axis]
        for o in range(y[1 + axis]):
            start = o * op.stride[axis] - op.pad[axis]
            if not any(0 <= start + k * step < size for k in range(w[axis])):
                return "every window must have a tap on the image"
    return None


def _when_on_image(node: Node) -> str | None:
    return windows_on_image(_op(node), node.input(0).shape, node.input(1).shape, node.out.shape) or _when(node)


def _when_3x3(node: Node) -> str | None:
    op, w = _op(node), node.input(1)
    if w.shape[:2] != (3, 3) or op.stride not in ((1, 1), (2, 2)) or op.dilation != (1, 1):
        return "the window must be 3x3 with stride 1 or 2 and no dilation"
    reason = _when(node)
    if reason:
        return reason
    _, result = _result(node, _SCALES_3X3, (_SHIFT,))
    return None if result is not None and result.shift == _SHIFT else "requantization has no proved form"


def _when_3x3_one_sided(node: Node) -> str | None:
    reason = _when_3x3(node)
    if reason:
        return reason
    _, result = _result(node, _SCALES_3X3, (_SHIFT,))
    return None if result is not None and result.one_sided else "requantization needs a correction"


def _lanes(node: Node) -> int | None:
    """The 3x3 rows take four channels of the whole image, then the next four: each output must lie over a byte of its
    own channel. They read two rows of x ahead of the rows that they write; of channels beside whole blocks they read
    some twice, after the first of them are written."""
    x, y, stride = node.input(0), node.out, _op(node).stride[0]
    channels, rows = x.shape[3], 2 if stride == 1 else 1
    if not pixel_over_pixel(node) or channels % 4:
        return None
    strip = param(node, "strip")
    if strip < y.shape[2]:
        first = np.arange(0, y.shape[2], strip)
        reads = window_starts(node)[:, :, first].reshape(-1) // channels
        written = np.arange(x.shape[0] * y.shape[1])[:, None] * y.shape[2] + first[None, :]
        return distance(reads, written.reshape(-1))
    turns = -(-y.shape[1] // rows)
    image, turn = np.divmod(np.arange(x.shape[0] * turns), turns)
    top = np.where(turn == 0, 0, np.clip(2 * turn + 2 - _op(node).pad[0], 0, x.shape[1]))
    reads = (image * x.shape[1] + top) * x.shape[2]
    written = (image * y.shape[1] + rows * turn) * y.shape[2]
    return distance(reads, written)


def _in_lanes(node: Node) -> Overlaps:
    pixels, channels = _lanes(node), node.out.shape[3]
    return NONE if pixels is None else {0: Overlap(pixels * channels, channels)}


def _integer_rows(weights: str) -> tuple[Kernel, ...]:
    signature, header = f"s8 {weights} s32? -> s8", "depthwise_conv2d_s8_dsp"
    return (
        in_place_row(signature, _as_convolution, _when_one_channel),
        Kernel("conv2d_s8_dsp", signature, _pack_one_channel, requires=_DSP, when=_when_one_channel, overlap=by_strip),
        *(
            Kernel(name, signature, _pack_3x3, header, _DSP, when, overlap=_in_lanes, split=("step",), lanes=_lanes)
            for name, when in (
                ("depthwise_conv2d_s8_dsp_3x3", _when_3x3_one_sided),
                ("depthwise_conv2d_s8_dsp_3x3_corrected", _when_3x3),
            )
        ),
        Kernel(
            "depthwise_conv2d_s8_dsp",
            signature,
            _pack,
            header,
            _DSP,
            _when_on_image,
            overlap=by_channel(4),
            split=("step",),
            lanes=lanes(4),
        ),
    )


ROWS = (
    *_integer_rows("s8"),
    *_integer_rows("s16"),
    Kernel(
        "conv2d_f32_dsp",
        _F32,
        _pack_one_channel_f32,
        requires=_DSP,
        when=_when_one_channel,
        overlap=by_float_strip,
    ),
    Kernel(
        "depthwise_conv2d_f32_dsp",
        _F32,
        _pack_f32,
        requires=_DSP,
        when=_when_f32,
        overlap=by_channel(1),
        split=("step",),
        lanes=lanes(1),
    ),
)
