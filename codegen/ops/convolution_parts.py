"""Convolutions computed as several of one image, which take turns row by row: groups, and rows of transposed ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from edgegen.ir.fixed_point import FixedPoint
from edgegen.ir.graph import Node
from edgegen.ir.kernel import Literal
from edgegen.ir.op import Range
from edgegen.ir.tensor import Array
from edgegen.ops.epilogue import bias_or_zeros
from edgegen.ops.portable_convolution import Convolution
from edgegen.ops.window import Pads, Pair


@dataclass(frozen=True)
class Parts:
    """A convolution of x[N,H,W,C] in `count` parts.

    weights:    [count * units, kH, kW, depth], part by part; bias and requantize: in their order
    out:        height and width of a part's output, whose pixels hold `units` numbers
    x_step:     elements of x from a part's first channel to the next's
    y_step:     elements of y from a part's first number to the next's
    rows_apart: rows of y from one row of a part to the next
    y_pixel:    elements of y from one pixel of a part to the next
    turns:      groups whose channels take turns in y but lie together in `weights`; 0: y is in their order
    together:   groups that a part holds
    """

    count: int
    weights: Array
    bias: Array
    requantize: FixedPoint | None
    clamp: Range
    x_zero: int
    stride: Pair
    dilation: Pair
    pad: Pads
    out: Pair
    x_step: int
    y_step: int
    rows_apart: int
    y_pixel: int
    turns: int = 0
    together: int = 1

    @property
    def units(self) -> int:
        return len(self.weights) // self.count

    @property
    def kernel(self) -> Pair:
        return self.weights.shape[1], self.weights.shape[2]

    @property
    def depth(self) -> int:
        return int(self.weights.shape[3])

    def slices(self) -> list[slice]:
        """The units of each part."""
        return [slice(i * self.units, (i + 1) * self.units) for i in range(self.count)]

    def requantize_of(self, units: slice) -> FixedPoint | None:
        return None if self.requantize is None else self.requantize.of_channels(range(units.start, units.stop))

    def fields(self, x_size: int, row: int, weights: Array, epilogue: Array, aside: int) -> dict[str, Literal]:
        """Fields of edgegen_parts. x_size: bytes of an element of x; row: pixels that a part computes at a time;
        weights, epilogue: of all parts; aside: byte of scratch where a pixel of y has room."""
        return {
            "parts.count": self.count,
            "parts.x": self.x_step * x_size,
            "parts.y": self.y_step,
            "parts.weights": weights.size // self.count,
            "parts.epilogue": epilogue.size // self.count,
            "parts.units": self.units,
            "parts.row": row * self.y_pixel * self.rows_apart,
            "parts.turns": self.turns,
            "parts.aside": aside,
        }


class Grouped(Convolution, Protocol):
    """What convolutions in groups have in common."""

    @property
    def stride(self) -> Pair: ...

    @property
    def dilation(self) -> Pair: ...

    @property
    def pad(self) -> Pads: ...


def grouped(node: Node, op: Grouped, w: Array, interleaved: bool, depth: int, units: int) -> Parts:
    """A convolution with filters w[O,kH,kW,C/groups], in as many parts as have at least so many channels and units;
    if need be that is one.

    A group sees a slice of each pixel's channels. Groups that would not fill vectors are taken together, as one whose
    filters are 0 where a channel is another group's. interleaved: as Conv2d says it
    """
    x, y = node.input(0), node.out
    groups = x.shape[3] // w.shape[3]
    each, slice_depth = w.shape[0] // groups, w.shape[3]
    wide = (k for k in range(1, groups) if groups % k == 0 and k * slice_depth >= depth and k * each >= units)
    together = next(wide, groups)
    turns = groups if interleaved and groups > 1 else 0
    order = np.arange(len(w))
    if turns:
        order = order.reshape(-1, groups).T.reshape(-1)
    return Parts(
        count=groups // together,
        weights=_together(w[order], each, together),
        bias=bias_or_zeros(node)[order],
        requantize=None if op.requantize is None else op.requantize.of_channels(order.tolist()),
        clamp=op.clamp,
        x_zero=op.x_zero,
        stride=op.stride,
        dilation=op.dilation,
        pad=op.pad,
        out=(y.shape[1], y.shape[2]),
        x_step=slice_depth * together if together < groups else 0,
        y_step=each * together,
        rows_apart=1,
        y_pixel=y.shape[3],
        turns=turns,
        together=together,
    )


def _together(w: Array, units: int, groups: int) -> Array:
    """Filters [O,kH,kW,depth] of groups of so many units, as those of so many groups taken together."""
    if groups == 1:
        return w
    depth = w.shape[3]
    wide = np.zeros((*w.shape[:3], groups * depth), w.dtype)
    for unit in range(len(w)):
        place = unit // units % groups
        wide[unit, :, :, place * depth : (place + 1) * depth] = w[unit]
    return wide
