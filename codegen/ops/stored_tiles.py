"""Rows of dense f32 layers whose weights are codes: one kernel for vectors of any instruction set, and of one float."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from edgegen.ir.graph import Node
from edgegen.ir.kernel import Constant, Kernel, Packed, Symbol
from edgegen.ir.op import Range
from edgegen.ir.tensor import Array
from edgegen.ops.epilogue import clamp_f32
from edgegen.ops.float_vectors import AVX2, AVX512, NEON, PLAIN, VECTORS, FloatVectors
from edgegen.ops.stored_weights import Stored
from edgegen.ops.window_overlap import by_piece

_ANY = 1 << 30
_MOST_ROWS = {AVX512: _ANY, AVX2: _ANY, NEON: 8, PLAIN: 0}
"""For fewer than how many rows of x a kernel is fast: to decode a weight costs little beside loads on x86, but more
than to multiply it by four rows on AArch64."""

_PIECE = 16
"""Rows of x after which the output may lie over them: all units are computed for as many before the next ones."""

_CACHE = 32 << 10
"""Bytes of floats that stay in a first-level cache: reading fewer bytes gains nothing there."""

_FLASH = 256 << 10
"""Bytes of floats of one layer that microcontrollers have no flash for: its codes are kept though they cost time."""


def _blocks(units: int, lanes: int) -> Iterator[tuple[int, int]]:
    """(first unit, units) of each block: four vectors while more than two are left, then two."""
    first = 0
    while first < units:
        size = 4 * lanes if units - first > 2 * lanes else 2 * lanes
        yield first, size
        first += size


def _block(array: Array, first: int, size: int) -> Array:
    """array[units, n] of a block as [n, unit], with zeros for what does not exist."""
    part = array[first : first + size]
    return np.ascontiguousarray(np.pad(part, ((0, size - len(part)), (0, 0))).T)


def _pairs(block: Array, lanes: int) -> Array:
    """Codes of 4 bits [depth, unit], a byte holding those of one lane in two vectors."""
    both = (block.view(np.uint8) & 15).reshape(len(block), -1, 2, lanes)
    return np.asarray(both[:, :, 0] | both[:, :, 1] << 4, np.uint8)


def pack_tiles(rows: int, codes: Stored, bias: Array, clamp: Range, lanes: int) -> Packed:
    """A dense layer over x[rows, depth], with codes of [units, depth] and bias f32[units]."""
    units, depth = codes.codes.shape
    blocks = list(_blocks(units, lanes))
    halved = codes.row_bytes < depth
    parts = [_block(codes.codes, *b) for b in blocks]
    weights = [(_pairs(part, lanes) if halved else part).reshape(-1) for part in parts]
    groups = -(-depth // codes.group)

    def of_groups(values: Array | None, none: Array) -> Array:
        if values is None:
            return none
        each = np.broadcast_to(values, (units, groups))
        return np.concatenate([_block(each, *b).reshape(-1) for b in blocks])

    scaled, zeroed = int(codes.scales is not None), int(codes.zeros is not None)
    pair = lanes if halved else 2 * lanes * codes.dtype.size
    name = codes.dtype.name + ("_scaled" if scaled else "") + ("_zeroed" if zeroed else "")
    low, high = clamp_f32(clamp)
    constants = (
        Constant("weights", np.concatenate(weights)),
        Constant("scales", of_groups(codes.scales, np.ones(1, np.float32))),
        Constant("zeros", of_groups(codes.zeros, np.zeros(1, np.uint8)), 1),
        Constant("bias", np.concatenate([_block(bias[:, None], *b).reshape(-1) for b in blocks])),
    )
    return Packed(
        "edgegen_stored_tiles",
        {
            "block": Symbol(f"edgegen_stored_block_{name}"),
            "rows": rows,
            "piece": _PIECE,
            "depth": depth,
            "units": units,
            "wide": sum(size == 4 * lanes for _, size in blocks),
            "pair": pair,
            "group": codes.group,
            "scaled": scaled,
            "zeroed": zeroed,
            "backward": 0,
            "low": low,
            "high": high,
        },
        constants,
        definitions=(f"EDGEGEN_STORED_BLOCK({name}, EDGEGEN_CODES_{codes.dtype}, {pair}, {scaled}, {zeroed})",),
    )


@dataclass(frozen=True)
class TileRows:
    """Rows that differ in when they are preferred.

    size:   one for each instruction set, where flash counts
    speed:  those that are no slower than rows of floats, since they read fewer bytes, or save what flash does not hold
    others: for what only plain loops over floats compute, which all of them beat

    Vectors have one size in a program: the portable row is never chosen where a target has another.
    """

    size: tuple[Kernel, ...]
    speed: tuple[Kernel, ...]
    others: tuple[Kernel, ...]


def tile_rows(
    pack: Callable[[Node, int], Packed], when: Callable[[Node], str | None], rows: Callable[[Node], int]
) -> TileRows:
    """pack: is told how many floats a vector has; rows: of x that the layer multiplies."""

    def row(vectors: FloatVectors) -> Kernel:
        name = f"dense_f32_stored{vectors.suffix}"
        return Kernel(
            name,
            "f32 f32 f32? -> f32",
            lambda node: pack(node, vectors.lanes),
            requires=vectors.features,
            when=when,
            for_size=True,
            overlap=lambda node: by_piece(node, _PIECE),
        )

    def fast(kernel: Kernel, most: int) -> Kernel:
        def fast_when(node: Node) -> str | None:
            if node.input(1).type.bytes <= _CACHE:
                return f"weights must be more than {_CACHE} bytes of floats"
            return f"x must have fewer than {most} rows" if rows(node) >= most else when(node)

        return replace(kernel, when=fast_when, for_size=False)

    size = tuple(map(row, VECTORS))

    def large(node: Node) -> str | None:
        few = node.input(1).type.bytes <= _FLASH
        return f"weights must be more than {_FLASH} bytes of floats" if few else when(node)

    speed = (
        *(fast(k, _MOST_ROWS[v]) for k, v in zip(size, VECTORS, strict=True) if k.requires),
        replace(size[-1], when=large, for_size=False, requires=frozenset({"dsp"})),
    )
    return TileRows(size, speed, tuple(replace(k, for_size=False) for k in size))
