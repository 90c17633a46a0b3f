"""Rows for x86-64 with AVX2 and with AVX-512 VNNI: register tiles over packed weights."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from edgegen.ir.graph import Node
from edgegen.ir.kernel import Kernel, Packed
from edgegen.ops.conv2d.op import Conv2d
from edgegen.ops.epilogue import bias_or_zeros, nine_bits
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


def _windows(node: Node, tiling: Tiling) -> Windows:
    op, x, w, y = node.op, node.input(0), node.input(1), node.out
    assert isinstance(op, Conv2d)
    windows = Windows(
        x.shape[0],
        (x.shape[1], x.shape[2]),
        x.shape[3],
        (y.shape[1], y.shape[2]),
        w.shape[0],
        (w.shape[1], w.shape[2]),
        op.stride,
        op.dilation,
        (op.pad[0], op.pad[1]),
    )
    return tiling.fold(windows)


def _when(tiling: Tiling, direct: bool) -> Callable[[Node], str | None]:
    def when(node: Node) -> str | None:
        if node.input(0).shape[3] != node.input(1).shape[3]:
            return "does not compute groups"
        if tiling.direct(_windows(node, tiling)) != direct:
            return "windows leave the image or are not whole steps" if direct else "windows can be read in place"
        return nine_bits(node)

    return when


def _pack_s8(tiling: Tiling) -> Callable[[Node], Packed]:
    def pack(node: Node) -> Packed:
        op, windows = node.op, _windows(node, tiling)
        assert isinstance(op, Conv2d)
        weights, bias = node.input(1).values.reshape(node.out.shape[3], -1), bias_or_zeros(node)
        if op.requantize is None:
            return pack_sums(tiling, windows, weights, bias, op.x_zero)
        return pack_s8(tiling, windows, weights, bias, op.x_zero, op.requantize, op.clamp)

    return pack


def _pack_f32(tiling: Tiling) -> Callable[[Node], Packed]:
    def pack(node: Node) -> Packed:
        assert isinstance(node.op, Conv2d)
        weights = node.input(1).values.reshape(node.out.shape[3], -1)
        return pack_f32(tiling, _windows(node, tiling), weights, bias_or_zeros(node).astype(np.float32), node.op.clamp)

    return pack


def _row(name: str, tiling: Tiling, requires: frozenset[str], direct: bool, weights: str = "s8") -> Kernel:
    quantized, y = "_s8_" in name, "s32" if "_s32_" in name else "s8"
    return Kernel(
        f"{name}_direct" if direct else name,
        f"s8 {weights} s32? -> {y}" if quantized else "f32 f32 f32? -> f32",
        _pack_s8(tiling) if quantized else _pack_f32(tiling),
        name.replace("_s32_", "_"),
        requires,
        _when(tiling, direct),
        split=APART,
    )


ROWS = (
    _row("conv2d_s8_avx512vnni", VNNI, FEATURES_VNNI, True),
    _row("conv2d_s8_avx512vnni", VNNI, FEATURES_VNNI, False),
    _row("conv2d_f32_avx512", AVX512, FEATURES_AVX512, True),
    _row("conv2d_f32_avx512", AVX512, FEATURES_AVX512, False),
    _row("conv2d_s8_avx2", AVX2_S8, FEATURES_AVX2, False),
    _row("conv2d_s8_avx2", AVX2_S8, FEATURES_AVX2, False, "s16"),
    _row("conv2d_s8_s32_avx512vnni", VNNI_SUMS, FEATURES_VNNI, True),
    _row("conv2d_s8_s32_avx512vnni", VNNI_SUMS, FEATURES_VNNI, False),
    _row("conv2d_s8_s32_avx2", AVX2_SUMS, FEATURES_AVX2, False),
    _row("conv2d_s8_s32_avx2", AVX2_SUMS, FEATURES_AVX2, False, "s16"),
    _row("conv2d_f32_avx2", AVX2, FEATURES_AVX2, True),
    _row("conv2d_f32_avx2", AVX2, FEATURES_AVX2, False),
)
