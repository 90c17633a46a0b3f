"""How far the outputs of convolutions, pools and dense layers may lie over their input, by the order of their windows.

Images are [N, H, W, C]; the rows of a dense layer are windows of one pixel.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Protocol, cast

import numpy as np
import numpy.typing as npt

from edgegen.ir.graph import Node
from edgegen.ir.kernel import Overlap
from edgegen.ir.layout import NATURAL
from edgegen.ir.tensor import TensorType
from edgegen.ops.overlap import (
    NONE,
    Offsets,
    Overlaps,
    applies,
    distance,
    ordinals,
    param,
    turning,
)
from edgegen.ops.window import Pads, Pair


class _Windowed(Protocol):
    """What operators with a window have in common."""

    @property
    def stride(self) -> Pair: ...

    @property
    def pad(self) -> Pads: ...


def _windowed(node: Node) -> _Windowed | None:
    """What says where windows lie: the operator or, of a hybrid one, its product; None for rows of x, one after the
    other, as dense layers read them."""
    product = getattr(node.op, "product", node.op)
    return cast(_Windowed, product) if hasattr(product, "stride") else None


def first_inside(out: int, stride: int, pad: int, dilation: int, size: int) -> Offsets:
    """Along an axis, the first coordinate inside the image of each window."""
    start = np.arange(out, dtype=np.int64) * stride - pad
    before = np.maximum(-start, 0)
    return np.minimum(start + -(-before // dilation) * dilation, size - 1)


def _last_inside(out: int, stride: int, pad: int, dilation: int, kernel: int, size: int) -> Offsets:
    """Along an axis, the last coordinate inside the image of each window."""
    end = np.arange(out, dtype=np.int64) * stride - pad + (kernel - 1) * dilation
    beyond = np.maximum(end - (size - 1), 0)
    return np.maximum(end - -(-beyond // dilation) * dilation, 0)


def window_starts(node: Node) -> Offsets:
    """[N, oH, oW]: the lowest byte of x that each window of an image reads; [rows] of a dense layer."""
    x, y, op = node.input(0), node.out, _windowed(node)
    if op is None:
        return _rows(node) * (x.shape[-1] * x.dtype.size)
    dilation = cast(Pair, getattr(op, "dilation", (1, 1)))
    rows = first_inside(y.shape[1], op.stride[0], op.pad[0], dilation[0], x.shape[1])
    columns = first_inside(y.shape[2], op.stride[1], op.pad[1], dilation[1], x.shape[2])
    return pixel_starts(x.type, rows, columns)


def window_ends(node: Node) -> Offsets:
    """[N, oH, oW]: one past the highest byte of x that each window of an image reads; [rows] of a dense layer."""
    x, y, op = node.input(0), node.out, _windowed(node)
    if op is None:
        return (_rows(node) + 1) * (x.shape[-1] * x.dtype.size)
    dilation = cast(Pair, getattr(op, "dilation", (1, 1)))
    kernel = _kernel_size(node)
    rows = _last_inside(y.shape[1], op.stride[0], op.pad[0], dilation[0], kernel[0], x.shape[1])
    columns = _last_inside(y.shape[2], op.stride[1], op.pad[1], dilation[1], kernel[1], x.shape[2])
    return pixel_ends(x.type, rows, columns)


def pixel_starts(x: TensorType, rows: Offsets, columns: Offsets) -> Offsets:
    """[N, row, column]: the lowest byte of each of these pixels of an image."""
    image, row, column, _ = x.layout.strides(x.shape)
    images = ordinals(x.shape[0])
    elements = images[:, None, None] * image + rows[None, :, None] * row + columns[None, None, :] * column
    return elements * x.dtype.size


def pixel_ends(x: TensorType, rows: Offsets, columns: Offsets) -> Offsets:
    """[N, row, column]: one past the highest byte of each of these pixels of an image."""
    last_channel = (x.shape[3] - 1) * x.layout.strides(x.shape)[3]
    return pixel_starts(x, rows, columns) + (last_channel + 1) * x.dtype.size


def _rows(node: Node) -> Offsets:
    """The numbers of a dense layer's rows."""
    return ordinals(node.out.type.elements // node.out.shape[-1])


def _kernel_size(node: Node) -> Pair:
    if len(node.inputs) == 1:
        return cast(Pair, getattr(node.op, "kernel", (1, 1)))
    # [units, kH, kW, depth], or of depthwise convolutions [kH, kW, channels]; hybrids have scales and zeros of x before
    shape = node.input(3 if hasattr(node.op, "product") else 1).shape
    return (shape[1], shape[2]) if len(shape) == 4 else (shape[0], shape[1])


def _either_way(node: Node, most: Callable[[Offsets], int], starts: Offsets, ends: Offsets) -> Overlaps:
    """most: of an overlap, from the lowest byte of x that each step reads; starts, ends: the lowest one and one past
    the highest. A kernel that turns goes through the steps from the last to the first, and through a step's bytes
    downwards: it is the same kernel on mirrored memory."""
    x, y = node.input(0), node.out
    forward = most(starts.reshape(-1))
    if node.packed is None or not node.packed.turns:
        return {0: Overlap(forward)}
    backward = most((x.type.bytes - ends).reshape(-1)[::-1])
    return {0: Overlap(forward, least=x.type.bytes - y.type.bytes - backward)}


def by_pixel(node: Node) -> Overlaps:
    """Of a kernel that reads a pixel's window, or a dense layer's row, again and again until the last of the pixel's
    elements is written."""
    return over_pixels(node, window_starts(node), window_ends(node)) if applies(node) else NONE


def over_pixels(node: Node, starts: Offsets, ends: Offsets) -> Overlaps:
    """The same, where each pixel reads x from `starts` to before `ends`."""
    y = node.out
    pixel = y.shape[-1] * y.dtype.size
    written = ordinals(y.type.elements // y.shape[-1]) * pixel + (pixel - y.dtype.size)
    return _either_way(node, lambda reads: distance(reads, written), starts, ends)


def by_channel(block: int, steps_back: bool = True) -> Callable[[Node], Overlaps]:
    """Of a kernel that, within a pixel, takes every channel of the output from the same channel of the window alone.

    block: channels that are read before they are written; the last block may be shorter, or steps back to end with the
           last channel
    """

    def overlap(node: Node) -> Overlaps:
        x, y = node.input(0), node.out
        alike = x.shape[-1] == y.shape[-1] and x.dtype.size == y.dtype.size and x.type.layout == NATURAL
        if not applies(node) or not alike:
            return by_pixel(node)
        channels, size, windows = y.shape[-1], y.dtype.size, (window_starts(node), window_ends(node))
        back = (
            -channels % block * size if steps_back else 0
        )  # bytes of a pixel written already that its last block reads
        written = ordinals(y.type.elements // channels) * (channels * size)
        if channels > block:  # a pixel's first channels are written before its last are read, the first pixel's too
            return _either_way(node, lambda reads: distance(reads + 1, written + 1) - back, *windows)
        return _either_way(node, lambda reads: distance(reads, written), *windows)

    return overlap


def lanes(block: int) -> Callable[[Node], int | None]:
    """`Kernel.lanes` of a kernel that takes every channel of a pixel from the same channel of the window alone.

    block: channels that are read before they are written; the last block would step back over others
    """

    def find(node: Node) -> int | None:
        x, y = node.input(0), node.out
        if not pixel_over_pixel(node) or y.shape[-1] % block:
            return None
        return distance(
            window_starts(node).reshape(-1) // (x.shape[-1] * x.dtype.size), ordinals(y.type.elements // y.shape[-1])
        )

    return find


def pixel_over_pixel(node: Node) -> bool:
    """Whether pixels of x and of the output are alike, so that channels lie over themselves where pixels do."""
    x, y = node.input(0), node.out
    return applies(node) and x.shape[-1] == y.shape[-1] and x.dtype.size == y.dtype.size and x.type.layout == NATURAL


def by_strip(node: Node) -> Overlaps:
    """`by_strips` of as many pixels as the kernel's params say."""
    return by_strips(node, param(node, "pixels"))


def by_units(node: Node) -> Overlaps:
    """`by_pixel` of a kernel whose units run from the first to the last, whichever way its pixels do."""
    if not applies(node):
        return NONE
    starts, ends = window_starts(node).reshape(-1), window_ends(node).reshape(-1)
    pixel = node.out.shape[-1] * node.out.dtype.size
    written = ordinals(len(starts)) * pixel
    return turning(node, distance(starts, written + pixel - node.out.dtype.size), lambda: (ends, written))


def by_blocks(node: Node, units: int, copied: npt.NDArray[np.bool_]) -> Overlaps:
    """Of a kernel that reads a pixel's window for so many units at a time, and then writes those: whichever way its
    pixels run, units do from the first to the last. The last block steps back.

    copied: of each pixel of a row, whether its window is copied first
    """
    if not applies(node):
        return NONE
    starts, ends, size = window_starts(node), window_ends(node), node.out.dtype.size
    pixel = node.out.shape[-1] * size
    first = ordinals(starts.size).reshape(starts.shape) * pixel
    before = np.where(copied, 0, (-(-node.out.shape[-1] // units) - 1) * units * size)
    most = distance(starts.reshape(-1), (first + before).reshape(-1))
    return turning(node, most, lambda: (ends.reshape(-1), np.where(before > 0, first, first + pixel).reshape(-1)))


def by_window(node: Node) -> Overlaps:
    """Of a kernel that copies a window before it writes the pixel."""
    return by_strips(node, 1)


def by_strips(node: Node, pixels: int) -> Overlaps:
    """Of a kernel that copies the windows of `pixels` pixels before it writes those; the last strip steps back."""
    if not applies(node):
        return NONE
    starts, pixel = window_starts(node).reshape(-1), node.out.shape[-1] * node.out.dtype.size
    total = len(starts)
    done = ordinals(-(-total // pixels)) * pixels
    first = np.minimum(done, max(total - pixels, 0))
    strips = [np.minimum(first + k, total - 1) for k in range(pixels)]
    most = distance(np.minimum.reduce([starts[s] for s in strips]), done * pixel)

    def steps() -> tuple[Offsets, Offsets]:
        ends = window_ends(node).reshape(-1)
        return np.maximum.reduce([ends[s] for s in strips]), np.append(first[1:], total) * pixel

    return turning(node, most, steps)


def by_rows(rows: int) -> Callable[[Node], Overlaps]:
    """Of a NEON kernel that goes row by row of the output, so many at a time.

    Rows of x that it copies to scratch it reads before it writes the output's row that needs them first; without a
    copy it reads its windows until all its rows are written.
    """

    def overlap(node: Node) -> Overlaps:
        x, y = node.input(0), node.out
        batch, out_h, in_h = y.shape[0], y.shape[1], x.shape[1]
        if not applies(node):
            return NONE
        if (param(node, "window.in_h"), param(node, "window.in_w")) != (in_h, x.shape[2]):
            return by_piece(node, param(node, "window.out_w"))
        row = y.shape[2] * y.shape[3] * y.dtype.size
        number = ordinals(batch * out_h)
        images, oy = number // out_h, number % out_h
        if param(node, "window.copied") > 0 and rows == 1:
            return {0: Overlap(distance(copied_rows(node, images, oy), number * row))}
        return by_output_rows(node, rows)

    return overlap


def copied_rows(node: Node, images: Offsets, rows: Offsets) -> Offsets:
    """The lowest byte of x that a NEON kernel reads for each of these rows of windows, or for later ones: the rows of x
    before it lie in scratch."""
    x, in_h = node.input(0), node.input(0).shape[1]
    reach = (param(node, "window.kernel_h") - 1) * param(node, "window.dilation_h") + 1
    end = (rows - 1) * param(node, "window.stride_h") - param(node, "window.pad_top") + reach
    copied = np.where(rows == 0, 0, np.clip(end, 0, in_h))
    return (images * in_h + copied) * (x.shape[2] * x.shape[3] * x.dtype.size)


def by_output_rows(node: Node, rows: int = 1) -> Overlaps:
    """Of a kernel that goes row by row of the output, so many at a time, and reads windows in x until all of those are
    written."""
    y = node.out
    if not applies(node):
        return NONE
    number = ordinals(y.shape[0] * y.shape[1])
    images, oy = number // y.shape[1], number % y.shape[1]
    row = y.shape[2] * y.shape[3] * y.dtype.size
    last = np.minimum(oy // rows * rows + rows, y.shape[1]) - 1
    return turning(
        node,
        distance(window_starts(node).min(axis=2).reshape(-1), (images * y.shape[1] + last + 1) * row - y.dtype.size),
        lambda: (window_ends(node).max(axis=2).reshape(-1), number * row),
    )


def by_piece(node: Node, pixels: int) -> Overlaps:
    """Of a kernel that takes all pixels, or a dense layer's rows, as one row, in pieces of so many, each of which it
    reads to its last write."""
    x, y = node.input(0), node.out
    if not applies(node) or x.type.layout != NATURAL:
        return NONE
    total = y.type.elements // y.shape[-1]
    first = np.arange(0, total, pixels, dtype=np.int64)
    end = np.minimum(first + pixels, total)
    x_pixel, y_pixel = x.shape[-1] * x.dtype.size, y.shape[-1] * y.dtype.size
    forward = distance(first * x_pixel, end * y_pixel - y.dtype.size)
    return turning(node, forward, lambda: (end * x_pixel, first * y_pixel))


def by_tiles(node: Node, strip: int, tiles: Collection[int], before: int, whole: bool = True) -> Overlaps:
    """Of a dense layer's kernel that takes strips of so many rows, one after the other, through its blocks of units, in
    tiles of rows.

    tiles:  rows that a tile may have, as speed or flash counts
    before: units of the blocks before the last
    whole:  the last tile of a strip steps back to be whole
    """
    if not applies(node):
        return NONE
    x, y = node.input(0), node.out
    total, size = y.type.elements // y.shape[-1], y.dtype.size
    x_row, y_row = x.shape[-1] * x.dtype.size, y.shape[-1] * size
    first = np.arange(0, total, strip, dtype=np.int64)
    end = np.minimum(first + strip, total)
    if before:  # a strip's first row is read for the last block, when all its rows have the others
        most = distance(first * x_row, (end - 1) * y_row + before * size)
        return turning(node, most, lambda: (end * x_row, first * y_row))

    def forward(tile: int) -> int:
        done = np.concatenate([np.arange(f, e, tile) for f, e in zip(first, end, strict=True)])
        last = end[done // strip] - tile
        return distance((np.minimum(done, last) if whole else done) * x_row, done * y_row)

    most = min(map(forward, tiles))
    return turning(node, most, lambda: (end * x_row, np.where(end - first > min(tiles), first, end) * y_row))
