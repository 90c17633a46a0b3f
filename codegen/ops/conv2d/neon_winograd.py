"""Rows for AArch64 that compute 3x3 windows, moved pixel by pixel, as Winograd's minimal filters.

s8 in integers, exactly, as F(4x4, 3x3): 36 products for 16 outputs instead of 144; not worth it with SDOT. f32 as
F(2x2, 3x3): 16 products for 4 outputs instead of 36; larger tiles would cost accuracy. Weights grow 8 and 16/9 times.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from edgegen.ir.graph import Node
from edgegen.ir.kernel import Constant, Kernel, Literal, Overlap, Packed
from edgegen.ir.tensor import Array
from edgegen.ops.conv2d.op import Conv2d
from edgegen.ops.epilogue import bias_or_zeros, clamp_f32, constant_weights, fold_zero_point
from edgegen.ops.neon_tiles import output_params, pack_bias, pack_epilogue, unit_blocks
from edgegen.ops.overlap import NONE, Offsets, Overlaps, applies, distance, param, window_starts

MOST_BYTES = 1 << 20  # of transformed weights: a second-level cache holds them
LITTLE = 24 << 10  # bytes that x and scratch may take together, whatever x is
EXACT_BELOW = 1 << 25  # magnitude of s8 products' sums

# G of each filter. That of s8 is scaled row by row to whole numbers, which A makes up for (conv2d_s8_winograd_neon.h).
G_S8 = np.array([[1, 0, 0], [1, 1, 1], [1, -1, 1], [1, 2, 4], [1, -2, 4], [0, 0, 1]])
G_F32 = np.array([[1, 0, 0], [0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0, 0, 1]])


@dataclass(frozen=True)
class Tiles:
    """The tiles of a node's output. side: outputs; products: of one tile and channel; vector: channels transformed
    together; element: bytes of transformed weights and inputs"""

    side: int
    products: int
    vector: int
    element: int

    def count(self, node: Node) -> int:
        """Tiles of one image, those at its right and lower edge included."""
        return -(-node.out.shape[1] // self.side) * -(-node.out.shape[2] // self.side)

    def together(self, node: Node) -> int:
        """How many tiles, at most 6, to compute at a time: what takes the fewest instructions, but not so much scratch
        that it would decide how large the arena is: no more than half of x, or what x leaves of little memory."""
        count, x = self.count(node), node.input(0).type.bytes
        most = max(x // 2, LITTLE - x)
        fitting = [t for t in range(1, max(min(count, 6), 1) + 1) if t == 1 or self.scratch(node, t) <= most]
        return min(fitting, key=lambda t: -(-count // t) * (33 * t + 11))

    def overlap(self, node: Node) -> Overlaps:
        """So many tiles are read to their end before any of their outputs is written."""
        if not applies(node):
            return NONE
        y, together = node.out, param(node, "image.tiles")
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
        depth, units = node.input(0).shape[3], node.out.shape[3]
        patch = (self.side + 2) ** 2 * depth * node.input(0).dtype.size
        sums = 4 * (16 if units >= 16 else 8)
        return -(-patch // 16) * 16 + self.products * together * (depth * self.element + sums)


def _numbers(shape: tuple[int, ...]) -> Offsets:
    return np.arange(math.prod(shape), dtype=np.int64).reshape(shape)


S8 = Tiles(4, 36, 8, 2)
F32 = Tiles(2, 16, 4, 4)


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


def _holds_s8(node: Node) -> str | None:
    reason = _holds(node, S8)
    if (
        reason is None
        and 128 * int(np.abs(node.input(1).values.astype(np.int64)).sum(axis=(1, 2, 3)).max()) >= EXACT_BELOW
    ):
        reason = "sums of products may reach 2^25"
    return reason


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


def _transformed(weights: Array, g: Array) -> Array:
    """weights[units, 3, 3, depth] -> U of each block of units, one after the other: [products, depth, units of it]."""
    u = np.einsum("ik,ukld,jl->ijdu", g, weights, g, optimize=True)
    u = u.reshape(-1, *u.shape[2:])
    return np.concatenate([u[..., first : first + size].reshape(-1) for first, size in unit_blocks(u.shape[2])])


def _pack_s8(node: Node) -> Packed:
    op, w = node.op, node.input(1).values.astype(np.int64)
    assert isinstance(op, Conv2d)
    assert op.requantize is not None
    together = S8.together(node)
    bias = fold_zero_point(bias_or_zeros(node), w.sum(axis=(1, 2, 3)), op.x_zero)
    return Packed(
        "edgegen_conv2d_s8_winograd_neon",
        _image(node, together) | output_params(op.requantize, op.clamp, w.shape[0]),
        (
            Constant("weights", _transformed(w, G_S8).astype(np.int16)),
            Constant("epilogue", pack_epilogue(bias, op.requantize)),
        ),
        scratch=S8.scratch(node, together),
    )


def _pack_f32(node: Node) -> Packed:
    op = node.op
    assert isinstance(op, Conv2d)
    together = F32.together(node)
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
            Constant("weights", _transformed(node.input(1).values.astype(np.float64), G_F32).astype(np.float32)),
            Constant("bias", pack_bias(bias_or_zeros(node))),
        ),
        scratch=F32.scratch(node, together),
    )


_NEON = frozenset({"neon"})

S8_ROW = Kernel(
    "conv2d_s8_winograd_neon",
    "s8 s8 s32? -> s8",
    _pack_s8,
    requires=_NEON,
    when=_holds_s8,
    for_speed=True,
    overlap=S8.overlap,
)
F32_ROW = Kernel(
    "conv2d_f32_winograd_neon",
    "f32 f32 f32? -> f32",
    _pack_f32,
    requires=_NEON,
    when=lambda node: _holds(node, F32),
    for_speed=True,
    overlap=F32.overlap,
)
