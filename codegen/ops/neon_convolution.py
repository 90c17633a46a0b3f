"""Convolutions on AArch64: register tiles over windows that lie in x or, where they reach into padding, in scratch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from edgegen.ir.graph import Node
from edgegen.ir.kernel import Constant, Kernel, Literal, Overlap, Packed, apart
from edgegen.ir.tensor import Array
from edgegen.ops.convolution_parts import Parts
from edgegen.ops.epilogue import clamp_f32, fold_zero_point, nine_bits
from edgegen.ops.neon_tiles import (
    f16_constants,
    f16_tile_rows,
    fits_f16,
    output_params,
    pack_bias,
    pack_epilogue,
    pack_lanes,
    pack_pairs,
    pack_wide,
    pairs_may_overflow,
    tile_rows,
)
from edgegen.ops.neon_windows import Windows, find_windows, too_many_runs

When = Callable[[Node], str | None]
Find = Callable[[Node], Parts]

_TILE = 6  # rows that tiles of floats have at most
_STRIP = 6  # pixels: each costs a look at every block of weights' loop


def windows(node: Node, parts: Parts, strip: int = 0) -> Windows:
    depth = parts.depth if parts.x_step else 0
    shape = (parts.kernel, parts.stride, parts.dilation, parts.pad)
    flat = parts.rows_apart == 1
    return find_windows(node.input(0), parts.out, *shape, parts.x_zero, True, strip, depth, flat)


def _whole_strips(node: Node, parts: Parts) -> Windows:
    """Windows in equal strips, for a kernel that cannot end in a shorter one: the output may follow x so closely."""
    pixels = node.out.type.elements // node.out.shape[3]
    return windows(node, parts, next((s for s in range(4 * _STRIP, 16 * _STRIP) if pixels % s == 0), 0))


def holds(node: Node, parts: Parts) -> str | None:
    """Windows are neither too many pieces nor, for floats, of fewer than the 4 numbers that a vector holds."""
    (high, wide), depth = parts.kernel, parts.depth
    if not node.input(1).dtype.is_integer and high * wide * depth < 4:
        return "a window must have at least 4 elements"
    joined = parts.dilation[1] == 1 and not parts.x_step
    return too_many_runs(high * (1 if joined else wide)) or nine_bits(node)


def _lies_in_x(node: Node, parts: Parts) -> str | None:
    return "windows must lie in x" if parts.turns or windows(node, parts).scratch else None


def _weights(parts: Parts, found: Windows) -> list[Array]:
    """Of each part, [units, runs, run], with zeros beyond short gathered windows."""
    weights = [parts.weights[units] for units in parts.slices()]
    if found.runs * found.run == parts.weights[0].size:
        return [w.reshape(parts.units, found.runs, found.run) for w in weights]
    flat = [w.reshape(parts.units, -1) for w in weights]
    return [np.pad(w, ((0, 0), (0, found.run - w.shape[1])))[:, None, :] for w in flat]


@dataclass(frozen=True)
class Arrays:
    """Weights, and what finishes the sums, of all parts; name: of the latter."""

    weights: Array
    epilogue: Array
    name: str = "epilogue"


def _packed(
    struct: str, params: dict[str, Literal], node: Node, found: Windows, parts: Parts, arrays: Arrays
) -> Packed:
    """What all kernels take. In scratch, a pixel of y follows the windows where groups take turns."""
    aside = -(-found.scratch // 16) * 16
    pixel = node.out.shape[3] * node.out.dtype.size
    return Packed(
        struct,
        {
            "batch": found.batch,
            "out_h": found.out_h,
            **params,
            **found.fields,
            **parts.fields(node.input(0).dtype.size, found.out_w, arrays.weights, arrays.epilogue, aside),
        },
        (Constant("weights", arrays.weights), Constant(arrays.name, arrays.epilogue)),
        scratch=aside + pixel if parts.turns else found.scratch,
    )


def _epilogue(parts: Parts, widest: int = 16) -> Array:
    sums = parts.weights.astype(np.int64).sum(axis=(1, 2, 3))
    bias = fold_zero_point(parts.bias, sums, parts.x_zero)
    return np.concatenate([pack_epilogue(bias[u], parts.requantize_of(u), widest) for u in parts.slices()])


def _output(parts: Parts) -> dict[str, Literal]:
    return output_params(parts.requantize, parts.clamp, parts.y_pixel)


def _pack_pairs(node: Node, parts: Parts, found: Windows | None = None) -> Packed:
    """found: by default the node's windows in strips."""
    found = found or windows(node, parts, _STRIP)
    weights = _weights(parts, found)
    how: dict[str, Literal] = {"apart": int(any(pairs_may_overflow(w) for w in weights))}
    how |= {} if found.scratch or parts.turns else {"backward": 0}
    arrays = Arrays(np.concatenate([pack_pairs(w) for w in weights]), _epilogue(parts, 8))
    return _packed("edgegen_conv2d_s8_neon", how | _output(parts), node, found, parts, arrays)


