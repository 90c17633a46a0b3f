"""What TransposeConv2d is; its kernel rows are beside it, one file for each instruction set."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edgegen.errors import InvalidGraph
from edgegen.ir.fixed_point import FixedPoint
from edgegen.ir.op import NO_CLAMP, Op, Range, known, present
from edgegen.ir.tensor import Array, TensorType
from edgegen.ops.epilogue import finish_accumulator
from edgegen.ops.window import Pair


@dataclass(frozen=True)
class TransposeConv2d(Op):
    """x[N,H,W,C] spread through w[O,kH,kW,C], + b[O] -> [N,size,O], then requantize (integers) and clamp.

    Pixel (i, j) of x adds to the output's pixels (i * stride - pad + tap) of all taps; those outside are dropped, and
    those that nothing reaches hold the bias.

    size:       height and width of the output
    stride:     (height, width)
    pad:        top, left
    x_zero:     zero point of x; weights are symmetric
    requantize: how integer sums become the output's integers; None for floats
    clamp:      on the output, in its own numbers
    """

    size: Pair
    stride: Pair = (1, 1)
    pad: Pair = (0, 0)
    x_zero: int = 0
    requantize: FixedPoint | None = None
    clamp: Range = NO_CLAMP

    def infer(self, *inputs: TensorType | None) -> tuple[TensorType, ...]:
        x, w = known(inputs[0], "x"), known(inputs[1], "weights")
        b = inputs[2] if len(inputs) > 2 else None
        if len(x.shape) != 4 or len(w.shape) != 4 or x.shape[3] != w.shape[3] or min(w.shape) == 0:
            raise InvalidGraph(f"weights {w} do not spread the channels of x {x}")
        if b is not None and b.shape != (w.shape[0],):
            raise InvalidGraph(f"bias {b} does not have {w.shape[0]} elements")
        if self.requantize is not None and len(self.requantize.multiplier) not in (1, w.shape[0]):
            raise InvalidGraph(f"{len(self.requantize.multiplier)} multipliers for {w.shape[0]} channels")
        if min(*self.size, *self.stride) < 1 or min(self.pad) < 0:
            raise InvalidGraph(
                f"size {self.size} and stride {self.stride} must be positive, pad {self.pad} not negative"
            )
        return (TensorType(x.dtype, (x.shape[0], *self.size, w.shape[0])),)

    def reference(self, *inputs: Array | None) -> tuple[Array, ...]:
        x, w = present(inputs[0], "x"), present(inputs[1], "weights")
        units, kh, kw, _ = w.shape
        (sh, sw), (top, left) = self.stride, self.pad
        batch, h, width, _ = x.shape
        # float64 holds every partial sum of an integer product exactly, and BLAS makes it fast
        image = x.astype(np.float64) - self.x_zero
        whole = (max(h * sh + kh, top + self.size[0]), max(width * sw + kw, left + self.size[1]))
        acc = np.zeros((batch, *whole, units))
        for ky in range(kh):
            for kx in range(kw):
                spread = image @ w[:, ky, kx].astype(np.float64).T
                acc[:, ky : ky + h * sh : sh, kx : kx + width * sw : sw] += spread
        acc = acc[:, top : top + self.size[0], left : left + self.size[1]]
        bias = inputs[2] if len(inputs) > 2 else None
        return (finish_accumulator(acc, bias, self.requantize, self.clamp, x.dtype),)

    def macs(self, *inputs: TensorType | None) -> int:
        """Of all taps of all pixels, those outside the output included."""
        x, w = known(inputs[0], "x"), known(inputs[1], "weights")
        return x.elements * w.shape[0] * w.shape[1] * w.shape[2]
