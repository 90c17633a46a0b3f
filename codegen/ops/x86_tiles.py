"""How the x86 rows of convolutions and dense layers multiply windows of images with filters, in register tiles.

`Tiling` is what a kernel's register tiles can do; `plan` fits it to a geometry (see x86_windows.py) and gives the
kernel's parameters.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from edgegen.ir.fixed_point import FixedPoint, IntArray, ScaledRound
from edgegen.ir.kernel import Constant, Literal, Packed, Symbol
from edgegen.ir.op import Range
from edgegen.ir.tensor import Array
from edgegen.ops.epilogue import clamp_f32, clamp_s8, factor_words
from edgegen.ops.requantize_float import FIXED_POINT, ONE_OFFSET, FloatForm, float_form
from edgegen.ops.requantize_proof import accumulator_range
from edgegen.ops.window import window_steps
from edgegen.ops.x86_windows import Band, Windows

ONE_PART: dict[str, Literal] = {
    "parts.count": 1,
    **dict.fromkeys(("parts.x", "parts.y", "parts.row", "parts.weights", "parts.epilogue", "parts.units"), 0),
    **dict.fromkeys(("parts.turns", "parts.aside"), 0),
}
"""Of a layer that is not computed in parts."""

APART = ("y_step", "y_row")
"""Params that say how far apart pixels and rows of the output lie."""


@dataclass(frozen=True)
class Tiling:
    """Register tiles of one instruction set.

    lanes:    channels in a vector of accumulators
    unit:     elements of a window that one step multiplies and adds up
    stored:   bytes of an element as the tile reads it
    element:  bytes of an element of x; if it differs from `stored`, windows are always read from the band
    result:   bytes of an element of y
    widest:   vectors of channels in the widest tile
    room:     most accumulators in a tile
    macro:    defines the function for a tile of (vectors, pixels)
    function: its name without them
    weight:   numpy type that weights are kept as
    plain:    there are no tiles of neighbouring pixels that share what they read
    """

    lanes: int
    unit: int
    stored: int
    element: int
    result: int
    widest: int
    room: int
    macro: str
    function: str
    weight: str
    plain: bool = False

    def direct(self, w: Windows) -> bool:
        """Windows can be read in place."""
        return self.stored == self.element and w.inside(0) and w.inside(1) and w.runs[1] % self.unit == 0

    def offset(self, x_zero: int) -> int:
        """What an x of value 0 is read as: u8 for VNNI, else 0."""
        return x_zero + 128 if self.unit == 4 else 0

    def blocks(self, units: int) -> tuple[int, int]:
        """(full blocks of the widest tile, vectors that are left)."""
        vectors = -(-units // self.lanes)
        return vectors // self.widest, vectors % self.widest

    def pixels(self, vectors: int, pixels: int, steps: int) -> int:
        """The number of pixels at a time that takes the least time for a row.

        Modelled in half cycles: a multiply each, a load each, no less than the latency of a multiply; then the
        epilogue, and what a tile costs in itself.
        """

        def cost(tile: int) -> float:
            step = max(vectors * tile, vectors + tile, 10)
            return -(-pixels // tile) * (step * steps + 3 * vectors * tile + 12)

        most = min(pixels, self.room // vectors, 16)
        return min(range(1, most + 1), key=lambda tile: (cost(tile), -tile))

    def pairs(self, w: Windows) -> int:
        """Pairs of pixels in a tile that has two of them in each vector; 0 where that is not done.

        It takes few enough channels, and runs so short that one load holds those of two neighbouring pixels.
        """
        if self.plain or w.depth != w.channels:
            return 0
        steps = -(-w.runs[1] // self.unit)
        reach = 4 * steps + w.stride[1] * w.channels * self.stored
        if self.lanes < 16 or 2 * w.units > self.lanes or self.direct(w) or steps > 9 or reach > 64 or w.out[1] < 8:
            return 0
        return 8 if self.unit == 1 and w.out[1] >= 16 else 4

    def doubled(self, w: Windows, array: Array) -> Array:
        """array[units,...] for each lane's channel where two pixels share a vector, else as it is."""
        if not self.pairs(w):
            return array
        half = np.zeros((self.lanes // 2, *array.shape[1:]), array.dtype)
        half[: w.units] = array
        return np.concatenate([half, half])

    def strip(self, w: Windows, vectors: int) -> tuple[str, str]:
        """(the function for blocks of so many vectors of channels, what defines it)."""
        runs, run = w.runs
        steps = -(-run // self.unit)
        pairs = self.pairs(w)
        if pairs:
            short = int(4 * steps + w.stride[1] * w.channels * self.stored <= 32)
            name = self.function.replace("avx512_", "avx512_pairs_")
            macro = self.macro.replace("STRIP", "PAIRS")
            return f"{name}_{steps}x{pairs}x{short}", f"{macro}({steps}, {pairs}, {short})"
        if self.columns(w, vectors):
            return self.function.replace("avx512_", "avx512_columns_"), self.macro.replace("STRIP", "COLUMNS")
        pixels = self.pixels(vectors, w.out[1], runs * steps)
        return f"{self.function}_{vectors}x{pixels}", f"{self.macro}({vectors}, {pixels})"

    @staticmethod
    def pixels_of(function: str) -> int:
        """Pixels of the tile that a function of `strip` computes, where windows are read in place."""
        return 16 if "columns" in function else int(function.rpartition("x")[2])

    def tile(self, w: Windows) -> int:
        """Pixels that the widest tile computes: a strip has no fewer."""
        if self.pairs(w):
            return 2 * self.pairs(w)
        steps = w.runs[0] * -(-w.runs[1] // self.unit)
        return max(16 if self.columns(w, v) else self.pixels(v, w.out[1], steps) for v in set(self.vectors(w.units)))

    def columns(self, w: Windows, vectors: int) -> bool:
        """A tile whose pixels share the columns of windows 3 wide and 1 apart: worth it for one vector of channels."""
        near = w.kernel[1] == 3 and w.stride[1] == w.dilation[1] == 1
        return (
            not self.plain
            and self.lanes == 16
            and vectors == 1
            and near
            and w.out[1] >= 16
            and w.channels % self.unit == 0
            and w.depth == w.channels
        )

    def image(self, w: Windows, band: Band) -> dict[str, Literal]:
        """The parameters that say where x's rows and the band's lie."""
        return {
            "batch": w.batch,
            "in_h": w.size[0],
            "in_w": w.size[1],
            "in_c": w.channels,
            "out_h": w.out[0],
            **window_steps(w.stride, w.pad),
            "extent": w.extent[0],
            "band_rows": band.rows,
            "band_w": band.width,
            "copy_w": min(w.size[1], band.width - w.pad[1]) if band.rows else 0,
        }

    def scratch(self, w: Windows, band: Band) -> int:
        """Bytes of a band, and of what a load may read after its last run."""
        beyond = 64 if self.pairs(w) else 3
        return band.rows * band.width * w.channels * self.stored + beyond if band.rows else 0

    def plan(self, w: Windows, band: Band) -> tuple[dict[str, Literal], tuple[str, ...], Array]:
        """(parameters, definitions, runs s32) of a folded geometry."""
        runs, run = w.runs
        steps = -(-run // self.unit)
        blocks, tail = self.blocks(w.units)
        params: dict[str, Literal] = self.image(w, band) | {
            "units": w.units,
            "runs": runs,
            "steps": steps,
            "pixels": w.out[1],
            "piece": band.piece,
            "tile": self.tile(w),
            "x_step": w.stride[1] * w.channels * self.stored,
            "y_step": w.units * self.result,
            "y_row": w.out[1] * w.units,
            "blocks": blocks,
            "vectors": self.widest,
            "tail_vectors": tail,
            **ONE_PART,
        }
        if not band.rows or band.piece < w.out[1]:
            params["backward"] = 0
        definitions: list[str] = []
        for key, vectors in (("strip", self.widest if blocks else 0), ("tail_strip", tail)):
            name, definition = self.strip(w, vectors) if vectors else ("NULL", "")
            params[key] = Symbol(name)
            definitions += [definition] if definition else []
        starts = w.run_starts(band.width if band.rows else w.size[1]) * self.stored
        return params, tuple(definitions), starts.astype(np.int32)

    def pack(self, weights: Array, w: Windows) -> Array:
        """Weights [units, taps] of a folded geometry as [block][run][step][vector][lane][unit], the rest zeros."""
        runs, run = w.runs
        steps = -(-run // self.unit)
        filters = self.doubled(w, weights.reshape(w.units, runs, run))
        padded = np.zeros((sum(self.vectors(w.units)) * self.lanes, runs, steps * self.unit), self.weight)
        padded[: len(filters), :, :run] = filters
        blocks, start = [], 0
        for vectors in self.vectors(w.units):
            count = vectors * self.lanes
            block = padded[start : start + count].reshape(vectors, self.lanes, runs, steps, self.unit)
            blocks.append(block.transpose(2, 3, 0, 1, 4).reshape(-1))
            start += count
        return np.concatenate(blocks)

    def vectors(self, units: int) -> list[int]:
        """Vectors of channels in each block."""
        blocks, tail = self.blocks(units)
        return [self.widest] * blocks + ([tail] if tail else [])

    def pack_bias(self, bias: Array) -> Array:
        """f32 or s32 bias of every lane, zeros where there is no unit."""
        padded = np.zeros(sum(self.vectors(len(bias))) * self.lanes, bias.dtype)
        padded[: len(bias)] = bias
        return padded

    def pack_epilogue(
        self, form: FloatForm, scaled: bool, multiplier: IntArray, shift: IntArray, bias: IntArray
    ) -> tuple[Array, Array]:
        """(epilogue s32, form of each block s32): see simd/avx512.h. A block takes the form of its worst channel.

        multiplier, shift: as `factor_words` gives them; scaled: those of ScaledRound
        bias: s64[units] without the center
        """
        units = len(bias)
        forms, epilogues, start = [], [], 0
        for vectors in self.vectors(units):
            end = min(start + vectors * self.lanes, units)
            of = slice(start, end)
            worst = int(form.form[of].max(initial=ONE_OFFSET))
            if worst == FIXED_POINT:
                rows = [
                    bias[of],
                    multiplier[of],
                    np.maximum(shift[of], 0),
                    np.where(scaled, -1, np.maximum(-shift[of], 0)),
                ]
            else:
                rows = [bias[of] - form.center[of], form.scale[of], form.below[of], form.above[of]]
            rows = [r if r.dtype == np.float32 else r.astype(np.int64).astype(np.int32) for r in rows]
            padded = np.zeros((4, vectors * self.lanes), np.int32)
            for i, row in enumerate(rows):
                padded[i, : end - start] = row.view(np.int32)
            epilogues.append(padded.reshape(4, vectors, self.lanes).transpose(1, 0, 2).reshape(-1))
            forms.append(worst)
            start = end
        return np.concatenate(epilogues), np.array(forms, np.int32)


def quantized_form(
    weights: Array, bias: IntArray, x_zero: int, requantize: FixedPoint, low: int, high: int
) -> FloatForm:
    """The float form of each unit's requantization: weights s8[units,taps], bias s32[units] of x - x_zero."""
    acc_low, acc_high = accumulator_range(weights, bias, -128 - x_zero, 127 - x_zero)
    return float_form(requantize, acc_low, acc_high, low, high)


def pack_s8(
    tiling: Tiling,
    windows: Windows,
    band: Band,
    weights: Array,
    bias: IntArray,
    x_zero: int,
    requantize: FixedPoint,
    clamp: Range,
) -> Packed:
    """A quantized layer of folded geometry: weights s8[units,taps], bias s32[units].

    Where x is read as u8 = s8 + 128, the bias takes up the 128 together with the zero point. As s16, x is read less
    its zero point.
    """
    low, high = clamp_s8(clamp)
    params, definitions, runs = tiling.plan(windows, band)
    form = quantized_form(weights, bias, x_zero, requantize, low, high)
    folded = bias.astype(np.int64) - tiling.offset(x_zero) * weights.astype(np.int64).sum(axis=1)
    form = form.rearranged(lambda array: tiling.doubled(windows, array))
    rows = (*factor_words(requantize, windows.units), folded)
    doubled = (tiling.doubled(windows, row) for row in rows)
    epilogue, forms = tiling.pack_epilogue(form, isinstance(requantize, ScaledRound), *doubled)
    flipped = tiling.unit == 4 and tiling.direct(windows)
    return Packed(
        "edgegen_windows",
        params
        | {
            "fill": tiling.offset(x_zero),
            "flip": -0x7F7F7F80 if flipped else 0,
            "x_zero": x_zero,
            "zero_point": requantize.zero_point,
            "low": low,
            "high": high,
            "low_f32": 0.0,
            "high_f32": 0.0,
        },
        (
            Constant("weights", tiling.pack(weights, windows)),
            Constant("epilogue", epilogue),
            Constant("forms", forms),
            Constant("runs", runs),
        ),
        scratch=tiling.scratch(windows, band),
        definitions=definitions,
    )


def pack_sums(tiling: Tiling, windows: Windows, band: Band, weights: Array, bias: IntArray, x_zero: int) -> Packed:
    """A layer whose results are the s32 sums: weights s8[units,taps], bias s32[units]; see `pack_s8`."""
    params, definitions, runs = tiling.plan(windows, band)
    folded = bias.astype(np.int64) - tiling.offset(x_zero) * weights.astype(np.int64).sum(axis=1)
    flipped = tiling.unit == 4 and tiling.direct(windows)
    reads = {"fill": tiling.offset(x_zero), "flip": -0x7F7F7F80 if flipped else 0, "x_zero": x_zero}
    return Packed(
        "edgegen_windows",
        params | UNQUANTIZED | {"low_f32": 0.0, "high_f32": 0.0} | reads,
        (
            Constant("weights", tiling.pack(weights, windows)),
            Constant("bias", tiling.pack_bias(folded.astype(np.int32))),
            Constant("runs", runs),
        ),
        scratch=tiling.scratch(windows, band),
        definitions=definitions,
    )


UNQUANTIZED: dict[str, Literal] = dict.fromkeys(("fill", "flip", "x_zero", "zero_point", "low", "high"), 0)


def pack_f32(tiling: Tiling, windows: Windows, band: Band, weights: Array, bias: Array, clamp: Range) -> Packed:
    """A float layer of folded geometry: weights f32[units,taps], bias f32[units]."""
    low, high = clamp_f32(clamp)
    params, definitions, runs = tiling.plan(windows, band)
    return Packed(
        "edgegen_windows",
        params | UNQUANTIZED | {"low_f32": low, "high_f32": high},
        (
            Constant("weights", tiling.pack(weights, windows)),
            Constant("bias", tiling.pack_bias(tiling.doubled(windows, bias))),
            Constant("runs", runs),
        ),
        scratch=tiling.scratch(windows, band),
        definitions=definitions,
    )


VNNI = Tiling(16, 4, 1, 1, 1, 4, 24, "EDGEGEN_AVX512_STRIP_S8", "edgegen_avx512_s8", "int8")
AVX512 = Tiling(16, 1, 4, 4, 4, 4, 24, "EDGEGEN_AVX512_STRIP_F32", "edgegen_avx512_f32", "float32")
AVX2_S8 = Tiling(8, 2, 2, 1, 1, 2, 10, "EDGEGEN_AVX2_STRIP_S8", "edgegen_avx2_s8", "int16")
AVX2 = Tiling(8, 1, 4, 4, 4, 2, 12, "EDGEGEN_AVX2_STRIP_F32", "edgegen_avx2_f32", "float32")
VNNI_SUMS = replace(VNNI, result=4, macro="EDGEGEN_AVX512_STRIP_SUMS", function="edgegen_avx512_sums", plain=True)
AVX2_SUMS = replace(AVX2_S8, result=4, macro="EDGEGEN_AVX2_STRIP_SUMS", function="edgegen_avx2_sums")
FEATURES_VNNI = frozenset({"avx512", "avx512vnni"})
FEATURES_AVX512 = frozenset({"avx512"})
FEATURES_AVX2 = frozenset({"avx2", "fma"})
