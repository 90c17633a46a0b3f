"""Rows for AArch64 that compute 3x3 windows, moved pixel by pixel, as Winograd's minimal filters.

s8 in integers, exactly, as F(4x4, 3x3): 36 products for 16 outputs instead of 144; not worth it with SDOT. f32 as
F(2x2, 3x3): 16 products for 4 outputs instead of 36; larger tiles would cost accuracy. Weights grow 8 and 16/9 times.
Several tiles share loads of weights, but need scratch for all their sums, which they get where the arena has room.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import takewhile

import numpy as np

from edgegen.ir.fixed_point import IntArray
from edgegen.ir.graph import Node
from edgegen.ir.kernel import Constant, Kernel, Literal, Overlap, Packed, Roomier
from edgegen.ir.tensor import Array
from edgegen.ops.conv2d.op import Conv2d
from edgegen.ops.epilogue import bias_or_zeros, clamp_f32, constant_weights, fold_zero_point
from edgegen.ops.neon_tiles import output_params, pack_bias, pack_epilogue, unit_blocks
from edgegen.ops.overlap import NONE, Offsets, Overlaps, applies, distance, param
from edgegen.ops.window_overlap import window_starts

MOST_BYTES = 1 << 20  # of transformed weights: a second-level cache holds them
LITTLE = 24 << 10  # bytes that x and scratch may take together, whatever x is
EXACT_BELOW = 1 << 25  # magnitude of s8 products' sums, biases included

# G of each filter. That of s8 is scaled row by row to whole numbers, which A makes up for (conv2d_s8_winograd_neon.h).
G_S8 = np.array([[1, 0, 0], [1, 1, 1], [1, -1, 1], [1, 2, 4], [1, -2, 4], [0, 0, 1]])
G_F32 = np.array([[1, 0, 0], [0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0, 0, 1]])


@dataclass(frozen=True)
class Tiles:
    """The tiles of a node's output. side: outputs; products: of one tile and channel; vector: channels transformed
    together; element: bytes of transformed weights and inputs; most: tiles at a time"""

    side: int
    products: int
    vector: int
    element: int
    most: int

    def count(self, node: Node) -> int:
        """Tiles of one image, those at its right and lower edge included."""
        return -(-node.out.shape[1] // self.side) * -(-node.out.shape[2] // self.side)

    def quickest(self, node: Node) -> list[int]:
        """How many tiles to compute at a time, by what takes the fewest instructions."""
        count = self.count(node)
        return sorted(range(1, max(min(count, self.most), 1) + 1), key=lambda t: -(-count // t) * (33 * t + 11))

    def within(self, node: Node, most: int, least: int) -> int:
        """The quickest number of tiles that takes at most so many bytes of scratch, else `least`."""
        return next((t for t in self.quickest(node) if self.scratch(node, t) <= most), least)

    def quicker(self, node: Node, together: int) -> Iterator[int]:
        return takewhile(lambda t: t != together, self.quickest(node))

    def overlap(self, node: Node) -> Overlaps:
        """So many tiles are read to their end before any of their outputs is written."""
        if not applies(node):
            return NONE
        y, together = node.out, max(param(node, "image.tiles"), 1)
        batch, out_h, out_w, units = y.shape
        pixels = _numbers((batch, out_h, out_w))
        lines, columns = (np.arange(0, n, self.side) for n in (out_h, out_w))
        below, beside = (np.minimum(first + self.side, n) - 1 for first, n in ((lines, out_h), (columns, out_w)))
        starts = window_starts(node)[:, lines][:, :, columns].reshape(batch, -1)
        ends = (pixels[:, below][:, :, beside].reshape(batch, -1) + 1) * (units * y.dtype.size)
        ended = np.maximum.accumulate(ends.reshape(-1)).reshape(batch, -1)
        before = np.concatenate([[0], ended.reshape(-1)[:-1]]).reshape(batch, -1)
        groups = range(0, starts.shape[1], together)
        reads = np.stack([starts[:, g : g + together].min(axis=1) for g in groups], axis=1)
        written = np.stack([before[:, g] for g in groups], axis=1)
        return {0: Overlap(distance(reads.reshape(-1), written.reshape(-1)))}

    def scratch(self, node: Node, together: int) -> int:
        """Pixels of a tile (f32), and the transformed inputs and the sums of all."""
        depth, units = node.input(0).shape[3], node.out.shape[3]
        sums = 4 * (16 if units >= 16 else 8)
        patch = 0 if node.input(0).dtype.size == 1 else (self.side + 2) ** 2 * depth * node.input(0).dtype.size
        return patch + self.products * (max(together, 1) * depth * self.element + together * sums)


def _numbers(shape: tuple[int, ...]) -> Offsets:
    return np.arange(math.prod(shape), dtype=np.int64).reshape(shape)


S8 = Tiles(4, 36, 8, 2, 4)
F32 = Tiles(2, 16, 4, 4, 6)


def _holds(node: Node, tiles: Tiles) -> str | None:
    op, x, w = node.op, node.input(0), node.input(1)
    assert isinstance(op, Conv2d)
    units, depth = w.shape[0], w.shape[3]
    if w.shape[1:3] != (3, 3) or op.stride != (1, 1) or op.dilation != (1, 1) or depth != x.shape[3]:
        return "kernel must be 3x3, stride, dilation and groups 1"
    if depth % tiles.vector or depth < 16 or units < 8:
        return f"needs at least 16 channels, a multiple of {tiles.vector}, and 8 units"
    if tiles.products * tiles.element * units * depth > MOST_BYTES:
        return f"transformed weights exceed {MOST_BYTES} bytes"
    if 2 * node.out.shape[1] * node.out.shape[2] < tiles.count(node) * tiles.side**2:
        return "most of the tiles lies outside the output"
    return constant_weights(node)


def _folded_bias(node: Node) -> IntArray:
    """The bias of each unit with what the zero point of x adds."""
    op = node.op
    assert isinstance(op, Conv2d)
    return fold_zero_point(bias_or_zeros(node), node.input(1).values.sum(axis=(1, 2, 3), dtype=np.int64), op.x_zero)


def _holds_s8(node: Node) -> str | None:
    reason = _holds(node, S8)
    if reason is not None:
        return reason
    sums = 128 * np.abs(node.input(1).values.astype(np.int64)).sum(axis=(1, 2, 3))
    most = int((sums + np.abs(_folded_bias(node).astype(np.int64))).max())
    return "sums of products may reach 2^25" if most >= EXACT_BELOW else None


def _image(node: Node, together: int) -> dict[str, Literal]:
    op, x, y = node.op, node.input(0), node.out
    assert isinstance(op, Conv2d)
    fields: dict[str, Literal] = {
        "batch": x.shape[0],
        "in_h": x.shape[1],
        "in_w": x.shape[2],
        "pixel": x.shape[3] * x.dtype.size,
        "depth": x.shape[3],
        "out_h": y.shape[1],
        "out_w": y.shape[2],
        "pad_top": op.pad[0],
        "pad_left": op.pad[1],
        "tiles": together,
        "fill": op.x_zero % 256,
    }
    return {f"image.{k}": v for k, v in fields.items()}


def _transformed(weights: Array, g: Array, widest: int = 16) -> Array:
    """weights[units, 3, 3, depth] -> U of each block of units, one after the other: [products, depth, units of it]."""
    u = np.einsum("ik,ukld,jl->ijdu", g, weights, g, optimize=True)
    u = u.reshape(-1, *u.shape[2:])
    return np.concatenate(
        [u[..., first : first + size].reshape(-1) for first, size in unit_blocks(len(weights), widest)]
    )


def _transformed_alone(weights: Array) -> Array:
    """weights[units, 3, 3, depth] -> U of each 4 units, one after the other: of each column of 6 products, in the
    kernel's order, [depth / 16][6][16][4] and, if 8 channels are left, [6][8][4]."""
    depth = weights.shape[3]
    u = _transformed(weights, G_S8, 4).reshape(-1, 6, 6, depth, 4)[:, :, [1, 2, 3, 4, 0, 5]]
    columns = u.transpose(0, 2, 3, 1, 4)  # [blocks of 4 units, 6 columns, depth, 6 lines, 4 units]
    pieces = [columns[:, :, k : k + 16].swapaxes(2, 3) for k in range(0, depth, 16)]
    return np.concatenate([p.reshape(*p.shape[:2], -1) for p in pieces], axis=2).reshape(-1)


