"""Portable rows. Which pixels each sample lies between is worked out ahead of time, one table along each axis."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from edgegen.ir.graph import Node
from edgegen.ir.kernel import Constant, Kernel, Packed
from edgegen.ir.tensor import Array
from edgegen.ops.overlap import NONE, Offsets, Overlaps, applies, distance, param, turning
from edgegen.ops.resize.op import Interpolation, Resize
from edgegen.ops.window_overlap import pixel_ends, pixel_starts


def _packed(node: Node, size: int, tables: list[Constant]) -> Packed:
    """size: of an element, in what the row counts: bytes or elements."""
    x, y = node.input(0), node.out
    params = {
        "batch": x.shape[0],
        "in_h": x.shape[1],
        "in_w": x.shape[2],
        "out_h": y.shape[1],
        "out_w": y.shape[2],
        "depth": x.shape[3] * size,
        "backward": 0,
    }
    return Packed("edgegen_resize", dict(params), tuple(tables))


def _resize(node: Node) -> Resize:
    assert isinstance(node.op, Resize)
    return node.op


def _pack_nearest(node: Node) -> Packed:
    op, x = _resize(node), node.input(0)
    rows, columns = (op.nearest(axis, x.shape[axis + 1]).astype(np.uint16) for axis in (0, 1))
    return _packed(node, x.dtype.size, [Constant("rows", rows), Constant("columns", columns)])


def _pack_fixed(node: Node) -> Packed:
    op, x = _resize(node), node.input(0)
    rows, columns = (np.stack(op.between_fixed(axis, x.shape[axis + 1]), 1).astype(np.uint16) for axis in (0, 1))
    return _packed(node, 1, [Constant("rows", rows), Constant("columns", columns)])


def _pack_f32(node: Node) -> Packed:
    op, x = _resize(node), node.input(0)
    tables = []
    for axis, name in ((0, "row"), (1, "column")):
        low, high, fraction = op.between(axis, x.shape[axis + 1])
        tables.append(Constant(f"{name}s", np.stack([low, high], 1).astype(np.uint16)))
        tables.append(Constant(f"{name}_fractions", fraction.astype(np.float32)))
    return _packed(node, 1, tables)


def _nearest_overlap(node: Node) -> Overlaps:
    """Pixels are copied one by one, apart from where they lie in x unless they pass through a register. Of rows that
    show the same one of x, the one that is written first is copied from there."""
    op, x, y = _resize(node), node.input(0), node.out
    if not applies(node):
        return NONE
    rows, columns = (op.nearest(axis, x.shape[axis + 1]) for axis in (0, 1))
    new = rows[1:] != rows[:-1]
    pixel = param(node, "depth")
    apart = 0 if pixel in (1, 2, 4) else pixel
    places = np.arange(y.type.bytes // pixel, dtype=np.int64).reshape(y.shape[:3]) * pixel

    def copied(shown: Array) -> tuple[Offsets, Offsets]:
        """(where each pixel of these rows lies in x, where in y)"""
        return pixel_starts(x.type, rows[shown], columns).reshape(-1), places[:, shown].reshape(-1)

    starts, before = copied(np.append(True, new))
    ends, after = copied(np.append(new, True))
    return turning(node, distance(starts, before + apart), lambda: (ends + pixel, after + pixel - apart))


def _channels_in_turn(node: Node, starts: Offsets, ends: Offsets) -> Overlaps:
    """Each pixel is made from pixels of x between `starts` and `ends`, every channel from the same ones, and channels
    go from the first to the last, whichever way pixels run."""
    channels, pixel = node.out.shape[-1], node.out.shape[-1] * node.out.dtype.size
    first = np.arange(starts.size, dtype=np.int64) * pixel
    edge = int(channels > 1)  # the first pixel's first channels are written before its last are read
    most = distance(starts.reshape(-1) + edge, first + edge)
    return turning(node, most, lambda: (ends.reshape(-1), first if channels > 1 else first + pixel))


def _between_overlap(node: Node) -> Overlaps:
    """Each channel is interpolated from the same one of four pixels."""
    op, x = _resize(node), node.input(0)
    if not applies(node):
        return NONE
    sample = op.between_fixed if x.dtype.name in ("s8", "s16") else op.between
    (top, bottom, _), (left, right, _) = (sample(axis, x.shape[axis + 1]) for axis in (0, 1))
    return _channels_in_turn(node, pixel_starts(x.type, top, left), pixel_ends(x.type, bottom, right))


def _interpolates(interpolation: Interpolation) -> Callable[[Node], str | None]:
    """A row's `when`."""

    def when(node: Node) -> str | None:
        if _resize(node).interpolation != interpolation:
            return f"interpolates {interpolation}"
        if max(*node.input(0).shape[1:3], *node.out.shape[1:3]) > 65535:
            return "height and width must be at most 65535"
        return None

    return when


def _bilinear(dtype: str, arithmetic: str, pack: Callable[[Node], Packed]) -> Kernel:
    return Kernel(
        f"resize_bilinear_{dtype}",
        f"{dtype} -> {dtype}",
        pack,
        f"resize_bilinear_{arithmetic}",
        when=_interpolates("bilinear"),
        overlap=_between_overlap,
    )


ROWS = (
    Kernel("resize_nearest", "_ -> _", _pack_nearest, when=_interpolates("nearest"), overlap=_nearest_overlap),
    _bilinear("s8", "fixed", _pack_fixed),
    _bilinear("s16", "fixed", _pack_fixed),
    _bilinear("u8", "f32", _pack_f32),
    _bilinear("f32", "f32", _pack_f32),
)
