"""Rows for x86-64 with AVX2 and with AVX-512 VNNI: the register tiles of convolutions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from edgegen.ir.graph import Node
from edgegen.ir.kernel import Kernel, Packed
from edgegen.ops.dense.op import Dense
from edgegen.ops.epilogue import bias_or_zeros, never_once, nine_bits, worth_reordering
from edgegen.ops.x86_tiles import (
    APART,
    AVX2,
    AVX2_S8,
    AVX2_SUMS,
    AVX512,
    FEATURES_AVX2,
    FEATURES_AVX512,
    FEATURES_VNNI,
    VNNI,
    VNNI_SUMS,
    Tiling,
    pack_f32,
    pack_s8,
    pack_sums,
)
from edgegen.ops.x86_windows import Windows


def _windows(node: Node) -> Windows:
    (rows, depth), units = node.input(0).shape, node.out.shape[1]
    return Windows(1, (1, rows), depth, (1, rows), units, (1, 1))


def _when(tiling: Tiling, direct: bool) -> Callable[[Node], str | None]:
    def when(node: Node) -> str | None:
        if min(node.input(0).shape) == 0:
            return "x must not be empty"
        if node.input(1).dtype.is_float and worth_reordering(node):
            return worth_reordering(node)
        if tiling.direct(_windows(node)) != direct:
            return "rows of x are not whole steps" if direct else "rows of x can be read in place"
        return nine_bits(node) or never_once(node)

    return when


def _pack_s8(tiling: Tiling) -> Callable[[Node], Packed]:
    def pack(node: Node) -> Packed:
        op, w, bias = node.op, node.input(1).values, bias_or_zeros(node)
        assert isinstance(op, Dense)
        if op.requantize is None:
            return pack_sums(tiling, _windows(node), w, bias, op.x_zero)
        return pack_s8(tiling, _windows(node), w, bias, op.x_zero, op.requantize, op.clamp)

    return pack


def _pack_f32(tiling: Tiling) -> Callable[[Node], Packed]:
    def pack(node: Node) -> Packed:
        assert isinstance(node.op, Dense)
        return pack_f32(tiling, _windows(node), node.input(1).values, bias_or_zeros(node), node.op.clamp)

    return pack


def _one_row(node: Node) -> str | None:
    return "x must be one row" if node.input(0).shape[0] != 1 else _when(AVX2_S8, False)(node)


_AVX2_ROW = replace(AVX2_S8, macro="EDGEGEN_AVX2_STRIP_S8_NARROW", function="edgegen_avx2_s8_narrow", weight="int8")
_AVX2_SUMS_ROW = replace(
    AVX2_SUMS, macro="EDGEGEN_AVX2_STRIP_SUMS_NARROW", function="edgegen_avx2_sums_narrow", weight="int8"
)
_S32, _S32_OFFSET = "s8 s8 s32? -> s32", "s8 s16 s32? -> s32"
_VNNI_HEADER, _AVX2_HEADER = "conv2d_s8_avx512vnni", "conv2d_s8_avx2"
_S8, _S8_OFFSET, _F32 = "s8 s8 s32? -> s8", "s8 s16 s32? -> s8", "f32 f32 f32? -> f32"

ROWS = (
    Kernel(
        "dense_s8_avx512vnni_direct",
        _S8,
        _pack_s8(VNNI),
        "dense_s8_avx512vnni",
        FEATURES_VNNI,
        _when(VNNI, True),
        split=APART,
    ),
    Kernel("dense_s8_avx512vnni", _S8, _pack_s8(VNNI), "", FEATURES_VNNI, _when(VNNI, False), split=APART),
    Kernel("dense_f32_avx512", _F32, _pack_f32(AVX512), "", FEATURES_AVX512, _when(AVX512, True), split=APART),
    Kernel("dense_s8_avx2_row", _S8, _pack_s8(_AVX2_ROW), "dense_s8_avx2", FEATURES_AVX2, _one_row, split=APART),
    Kernel("dense_s8_avx2", _S8, _pack_s8(AVX2_S8), "", FEATURES_AVX2, _when(AVX2_S8, False), split=APART),
    Kernel("dense_s8_avx2", _S8_OFFSET, _pack_s8(AVX2_S8), "", FEATURES_AVX2, _when(AVX2_S8, False), split=APART),
    Kernel(
        "conv2d_s8_s32_avx512vnni_direct",
        _S32,
        _pack_s8(VNNI_SUMS),
        _VNNI_HEADER,
        FEATURES_VNNI,
        _when(VNNI_SUMS, True),
        split=APART,
    ),
    Kernel(
        "conv2d_s8_s32_avx512vnni",
        _S32,
        _pack_s8(VNNI_SUMS),
        _VNNI_HEADER,
        FEATURES_VNNI,
        _when(VNNI_SUMS, False),
        split=APART,
    ),
    Kernel(
        "dense_s8_s32_avx2_row", _S32, _pack_s8(_AVX2_SUMS_ROW), "dense_s8_avx2", FEATURES_AVX2, _one_row, split=APART
    ),
    Kernel(
        "conv2d_s8_s32_avx2",
        _S32,
        _pack_s8(AVX2_SUMS),
        _AVX2_HEADER,
        FEATURES_AVX2,
        _when(AVX2_SUMS, False),
        split=APART,
    ),
    Kernel(
        "conv2d_s8_s32_avx2",
        _S32_OFFSET,
        _pack_s8(AVX2_SUMS),
        _AVX2_HEADER,
        FEATURES_AVX2,
        _when(AVX2_SUMS, False),
        split=APART,
    ),
    Kernel("dense_f32_avx2", _F32, _pack_f32(AVX2), "", FEATURES_AVX2, _when(AVX2, True), split=APART),
)
