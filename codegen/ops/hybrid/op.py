"""What HybridProduct is; its kernel rows are beside it, one file for each instruction set."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from edgegen.errors import InvalidGraph
from edgegen.ir.dtypes import F32, S8, S32
from edgegen.ir.op import NO_CLAMP, Op, Range, known, present
from edgegen.ir.tensor import Array, TensorType
from edgegen.ops.conv2d.op import Conv2d
from edgegen.ops.dense.op import Dense
from edgegen.ops.depthwise_conv2d.op import DepthwiseConv2d
from edgegen.ops.row_scale import RowScale


@dataclass(frozen=True)
class HybridProduct(Op):
    """A dense layer or convolution of rows quantized at run time (QuantizeRows) with s8 weights, giving f32.

    Inputs: q s8, scale f32[rows] and zero point s32[rows] of its rows, weights s8, bias f32[O] or none. The rows are
    those of Dense's x, or a convolution's images. Sums of (q - zero) * weights are exact; pixels outside of an image
    count 0 (TFLite's FULLY_CONNECTED, CONV_2D and DEPTHWISE_CONV_2D with f32 inputs and s8 weights).

    product: Dense, Conv2d or DepthwiseConv2d with its strides and padding alone
    scale:   how sums become floats
    clamp:   on the output
    """

    product: Dense | Conv2d | DepthwiseConv2d
    scale: RowScale
    clamp: Range = NO_CLAMP

    @property
    def kind(self) -> str:
        return f"Hybrid{self.product.kind}"

    def infer(self, *inputs: TensorType | None) -> tuple[TensorType, ...]:
        q, scale, zero, w = (
            known(t, name) for t, name in zip(inputs[:4], ("q", "scale", "zero", "weights"), strict=True)
        )
        b = inputs[4] if len(inputs) > 4 else None
        if (q.dtype, scale.dtype, zero.dtype, w.dtype) != (S8, F32, S32, S8) or (b is not None and b.dtype != F32):
            raise InvalidGraph(
                f"q {q}, scale {scale}, zero {zero}, weights {w} and bias {b} must be s8, f32, s32, s8 and f32"
            )
        (y,) = self.product.infer(q, w, b)
        if not scale.shape == zero.shape == q.shape[:1]:
            raise InvalidGraph(f"scale {scale} and zero {zero} must have one element for each row of q {q}")
        if len(self.scale.weights) not in (1, y.shape[-1]):
            raise InvalidGraph(f"{len(self.scale.weights)} scales for {y.shape[-1]} channels")
        return (replace(y, dtype=F32),)

    def reference(self, *inputs: Array | None) -> tuple[Array, ...]:
        q, scale, zero, w = (
            present(t, name) for t, name in zip(inputs[:4], ("q", "scale", "zero", "weights"), strict=True)
        )
        b = inputs[4] if len(inputs) > 4 else None
        of_row = (-1,) + (1,) * (q.ndim - 1)
        # float64 holds every partial sum of an integer product exactly
        (sums,) = self.product.reference(q.astype(np.float64) - zero.reshape(of_row), w)
        return (self.scale.apply(sums.astype(np.int64), scale.reshape(of_row), b, self.clamp),)

    def macs(self, *inputs: TensorType | None) -> int:
        return self.product.macs(inputs[0], inputs[3])
