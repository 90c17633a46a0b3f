"""What Pool2d is; its kernel rows are beside it, one file for each instruction set."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal, Self

import numpy as np

from edgegen.errors import InvalidGraph
from edgegen.ir.dtypes import S8
from edgegen.ir.fixed_point import IntArray, ScaledRound
from edgegen.ir.op import NO_CLAMP, Op, Range, known, present
from edgegen.ir.rows import RowWindow
from edgegen.ir.tensor import Array, TensorType
from edgegen.ops.window import Pads, Pair, pad_image, taps, window_output, window_rows

Pooling = Literal["average", "max", "l2"]
POOLINGS: tuple[Pooling, ...] = ("average", "max", "l2")
INTEGER_POOLINGS: tuple[Pooling, ...] = ("average", "max")


@dataclass(frozen=True)
class Pool2d(Op):
    """One number for each window of x[N,H,W,C] -> [N,oH,oW,C], then clamp.

    pooling:        the average, the maximum or, of floats, the root of the average square ("l2")
    kernel, stride: (height, width)
    pad:            top, left, bottom, right; padded pixels are not there: an average divides by the others' count
    clamp:          on the output, in its own numbers
    x_zero:         zero point of x, where an average requantizes
    requantize:     of an average of s8 that gets a scale and a zero point of its own: from sum(x - x_zero) of a whole
                    window, whose count is part of the factor; of n pixels by factor * whole / n, each step an f32

    Integers without `requantize` keep x's scale and zero point. Their average rounds half away from zero (TFLM
    AVERAGE_POOL_2D, int8): (sum + n/2) / n for a positive sum, (sum - n/2) / n for others, in divisions that truncate.
    """

    pooling: Pooling = "average"
    kernel: Pair = (1, 1)
    stride: Pair = (1, 1)
    pad: Pads = (0, 0, 0, 0)
    clamp: Range = NO_CLAMP
    x_zero: int = 0
    requantize: ScaledRound | None = None

    @property
    def kind(self) -> str:
        return f"{self.pooling.capitalize()}Pool2d"

    def infer(self, *inputs: TensorType | None) -> tuple[TensorType, ...]:
        x = known(inputs[0], "x")
        if x.dtype.is_integer and self.pooling not in INTEGER_POOLINGS:
            raise InvalidGraph(f"{self.pooling} pooling of {x.dtype} is not defined")
        if len(x.shape) != 4:
            raise InvalidGraph(f"x {x} must have rank 4")
        if self.requantize is not None and (self.pooling != "average" or x.dtype != S8):
            raise InvalidGraph(f"{self.pooling} pooling of {x.dtype} does not requantize")
        out = window_output(x.shape[1:3], self.kernel, self.stride, (1, 1), self.pad)
        for axis in (0, 1):
            last = (out[axis] - 1) * self.stride[axis] - self.pad[axis]
            if self.pad[axis] >= self.kernel[axis] or last >= x.shape[1 + axis]:
                raise InvalidGraph(f"pad {self.pad} leaves windows of {self.kernel} without any pixel of {x}")
        return (TensorType(x.dtype, (x.shape[0], *out, x.shape[3])),)

    def row_windows(self, *inputs: TensorType | None) -> tuple[RowWindow | None, ...]:
        del inputs
        return (window_rows(self.kernel[0], self.stride, (1, 1), self.pad),)

    def at_rows(self, above: int, below: int) -> Self:
        return replace(self, pad=(above, self.pad[1], below, self.pad[3]))

    def _patches(self, image: Array, out: Pair) -> Iterator[Array]:
        """The pixels [N,oH,oW,C] that each place of the window sees, over an already padded image."""
        return (patch for _, _, patch in taps(image, self.kernel, self.stride, (1, 1), out))

    def reference(self, *inputs: Array | None) -> tuple[Array, ...]:
        x = present(inputs[0], "x")
        out = window_output(x.shape[1:3], self.kernel, self.stride, (1, 1), self.pad)
        integer = bool(np.issubdtype(x.dtype, np.integer))
        if self.pooling == "max":
            lowest = np.iinfo(x.dtype).min if integer else -np.inf
            image = pad_image(x, self.pad, lowest)
            y: Array = np.full((x.shape[0], *out, x.shape[3]), lowest, x.dtype)
            for patch in self._patches(image, out):
                y = np.maximum(y, patch)
        else:
            wide = np.int64 if integer else np.float64
            total: Array = np.zeros((x.shape[0], *out, x.shape[3]), wide)
            for patch in self._patches(pad_image(x.astype(wide), self.pad), out):
                total = total + (patch * patch if self.pooling == "l2" else patch)
            count: Array = np.zeros((1, *out, 1), np.int64)
            for patch in self._patches(pad_image(np.ones((1, *x.shape[1:3], 1), np.int64), self.pad), out):
                count = count + patch
            if self.requantize is not None:
                y = self._scaled(total - count * self.x_zero, count, self.requantize)
            elif integer:
                half = count // 2
                y = np.where(total > 0, (total + half) // count, -((half - total) // count))
            else:
                y = np.sqrt(total / count) if self.pooling == "l2" else total / count
        return (np.clip(y, self.clamp.low, self.clamp.high).astype(x.dtype),)

    def _scaled(self, total: IntArray, count: IntArray, requantize: ScaledRound) -> IntArray:
        """Sums of `count` distances from the zero point as s8."""
        factor, whole = requantize.factors()[0], self.kernel[0] * self.kernel[1]
        factors = np.where(count == whole, factor, factor * np.float32(whole) / count.astype(np.float32))
        steps = total.astype(np.float32) * factors.astype(np.float32)
        return np.clip(np.rint(steps) + requantize.zero_point, -128, 127)
