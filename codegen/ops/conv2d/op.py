"""What Conv2d is; its kernel rows are beside it, one file for each instruction set."""

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
class Conv2d(Op):
    """x[N,H,W,C] * w[O,kH,kW,C/groups] + b[O] -> [N,oH,oW,O], then requantize (integers) and clamp.

    stride, dilation: (height, width)
    pad:        top, left, bottom, right; padded pixels read as x_zero
    x_zero:     zero point of x; weights are symmetric
    requantize: how s32 accumulators become the output's integers; None for floats and for results that are the s32 sums
    clamp:      on the output, in its own numbers

    interleaved: output channel o belongs to group o % groups; if not, each group's channels lie together

    Groups are implied: x has C channels, each filter reads C/groups of them, and O divides into as many groups.
    """

    stride: Pair = (1, 1)
    dilation: Pair = (1, 1)
    pad: Pads = (0, 0, 0, 0)
    x_zero: int = 0
    requantize: FixedPoint | None = None
    clamp: Range = NO_CLAMP
    interleaved: bool = False

    def infer(self, *inputs: TensorType | None) -> tuple[TensorType, ...]:
        x, w = known(inputs[0], "x"), known(inputs[1], "weights")
        b = inputs[2] if len(inputs) > 2 else None
        if len(x.shape) != 4 or len(w.shape) != 4:
            raise InvalidGraph(f"x {x} and weights {w} must have rank 4")
        units, kh, kw, depth = w.shape
        if min(w.shape) == 0 or x.shape[3] % depth or units % (x.shape[3] // depth or 1) or x.shape[3] == 0:
            raise InvalidGraph(f"{x.shape[3]} channels of x do not divide into filters {w}")
        if b is not None and b.shape != (units,):
            raise InvalidGraph(f"bias {b} does not have {units} elements")
        if self.requantize is not None and len(self.requantize.multiplier) not in (1, units):
            raise InvalidGraph(f"{len(self.requantize.multiplier)} multipliers for {units} channels")
        height, width = window_output(x.shape[1:3], (kh, kw), self.stride, self.dilation, self.pad)
        return (TensorType(result_type(x.dtype, self.requantize), (x.shape[0], height, width, units)),)

    def reference(self, *inputs: Array | None) -> tuple[Array, ...]:
        x, w = present(inputs[0], "x"), present(inputs[1], "weights")
        units, kh, kw, depth = w.shape
        groups = x.shape[3] // depth
        height, width = window_output(x.shape[1:3], (kh, kw), self.stride, self.dilation, self.pad)
        # float64 holds every partial sum of an integer product exactly, and BLAS makes it fast
        image = pad_image(x.astype(np.float64) - self.x_zero, self.pad)
        acc = np.zeros((x.shape[0], height, width, units))
        per = units // groups
        members = [slice(g, None, groups) if self.interleaved else slice(g * per, (g + 1) * per) for g in range(groups)]
        for ky, kx, patch in taps(image, (kh, kw), self.stride, self.dilation, (height, width)):
            for g, own in enumerate(members):
                acc[..., own] += patch[..., g * depth : (g + 1) * depth] @ w[own, ky, kx].astype(np.float64).T
        bias = inputs[2] if len(inputs) > 2 else None
        return (finish_accumulator(acc, bias, self.requantize, self.clamp, x.dtype),)

    def row_windows(self, *inputs: TensorType | None) -> tuple[RowWindow | None, ...]:
        kernel = known(inputs[1], "weights").shape[1]
        return (window_rows(kernel, self.stride, self.dilation, self.pad), *[None] * (len(inputs) - 1))

    def at_rows(self, above: int, below: int) -> Self:
        return replace(self, pad=(above, self.pad[1], below, self.pad[3]))

    def macs(self, *inputs: TensorType | None) -> int:
        w = known(inputs[1], "weights")
        (y,) = self.infer(*inputs)
        return y.elements * w.shape[1] * w.shape[2] * w.shape[3]
