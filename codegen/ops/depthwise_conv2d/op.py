"""What DepthwiseConv2d is; its kernel rows are beside it, one file for each instruction set."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from edgegen.errors import InvalidGraph
from edgegen.ir.fixed_point import FixedPoint
from edgegen.ir.op import NO_CLAMP, Op, Range, known, present
from edgegen.ir.rows import RowWindow
from edgegen.ir.tensor import Array, TensorType
from edgegen.ops.epilogue import finish_accumulator, result_type
from edgegen.ops.window import Pads, Pair, pad_image, taps, window_output, window_rows


@dataclass(frozen=True)
class DepthwiseConv2d(Op):
    """x[N,H,W,C] * w[kH,kW,C*M] + b[C*M] -> [N,oH,oW,C*M], each output channel from one input channel.

    Output channel c*M + m is filtered from input channel c. Attributes as Conv2d's.
    """

    stride: Pair = (1, 1)
    dilation: Pair = (1, 1)
    pad: Pads = (0, 0, 0, 0)
    x_zero: int = 0
    requantize: FixedPoint | None = None
    clamp: Range = NO_CLAMP

    def infer(self, *inputs: TensorType | None) -> tuple[TensorType, ...]:
        x, w = known(inputs[0], "x"), known(inputs[1], "weights")
        b = inputs[2] if len(inputs) > 2 else None
        if len(x.shape) != 4 or len(w.shape) != 3 or 0 in (x.shape[3], *w.shape) or w.shape[2] % x.shape[3]:
            raise InvalidGraph(f"weights {w} do not filter the channels of x {x}")
        if b is not None and b.shape != (w.shape[2],):
            raise InvalidGraph(f"bias {b} does not have {w.shape[2]} elements")
        if self.requantize is not None and len(self.requantize.multiplier) not in (1, w.shape[2]):
            raise InvalidGraph(f"{len(self.requantize.multiplier)} multipliers for {w.shape[2]} channels")
        kernel = (w.shape[0], w.shape[1])
        height, width = window_output(x.shape[1:3], kernel, self.stride, self.dilation, self.pad)
        return (TensorType(result_type(x.dtype, self.requantize), (x.shape[0], height, width, w.shape[2])),)

    def reference(self, *inputs: Array | None) -> tuple[Array, ...]:
        x, w = present(inputs[0], "x"), present(inputs[1], "weights")
        kernel = (w.shape[0], w.shape[1])
        out = window_output(x.shape[1:3], kernel, self.stride, self.dilation, self.pad)
        image = pad_image(x.astype(np.float64) - self.x_zero, self.pad)
        image = np.repeat(image, w.shape[2] // x.shape[3], axis=3)
        acc = np.zeros((x.shape[0], *out, w.shape[2]))
        for ky, kx, patch in taps(image, kernel, self.stride, self.dilation, out):
            acc += patch * w[ky, kx].astype(np.float64)
        bias = inputs[2] if len(inputs) > 2 else None
        return (finish_accumulator(acc, bias, self.requantize, self.clamp, x.dtype),)

    def row_windows(self, *inputs: TensorType | None) -> tuple[RowWindow | None, ...]:
        kernel = known(inputs[1], "weights").shape[0]
        return (window_rows(kernel, self.stride, self.dilation, self.pad), *[None] * (len(inputs) - 1))

    def at_rows(self, above: int, below: int) -> Self:
        return replace(self, pad=(above, self.pad[1], below, self.pad[3]))

    def macs(self, *inputs: TensorType | None) -> int:
        w = known(inputs[1], "weights")
        (y,) = self.infer(*inputs)
        return y.elements * w.shape[0] * w.shape[1]
