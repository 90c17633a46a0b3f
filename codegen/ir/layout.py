"""How a tensor's elements lie in memory.

A tensor's shape is logical: an image is [N, H, W, C] whatever its layout. The layout says where element (n, h, w, c)
is stored: the order of the axes, channel blocking, a physical border around each image (so that a kernel's window is
a contiguous read without edge tests) and an offset added to every stored value (so that s8 can be stored as u8).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Layout:
    """Storage of a tensor.

    order:  "natural" (the axes as in the shape; NHWC for an image) or "NCHW" (only for rank 4)
    block:  channels per block. 1: none. 8: [N, ceil(C/8), H, W, 8]; needs order NCHW and rank 4
    border: physical padding of an image in pixels (top, left, bottom, right), filled with `fill` by the writer
    fill:   the value (not the stored one) that the border holds
    offset: added to each value when it is stored (128: s8 kept as u8)
    """

    order: str = "natural"
    block: int = 1
    border: tuple[int, int, int, int] = (0, 0, 0, 0)
    fill: int = 0
    offset: int = 0

    @property
    def without_border(self) -> Layout:
        return replace(self, border=(0, 0, 0, 0), fill=0)

    def storage_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Dimensions as they lie in memory, outermost first."""
        if self == NATURAL or len(shape) != 4:
            return shape
        top, left, bottom, right = self.border
        n, h, w, c = shape[0], shape[1] + top + bottom, shape[2] + left + right, shape[3]
        if self.order == "natural":
            return (n, h, w, c)
        if self.block == 1:
            return (n, c, h, w)
        return (n, -(-c // self.block), h, w, self.block)

    def elements(self, shape: tuple[int, ...]) -> int:
        """Stored elements, border and channel rounding included."""
        return math.prod(self.storage_shape(shape))

    def strides(self, shape: tuple[int, ...]) -> tuple[int, int, int, int]:
        """Elements between neighbours along (n, h, w, c) of a rank-4 tensor without channel blocking."""
        if len(shape) != 4 or self.block != 1:
            raise ValueError(f"no plain strides for {self} and rank {len(shape)}")
        stored = self.storage_shape(shape)
        if self.order == "natural":
            return (stored[1] * stored[2] * stored[3], stored[2] * stored[3], stored[3], 1)
        return (stored[1] * stored[2] * stored[3], stored[3], 1, stored[2] * stored[3])

    def origin(self, shape: tuple[int, ...]) -> int:
        """Elements from the start of storage to element (0, 0, 0, 0)."""
        if len(shape) != 4 or not any(self.border):
            return 0
        _, h, w, _ = self.strides(shape)
        return self.border[0] * h + self.border[1] * w

    def describe(self, rank: int) -> str:
        """ "NHWC", "NCHW8+border(1,1,1,1)", or "" for a tensor of another rank in natural order."""
        text = ("NHWC" if rank == 4 else "") if self.order == "natural" else self.order
        if self.block != 1:
            text += str(self.block)
        if any(self.border):
            text += f"+border({','.join(map(str, self.border))})={self.fill}"
        if self.offset:
            text += f"+offset({self.offset})"
        return text


NATURAL = Layout()
NCHW = Layout(order="NCHW")
