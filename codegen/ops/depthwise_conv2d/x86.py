"""Rows for x86-64 with AVX2 and with AVX-512 VNNI: interleaved image rows; filters of one channel as a convolution."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from edgegen.ir.fixed_point import ScaledRound
from edgegen.ir.graph import Node
from edgegen.ir.kernel import Constant, Kernel, Literal, Overlap, Packed, Roomier, Symbol
from edgegen.ir.tensor import Array
from edgegen.ops.depthwise_conv2d.op import DepthwiseConv2d
from edgegen.ops.epilogue import bias_or_zeros, clamp_f32, clamp_s8, factor_words, nine_bits
from edgegen.ops.overlap import NONE, Overlaps, applies, by_output_rows, distance, param
from edgegen.ops.window import Pair
from edgegen.ops.x86_bands import least, overlap, roomier
from edgegen.ops.x86_tiles import (
    AVX2_S8,
    FEATURES_AVX2,
    FEATURES_AVX512,
    FEATURES_VNNI,
    VNNI,
    Tiling,
    pack_s8,
    quantized_form,
)
from edgegen.ops.x86_windows import Band, Windows

_UNROLLED_TAPS = {4: 4, 2: 12}  # by rows in a set: up to so many taps are computed without a loop
_SCRATCH_BYTES = 6144  # groups of rows are interleaved together up to this


def _windows(node: Node) -> Windows:
    """The geometry, as of a convolution of one channel."""
    op, x, w, y = node.op, node.input(0), node.input(1), node.out
    assert isinstance(op, DepthwiseConv2d)
    return Windows(
        x.shape[0],
        (x.shape[1], x.shape[2]),
        x.shape[3],
        (y.shape[1], y.shape[2]),
        w.shape[2],
        (w.shape[0], w.shape[1]),
        op.stride,
        op.dilation,
        (op.pad[0], op.pad[1]),
    )


def _flat(w: Windows, tiling: Tiling) -> bool:
    """Pixels of few channels are computed several at a time, as one pixel of a vector's channels."""
    whole = w.channels < tiling.lanes and tiling.lanes % w.channels == 0
    return whole and w.stride[1] == 1 and w.out[1] * w.channels % tiling.lanes == 0