def _pack_s8(node: Node, together: int) -> Packed:
    """together: tiles whose sums lie in scratch; 0: one tile, 4 units at a time, whose sums lie in registers."""
    op, w = node.op, node.input(1).values.astype(np.int64)
    assert isinstance(op, Conv2d)
    assert op.requantize is not None
    weights = _transformed(w, G_S8) if together else _transformed_alone(w)
    return Packed(
        "edgegen_conv2d_s8_winograd_neon",
        _image(node, together) | output_params(op.requantize, op.clamp, w.shape[0]),
        (
            Constant("weights", weights.astype(np.int16)),
            Constant("epilogue", pack_epilogue(_folded_bias(node), op.requantize, 16 if together else 4)),
        ),
        scratch=S8.scratch(node, together),
    )


def _pack_f32(node: Node, together: int) -> Packed:
    op = node.op
    assert isinstance(op, Conv2d)
    weights = node.input(1).values.astype(np.float64)
    low, high = clamp_f32(op.clamp)
    return Packed(
        "edgegen_conv2d_f32_winograd_neon",
        {
            **_image(node, together),
            "output.low": low,
            "output.high": high,
            "output.step": node.out.shape[3],
        },
        (
            Constant("weights", _transformed(weights, G_F32).astype(np.float32)),
            Constant("bias", pack_bias(bias_or_zeros(node))),
        ),
        scratch=F32.scratch(node, together),
    )


def _frugal_s8(node: Node) -> int:
    """Several tiles only where their scratch is next to nothing beside x."""
    return S8.within(node, node.input(0).type.bytes // 64, 0)


def _frugal_f32(node: Node) -> int:
    """As many tiles as hardly decide how large the arena is: at most half of x, or what x leaves of little memory."""
    x = node.input(0).type.bytes
    return F32.within(node, max(x // 2, LITTLE - x), 1)


def _roomier_s8(node: Node) -> Iterator[Roomier]:
    found = S8.quicker(node, _frugal_s8(node))
    return (Roomier(S8.scratch(node, t), partial(_pack_s8, node, t)) for t in found)


def _roomier_f32(node: Node) -> Iterator[Roomier]:
    found = F32.quicker(node, _frugal_f32(node))
    return (Roomier(F32.scratch(node, t), partial(_pack_f32, node, t)) for t in found)


_NEON = frozenset({"neon"})

S8_ROW = Kernel(
    "conv2d_s8_winograd_neon",
    "s8 s8 s32? -> s8",
    lambda node: _pack_s8(node, _frugal_s8(node)),
    requires=_NEON,
    when=_holds_s8,
    for_speed=True,
    overlap=S8.overlap,
    roomier=_roomier_s8,
)
F32_ROW = Kernel(
    "conv2d_f32_winograd_neon",
    "f32 f32 f32? -> f32",
    lambda node: _pack_f32(node, _frugal_f32(node)),
    requires=_NEON,
    when=lambda node: _holds(node, F32),
    for_speed=True,
    overlap=F32.overlap,
    roomier=_roomier_f32,
)
