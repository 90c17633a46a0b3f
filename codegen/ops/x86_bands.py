"""How the x86 rows of convolutions and dense layers go through an image, and how far their output may lie over it.

Rows of pixels are computed as a whole or in pieces. Windows are read in place or from a band in scratch, which slides
down the image under whole rows, or holds what the windows of one piece see (see runtime_c/kernels/windows.h).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from edgegen.ir.graph import Node
from edgegen.ir.kernel import Literal, Overlap, Packed, Roomier
from edgegen.ops.overlap import NONE, Offsets, Overlaps, applies, distance
from edgegen.ops.x86_tiles import Tiling
from edgegen.ops.x86_windows import Band, Windows

Params = Mapping[str, Literal]

_BAND_BYTES = 4096  # a longer band is no quicker
_PIECE_BYTES = 1024  # in shorter pieces, what each costs in itself would count
_LEAST_PIXELS = 12  # of a piece under windows of several rows: each copies all of them


@dataclass(frozen=True)
class Steps:
    """What a kernel does, in order. Step k reads bytes [reads[k], ends[k]) of x and then writes [starts[k], stops[k])
    of the output."""

    reads: Offsets
    ends: Offsets
    starts: Offsets
    stops: Offsets

    @property
    def most(self) -> int:
        """Of an overlap."""
        written = np.maximum.accumulate(np.append(0, self.stops))[:-1]
        return distance(self.reads, written)

    def least(self, x: int, y: int) -> int:
        """Of an overlap, of steps that run from the end. x, y: bytes of both"""
        written = np.minimum.accumulate(np.append(y, self.starts))[:-1]
        return x - y - distance(x - self.ends, y - written)


def bands(tiling: Tiling, w: Windows) -> list[Band]:
    """Ways to compute a folded geometry, the quickest first."""
    whole, tile, pixel = w.out[1], tiling.tile(w), w.channels * tiling.stored
    in_place = tiling.direct(w)

    def pieces(pixels: int) -> Band:
        count = 1 + (whole - tile) // pixels
        longest = max(pixels if count > 1 else 0, whole - (count - 1) * pixels)
        width = (longest - 1) * w.stride[1] + w.extent[1]
        return Band(0, 0, pixels) if in_place else Band(w.extent[0], width, pixels)

    def cut(least: int, most: int) -> Iterator[Band]:
        """In pieces of at least so many pixels, and before that in longer ones of at most so many bytes of windows."""
        found = [pieces(-(-least // tile) * tile * times) for times in (64, 16, 4, 1)]
        for band in (b for b in found if b.piece < whole):
            if band == found[-1] or w.extent[0] * band.piece * w.stride[1] * pixel <= most:
                yield band

    if in_place:
        return [Band(0, 0, whole), *cut(-(-_PIECE_BYTES // (w.units * tiling.result)), _BAND_BYTES)]
    rows, width = w.span
    width = max(width, w.pad[1] + 1)
    fit = _BAND_BYTES // (width * pixel)
    slides = [Band(min(rows, max(w.extent[0], fit)), width, whole), Band(w.extent[0], width, whole)]
    if w.extent[0] > 1:
        return [*dict.fromkeys(slides), *cut(_LEAST_PIXELS, 0)]
    short = list(cut(-(-_PIECE_BYTES // pixel), _BAND_BYTES))
    return [*(slides[:1] if fit > 0 or not short else []), *short]


def least(tiling: Tiling, w: Windows) -> Band:
    """The way that takes the least room: scratch, and what the output must keep from x because of the way. Windows of
    several rows are not copied piece by piece where a short band of whole rows does, since each piece copies all of
    its rows."""
    x = w.batch * w.size[0] * w.size[1] * w.channels * tiling.element
    y = w.batch * w.out[0] * w.out[1] * w.units * tiling.result

    def room(band: Band) -> int:
        params, _, runs = tiling.plan(w, band)
        most = _steps(params, tiling, runs).most
        return tiling.scratch(w, band) + max(min(0, x - y) - most, 0)

    found = bands(tiling, w)
    rows = [b for b in found if w.extent[0] > 1 and b.piece == w.out[1] and 0 < tiling.scratch(w, b) <= _BAND_BYTES]
    return min(reversed(rows or found), key=room)


def roomier(tiling: Tiling, w: Windows, pack: Callable[[Band], Packed], aside: int = 0) -> Iterator[Roomier]:
    """The ways that are quicker than the one that takes the least room. aside: bytes of scratch beside the band"""
    first = least(tiling, w)
    for band in bands(tiling, w):
        if band == first:
            return
        yield Roomier(tiling.scratch(w, band) + aside, partial(pack, band))


def overlap(tiling: Tiling) -> Callable[[Node], Overlaps]:
    """Of a row."""

    def declared(node: Node) -> Overlaps:
        if not applies(node) or node.packed is None:
            return NONE
        packed, x, y = node.packed, node.input(0).type.bytes, node.out.type.bytes
        runs = packed.constants[-1].array
        most = _steps(packed.params, tiling, runs).most
        if not packed.turns:
            return {0: Overlap(most)}
        return {0: Overlap(most, least=_steps(packed.params, tiling, runs, backward=True).least(x, y))}

    return declared


@dataclass(frozen=True)
class _Walk:
    """A layer's params. runs: bytes from a window's start to each of its runs; backward: the way that it goes"""

    params: Params
    tiling: Tiling
    runs: Offsets
    backward: bool

    def __getitem__(self, name: str) -> int:
        value = self.params[name]
        assert isinstance(value, int)
        return value

    @property
    def pieces(self) -> list[tuple[int, int]]:
        """(first pixel, pixels) of each piece of a row, in order."""
        count = 1 + (self["pixels"] - self["tile"]) // self["piece"] if self["piece"] < self["pixels"] else 1
        firsts = [i * self["piece"] for i in range(count)]
        found = [(a, b - a) for a, b in zip(firsts, [*firsts[1:], self["pixels"]], strict=True)]
        return found[::-1] if self.backward else found

    @property
    def blocks(self) -> list[tuple[int, int, int, int]]:
        """(bytes of x before it, first byte and end in a pixel of y, pixels of a tile) of each block of each part."""
        size, lanes = self.tiling.result, self.tiling.lanes * self["vectors"]
        found = []
        for part in range(self["parts.count"]):
            for b in range(self["blocks"] + (self["tail_vectors"] > 0)):
                symbol = self.params["strip" if b < self["blocks"] else "tail_strip"]
                first, end = b * lanes, min((b + 1) * lanes, self["units"])
                start = part * self["parts.y"]
                tile = self.tiling.pixels_of(str(symbol))
                found.append((part * self["parts.x"], (start + first) * size, (start + end) * size, tile))
        return found

    def tiles(self) -> Iterator[tuple[int, int, int, int]]:
        """Of a row of pixels: what each tile reads and writes, in bytes from the start of the row's first window and of
        the row."""
        reach = int(self.runs.max()) + 4 * self["steps"]
        for first, pixels in self.pieces:
            for x, start, stop, tile in self.blocks:
                for i in sorted({*range(0, pixels - tile + 1, tile), pixels - tile}):
                    a, b = first + i, first + i + tile - 1
                    yield (
                        a * self["x_step"] + x,
                        b * self["x_step"] + x + reach,
                        a * self["y_step"] + start,
                        b * self["y_step"] + stop,
                    )


def _steps(params: Params, tiling: Tiling, runs: Offsets, backward: bool = False) -> Steps:
    walk = _Walk(params, tiling, runs, backward)
    number = np.arange(walk["batch"] * walk["out_h"], dtype=np.int64)
    number = number[::-1] if backward else number
    image, top = number // walk["out_h"], number % walk["out_h"] * walk["stride_h"]
    y = (number * walk["y_row"] * tiling.result)[:, None]
    pixel = walk["in_c"] * tiling.element
    row, images = walk["in_w"] * pixel, image * (walk["in_h"] * walk["in_w"] * pixel)
    if not walk["band_rows"]:
        reads, ends, starts, stops = np.array(list(walk.tiles()), np.int64).T
        x = (images + top * row)[:, None]
        return Steps(*(a.reshape(-1) for a in (x + reads, x + ends, y + starts, y + stops)))
    total = walk["batch"] * walk["in_h"] * row
    stop = max(end for _, _, end, _ in walk.blocks)
    if walk["piece"] == walk["pixels"]:
        top, bottom = _slid(walk, top)
        columns = [(0, walk["copy_w"])]
    else:
        bottom = top + walk["extent"]
        longest = max(pixels for _, pixels in walk.pieces)
        columns = []
        for first, pixels in walk.pieces:
            left = first * walk["stride_w"] - walk["pad_left"]
            width = walk["band_w"] - (longest - pixels) * walk["stride_w"]
            columns.append((max(left, 0), min(left + width, walk["in_w"])))
    low, high = (np.clip(r - walk["pad_top"], 0, walk["in_h"])[:, None] for r in (top, bottom))
    left, right = np.array(columns, np.int64).T
    some = (low < high) & (left < right)
    reads = np.where(some, images[:, None] + low * row + left * pixel, total)
    ends = np.where(some, images[:, None] + (high - 1) * row + right * pixel, 0)
    first, pixels = np.array(walk.pieces, np.int64).T
    starts, stops = y + first * walk["y_step"], y + (first + pixels - 1) * walk["y_step"] + stop
    return Steps(*(a.reshape(-1) for a in (reads, ends, starts, stops)))


def _slid(walk: _Walk, tops: Offsets) -> tuple[Offsets, Offsets]:
    """Rows [first, end) of the padded image that are copied before each row of pixels."""
    last = (walk["out_h"] - 1) * walk["stride_h"] + walk["extent"]
    filled, found = 0, []
    for top in tops.tolist():
        filled = 0 if top == 0 else filled
        begin = max(filled, top)
        if filled < top + walk["extent"]:
            filled = min(top + walk["band_rows"], last)
        found.append((begin, max(begin, filled)))
    first, end = np.array(found, np.int64).T
    return first, end
