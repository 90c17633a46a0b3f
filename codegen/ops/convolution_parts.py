"""Convolutions computed as several of one image, which take turns row by row: groups, and rows of transposed ones."""

from __future__ import annotations

from dataclasses import dataclass

from edgegen.ir.fixed_point import FixedPoint
from edgegen.ir.kernel import Literal
from edgegen.ir.op import Range
from edgegen.ir.tensor import Array
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