_LEAST_ROW = 16  # bytes of an image's row, which edgegen_neon_load_sides reads together
_FEW_UNITS = 16  # with more, windows at the sides are put together so often that a copy of the rows costs less


def _reads_sides(node: Node, parts: Parts) -> str | None:
    """Windows that reach into padding left or right, each of whose rows is one vector of x."""
    found = windows(node, parts)
    fields = found.fields
    if parts.count > 1 or parts.turns or parts.rows_apart > 1 or parts.units > _FEW_UNITS:
        return f"there must be one part of at most {_FEW_UNITS} units"
    if not fields["window.copied"] or fields["window.gathered"] or found.run not in (8, 16):
        return "windows must reach into padding, their rows must be 8 or 16 bytes of x"
    in_row = node.input(0).shape[2] * node.input(0).shape[3]
    return None if in_row >= _LEAST_ROW else f"rows of x must have at least {_LEAST_ROW} bytes"


def _pack_sides(node: Node, parts: Parts) -> Packed:
    """Rows above and below the image are a constant: what x in place saves in the arena is little beside it."""
    found, x = windows(node, parts), node.input(0)
    row = x.shape[2] * x.shape[3]
    in_place: dict[str, Literal] = {"window.row": row, "window.copied": 0, "window.border": 0}
    packed = _pack_pairs(node, parts, replace(found, fields=found.fields | in_place, scratch=0))
    needed = row if parts.pad[0] or parts.pad[2] else 1
    border = Constant("border", np.full(needed, parts.x_zero, np.int8).view(np.uint8))
    return replace(packed, constants=(*packed.constants, border))