@dataclass(frozen=True)
class Interleaving:
    """How a layer's rows are interleaved.

    tiling:   of the vectors of channels
    flat:     pixels of few channels are computed several at a time, as one pixel of a vector's channels
    together: rows of y computed from the same sets of interleaved rows, a group
    rows:     of them in one pass
    sets:     of interleaved rows in a group
    """

    windows: Windows
    tiling: Tiling
    flat: bool
    together: int
    rows: int
    sets: int

    @staticmethod
    def of(w: Windows, tiling: Tiling) -> Interleaving:
        sets = -(-w.kernel[0] // tiling.unit)
        together = (sets * tiling.unit - w.kernel[0]) // w.stride[0] + 1 if w.dilation[0] == 1 else 1
        together = min(together, w.out[0])
        if together > 2 and together % 2:
            together -= 1
        return Interleaving(w, tiling, _flat(w, tiling), together, 1 if together == 1 else 2, sets)

    @property
    def units(self) -> int:
        """Channels of a pixel as the tiles see it."""
        return self.tiling.lanes if self.flat else self.windows.channels

    @property
    def pixel(self) -> int:
        """Interleaved elements of a pixel: whole vectors."""
        return self.windows.channels if self.flat else -(-self.units // self.tiling.lanes) * self.tiling.lanes

    @property
    def width(self) -> int:
        """Columns of a set."""
        return max(self.windows.span[1], self.windows.pad[1] + 1)

    @property
    def group_bytes(self) -> int:
        return self.sets * self.width * self.pixel * 4

    @property
    def groups(self) -> int:
        """Groups interleaved at a time."""
        return max(1, min(self.windows.out[0] // self.together, _SCRATCH_BYTES // self.group_bytes))

    @property
    def scratch(self) -> int:
        """Bytes: groups, and a row of x outside the image."""
        return self.groups * self.group_bytes + self.windows.size[1] * self.windows.channels

    @property
    def taps(self) -> int:
        return self.sets * self.windows.kernel[1]

    def runs(self) -> Array:
        """Bytes from a pixel to each tap."""
        columns = np.arange(self.windows.kernel[1]) * self.windows.dilation[1]
        return (((np.arange(self.sets) * self.width)[:, None] + columns) * self.pixel * 4).reshape(-1).astype(np.int32)

    def pack(self, weights: Array) -> Array:
        """[kh,kw,C] -> [pass][block][tap][row][vector][lane][unit]: zeros for rows that a window does not reach."""
        (kh, kw, channels), unit, lanes = weights.shape, self.tiling.unit, self.tiling.lanes
        shifted = np.zeros((self.together, self.sets * unit, kw, channels), weights.dtype)
        for j in range(self.together):
            top = j * self.windows.stride[0]
            shifted[j, top : top + kh] = weights
        shifted = np.tile(shifted, self.units // channels)
        vectors = self.tiling.vectors(self.units)
        padded = np.zeros((*shifted.shape[:3], sum(vectors) * lanes), weights.dtype)
        padded[..., : self.units] = shifted
        # pass, row, set, unit, kx, channel
        split = padded.reshape(self.together // self.rows, self.rows, self.sets, unit, kw, -1)
        blocks = []
        for one in split:
            start = 0
            for count in vectors:
                block = one[..., start * lanes : (start + count) * lanes]
                block = block.reshape(self.rows, self.sets, unit, kw, count, lanes)
                blocks.append(block.transpose(1, 3, 0, 4, 5, 2).reshape(-1))
                start += count
        return np.concatenate(blocks)

    def params(self) -> dict[str, Literal]:
        w, (blocks, tail) = self.windows, self.tiling.blocks(self.units)
        return {
            "batch": w.batch,
            "in_h": w.size[0],
            "in_w": w.size[1],
            "channels": w.channels,
            "pixel": self.pixel,
            "out_h": w.out[0],
            "out_w": w.out[1],
            "stride_h": w.stride[0],
            "pad_top": w.pad[0],
            "pad_left": w.pad[1],
            "unit": self.tiling.unit,
            "together": self.together,
            "passes": self.together // self.rows,
            "groups": self.groups,
            "sets": self.sets,
            "row_step": w.dilation[0],
            "band_w": self.width,
            "copy_w": min(w.size[1], self.width - w.pad[1]),
            "taps": self.taps,
            "blocks": blocks,
            "vectors": self.tiling.widest,
            "tail_vectors": tail,
            "pixels": self.pixels,
            "x_step": 4 * (self.tiling.lanes if self.flat else w.stride[1] * self.pixel),
            "y_step": self.units,
        }

    def functions(self) -> tuple[dict[str, Literal], tuple[str, ...]]:
        """(the functions for the strips, what defines them)."""
        unrolled = self.taps if self.taps <= _UNROLLED_TAPS[self.tiling.unit] else 0
        blocks, tail = self.tiling.blocks(self.units)
        names: dict[str, Literal] = {}
        definitions = []
        for key, vectors in (("strip", self.tiling.widest if blocks else 0), ("tail_strip", tail)):
            shape = (vectors if self.tiling.widest > 1 else self.tile, self.rows, unrolled)
            names[key] = Symbol(f"{self.tiling.function}_{'x'.join(map(str, shape))}" if vectors else "NULL")
            definitions += [f"{self.tiling.macro}({', '.join(map(str, shape))})"] if vectors else []
        return names, tuple(definitions)

    @property
    def pixels(self) -> int:
        """Of a strip."""
        return self.windows.out[1] * self.windows.channels // self.units

    @property
    def tile(self) -> int:
        """Pixels that AVX2 computes at a time: the last ones of a strip may be computed twice."""
        return min(range(1, min(4, self.pixels) + 1), key=lambda n: (-(-self.pixels // n) * (n + 1), -n))


def _pack_s8(tiling: Tiling) -> Callable[[Node], Packed]:
    def pack(node: Node) -> Packed:
        op, w, weights = node.op, _windows(node), node.input(1).values
        assert isinstance(op, DepthwiseConv2d)
        assert op.requantize is not None
        rows = Interleaving.of(w, tiling)
        low, high = clamp_s8(op.clamp)
        filters = weights.reshape(-1, w.channels).T
        bias = bias_or_zeros(node)
        form = quantized_form(filters, bias, op.x_zero, op.requantize, low, high)
        folded = bias.astype(np.int64) - tiling.offset(op.x_zero) * filters.astype(np.int64).sum(axis=1)
        repeat = rows.units // w.channels
        arrays = (np.tile(v, repeat) for v in (*factor_words(op.requantize, w.channels), folded))
        form, scaled = form.rearranged(lambda v: np.tile(v, repeat)), isinstance(op.requantize, ScaledRound)
        epilogue, forms = tiling.pack_epilogue(form, scaled, *arrays)
        functions, definitions = rows.functions()
        return Packed(
            "edgegen_depthwise_rows",
            rows.params()
            | functions
            | {
                "x_zero": op.x_zero,
                "fill": tiling.offset(op.x_zero),
                "zero_point": op.requantize.zero_point,
                "low": low,
                "high": high,
            },
            (
                Constant("weights", rows.pack(weights.astype(tiling.weight))),
                Constant("epilogue", epilogue),
                Constant("forms", forms),
                Constant("runs", rows.runs()),
            ),
            scratch=rows.scratch,
            definitions=definitions,
        )

    return pack


def _overlap_s8(node: Node) -> Overlaps:
    """Some groups of rows of x are interleaved in scratch, then their rows of the output are written. The last group
    steps back."""
    if not applies(node):
        return NONE
    names = ("batch", "in_h", "out_h", "together", "groups", "stride_h", "pad_top", "row_step")
    batch, in_h, out_h, together, groups, stride, pad, step = (param(node, name) for name in names)
    first, done, oy = [], [], 0
    while oy < out_h:
        count = max(min((out_h - oy) // together, groups), 1)
        start = min(oy, out_h - together)
        top = start * stride - pad
        first.append(min(top if top >= 0 else top % step, in_h))
        done.append(oy)
        oy = start + count * together
    x, y = node.input(0), node.out
    images = np.arange(batch, dtype=np.int64)[:, None]
    reads = (images * in_h + np.array(first)) * (x.shape[2] * x.shape[3])
    written = (images * out_h + np.array(done)) * (y.shape[2] * y.shape[3])
    return {0: Overlap(distance(reads.reshape(-1), written.reshape(-1)))}


def _s8(name: str, tiling: Tiling, requires: frozenset[str], signature: str) -> Kernel:
    return Kernel(name, signature, _pack_s8(tiling), "", requires, _one_filter_each, overlap=_overlap_s8)


@dataclass(frozen=True)
class FloatVectors:
    """How an instruction set computes f32.

    lanes: channels of a vector
    held:  so many taps' weights stay in registers
    isa:   its part of the functions' names
    """

    lanes: int
    held: int
    isa: str

    def whole(self, w: Windows, side: int) -> tuple[str, tuple[str, ...]]:
        """(the function for pixels between the edges, what defines it)."""
        if w.kernel[0] * w.kernel[1] > self.held:
            return f"edgegen_{self.isa}_depthwise_some", ()
        shape = (*w.kernel, int(side == 1 and w.stride[1] == w.dilation[1]))
        name = f"edgegen_{self.isa}_depthwise_f32_{'x'.join(map(str, shape))}"
        return name, (f"EDGEGEN_{self.isa.upper()}_DEPTHWISE_F32({', '.join(map(str, shape))})",)


def _between_edges(w: Windows) -> Pair:
    """(first, end) of the columns of y whose windows leave x on neither side."""
    first = min(-(-w.pad[1] // w.stride[1]), w.out[1])
    end = min((w.size[1] + w.pad[1] - w.extent[1]) // w.stride[1] + 1, w.out[1])
    return first, max(end, first)


def _pack_f32(vectors: FloatVectors) -> Callable[[Node], Packed]:
    def pack(node: Node) -> Packed:
        op, w, weights = node.op, _windows(node), node.input(1).values
        assert isinstance(op, DepthwiseConv2d)
        lanes, channels = vectors.lanes, w.channels
        # neighbours lie side by side in x only if they are computed from neighbours
        few = channels < lanes and lanes % channels == 0 and w.stride[1] == 1
        side = lanes // channels if few else 1
        whole, definitions = vectors.whole(w, side)
        first, end = _between_edges(w)
        low, high = clamp_f32(op.clamp)
        units = -(-channels * side // lanes) * lanes
        taps = np.zeros((*w.kernel, units), np.float32)
        taps[..., : channels * side] = np.tile(weights, side)
        bias = np.zeros(units, np.float32)
        bias[: channels * side] = np.tile(bias_or_zeros(node), side)
        params: dict[str, Literal] = {
            "batch": w.batch,
            "in_h": w.size[0],
            "in_w": w.size[1],
            "channels": channels,
            "out_h": w.out[0],
            "out_w": w.out[1],
            "kernel_h": w.kernel[0],
            "kernel_w": w.kernel[1],
            "stride_h": w.stride[0],
            "stride_w": w.stride[1],
            "dilation_h": w.dilation[0],
            "dilation_w": w.dilation[1],
            "pad_top": w.pad[0],
            "pad_left": w.pad[1],
            "first": first,
            "end": end,
            "side": side,
            "lanes": lanes,
            "backward": 0,
            "whole": Symbol(whole),
            "low": low,
            "high": high,
        }
        packed = taps.reshape(*w.kernel, -1, lanes).transpose(2, 0, 1, 3)
        return Packed(
            "edgegen_depthwise_windows",
            params,
            (Constant("weights", np.ascontiguousarray(packed)), Constant("bias", bias)),
            definitions=definitions,
        )

    return pack


def _one_filter_each(node: Node) -> str | None:
    if node.input(0).shape[3] != node.input(1).shape[2]:
        return "computes one filter for each channel of x"
    return nine_bits(node)


def _one_channel(tiling: Tiling, direct: bool) -> Callable[[Node], str | None]:
    """With one input channel, a depthwise convolution is a convolution."""

    def when(node: Node) -> str | None:
        if node.input(0).shape[3] != 1:
            return "x must have one channel"
        if tiling.direct(_windows(node).folded()) != direct:
            return "windows leave the image or are not whole steps" if direct else "windows can be read in place"
        return nine_bits(node)

    return when


def _pack_one_channel(node: Node, tiling: Tiling, band: Band | None = None) -> Packed:
    """band: by default the one that takes the least room"""
    op, w, windows = node.op, node.input(1).values, _windows(node).folded()
    assert isinstance(op, DepthwiseConv2d)
    assert op.requantize is not None
    filters = np.ascontiguousarray(w.reshape(-1, w.shape[2]).T)
    band = band or least(tiling, windows)
    return pack_s8(tiling, windows, band, filters, bias_or_zeros(node), op.x_zero, op.requantize, op.clamp)


_DEPTHWISE_VNNI = replace(VNNI, widest=2, macro="EDGEGEN_AVX512_DEPTHWISE_S8", function="edgegen_avx512_depthwise_s8")
_DEPTHWISE_AVX2_S8 = replace(AVX2_S8, widest=1, macro="EDGEGEN_AVX2_DEPTHWISE_S8", function="edgegen_avx2_depthwise_s8")
_S8, _S8_OFFSET, _F32 = "s8 s8 s32? -> s8", "s8 s16 s32? -> s8", "f32 f32 f32? -> f32"


def _f32(name: str, vectors: FloatVectors, requires: frozenset[str]) -> Kernel:
    return Kernel(name, _F32, _pack_f32(vectors), "", requires, _one_filter_each, overlap=by_output_rows)


def _s8_one_channel(name: str, tiling: Tiling, requires: frozenset[str], direct: bool, signature: str = _S8) -> Kernel:
    def ways(node: Node) -> Iterator[Roomier]:
        return roomier(tiling, _windows(node).folded(), partial(_pack_one_channel, node, tiling))

    return Kernel(
        f"{name}_direct" if direct else name,
        signature,
        lambda node: _pack_one_channel(node, tiling),
        name,
        requires,
        _one_channel(tiling, direct),
        overlap=overlap(tiling),
        roomier=ways,
    )


ROWS = (
    _s8_one_channel("conv2d_s8_avx512vnni", VNNI, FEATURES_VNNI, True),
    _s8_one_channel("conv2d_s8_avx512vnni", VNNI, FEATURES_VNNI, False),
    _s8("depthwise_conv2d_s8_avx512vnni", _DEPTHWISE_VNNI, FEATURES_VNNI, _S8),
    _f32("depthwise_conv2d_f32_avx512", FloatVectors(16, 25, "avx512"), FEATURES_AVX512),
    _s8_one_channel("conv2d_s8_avx2", AVX2_S8, FEATURES_AVX2, False),
    _s8_one_channel("conv2d_s8_avx2", AVX2_S8, FEATURES_AVX2, False, _S8_OFFSET),
    _s8("depthwise_conv2d_s8_avx2", _DEPTHWISE_AVX2_S8, FEATURES_AVX2, _S8),
    _s8("depthwise_conv2d_s8_avx2", _DEPTHWISE_AVX2_S8, FEATURES_AVX2, _S8_OFFSET),
    _f32("depthwise_conv2d_f32_avx2", FloatVectors(8, 9, "avx2"), FEATURES_AVX2),
)
