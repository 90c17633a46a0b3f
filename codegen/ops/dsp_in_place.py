"""Convolutions of few units for the DSP extension (Cortex-M4) whose large windows are read where they lie in x.

That takes less scratch than strips, which are the other way to pack such a layer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from edgegen.ir.graph import Node
from edgegen.ir.kernel import Constant, Kernel, Literal, Packed, Roomier
from edgegen.ops.dsp_layers import Convolution, pack_convolution
from edgegen.ops.dsp_tiles import SCALED, WIDE_WEIGHTS, in_quads, layer, tiles_of, words
from edgegen.ops.epilogue import fold_zero_point
from edgegen.ops.overlap import Overlaps, param
from edgegen.ops.window import image_sizes, window_steps
from edgegen.ops.window_overlap import by_blocks, by_strip

_TILE = 4  # units
_QUADS = 8  # EDGEGEN_DSP_WINDOW_QUADS
_MOST_UNITS = 8  # with more it pays to widen a window once for all of them
_LEAST_WINDOW = 64  # bytes: strips of smaller ones are hardly more than the scratch of those at the sides


def _rejection(conv: Convolution) -> str | None:
    units, kernel_h, kernel_w, channels = conv.weights.shape
    run = kernel_w * channels
    if conv.requantize is None or not _TILE <= units <= _MOST_UNITS or conv.weights.size > WIDE_WEIGHTS:
        return f"there must be {_TILE} to {_MOST_UNITS} units of at most {WIDE_WEIGHTS} weights together, requantized"
    if kernel_w > 1 and conv.dilation[1] > 1:
        return "columns must lie together"
    if kernel_h * run < _LEAST_WINDOW or run > 4 * _QUADS:
        return f"windows must have at least {_LEAST_WINDOW} taps, at most {4 * _QUADS} in a row"
    return None


def _pack(conv: Convolution) -> Packed:
    units, kernel_h, _, channels = conv.weights.shape
    weights = conv.weights.astype(np.int64)
    bias = fold_zero_point(conv.bias, weights.sum(axis=(1, 2, 3)), conv.x_zero)
    one = layer(conv.requantize, conv.clamp, in_quads(weights.reshape(units, kernel_h, -1)), bias)
    taps = one.weights << (int(one.result.scale[0]) if one.result is not None else 0)
    # the kernel subtracts x's zero point from every tap that it reads
    starts = np.array([one.offset(u) for u in range(units)], np.int64) + conv.x_zero * taps.sum(axis=1)
    pairs = words(taps[:, 0::2], taps[:, 1::2]).reshape(units, one.quads, 2)
    raw = one.result is None
    tiles = []
    for tile in tiles_of(units, _TILE):
        chosen = list(tile)
        ends = [] if raw else [np.array([one.constants(u) for u in chosen]).reshape(-1)]
        tiles.append(np.concatenate([starts[chosen], pairs[chosen].transpose(1, 0, 2).reshape(-1), *ends]))
    multipliers = [np.array([one.constants(u) for u in range(units)]).reshape(-1)] if one.form == SCALED else []
    window = 4 * one.quads
    run_quads = one.quads // kernel_h
    params: dict[str, Literal] = {
        **image_sizes((*conv.in_shape[:3], channels), conv.out_size),
        "units": units,
        "kernel_h": kernel_h,
        "run_quads": run_quads,
        "dilation_h": conv.dilation[0],
        **window_steps(conv.stride, conv.pad),
        "pixels": 1,
        "quads": one.quads,
        "step": units,
        "tile_units": units // _TILE * _TILE,
        "last_pair": units // _TILE * len(tiles[0]),
        "multipliers": len(tiles) * len(tiles[0]),
        "sums": window,
        "backward": 0,
        "x_zero": conv.x_zero,
    }
    stream = np.concatenate([*tiles, one.multipliers(), *multipliers]).astype(np.uint32).view(np.int32)
    return Packed(
        "edgegen_conv2d_s8_dsp",
        params | one.params(conv.clamp),
        (Constant("stream", stream),),
        scratch=window + (4 * units if raw else 0),
    )


def _mostly_inside(conv: Convolution) -> bool:
    """Whether strips are faster, as they are where hardly a fifth of the windows reaches beyond the image: windows
    inside take an eighth fewer instructions in strips, those outside half as many again (emulated Cortex-M4)."""
    whole = 1
    for axis in (0, 1):
        start = np.arange(conv.out_size[axis]) * conv.stride[axis] - conv.pad[axis]
        reach = (conv.weights.shape[1 + axis] - 1) * conv.dilation[axis]
        whole *= int(((start >= 0) & (start + reach < conv.in_shape[1 + axis])).sum())
    return 5 * whole > 4 * conv.out_size[0] * conv.out_size[1]


def _overlap(node: Node) -> Overlaps:
    if param(node, "pixels") > 1:
        return by_strip(node)
    at = (np.arange(param(node, "out_w")) * param(node, "stride_w") - param(node, "pad_left")) * param(node, "channels")
    end = at + 4 * param(node, "run_quads")
    return by_blocks(node, _TILE, (at < 0) | (end > param(node, "in_w") * param(node, "channels")))


def in_place_row(signature: str, find: Callable[[Node], Convolution], when: Callable[[Node], str | None]) -> Kernel:
    """The row for an operator. find: the convolution that a node is for which `when` is None"""

    def roomier(node: Node) -> Iterator[Roomier]:
        conv = find(node)
        if _mostly_inside(conv):
            strips = pack_convolution(conv)
            yield Roomier(strips.scratch, lambda: strips)

    return Kernel(
        "conv2d_s8_dsp_in_place",
        signature,
        lambda node: _pack(find(node)),
        requires=frozenset({"dsp"}),
        when=lambda node: when(node) or _rejection(find(node)),
        for_speed=True,
        overlap=_overlap,
        roomier=roomier,
    )
