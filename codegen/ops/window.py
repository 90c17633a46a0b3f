"""Sliding windows: the geometry that convolutions and pools share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from edgegen.errors import InvalidGraph
from edgegen.ir.graph import Node
from edgegen.ir.kernel import Literal
from edgegen.ir.layout import NATURAL, NCHW, Layout
from edgegen.ir.rows import RowWindow
from edgegen.ir.tensor import Array

Pair = tuple[int, int]
Pads = tuple[int, int, int, int]
Fields = dict[str, Literal]


def window_output(size: tuple[int, ...], kernel: Pair, stride: Pair, dilation: Pair, pad: Pads) -> Pair:
    """(height, width) of the output. Raises InvalidGraph if the window does not fit the padded image."""
    if min(*kernel, *stride, *dilation) < 1 or min(pad) < 0:
        raise InvalidGraph(
            f"kernel {kernel}, stride {stride} and dilation {dilation} must be positive, pad {pad} not negative"
        )
    out = []
    for axis in (0, 1):
        extent = (kernel[axis] - 1) * dilation[axis] + 1
        room = size[axis] + pad[axis] + pad[axis + 2] - extent
        if room < 0 or size[axis] < 1:
            raise InvalidGraph(
                f"a window of {extent} does not fit {size[axis]} padded by {pad[axis]} and {pad[axis + 2]}"
            )
        out.append(room // stride[axis] + 1)
    return out[0], out[1]


def image_sizes(x: Sequence[int], out: Sequence[int]) -> Fields:
    """Fields of a kernel's params: of x[batch,in_h,in_w,channels] and the (height, width) of the output."""
    return {"batch": x[0], "in_h": x[1], "in_w": x[2], "channels": x[3], "out_h": out[0], "out_w": out[1]}


def window_steps(stride: Pair, pad: Sequence[int], dilation: Pair | None = None) -> Fields:
    """Fields of a kernel's params: where windows and their taps lie. pad: top and left first"""
    apart: Fields = {} if dilation is None else {"dilation_h": dilation[0], "dilation_w": dilation[1]}
    return {"stride_h": stride[0], "stride_w": stride[1], **apart, "pad_top": pad[0], "pad_left": pad[1]}


def window_rows(kernel: int, stride: Pair, dilation: Pair, pad: Pads) -> RowWindow:
    """The rows that a window of so many rows reads."""
    return RowWindow((kernel - 1) * dilation[0] + 1, stride[0], pad[0])


def pad_image(x: Array, pad: Pads, value: float = 0) -> Array:
    """x[N,H,W,C] with `pad` (top, left, bottom, right) pixels of `value` around it."""
    return np.pad(x, ((0, 0), (pad[0], pad[2]), (pad[1], pad[3]), (0, 0)), constant_values=value)


def taps(image: Array, kernel: Pair, stride: Pair, dilation: Pair, out: Pair) -> Iterator[tuple[int, int, Array]]:
    """(ky, kx, x[N,oH,oW,C] as that tap sees it) for each tap, over an already padded image."""
    for ky in range(kernel[0]):
        for kx in range(kernel[1]):
            y, x = ky * dilation[0], kx * dilation[1]
            yield (
                ky,
                kx,
                image[:, y : y + out[0] * stride[0] : stride[0], x : x + out[1] * stride[1] : stride[1]],
            )


def any_order(_node: Node) -> tuple[Layout, ...]:
    """Layouts of a row that addresses images through strides."""
    return (NATURAL, NCHW)
