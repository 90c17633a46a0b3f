"""How the s8 rows for x86-64 interleave rows of x: see runtime_c/kernels/depthwise_rows.h."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from edgegen.ir.kernel import Literal, Overlap, Symbol
from edgegen.ir.tensor import Array
from edgegen.ops.overlap import distance
from edgegen.ops.window import image_sizes, window_steps
from edgegen.ops.x86_tiles import Tiling
from edgegen.ops.x86_windows import Windows

_UNROLLED_TAPS = {4: 4, 2: 12}  # by rows in a set: up to so many taps are computed without a loop
_SCRATCH_BYTES = 6144  # more groups of rows than this holds are no quicker
_LEAST_BYTES = 384  # with fewer groups, what each costs in itself would count
_LEAST_COLUMNS = 8  # with fewer, what each vector's interleaving costs in itself would count
_LEAST_PIXELS = 12  # of a piece: each interleaves a window's width more


def _flat(w: Windows, tiling: Tiling) -> bool:
    """Pixels of few channels are computed several at a time, as one pixel of a vector's channels."""
    whole = w.channels < tiling.lanes and tiling.lanes % w.channels == 0
    return whole and w.stride[1] == 1 and w.out[1] * w.channels % tiling.lanes == 0


@dataclass(frozen=True)
class Interleaving:
    """How a layer's rows are interleaved.

    tiling:   of the vectors of channels
    flat:     pixels of few channels are computed several at a time, as one pixel of a vector's channels
    vectors:  of channels, interleaved together: one, or all
    together: rows of y computed from the same sets of interleaved rows, a group
    rows:     of them in one pass
    sets:     of interleaved rows in a group
    groups:   interleaved at a time
    piece:    pixels of a strip, of which the last may be longer; all, if rows are not cut
    """

    windows: Windows
    tiling: Tiling
    flat: bool
    vectors: int
    together: int
    rows: int
    sets: int
    groups: int
    piece: int

    @staticmethod
    def of(w: Windows, tiling: Tiling) -> Interleaving:
        """One vector and one group at a time, and rows that are not cut."""
        sets = -(-w.kernel[0] // tiling.unit)
        together = (sets * tiling.unit - w.kernel[0]) // w.stride[0] + 1 if w.dilation[0] == 1 else 1
        together = min(together, w.out[0])
        if together > 2 and together % 2:
            together -= 1
        flat = _flat(w, tiling)
        pixels = w.out[1] * w.channels // tiling.lanes if flat else w.out[1]
        return Interleaving(w, tiling, flat, 1, together, 1 if together == 1 else 2, sets, 1, pixels)

    def ways(self) -> list[Interleaving]:
        """This one and others, the quickest first: with more groups at a time, and in pieces. Narrow images go one way:
        all channels together, and as many groups as are quickest."""
        vectors, rest = divmod(self.windows.channels, self.tiling.lanes)
        joined = replace(self, vectors=max(vectors, 1))
        if rest == 0 and self.width < _LEAST_COLUMNS and joined.group_bytes <= _SCRATCH_BYTES:
            return joined.counts()[:1]
        ways = self.counts()
        piece = -(-_LEAST_PIXELS // self.tile) * self.tile
        cut = not self.flat and piece + self.tile <= self.pixels
        return [*ways, replace(self, piece=piece)] if cut else ways

    def counts(self) -> list[Interleaving]:
        """With as many groups at a time as are quickest, and with as few as are not slow."""
        most = self.windows.out[0] // self.together
        counts = (max(1, min(most, room // self.group_bytes)) for room in (_SCRATCH_BYTES, _LEAST_BYTES))
        return [replace(self, groups=count) for count in dict.fromkeys(counts)]

    def least(self) -> Interleaving:
        """The way that takes the least room: scratch, and what the output must keep from x because of the way."""
        w = self.windows
        x, y = (w.batch * size[0] * size[1] * w.channels for size in (w.size, w.out))
        return min(self.ways(), key=lambda way: way.scratch + max(min(0, x - y) - way.overlap().most, 0))

    @property
    def units(self) -> int:
        """Channels of a pixel as the tiles see it."""
        return self.tiling.lanes if self.flat else self.windows.channels

    @property
    def pixel(self) -> int:
        """Interleaved elements of a pixel."""
        return self.windows.channels if self.flat else self.tiling.lanes * self.vectors

    @property
    def pieces(self) -> list[tuple[int, int]]:
        """(first pixel, pixels) of each strip of a row."""
        count = 1 + (self.pixels - self.tile) // self.piece if self.piece < self.pixels else 1
        firsts = [i * self.piece for i in range(count)]
        return [(a, b - a) for a, b in zip(firsts, [*firsts[1:], self.pixels], strict=True)]

    @property
    def width(self) -> int:
        """Columns of a set."""
        w = self.windows
        if self.piece < self.pixels:
            return (max(pixels for _, pixels in self.pieces) - 1) * w.stride[1] + w.extent[1]
        return max(w.span[1], w.pad[1] + 1)

    @property
    def group_bytes(self) -> int:
        return self.sets * self.width * self.pixel * 4

    @property
    def scratch(self) -> int:
        return self.groups * self.group_bytes

    @property
    def taps(self) -> int:
        return self.sets * self.windows.kernel[1]

    def overlap(self) -> Overlap:
        """Channel by channel, or of all together, some groups of rows of x are interleaved in scratch, then their rows
        of y are written. So y may lie over the same channels of pixels of x that nobody needs any more."""
        w, reads, written = self.windows, [], []
        oy = 0
        while oy < w.out[0]:
            groups = max(min((w.out[0] - oy) // self.together, self.groups), 1)
            top = oy * w.stride[0] - w.pad[0]
            row = min(top if top >= 0 else top % w.dilation[0], w.size[0])
            oy = min(oy + groups * self.together, w.out[0])
            for first, pixels in self.pieces:
                reads.append(row * w.size[1] + (0 if self.flat else max(first * w.stride[1] - w.pad[1], 0)))
                written.append((oy - 1) * w.out[1] + (first + pixels) * w.out[1] // self.pixels)
        images = np.arange(w.batch, dtype=np.int64)[:, None]
        starts = (images * (w.size[0] * w.size[1]) + np.array(reads)).reshape(-1)
        ends = (images * (w.out[0] * w.out[1]) + np.array(written)).reshape(-1)
        before = np.maximum.accumulate(np.append(0, ends))[:-1]
        step = 1 if w.channels <= self.tiling.lanes * self.vectors else w.channels
        return Overlap(distance(starts, before) * w.channels, step)

    def runs(self) -> Array:
        """Bytes from a pixel to each tap."""
        columns = np.arange(self.windows.kernel[1]) * self.windows.dilation[1]
        return (((np.arange(self.sets) * self.width)[:, None] + columns) * self.pixel * 4).reshape(-1).astype(np.int32)

    def pack(self, weights: Array) -> Array:
        """[kh,kw,C] -> [block][pass][tap][row][lane][unit]: zeros for rows that a window does not reach."""
        (kh, kw, channels), unit, lanes = weights.shape, self.tiling.unit, self.tiling.lanes
        shifted = np.zeros((self.together, self.sets * unit, kw, channels), weights.dtype)
        for j in range(self.together):
            top = j * self.windows.stride[0]
            shifted[j, top : top + kh] = weights
        shifted = np.tile(shifted, self.units // channels)
        blocks = -(-self.units // lanes)
        padded = np.zeros((*shifted.shape[:3], blocks * lanes), weights.dtype)
        padded[..., : self.units] = shifted
        # pass, row, set, unit, kx, block, lane
        split = padded.reshape(self.together // self.rows, self.rows, self.sets, unit, kw, blocks, lanes)
        return np.ascontiguousarray(split.transpose(5, 0, 2, 4, 1, 6, 3)).reshape(-1)

    def params(self) -> dict[str, Literal]:
        w = self.windows
        return {
            **image_sizes(w.shape, w.out),
            "pixel": self.pixel,
            **window_steps(w.stride, w.pad),
            "unit": self.tiling.unit,
            "together": self.together,
            "passes": self.together // self.rows,
            "groups": self.groups,
            "down": int(self.tiling.unit == 4 and self.pixels == 1),
            "sets": self.sets,
            "row_step": w.dilation[0],
            "band_w": self.width,
            "extent_w": w.extent[1],
            "taps": self.taps,
            "blocks": -(-self.units // self.tiling.lanes),
            "vectors": self.vectors,
            "pixels": self.pixels,
            "piece": self.piece,
            "tile": self.tile,
            "x_step": 4 * (self.tiling.lanes if self.flat else w.stride[1] * self.pixel),
            "y_step": self.units,
        }

    def function(self) -> tuple[Symbol, str]:
        """(the function for strips, what defines it)."""
        unrolled = self.taps if self.taps <= _UNROLLED_TAPS[self.tiling.unit] else 0
        shape = (self.rows, unrolled) if self.tiling.unit == 4 else (self.tile, self.rows, unrolled)
        name = Symbol(f"{self.tiling.function}_{'x'.join(map(str, shape))}")
        return name, f"{self.tiling.macro}({', '.join(map(str, shape))})"

    @property
    def pixels(self) -> int:
        """Of a row."""
        return self.windows.out[1] * self.windows.channels // self.units

    @property
    def tile(self) -> int:
        """Pixels that are computed at a time: the last ones of a strip may be computed twice."""
        if self.tiling.unit == 4:
            return min(4 // self.rows, self.pixels)
        return min(range(1, min(4, self.pixels) + 1), key=lambda n: (-(-self.pixels // n) * (n + 1), -n))
