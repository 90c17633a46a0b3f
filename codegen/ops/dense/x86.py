"""Rows for x86-64 with AVX2 and with AVX-512 VNNI: the register tiles of convolutions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

import numpy as np

from edgegen.ir.fixed_point import ScaledRound
from edgegen.ir.graph import Node
from edgegen.ir.kernel import Constant, Kernel, Literal, Packed, Roomier
from edgegen.ops.dense.op import Dense
from edgegen.ops.epilogue import (
    bias_or_zeros,
    clamp_s8,
    factor_words,
    fold_zero_point,
    never_once,
    nine_bits,
    worth_reordering,
)
from edgegen.ops.window_overlap import by_blocks
from edgegen.ops.x86_bands import least, overlap, roomier
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
    quantized_form,
)
from edgegen.ops.x86_windows import Band, Windows


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


def _pack(node: Node, tiling: Tiling, band: Band | None = None) -> Packed:
    """band: by default the one that takes the least room"""
    op, w, bias, windows = node.op, node.input(1).values, bias_or_zeros(node), _windows(node)
    assert isinstance(op, Dense)
    band = band or least(tiling, windows)
    if w.dtype == np.float32:
        return pack_f32(tiling, windows, band, w, bias, op.clamp)
    if op.requantize is None:
        return pack_sums(tiling, windows, band, w, bias, op.x_zero)
    return pack_s8(tiling, windows, band, w, bias, op.x_zero, op.requantize, op.clamp)


def _one_row(node: Node) -> str | None:
    return "x must be one row" if node.input(0).shape[0] != 1 else _when(AVX2_S8, False)(node)


_ONE_ROW = replace(AVX2_S8, widest=1)  # how units lie in vectors: 8 at a time


def _pack_one_row(node: Node) -> Packed:
    op, w, bias = node.op, node.input(1).values, bias_or_zeros(node)
    assert isinstance(op, Dense)
    (units, depth), (low, high) = w.shape, clamp_s8(op.clamp)
    blocks, chunks = -(-units // 8), -(-depth // 16)
    padded = np.zeros((8 * blocks, 16 * chunks), np.int8)
    padded[:units, :depth] = w
    weights = Constant("weights", padded.reshape(blocks, 8, chunks, 16).transpose(0, 2, 1, 3).reshape(-1))
    folded = fold_zero_point(bias, w.astype(np.int64).sum(axis=1), op.x_zero)
    params: dict[str, Literal] = {"depth": depth, "units": units}
    if op.requantize is None:
        sums = Constant("bias", _ONE_ROW.pack_bias(folded.astype(np.int32)))
        return Packed("edgegen_dense_row_avx2", params | {"zero_point": 0, "low": low, "high": high}, (weights, sums))
    form = quantized_form(w, bias, op.x_zero, op.requantize, low, high)
    scaled = isinstance(op.requantize, ScaledRound)
    rows = (*factor_words(op.requantize, units), folded)
    epilogue, forms = _ONE_ROW.pack_epilogue(form, scaled, *rows)
    params |= {"zero_point": op.requantize.zero_point, "low": low, "high": high}
    constants = (weights, Constant("epilogue", epilogue), Constant("forms", forms))
    return Packed("edgegen_dense_row_avx2", params, constants)


def _row_in_place(name: str, y: str) -> Kernel:
    """8 units at a time, each of which read all of x."""
    return Kernel(
        name,
        f"s8 s8 s32? -> {y}",
        _pack_one_row,
        "dense_s8_avx2",
        FEATURES_AVX2,
        _one_row,
        overlap=lambda node: by_blocks(node, 8, np.zeros(1, np.bool_)),
        split=(),
    )


def _row(
    name: str, weights: str, tiling: Tiling, requires: frozenset[str], when: Callable[[Node], str | None]
) -> Kernel:
    """name: of the C function; sums of several rows are those of convolutions"""

    def ways(node: Node) -> Iterator[Roomier]:
        return roomier(tiling, _windows(node), partial(_pack, node, tiling))

    y = "f32" if "_f32_" in name else "s32" if "_s32_" in name else "s8"
    header = name.removesuffix("_direct")
    return Kernel(
        name,
        f"f32 f32 f32? -> {y}" if y == "f32" else f"s8 {weights} s32? -> {y}",
        lambda node: _pack(node, tiling),
        header.replace("_s32_", "_"),
        requires,
        when,
        overlap=overlap(tiling),
        roomier=ways,
        split=APART,
    )


ROWS = (
    _row("dense_s8_avx512vnni_direct", "s8", VNNI, FEATURES_VNNI, _when(VNNI, True)),
    _row("dense_s8_avx512vnni", "s8", VNNI, FEATURES_VNNI, _when(VNNI, False)),
    _row("dense_f32_avx512", "f32", AVX512, FEATURES_AVX512, _when(AVX512, True)),
    _row_in_place("dense_s8_avx2_row", "s8"),
    _row("dense_s8_avx2", "s8", AVX2_S8, FEATURES_AVX2, _when(AVX2_S8, False)),
    _row("dense_s8_avx2", "s16", AVX2_S8, FEATURES_AVX2, _when(AVX2_S8, False)),
    _row("conv2d_s8_s32_avx512vnni_direct", "s8", VNNI_SUMS, FEATURES_VNNI, _when(VNNI_SUMS, True)),
    _row("conv2d_s8_s32_avx512vnni", "s8", VNNI_SUMS, FEATURES_VNNI, _when(VNNI_SUMS, False)),
    _row_in_place("dense_s8_s32_avx2_row", "s32"),
    _row("conv2d_s8_s32_avx2", "s8", AVX2_SUMS, FEATURES_AVX2, _when(AVX2_SUMS, False)),
    _row("conv2d_s8_s32_avx2", "s16", AVX2_SUMS, FEATURES_AVX2, _when(AVX2_SUMS, False)),
    _row("dense_f32_avx2", "f32", AVX2, FEATURES_AVX2, _when(AVX2, True)),
)
