"""Matrix-like layers for the DSP extension (Cortex-M4): params, stream and scratch of their kernels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from edgegen.ir.fixed_point import FixedPoint, IntArray
from edgegen.ir.graph import Node
from edgegen.ir.kernel import Constant, Kernel, Literal, Packed
from edgegen.ir.op import Range
from edgegen.ops.dsp_tiles import (
    ACCUMULATOR,
    LANE_LIMIT,
    RESULT_ANY,
    SCALE,
    SCALED,
    WIDE_WEIGHTS,
    Layer,
    in_quads,
    layer,
    pack_four,
    pack_lanes,
    pack_wide,
    share_result,
    stream,
)
from edgegen.ops.epilogue import fold_zero_point, split_offset
from edgegen.ops.window import Pads, Pair, image_sizes, window_steps
from edgegen.ops.window_overlap import by_pixel, by_strip

S8, S8_OFFSET = "s8 s8 s32? -> s8", "s8 s16 s32? -> s8"
S32, S32_OFFSET = "s8 s8 s32? -> s32", "s8 s16 s32? -> s32"
Pack = Callable[[Node], Packed]
When = Callable[[Node], str | None]


def row_by_units(name: str, signature: str, pack: Pack, when: When, header: str = "") -> Kernel:
    """A kernel row that takes the rows of x one by one, each times all units."""
    return Kernel(name, signature, pack, header, frozenset({"dsp"}), when, overlap=by_pixel, split=())


def row_by_strips(name: str, signature: str, find: Callable[[Node], Convolution], when: When) -> Kernel:
    """A row of edgegen_conv2d_s8_dsp, which takes a strip of pixels at a time. find: the convolution that a node is"""
    return Kernel(
        name,
        signature,
        lambda node: pack_convolution(find(node)),
        "conv2d_s8_dsp",
        frozenset({"dsp"}),
        when,
        overlap=by_strip,
        split=("step",),
        compact=lambda node: pack_convolution(find(node), widened=False),
    )


@dataclass(frozen=True)
class Convolution:
    """A convolution without groups, as conv2d_s8_dsp computes it; other operators are written as one too.

    in_shape:  [N,H,W,C]; out_size: (height, width)
    weights:   [O,kH,kW,C]; bias: [O]
    requantize: None for the accumulators, which lie in the output then
    """

    in_shape: tuple[int, ...]
    out_size: Pair
    weights: IntArray
    bias: IntArray
    stride: Pair
    dilation: Pair
    pad: Pads
    x_zero: int
    requantize: FixedPoint | None
    clamp: Range

    def flat(self) -> Convolution:
        """The same, with all pixels in one row where every pixel is computed from its own alone."""
        if self.weights.shape[1:3] != (1, 1) or self.stride != (1, 1) or any(self.pad):
            return self
        n, h, w, c = self.in_shape
        return replace(self, in_shape=(1, 1, n * h * w, c), out_size=(1, n * h * w), dilation=(1, 1))


def _rounded(size: int) -> int:
    return -(-size // 4) * 4


SUM_QUADS = 64
"""Quads whose taps of one place in the quad make up one s16 sum: 4 * 64 bytes."""


def _with_sums(one: Layer, weights: IntArray) -> Layer | None:
    """The layer in s8 weights, for taps in whole runs of quads, with quads more that give each unit the offset of its
    weights times the sum of x: see edgegen_conv2d_s8_dsp. None where two such weights do not fit a lane.

    one: of the 9-bit weights themselves
    """
    _, offset = split_offset(weights)
    sums = -(-one.quads // (4 * SUM_QUADS))
    taps = np.concatenate([one.weights - offset, np.full((one.units, 4 * sums), offset)], axis=1)
    if np.abs(taps).max() > 127 or (one.reach() >= LANE_LIMIT).any():
        return None
    return replace(one, weights=taps)


def _stream(one: Layer, pixels: int) -> tuple[IntArray, int]:
    pack = pack_wide if pixels == 2 else pack_lanes
    return stream(one, 2, lambda a, units: pack(a, units[0], units[1]))


def _taps(weights: IntArray, runs: int) -> tuple[IntArray, int]:
    """(weights in the order of the kernel's quads, whether rows' last bytes make up a quad of their own).

    weights: [units, rows * runs, run]; a run of 9 bytes, of an RGB image under a 3x3 window, would need 3 quads.
    """
    rows, run = weights.shape[1:]
    if runs > 1 or run % 4 != 1 or not 2 <= rows <= 4:
        return in_quads(weights), 0
    last = weights[:, :, -1:].transpose(0, 2, 1)
    return np.concatenate([in_quads(weights[:, :, :-1]), in_quads(last)], axis=1), 1


def _inside(conv: Convolution, axis: int, pixels: int, read: int) -> tuple[int, int]:
    """(first, number) of output pixels along an axis from which `pixels` windows lie wholly inside the image.

    read: bytes of a row of the window, or of each column where dilation keeps them apart; 0 for the axis along which
          rows lie
    """
    size, kernel = conv.in_shape[1 + axis], conv.weights.shape[1 + axis]
    stride, pad, out = conv.stride[axis], conv.pad[axis], conv.out_size[axis]
    first, reach = -(-pad // stride), (kernel - 1) * conv.dilation[axis]
    if read:
        apart = reach if conv.dilation[axis] > 1 else 0
        room = size - (pixels - 1) * stride - apart - -(-read // conv.in_shape[3])
    else:
        room = size - reach - 1
    last = min((room + pad) // stride, out - pixels)
    return first, max(last - first + 1, 0)


def pack_convolution(conv: Convolution, widened: bool = True) -> Packed:
    """Params, stream and scratch of conv2d_s8_dsp. widened: whether few weights may be s16"""
    conv = conv.flat()
    units, kernel_h, kernel_w, channels = conv.weights.shape
    bias = fold_zero_point(conv.bias, conv.weights.astype(np.int64).sum(axis=(1, 2, 3)), conv.x_zero)
    runs = 1 if conv.dilation[1] == 1 or kernel_w == 1 else kernel_w
    taps, tails = _taps(conv.weights.astype(np.int64).reshape(units, kernel_h * runs, -1), runs)
    one = layer(conv.requantize, conv.clamp, taps, bias)
    total, quads = conv.in_shape[0] * conv.out_size[0] * conv.out_size[1], one.quads
    pixels = 2 if (widened and conv.weights.size <= WIDE_WEIGHTS) or total < 3 else 3
    if pixels == 3 and one.wide:
        whole_runs = conv.weights[0].size == 4 * quads
        lanes = _with_sums(layer(conv.requantize, conv.clamp, taps, bias, SCALE), conv.weights) if whole_runs else None
        one, pixels = (one, 2) if lanes is None else (lanes, 3)
    elif one.lanes_overflow():
        pixels = 2
    words, last_pair = _stream(one, pixels)
    run_quads = (quads - tails) // (kernel_h * runs)
    read = 4 * run_quads + tails
    x_first, x_count = _inside(conv, 1, pixels, read)
    y_first, y_count = _inside(conv, 0, 1, 0)
    strip = pixels * one.quads * 8 + (12 if pixels == 3 else 0)
    size = 4 if one.form == ACCUMULATOR else 1
    aside = (one.form == ACCUMULATOR and conv.requantize is not None) or units < 2
    sums = _rounded(pixels * max(units, 2) * size) if aside else 0
    params: dict[str, Literal] = {
        **image_sizes((*conv.in_shape[:3], channels), conv.out_size),
        "units": units,
        "kernel_h": kernel_h,
        "runs": runs,
        "run_quads": run_quads,
        "tails": tails,
        **window_steps(conv.stride, conv.pad, conv.dilation),
        "x_first": x_first,
        "x_count": x_count,
        "y_first": y_first,
        "y_count": y_count,
        "pixels": pixels,
        "quads": one.quads,
        "sum_quads": one.quads - quads,
        "tile_units": units // 2 * 2,
        "step": units,
        "last_pair": last_pair,
        "multipliers": len(words),
        "sums": strip,
        "backward": 0,
        "x_zero": conv.x_zero,
    }
    words = np.concatenate([words, one.multipliers()]).astype(np.int32)
    return Packed(
        "edgegen_conv2d_s8_dsp",
        params | one.params(conv.clamp),
        (Constant("stream", words),),
        scratch=strip + sums,
    )


@dataclass(frozen=True)
class Rows:
    """A dense layer as dense_s8_dsp computes it: rows of x[rows, taps] times weights[O, taps], bias[O].

    requantize: None for the accumulators, which lie in the output if they come in one part
    """

    rows: int
    weights: IntArray
    bias: IntArray
    x_zero: int
    requantize: FixedPoint | None
    clamp: Range

    def as_convolution(self) -> Convolution:
        """Every row is a pixel."""
        units, depth = self.weights.shape
        return Convolution(
            (1, 1, self.rows, depth),
            (1, self.rows),
            self.weights.reshape(units, 1, 1, depth),
            self.bias,
            (1, 1),
            (1, 1),
            (0, 0, 0, 0),
            self.x_zero,
            self.requantize,
            self.clamp,
        )

    def fits_lanes(self) -> bool:
        """dense_s8_dsp and dense_s8_dsp_any hold two units in a lane, which not all weights fit."""
        weights, _ = split_offset(self.weights)
        first, second = weights[:-1], weights[1:]
        return not bool(((second == -128) & (first < 0)).any())


def pack_rows(dense: Rows) -> Packed:
    """Params, stream and, if x must be padded or results are not proved, scratch of the dense_s8_dsp kernels.

    Weights of 9 bits are s8 and an offset, which the sum of x brings to the accumulators.
    """
    units, depth = dense.weights.shape
    bias = fold_zero_point(dense.bias, dense.weights.astype(np.int64).sum(axis=1), dense.x_zero)
    weights, offset = split_offset(dense.weights)
    taps = in_quads(weights[:, None, :])
    if offset:
        one = Layer(taps, bias.astype(np.int64), dense.requantize, ACCUMULATOR, None)
    else:
        one = layer(dense.requantize, dense.clamp, taps, bias)
    quads, parts = one.quads, 1
    if one.form == SCALED and (_part_reach(one, quads) >= LANE_LIMIT).any():
        one = replace(one, form=ACCUMULATOR)  # of parts, which are not results
    if one.result is None:
        while (_part_reach(one, quads) >= LANE_LIMIT).any() and quads > 1:
            parts += 1
            quads = -(-one.quads // parts)
    else:
        one = share_result(replace(one, form=RESULT_ANY), dense.clamp)
    padded = np.zeros((units, parts * quads * 4), np.int64)
    padded[:, : one.weights.shape[1]] = one.weights
    words: list[IntArray] = []
    last_tile = 0
    for part in range(parts):
        taps = padded[:, part * quads * 4 : (part + 1) * quads * 4]
        piece = replace(one, weights=taps, bias=one.bias if part == 0 else np.zeros_like(one.bias))
        packed, last_tile = stream(piece, 4, lambda a, u: pack_four(a, (u[0], u[1], u[2], u[3])))
        words.append(packed)
    copied = padded.shape[1] if padded.shape[1] != depth else 0
    wide = max(units, 4)
    aside = (one.form == ACCUMULATOR and (dense.requantize is not None or parts > 1)) or units < 4
    sums = _rounded(parts * wide * (4 if one.form == ACCUMULATOR else 1)) if aside else 0
    params: dict[str, Literal] = {
        "rows": dense.rows,
        "depth": depth,
        "units": units,
        "quads": quads,
        "parts": parts,
        "part_words": len(words[0]),
        "tile_units": units // 4 * 4,
        "last_tile": last_tile,
        "multipliers": 3 + sum(len(w) for w in words),
        "copied": int(copied > 0),
        "weight_offset": offset,
        "sums": copied,
    }
    constants = np.concatenate([one.shared(), *words, one.multipliers()]).astype(np.int32)
    return Packed(
        "edgegen_dense_s8_dsp",
        params | one.params(dense.clamp),
        (Constant("stream", constants),),
        scratch=copied + sums,
    )


def _part_reach(one: Layer, quads: int) -> IntArray:
    """Bound of |sum(x * w)| of each unit over `quads` quads at a time: the largest of all parts."""
    taps = np.abs(one.weights)
    parts = [taps[:, k : k + 4 * quads].sum(axis=1) for k in range(0, taps.shape[1], 4 * quads)]
    return np.max(parts, axis=0) * 128
