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
from edgegen.ops.depthwise_conv2d.interleaving import Interleaving
from edgegen.ops.depthwise_conv2d.op import DepthwiseConv2d
from edgegen.ops.epilogue import bias_or_zeros, clamp_f32, clamp_s8, factor_words, nine_bits
from edgegen.ops.overlap import NONE, Overlaps, applies, param
from edgegen.ops.window import Pair, image_sizes, window_steps
from edgegen.ops.window_overlap import by_output_rows
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


def _pack_s8(node: Node, rows: Interleaving) -> Packed:
    tiling, weights = rows.tiling, node.input(1).values
    epilogue, forms, fields = _finish(node, tiling, rows.units // rows.windows.channels)
    function, definition = rows.function()
    assert isinstance(node.op, DepthwiseConv2d)
    return Packed(
        "edgegen_depthwise_rows",
        rows.params() | fields | {"strip": function, "fill": tiling.offset(node.op.x_zero)},
        (
            Constant("weights", rows.pack(weights.astype(tiling.weight))),
            Constant("epilogue", epilogue),
            Constant("forms", forms),
            Constant("runs", rows.runs()),
        ),
        scratch=rows.scratch,
        definitions=(definition,),
    )


def _few_rows(lanes: int) -> Callable[[Node], str | None]:
    """3x3 windows, of which a vector holds the rows that one or two rows of outputs need."""

    def when(node: Node) -> str | None:
        w = _windows(node)
        if w.kernel != (3, 3) or w.dilation != (1, 1) or w.stride not in ((1, 1), (2, 2)):
            return "kernels must be 3x3, strides 1 or 2, and not dilated"
        return f"there must be at least {lanes} channels" if w.channels < lanes else _one_filter_each(node)

    return when


def _finish(node: Node, tiling: Tiling, repeat: int) -> tuple[Array, Array, dict[str, Literal]]:
    """(epilogue, form of each block, fields of what is the same for all channels) of a quantized layer whose channels
    come so many times in a row."""
    op, weights, bias = node.op, node.input(1).values, bias_or_zeros(node)
    assert isinstance(op, DepthwiseConv2d)
    assert op.requantize is not None
    low, high = clamp_s8(op.clamp)
    filters = weights.reshape(-1, weights.shape[2]).T
    form = quantized_form(filters, bias, op.x_zero, op.requantize, low, high)
    folded = bias.astype(np.int64) - tiling.offset(op.x_zero) * filters.astype(np.int64).sum(axis=1)
    arrays = (np.tile(v, repeat) for v in (*factor_words(op.requantize, len(filters)), folded))
    form, scaled = form.rearranged(lambda v: np.tile(v, repeat)), isinstance(op.requantize, ScaledRound)
    epilogue, forms = tiling.pack_epilogue(form, scaled, *arrays)
    fields = {"x_zero": op.x_zero, "zero_point": op.requantize.zero_point, "low": low, "high": high}
    return epilogue, forms, {**fields}


def _pack_columns(node: Node, tiling: Tiling) -> Packed:
    w, weights = _windows(node), node.input(1).values
    stride, lanes, unit = w.stride[0], tiling.lanes, tiling.unit
    together, blocks = 3 - stride, -(-w.channels // lanes)
    # row of y, row of x, column, channel
    taps = np.zeros((together, 4, 3, blocks * lanes), tiling.weight)
    for row in range(together):
        taps[row, row : row + 3, :, : w.channels] = weights
    split = taps.reshape(together, 4 // unit, unit, 3, blocks, lanes)
    packed = np.ascontiguousarray(split.transpose(4, 0, 3, 1, 5, 2)).reshape(-1)
    epilogue, forms, fields = _finish(node, tiling, 1)
    isa = "avx512" if unit == 4 else "avx2"
    params: dict[str, Literal] = {
        **image_sizes(w.shape, w.out),
        "stride": stride,
        "pad_top": w.pad[0],
        "pad_left": w.pad[1],
        "together": together,
        "blocks": blocks,
        "weights": packed.nbytes // blocks,
        "epilogue": epilogue.nbytes // blocks,
        "compute": Symbol(f"edgegen_{isa}_columns_{stride}"),
    }
    return Packed(
        "edgegen_depthwise_columns",
        params | fields,
        (Constant("weights", packed), Constant("epilogue", epilogue), Constant("forms", forms)),
        definitions=(f"EDGEGEN_{isa.upper()}_DEPTHWISE_3X3({stride})",),
    )


def _over_columns(node: Node) -> Overlaps:
    """A vector of channels of one or two rows of the output takes the same channels from four rows of x, column by
    column, of which it reads one or more ahead. So an output as wide as x may lie over it, as many rows earlier as
    padding comes before x, or more: columns then lie over the same columns of rows that later ones do not need."""
    x, y, op = node.input(0).shape, node.out.shape, node.op
    assert isinstance(op, DepthwiseConv2d)
    if not applies(node) or op.stride != (1, 1) or x[2] != y[2] or (x[0] > 1 and x[1] != y[1]):
        return by_output_rows(node, param(node, "together"))
    row = x[2] * x[3]
    return {0: Overlap(-op.pad[0] * row, row)}


def _columns(name: str, tiling: Tiling, requires: frozenset[str], signature: str) -> Kernel:
    return Kernel(
        name,
        signature,
        lambda node: _pack_columns(node, tiling),
        "",
        requires,
        _few_rows(tiling.lanes),
        overlap=_over_columns,
    )


def _s8(name: str, tiling: Tiling, requires: frozenset[str], signature: str) -> Kernel:
    def interleaving(node: Node) -> Interleaving:
        return Interleaving.of(_windows(node), tiling)

    def overlap(node: Node) -> Overlaps:
        if not applies(node):
            return NONE
        vectors, groups, piece = (param(node, name) for name in ("vectors", "groups", "piece"))
        return {0: replace(interleaving(node), vectors=vectors, groups=groups, piece=piece).overlap()}

    def ways(node: Node) -> Iterator[Roomier]:
        least = interleaving(node).least()
        for way in interleaving(node).ways():
            if way == least:
                return
            yield Roomier(way.scratch, partial(_pack_s8, node, way))

    return Kernel(
        name,
        signature,
        lambda node: _pack_s8(node, interleaving(node).least()),
        "",
        requires,
        _one_filter_each,
        overlap=overlap,
        roomier=ways,
    )


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
            **window_steps(w.stride, w.pad, w.dilation),
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


_DEPTHWISE_VNNI = replace(VNNI, widest=1, macro="EDGEGEN_AVX512_DEPTHWISE_S8", function="edgegen_avx512_depthwise_s8")
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
    _columns("depthwise_conv2d_s8_3x3_avx512vnni", _DEPTHWISE_VNNI, FEATURES_VNNI, _S8),
    _s8("depthwise_conv2d_s8_avx512vnni", _DEPTHWISE_VNNI, FEATURES_VNNI, _S8),
    _f32("depthwise_conv2d_f32_avx512", FloatVectors(16, 25, "avx512"), FEATURES_AVX512),
    _s8_one_channel("conv2d_s8_avx2", AVX2_S8, FEATURES_AVX2, False),
    _s8_one_channel("conv2d_s8_avx2", AVX2_S8, FEATURES_AVX2, False, _S8_OFFSET),
    _columns("depthwise_conv2d_s8_3x3_avx2", _DEPTHWISE_AVX2_S8, FEATURES_AVX2, _S8),
    _columns("depthwise_conv2d_s8_3x3_avx2", _DEPTHWISE_AVX2_S8, FEATURES_AVX2, _S8_OFFSET),
    _s8("depthwise_conv2d_s8_avx2", _DEPTHWISE_AVX2_S8, FEATURES_AVX2, _S8),
    _s8("depthwise_conv2d_s8_avx2", _DEPTHWISE_AVX2_S8, FEATURES_AVX2, _S8_OFFSET),
    _f32("depthwise_conv2d_f32_avx2", FloatVectors(8, 9, "avx2"), FEATURES_AVX2),
)
