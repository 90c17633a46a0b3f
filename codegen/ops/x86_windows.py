"""How the x86 rows of convolutions and dense layers see them: windows of images times filters.

`Windows` is the geometry, rewritten into the equal one that reads memory in the longest stretches.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from edgegen.ir.fixed_point import IntArray
from edgegen.ops.window import Pair


@dataclass(frozen=True)
class Band:
    """How a row of pixels is computed: in pieces, whose windows are read from a band in scratch or in place.

    rows, width: pixels of the band; 0: windows are read in place
    piece:       pixels of a piece, but for the last, which may be longer; the row's pixels, if it is not cut
    """

    rows: int
    width: int
    piece: int


@dataclass(frozen=True)
class Windows:
    """Windows of x[batch,in_h,in_w,channels] times `units` filters[kernel_h,kernel_w,channels].

    pad: (top, left); what lies beyond the image on the other sides follows from the output's size
    slice: channels that a window sees, from the first on; 0: all
    """

    batch: int
    size: Pair
    channels: int
    out: Pair
    units: int
    kernel: Pair
    stride: Pair = (1, 1)
    dilation: Pair = (1, 1)
    pad: Pair = (0, 0)
    slice: int = 0

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Of x."""
        return self.batch, *self.size, self.channels

    @property
    def depth(self) -> int:
        """Channels that a window sees."""
        return self.slice or self.channels

    @property
    def extent(self) -> Pair:
        """Pixels that a window spans."""
        return (self.kernel[0] - 1) * self.dilation[0] + 1, (self.kernel[1] - 1) * self.dilation[1] + 1

    @property
    def span(self) -> Pair:
        """Pixels of the padded image that all windows together span."""
        (h, w), (oh, ow), (sh, sw) = self.extent, self.out, self.stride
        return (oh - 1) * sh + h, (ow - 1) * sw + w

    def inside(self, axis: int) -> bool:
        """No window leaves the image along an axis."""
        return self.pad[axis] == 0 and self.span[axis] <= self.size[axis]

    @property
    def runs(self) -> tuple[int, int]:
        """How many stretches of memory a window is, and elements in each."""
        if self.kernel[1] == 1 or (self.dilation[1] == 1 and self.depth == self.channels):
            return self.kernel[0], self.kernel[1] * self.depth
        return self.kernel[0] * self.kernel[1], self.depth

    def run_starts(self, width: int) -> IntArray:
        """Elements from a window's start to each run, in an image of `width` pixels a row."""
        y = np.arange(self.kernel[0])[:, None] * self.dilation[0] * width
        x = np.arange(self.runs[0] // self.kernel[0])[None] * self.dilation[1]
        return ((y + x) * self.channels).reshape(-1)

    def folded(self) -> Windows:
        """An equal geometry in rows as long as possible.

        - a window as large as the image is one pixel with all its channels
        - a window as wide as the image makes each row a pixel of one long row
        - windows of one pixel know nothing of rows
        """
        w = self
        whole = w.depth == w.channels
        unpadded = w.inside(0) and w.inside(1) and whole
        if unpadded and w.out == (1, 1) and w.kernel == w.size:
            pixels = w.channels * w.size[0] * w.size[1]
            w = replace(w, size=(1, 1), channels=pixels, kernel=(1, 1), stride=(1, 1), dilation=(1, 1))
        if whole and w.inside(1) and w.kernel[1] == w.size[1] and w.extent[1] == w.size[1] and w.size[0] > 1:
            w = replace(
                w,
                size=(1, w.size[0]),
                channels=w.size[1] * w.channels,
                out=(1, w.out[0]),
                kernel=(1, w.kernel[0]),
                stride=(1, w.stride[0]),
                dilation=(1, w.dilation[0]),
                pad=(0, w.pad[0]),
            )
        if w.kernel == w.stride == (1, 1) and w.size == w.out:
            size = (1, w.batch * w.size[0] * w.size[1])
            w = replace(w, batch=1, size=size, out=size)
        return w