def _pack_lanes(node: Node, parts: Parts, pack: Callable[[Array], Array]) -> Packed:
    """For kernels that take x lane by lane."""
    found = _whole_strips(node, parts)
    how: dict[str, Literal] = {"tile": tile_rows(found.out_w, found.runs * -(-found.run // 4))}
    arrays = Arrays(np.concatenate([pack(w) for w in _weights(parts, found)]), _epilogue(parts))
    return _packed("edgegen_conv2d_s8_neon", how | _output(parts), node, found, parts, arrays)


def pack_eight(node: Node, parts: Parts) -> Packed:
    """For conv2d_s8_wide_neon, whose windows are 8 bytes."""
    found = _whole_strips(node, parts)
    how: dict[str, Literal] = {"tile": tile_rows(windows(node, parts).out_w, 2)}
    weights = pack_lanes(parts.weights.reshape(parts.units, 1, 8), 1).astype(np.int16)
    arrays = Arrays(weights, _epilogue(parts))
    return _packed("edgegen_conv2d_s8_neon", how | _output(parts), node, found, parts, arrays)


def _pack_floats(node: Node, parts: Parts, found: Windows, tile: int, arrays: Arrays) -> Packed:
    low, high = clamp_f32(parts.clamp)
    params: dict[str, Literal] = {
        "tile": tile,
        "output.low": low,
        "output.high": high,
        "output.step": parts.y_pixel,
    }
    return _packed("edgegen_conv2d_f32_neon", params, node, found, parts, arrays)


def _pack_f32(node: Node, parts: Parts) -> Packed:
    found = _whole_strips(node, parts)
    tile = tile_rows(found.out_w, found.runs * found.run)
    weights = np.concatenate([pack_lanes(w, 1) for w in _weights(parts, found)])
    bias = np.concatenate([pack_bias(parts.bias[u]) for u in parts.slices()])
    return _pack_floats(node, parts, found, tile, Arrays(weights, bias, "bias"))


def _f16_strips(node: Node, parts: Parts) -> Windows:
    """Windows in strips of whole tiles, of which the last may be shorter, but no shorter than a tile."""
    pixels = node.out.type.elements // max(node.out.shape[3], 1)
    strips = (s for s in range(8 * _TILE, 16 * _TILE, _TILE) if not 0 < pixels % s < _TILE)
    return windows(node, parts, next(strips, 0))


def _holds_f16(node: Node, parts: Parts) -> str | None:
    reason = holds(node, parts)
    if reason is None and windows(node, parts).run < 8:
        reason = "pieces of a window must have at least 8 elements"
    return reason or fits_f16(node.input(1).values)


def _pack_f16(node: Node, parts: Parts) -> Packed:
    found = _f16_strips(node, parts)
    tile = f16_tile_rows(found.out_w, found.runs * found.run)
    constants = [f16_constants(w, parts.bias[u]) for w, u in zip(_weights(parts, found), parts.slices(), strict=True)]
    weights, bias = (np.concatenate([both[k].array for both in constants]) for k in (0, 1))
    return _pack_floats(node, parts, found, tile, Arrays(weights, bias, "bias"))


@dataclass(frozen=True)
class WithWeights:
    """Kernels for weights of one type: name of the C function, signature, ISA feature, how weights are laid out, and
    why they do not compute certain parts."""

    name: str
    signature: str
    feature: str
    pack: Callable[[Node, Parts], Packed]
    holds: Callable[[Node, Parts], str | None] = holds


def _dotprod(node: Node, parts: Parts) -> Packed:
    return _pack_lanes(node, parts, lambda w: pack_lanes(w, 4))


def _wide(node: Node, parts: Parts) -> Packed:
    return _pack_lanes(node, parts, pack_wide)


DOTPROD = WithWeights("conv2d_s8_dotprod", "s8 s8 s32? -> s8", "dotprod", _dotprod)
PAIRS = WithWeights("conv2d_s8_neon", "s8 s8 s32? -> s8", "neon", _pack_pairs)
WIDE = WithWeights("conv2d_s8_s16_neon", "s8 s16 s32? -> s8", "neon", _wide)
F32 = WithWeights("conv2d_f32_neon", "f32 f32 f32? -> f32", "neon", _pack_f32)
F16 = WithWeights("conv2d_f16_neon", "f16 f32 f32? -> f16", "fp16", _pack_f16, _holds_f16)
WITH_WEIGHTS = (DOTPROD, PAIRS, WIDE, F32)


def sides_row(
    find: Find, when: When, overlap: Callable[[Node], Mapping[int, Overlap]], for_speed: bool = False
) -> Kernel:
    """The row for windows of few channels that reach into padding, and are read in place. find: as `rows` has it"""

    def holds_sides(node: Node) -> str | None:
        reason = when(node)
        if reason is not None:
            return reason
        parts = find(node)
        return holds(node, parts) or _reads_sides(node, parts)

    return Kernel(
        f"{PAIRS.name}_sides",
        PAIRS.signature,
        lambda node: _pack_sides(node, find(node)),
        PAIRS.name,
        frozenset({PAIRS.feature}),
        holds_sides,
        for_speed=for_speed,
        overlap=overlap,
    )


def sums_of(one: WithWeights) -> WithWeights:
    """The same kernels with the sums as results."""
    core = one.feature
    name = one.name.replace(f"_{core}", f"_s32_{core}")
    return replace(one, name=name, signature=one.signature.replace("-> s8", "-> s32"))


def rows(
    one: WithWeights,
    find: Find,
    when: When,
    overlap: Callable[[Node], Mapping[int, Overlap]] = apart,
    for_speed: bool = False,
    split: tuple[str, ...] | None = None,
) -> tuple[Kernel, Kernel]:
    """Two rows: windows that lie in x, and windows that need scratch. find: the parts of a node for which `when` is
    None."""
    requires, header = frozenset({"neon", one.feature}), one.name.replace("_s32", "")

    def row(name: str, in_x: bool) -> Kernel:
        def holds_parts(node: Node) -> str | None:
            reason = when(node)
            if reason is not None:
                return reason
            parts = find(node)
            return one.holds(node, parts) or (_lies_in_x(node, parts) if in_x else None)

        return Kernel(
            name,
            one.signature,
            lambda node: one.pack(node, find(node)),
            header,
            requires,
            holds_parts,
            for_speed=for_speed,
            overlap=overlap,
            split=split,
        )

    return row(one.name, True), row(f"{one.name}_scratch", False)
