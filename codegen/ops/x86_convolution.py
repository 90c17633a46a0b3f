"""Convolutions on x86-64 with AVX2 and with AVX-512 VNNI: register tiles over packed weights, part by part."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from edgegen.ir.graph import Node
from edgegen.ir.kernel import Kernel, Literal, Packed, Roomier
from edgegen.ops.convolution_parts import Parts
from edgegen.ops.epilogue import nine_bits
from edgegen.ops.x86_bands import least, overlap, roomier
from edgegen.ops.x86_tiles import (
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
from edgegen.ops.x86_windows import Band, Windows

Find = Callable[[Node, Tiling], Parts]
When = Callable[[Node, Tiling], str | None]


def _windows(node: Node, parts: Parts) -> Windows:
    x = node.input(0)
    windows = Windows(
        x.shape[0],
        (x.shape[1], x.shape[2]),
        x.shape[3],
        parts.out,
        parts.units,
        parts.kernel,
        parts.stride,
        parts.dilation,
        (parts.pad[0], parts.pad[1]),
        parts.depth if parts.x_step else 0,
    )
    return windows.folded() if parts.rows_apart == 1 else windows


def _pack_part(parts: Parts, units: slice, windows: Windows, band: Band, tiling: Tiling) -> Packed:
    weights, bias = parts.weights[units].reshape(parts.units, -1), parts.bias[units]
    if weights.dtype == np.float32:
        return pack_f32(tiling, windows, band, weights, bias.astype(np.float32), parts.clamp)
    requantize = parts.requantize_of(units)
    if requantize is None:
        return pack_sums(tiling, windows, band, weights, bias, parts.x_zero)
    return pack_s8(tiling, windows, band, weights, bias, parts.x_zero, requantize, parts.clamp)


def _pack(node: Node, parts: Parts, tiling: Tiling, band: Band | None = None) -> Packed:
    """What each part takes, in one. In scratch, a pixel of y follows the band where groups take turns.

    band: by default the one that takes the least room
    """
    windows = _windows(node, parts)
    band = band or least(tiling, windows)
    packed = [_pack_part(parts, units, windows, band, tiling) for units in parts.slices()]
    first = packed[0]
    arrays = {c.suffix: np.concatenate([p.constants[i].array for p in packed]) for i, c in enumerate(first.constants)}
    arrays["runs"] = first.constants[-1].array  # the same for all
    weights, epilogue = (c.suffix for c in first.constants[:2])
    aside = -(-first.scratch // 16) * 16
    fields = parts.fields(tiling.stored, windows.out[1], arrays[weights], arrays[epilogue], aside)
    params: dict[str, Literal] = {
        **first.params,
        **fields,
        "parts.weights": arrays[weights].nbytes // parts.count,
        "parts.epilogue": arrays[epilogue].nbytes // parts.count,
        "y_step": parts.y_pixel * tiling.result,
        "y_row": fields["parts.row"],
    }
    constants = tuple(replace(c, array=arrays[c.suffix]) for c in first.constants)
    pixel = node.out.shape[3] * node.out.dtype.size
    return replace(first, params=params, constants=constants, scratch=aside + pixel if parts.turns else first.scratch)


def _row(
    name: str,
    tiling: Tiling,
    requires: frozenset[str],
    direct: bool,
    weights: str,
    find: Find,
    when: When,
    split: tuple[str, ...] | None,
) -> Kernel:
    quantized, y = "_s8_" in name, "s32" if "_s32_" in name else "s8"

    def holds(node: Node) -> str | None:
        reason = when(node, tiling) or nine_bits(node)
        if reason is not None:
            return reason
        parts = find(node, tiling)
        if (tiling.direct(_windows(node, parts)) and not parts.turns) != direct:
            return "windows leave the image or are not whole steps" if direct else "windows can be read in place"
        return None

    def ways(node: Node) -> Iterator[Roomier]:
        parts = find(node, tiling)
        aside = node.out.shape[3] * node.out.dtype.size + 16 if parts.turns else 0
        return roomier(tiling, _windows(node, parts), lambda band: _pack(node, parts, tiling, band), aside)

    return Kernel(
        f"{name}_direct" if direct else name,
        f"s8 {weights} s32? -> {y}" if quantized else "f32 f32 f32? -> f32",
        lambda node: _pack(node, find(node, tiling), tiling),
        name.replace("_s32_", "_"),
        requires,
        holds,
        overlap=overlap(tiling),
        roomier=ways,
        split=split,
    )


_KINDS = (
    ("conv2d_s8_avx512vnni", VNNI, FEATURES_VNNI, True, "s8"),
    ("conv2d_s8_avx512vnni", VNNI, FEATURES_VNNI, False, "s8"),
    ("conv2d_f32_avx512", AVX512, FEATURES_AVX512, True, "f32"),
    ("conv2d_f32_avx512", AVX512, FEATURES_AVX512, False, "f32"),
    ("conv2d_s8_avx2", AVX2_S8, FEATURES_AVX2, False, "s8"),
    ("conv2d_s8_avx2", AVX2_S8, FEATURES_AVX2, False, "s16"),
    ("conv2d_s8_s32_avx512vnni", VNNI_SUMS, FEATURES_VNNI, True, "s8"),
    ("conv2d_s8_s32_avx512vnni", VNNI_SUMS, FEATURES_VNNI, False, "s8"),
    ("conv2d_s8_s32_avx2", AVX2_SUMS, FEATURES_AVX2, False, "s8"),
    ("conv2d_s8_s32_avx2", AVX2_SUMS, FEATURES_AVX2, False, "s16"),
    ("conv2d_f32_avx2", AVX2, FEATURES_AVX2, True, "f32"),
    ("conv2d_f32_avx2", AVX2, FEATURES_AVX2, False, "f32"),
)


def rows(find: Find, when: When, split: tuple[str, ...] | None = None) -> tuple[Kernel, ...]:
    """find: the parts of a node for which `when` is None."""
    return tuple(_row(*kind, find, when, split) for kind in _KINDS)
